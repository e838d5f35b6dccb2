"""Names, versions, record layouts and the header of a recording."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from ghtt_core.errors import UserError
from ghtt_core.skeleton import HANDS, JOINTS
from ghtt_core.untrusted import names, read_json, require_printable

FORMAT_NAME = "ghtt-recording"
FORMAT_VERSION = 1
"""Raised when a program of today could misread what a later one writes; every version up to this one is read."""

HEADER_FILE = "recording.json"
POSES_FILE = "poses.npz"
FUTURES_FILE = "futures.npz"
HANDS_CSV_FILE = "hands.csv"
LABELS_FILE = "labels.csv"
FRAMES_PART = Path("parts", "frames.bin")
FUTURES_PART = Path("parts", "futures.bin")

MAX_CLASSES = 100_000
MAX_SIDE_PX = 100_000
MAX_OFFSET_S = 3600.0
MAX_FUTURE_VALUES = 1 << 26
"""Numbers in one set of futures (512 MB with float64): more than that is a damaged file."""


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """What ran: saved beside every recording.

    Attributes:
        source: The camera, clip or folder, for people.
        frame_size_px: (width, height) of the first picture.
        intrinsics: fx, fy, cx, cy, width, height and origin, or None.
        estimator: Its registered name.
        checkpoint: Name of the checkpoint, "" where no model ran.
        checkpoint_sha256: Its hash.
        backend: Backend, device and precision in a few words.
        action_names: The classes of `action_prob`.
        options: The options of the run.
        versions: Package versions.
        created: When the recording began, ISO 8601.
        clip: The clip it was made from, relative to the recording's folder; "" where there is none to be found.
    """

    source: str
    frame_size_px: tuple[int, int]
    estimator: str
    intrinsics: Mapping[str, float | int | str] | None = None
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    backend: str = ""
    action_names: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    clip: str = ""


@dataclass(frozen=True, slots=True)
class FutureShape:
    """The layout of one set of futures; fixed by the first set that a recording gets.

    Attributes:
        samples: S.
        offset_s: T offsets in seconds.
    """

    samples: int
    offset_s: tuple[float, ...]

    @property
    def dtype(self) -> np.dtype[np.void]:
        """One record of the futures part."""
        shape = (self.samples, len(self.offset_s), HANDS, JOINTS, 3)
        return np.dtype([("frame_index", "<i8"), ("futures_cam_m", "<f4", shape)])


@dataclass(frozen=True, slots=True)
class State:
    """The whole of `recording.json`.

    Attributes:
        header: What ran.
        futures: The layout of the futures, None before the first set.
        closed: Whether the npz files are complete.
        frames: How many frames they hold.
    """

    header: RecordingHeader
    futures: FutureShape | None = None
    closed: bool = False
    frames: int = 0


def frame_dtype(classes: int) -> np.dtype[np.void]:
    """One record of the frames part: the arrays of `poses.npz`, a frame at a time."""
    return np.dtype(
        [
            ("time_s", "<f8"),
            ("source_frame", "<i8"),
            ("observed_cam_m", "<f4", (HANDS, JOINTS, 3)),
            ("refined_cam_m", "<f4", (HANDS, JOINTS, 3)),
            ("observed_px", "<f4", (HANDS, JOINTS, 2)),
            ("confidence", "<f4", (HANDS,)),
            ("world_from_cam", "<f8", (4, 4)),
            ("action_prob", "<f4", (classes,)),
        ]
    )


def write_state(directory: Path, state: State) -> None:
    """Replace `recording.json` in one step, so that a crash leaves the old or the new one."""
    document: dict[str, Any] = {"format": FORMAT_NAME, "format_version": FORMAT_VERSION, **asdict(state.header)}
    if state.futures is not None:
        document["futures"] = asdict(state.futures)
    document |= {"closed": state.closed, "frames": state.frames}
    draft = directory / f"{HEADER_FILE}.tmp"
    draft.write_text(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n", "utf-8")
    draft.replace(directory / HEADER_FILE)


def read_state(directory: Path) -> State:
    """Read and check `recording.json`.

    Raises:
        UserError: The folder is not a recording, or one that this version cannot read.
    """
    path = directory / HEADER_FILE
    if not path.is_file():
        raise UserError(f"{directory} is not a recording: it has no {HEADER_FILE}.")
    document = read_json(path)
    if not isinstance(document, dict) or document.get("format") != FORMAT_NAME:
        raise UserError(f"{path} does not describe a recording of this program.")
    version = document.get("format_version")
    if not isinstance(version, int) or version < 1:
        raise UserError(f"{path} is damaged: {ascii(version)[:40]} is no format version.")
    if version > FORMAT_VERSION:
        raise UserError(
            f"{path} has format version {version} and comes from a newer version of this program, which reads up to "
            f"{FORMAT_VERSION}: update the program to open it."
        )
    try:
        return _state_from(document)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise UserError(f"{path} is damaged: {error}.") from error


def _state_from(document: dict[str, Any]) -> State:
    width, height = (_within(value, 1, MAX_SIDE_PX, "frame_size_px") for value in document["frame_size_px"])
    texts = {
        key: str(document[key])
        for key in ("source", "estimator", "checkpoint", "checkpoint_sha256", "backend", "created", "clip")
    }
    require_printable(texts.values(), longest=1000)
    # An absolute path, or a host in a Windows path, would make the reader look where a stranger wants it to.
    if PurePosixPath(texts["clip"]).anchor or PureWindowsPath(texts["clip"]).anchor:
        raise ValueError(f"the clip {texts['clip']!r} is not named relative to the recording")
    header = RecordingHeader(
        frame_size_px=(int(width), int(height)),
        intrinsics=_intrinsics_from(document["intrinsics"]),
        action_names=names(document["action_names"], MAX_CLASSES),
        options=dict(document["options"]),
        versions=dict(document["versions"]),
        **texts,
    )
    futures = None
    if "futures" in document:
        offset_s = tuple(_within(value, 0, MAX_OFFSET_S, "futures' offset") for value in document["futures"]["offset_s"])
        futures = FutureShape(int(document["futures"]["samples"]), offset_s)
        if not 0 < futures.samples * len(offset_s) * HANDS * JOINTS * 3 <= MAX_FUTURE_VALUES:
            raise ValueError(f"futures of {futures.samples} samples and {len(offset_s)} steps")
    return State(header, futures, bool(document["closed"]), int(document["frames"]))


def _intrinsics_from(stored: Any) -> dict[str, float | int | str] | None:
    if stored is None:
        return None
    width, height = (_within(stored[key], 1, MAX_SIDE_PX, f"intrinsics' {key}") for key in ("width", "height"))
    values = {key: _within(stored[key], 1e-3 * width, 1e3 * width, f"intrinsics' {key}") for key in ("fx", "fy")}
    values |= {key: _within(stored[key], -MAX_SIDE_PX, MAX_SIDE_PX, f"intrinsics' {key}") for key in ("cx", "cy")}
    origin = str(stored.get("origin", "recording"))
    require_printable((origin,))
    return {**values, "width": int(width), "height": int(height), "origin": origin}


def _within(value: Any, least: float, most: float, what: str) -> float:
    number = float(value)
    if not least <= number <= most:
        raise ValueError(f"the {what} is {number!r}")
    return number
