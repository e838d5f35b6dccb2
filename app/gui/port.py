"""What the window needs from whatever runs behind it. `app.gui.session` fills it with the live pipeline."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.gui.futures_panel import FutureSettings
from app.sources import SourceRequest
from estimators.intrinsics import Intrinsics
from ghtt_core.packets import Frame, Futures, HandsObservation, Prediction


@dataclass(frozen=True, slots=True)
class Moment:
    """The newest of everything, all about one frame but the futures, which stay until newer ones come.

    Attributes:
        frame: The picture.
        observation: The hands in it; none until the estimator runs.
        prediction: What G-HTT made of them; None until the model runs.
        futures: The newest futures, in this frame's camera.
        intrinsics: The camera, to project what is in metres.
    """

    frame: Frame
    observation: HandsObservation
    prediction: Prediction | None
    futures: Futures | None
    intrinsics: Intrinsics


@dataclass(frozen=True, slots=True)
class Stage:
    """One worker: its name and state in a word, its rate, the 95th percentile of its work."""

    name: str
    state: str
    fps: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the run, for the status line.

    Attributes:
        source: Its name, for people.
        backend: Backend, device and precision; "" while the model is being built.
        stages: The workers, in the order of the data.
        frame_age_ms: From capture to the newest result; NaN before the first.
        dropped: Frames that newer ones overtook, before the estimator.
        notice: What the user should know now ("building the model"), or "".
        error: A sentence if a worker has failed, or "".
        ended: The source has come to its end.
        backend_note: Why it is not another backend, or "".
        source_note: Something to know of the source (a clip that is not there, a camera that ignored a setting), or "".
        frames: Poses since the source was opened.
        swaps: Hands' names that were put right since then.
    """

    source: str
    backend: str
    stages: tuple[Stage, ...]
    frame_age_ms: float
    dropped: int
    notice: str = ""
    error: str = ""
    ended: bool = False
    backend_note: str = ""
    source_note: str = ""
    frames: int = 0
    swaps: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a source with an end is, and how it runs.

    Attributes:
        position_s: The time of the frame that is shown, in the source's own time.
        start_s: The time of its first frame: a recording may begin in the middle of a clip.
        duration_s: From its first to its last frame.
    """

    position_s: float
    duration_s: float
    playing: bool
    speed: float
    loop: bool
    start_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Writing:
    """A file or folder being written: where, for how long, how large so far."""

    path: Path
    seconds: float
    size_bytes: int


class Session(Protocol):
    """A source, an estimator and a model at work. No call blocks."""

    @property
    def action_names(self) -> tuple[str, ...]:
        """The model's classes; empty until it is built."""
        ...

    @property
    def default_temperature(self) -> float:
        """The checkpoint's own."""
        ...

    @property
    def imagines(self) -> bool:
        """Whether futures are drawn here: those of a recording stay as they were recorded."""
        ...

    def moment(self) -> Moment | None:
        """The newest of everything; None before the first frame."""
        ...

    def status(self) -> Status:
        """How the run is going."""
        ...

    def position(self) -> Position | None:
        """Where the source is; None for a live one."""
        ...

    def configure(self, settings: FutureSettings) -> None:
        """Draw other futures from now on."""
        ...

    def draw_again(self, moment: Moment) -> None:
        """Draw the futures of a moment once more, with the settings of now: it is being looked at and does not go on."""
        ...

    def redrawn(self) -> Futures | None:
        """The futures that were drawn again last."""
        ...

    def open(self, request: SourceRequest) -> None:
        """Switch to another source; trouble shows up in the status."""
        ...

    def set_playing(self, playing: bool) -> None:
        """Let the source run, or hold it."""
        ...

    def step(self, frames: int) -> None:
        """Hold it and move by some frames."""
        ...

    def seek(self, position_s: float) -> None:
        """Jump to a time of the source."""
        ...

    def set_speed(self, speed: float) -> None:
        """Run faster or slower than life."""
        ...

    def set_loop(self, loop: bool) -> None:
        """Begin again at the end."""
        ...

    def start_video(self, path: Path) -> None:
        """Record the view to an MP4."""
        ...

    def stop_video(self) -> None:
        """End that recording."""
        ...

    def start_export(self, directory: Path) -> None:
        """Write a recording."""
        ...

    def stop_export(self) -> None:
        """End it."""
        ...

    def writing(self) -> tuple[Writing | None, Writing | None]:
        """The video and the recording being written."""
        ...

    def close(self) -> None:
        """Stop every worker."""
        ...
