"""Read a recording, closed or cut short by a crash."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import UserError
from ghtt_core.packets import Float32, Float64, Futures, HandsObservation, Prediction
from ghtt_core.recording.layout import (
    FRAMES_PART,
    FUTURES_FILE,
    FUTURES_PART,
    LABELS_FILE,
    POSES_FILE,
    RecordingHeader,
    State,
    frame_dtype,
    read_state,
)
from ghtt_core.recording.npz import read_npz
from ghtt_core.skeleton import HANDS, JOINTS
from ghtt_core.untrusted import read_text

MAX_COORDINATE = 1e6
"""Metres or pixels: beyond what any hand, camera or wild guess of a model comes to."""
MAX_PROBABILITY = 1.001
MAX_TIME_S = 1e10
"""Source times may be seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Label:
    """An action between two source times, seconds."""

    start_s: float
    end_s: float
    action: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in memory, or mapped into it: the arrays are read-only.

    Attributes:
        directory: Where it lies.
        header: What ran.
        complete: False where the writer never closed it.
        time_s: (N,) source times.
        source_frame: (N,) int64 numbers of the frames in their source.
        observed_cam_m, refined_cam_m: (N, 2, 21, 3) metres, NaN where missing.
        observed_px: (N, 2, 21, 2) pixels.
        confidence: (N, 2).
        world_from_cam: (N, 4, 4).
        action_prob: (N, C), NaN where there is none.
        future_frame: (F,) int64, rows of the arrays above.
        future_offset_s: (T,).
        futures_cam_m: (F, S, T, 2, 21, 3), the deterministic one first.
        labels: From `labels.csv`, by start.
    """

    directory: Path
    header: RecordingHeader
    complete: bool
    time_s: Float64
    source_frame: NDArray[np.int64]
    observed_cam_m: Float32
    refined_cam_m: Float32
    observed_px: Float32
    confidence: Float32
    world_from_cam: Float64
    action_prob: Float32
    future_frame: NDArray[np.int64]
    future_offset_s: Float32
    futures_cam_m: Float32
    labels: tuple[Label, ...]

    def __len__(self) -> int:
        return self.time_s.size

    def observation(self, row: int) -> HandsObservation:
        """The observed hands of one frame, as the estimator gave them.

        Raises:
            UserError: The row holds what no hand and no camera does.
        """
        pose = self.world_from_cam[row]
        self._require_within(row, MAX_COORDINATE, self.observed_cam_m, self.refined_cam_m, self.observed_px)
        self._require_within(row, MAX_PROBABILITY, self.confidence, self.action_prob)
        # "not <" so that NaN is refused: a camera is always somewhere.
        rotation = pose[:3, :3]
        if not (np.abs(pose) < MAX_COORDINATE).all() or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-2):
            raise UserError(f"{self.directory} is damaged: row {row} holds a matrix that is no camera pose.")
        return HandsObservation(
            joints_cam_m=np.array(self.observed_cam_m[row]),
            joints_px=np.array(self.observed_px[row]),
            confidence=np.array(self.confidence[row]),
            frame_index=int(self.source_frame[row]),
            time_s=float(self.time_s[row]),
            world_from_cam=np.array(self.world_from_cam[row]),
        )

    def prediction(self, row: int) -> Prediction:
        """What the model made of one frame, with futures where some were drawn at it.

        Raises:
            UserError: The futures hold what no hand does.
        """
        found = np.flatnonzero(self.future_frame == row)
        time_s, frame_index = float(self.time_s[row]), int(self.source_frame[row])
        futures = None
        if found.size:
            self._require_within(int(found[0]), MAX_COORDINATE, self.futures_cam_m)
            drawn = np.array(self.futures_cam_m[found[0]])
            futures = Futures(drawn, np.array(self.future_offset_s), frame_index, time_s)
        return Prediction(
            np.array(self.refined_cam_m[row]), np.array(self.action_prob[row]), frame_index, time_s, futures=futures
        )

    def _require_within(self, row: int, most: float, *arrays: Float32) -> None:
        for array in arrays:
            if (np.abs(array[row]) > most).any():
                raise UserError(f"{self.directory} is damaged: row {row} holds a number above {most:g}.")


def read_recording(directory: Path) -> Recording:
    """Open a recording; types, shapes and sizes are checked before anything is allocated.

    Raises:
        UserError: The folder is not a recording, is damaged, or was written in another version of the format.
    """
    if not directory.is_dir():
        raise UserError(f"There is no recording folder {directory}.")
    state = read_state(directory)
    poses, futures = _closed_arrays(directory, state) if state.closed else _part_arrays(directory, state)
    count = poses["time_s"].size
    if not (np.abs(poses["time_s"]) <= MAX_TIME_S).all():
        raise UserError(f"{directory} is damaged: a frame has no time.")
    rows = futures["frame_index"]
    if rows.size and not (rows.min() >= 0 and rows.max() < count):
        raise UserError(f"{directory / FUTURES_FILE} names frames that {POSES_FILE} does not have.")
    return Recording(
        directory=directory,
        header=state.header,
        complete=state.closed,
        time_s=poses["time_s"],
        source_frame=poses["source_frame"],
        observed_cam_m=poses["observed_cam_m"],
        refined_cam_m=poses["refined_cam_m"],
        observed_px=poses["observed_px"],
        confidence=poses["confidence"],
        world_from_cam=poses["world_from_cam"],
        action_prob=poses["action_prob"],
        future_frame=rows,
        future_offset_s=futures["offset_s"],
        futures_cam_m=futures["futures_cam_m"],
        labels=read_labels(directory),
    )


_Arrays = dict[str, NDArray[Any]]


def _closed_arrays(directory: Path, state: State) -> tuple[_Arrays, _Arrays]:
    count, classes = state.frames, len(state.header.action_names)
    dtype = frame_dtype(classes)
    expected: dict[str, tuple[str, tuple[int | None, ...]]] = {
        name: (dtype[name].base.str[1:], (count, *dtype[name].shape)) for name in dtype.names or ()
    }
    poses = read_npz(directory / POSES_FILE, expected | {"action_names": ("U", (classes,))})
    if tuple(poses["action_names"]) != state.header.action_names:
        raise UserError(f"{directory / POSES_FILE} and recording.json name different actions.")
    samples, steps = (state.futures.samples, len(state.futures.offset_s)) if state.futures else (0, 0)
    futures = read_npz(
        directory / FUTURES_FILE,
        {
            "frame_index": ("i8", (None,)),
            "offset_s": ("f4", (steps,)),
            "futures_cam_m": ("f4", (None, samples, steps, HANDS, JOINTS, 3)),
        },
    )
    if futures["frame_index"].size != len(futures["futures_cam_m"]):
        raise UserError(f"{directory / FUTURES_FILE} is damaged: its arrays have different lengths.")
    return poses, futures


def _part_arrays(directory: Path, state: State) -> tuple[_Arrays, _Arrays]:
    frames = _map_records(directory / FRAMES_PART, frame_dtype(len(state.header.action_names)))
    poses = {name: frames[name] for name in frames.dtype.names or ()}
    if state.futures is None:
        empty = np.empty((0, 0, 0, HANDS, JOINTS, 3), np.float32)
        return poses, {"frame_index": np.empty(0, np.int64), "offset_s": np.empty(0, np.float32), "futures_cam_m": empty}
    drawn = _map_records(directory / FUTURES_PART, state.futures.dtype)
    futures = {name: drawn[name] for name in ("frame_index", "futures_cam_m")}
    return poses, futures | {"offset_s": np.array(state.futures.offset_s, np.float32)}


def _map_records(path: Path, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """The whole records of a part; a half-written one at its end is left out."""
    try:
        count = path.stat().st_size // dtype.itemsize
        return np.memmap(path, dtype, "r", shape=(count,)) if count else np.empty(0, dtype)
    except FileNotFoundError:
        return np.empty(0, dtype)
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror or error}.") from error


def read_labels(directory: Path) -> tuple[Label, ...]:
    """The labels of a recording, by start; none where nobody made any.

    Raises:
        UserError: They are damaged.
    """
    path = directory / LABELS_FILE
    if not path.exists():
        return ()
    lines = csv.DictReader(io.StringIO(read_text(path), newline=""))
    try:
        labels = [Label(float(line["start_s"]), float(line["end_s"]), line["action"].strip()) for line in lines]
    except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:
        raise UserError(f"{path} must have the columns start_s, end_s, action with times in seconds.") from error
    for label in labels:
        named = label.action and label.action.isprintable()
        if not (named and math.isfinite(label.start_s) and label.start_s < label.end_s < math.inf):
            raise UserError(f"{path} has a segment from {label.start_s} to {label.end_s} s named {label.action!r}: correct it.")
    return tuple(sorted(labels, key=lambda label: label.start_s))
