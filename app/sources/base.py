"""The source protocol and its registry."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from app.privacy import keep_private
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame


class SourceState(Enum):
    """What a source is doing."""

    RUNNING = "running"
    RECONNECTING = "reconnecting"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source when it is open.

    Attributes:
        name: For people.
        live: Pictures come at their own pace, and are gone when not taken.
        fps: Frames a second, as the source states it; None where it does not.
        length: How many frames it says it holds; None for live sources and where unknown.
        note: Something the user should know (a camera that ignored a setting), or "".
    """

    name: str
    live: bool
    fps: float | None = None
    length: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """Which source to open.

    Attributes:
        kind: A registered name.
        target: Camera index or device path, URL, file or folder; "" for the demo.
    """

    kind: str
    target: str = ""

    @classmethod
    def for_camera(cls, target: str) -> "SourceRequest":
        """A camera by index, device path, or stream URL."""
        return cls("stream" if "://" in target else "camera", target)

    @classmethod
    def for_path(cls, path: Path) -> "SourceRequest":
        """A clip, a folder of pictures, or a recording."""
        if path.is_dir():
            return cls("recording" if (path / "recording.json").exists() else "images", str(path))
        return cls("clip", str(path))


class Source(ABC):
    """Gives frames in order. Belongs to one thread; `status` may be read from others.

    Attributes:
        info: What is known of it.
    """

    info: SourceInfo

    @abstractmethod
    def read(self, timeout_s: float) -> Frame | None:
        """The next frame; None when none came in time or the source has ended (see `state`).

        Raises:
            UserError: The source cannot go on.
        """

    @property
    @abstractmethod
    def state(self) -> SourceState:
        """What it is doing."""

    @property
    def ended(self) -> bool:
        """Whether no frame will come any more, but for a seek."""
        return self.state is SourceState.ENDED

    @property
    def dropped(self) -> int:
        """Frames that nobody took in time; only live sources lose any."""
        return 0

    @property
    def status(self) -> str:
        """One sentence for people, "" when all is well."""
        return ""

    def seek(self, index: int) -> None:
        """Make frame `index` the next one.

        Raises:
            UserError: The source has no such frame, or no past at all.
        """
        raise UserError(f"{self.info.name} is live: there is no frame {index} to go to.")

    def close(self) -> None:  # noqa: B027 (most sources have something to close, not all)
        """Give everything back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


SourceFactory = Callable[[str], Source]
_FACTORIES: dict[str, SourceFactory] = {}


def register_source(kind: str, factory: SourceFactory) -> None:
    """Make a kind of source available; the factory gets the request's target."""
    _FACTORIES[kind] = factory


def source_kinds() -> tuple[str, ...]:
    """The kinds `open_source` knows."""
    return tuple(sorted(_FACTORIES))


def open_source(request: SourceRequest) -> Source:
    """Open a source.

    Raises:
        UserError: There is no such kind, or the source cannot be opened.
    """
    if request.kind not in _FACTORIES:
        raise UserError(f"There is no kind of source named {request.kind!r}; choose one of: {', '.join(source_kinds())}.")
    if request.kind in ("clip", "images", "recording"):
        keep_private(request.target)
    return _FACTORIES[request.kind](request.target)
