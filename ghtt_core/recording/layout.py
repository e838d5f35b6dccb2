"""Names, versions, record layouts and the header of a recording."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ghtt_core.errors import UserError
from ghtt_core.skeleton import HANDS, JOINTS

FORMAT_NAME = "ghtt-recording"
FORMAT_VERSION = 1

HEADER_FILE = "recording.json"
POSES_FILE = "poses.npz"
FUTURES_FILE = "futures.npz"
HANDS_CSV_FILE = "hands.csv"
LABELS_FILE = "labels.csv"
FRAMES_PART = Path("parts", "frames.bin")
FUTURES_PART = Path("parts", "futures.bin")

MAX_CLASSES = 100_000
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
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{directory} is not a recording: it has no {HEADER_FILE}.") from error
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise UserError(f"{path} is damaged: it is not valid JSON.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT_NAME:
        raise UserError(f"{path} does not describe a recording of this program.")
    if document.get("format_version") != FORMAT_VERSION:
        raise UserError(
            f"{path} has format version {document.get('format_version')!r}, this program reads version {FORMAT_VERSION}: "
            "use the version that wrote it."
        )
    try:
        return _state_from(document)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged: {error}.") from error


def _state_from(document: dict[str, Any]) -> State:
    width, height = (int(value) for value in document["frame_size_px"])
    names = tuple(document["action_names"])
    if len(names) > MAX_CLASSES or not all(isinstance(name, str) for name in names):
        raise ValueError("action_names is not a list of names")
    intrinsics = document["intrinsics"]
    if intrinsics is not None:
        for key in ("fx", "fy", "cx", "cy", "width", "height"):
            if not math.isfinite(intrinsics[key]):
                raise ValueError(f"the intrinsics' {key} is {intrinsics[key]!r}")
    header = RecordingHeader(
        source=str(document["source"]),
        frame_size_px=(width, height),
        intrinsics=intrinsics,
        estimator=str(document["estimator"]),
        checkpoint=str(document["checkpoint"]),
        checkpoint_sha256=str(document["checkpoint_sha256"]),
        backend=str(document["backend"]),
        action_names=names,
        options=dict(document["options"]),
        versions=dict(document["versions"]),
        created=str(document["created"]),
        clip=str(document["clip"]),
    )
    futures = None
    if "futures" in document:
        futures = FutureShape(int(document["futures"]["samples"]), tuple(map(float, document["futures"]["offset_s"])))
        if not 0 < futures.samples * len(futures.offset_s) * HANDS * JOINTS * 3 <= MAX_FUTURE_VALUES:
            raise ValueError(f"futures of {futures.samples} samples and {len(futures.offset_s)} steps")
    return State(header, futures, bool(document["closed"]), int(document["frames"]))
