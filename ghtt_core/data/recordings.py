"""Recordings of this program as motion: exports, clips taken through the estimator, rendered clips with their truth.

A data set is one recording folder, or a folder of them, named like their clips. What lies beside them is used:

- `labels.csv` with the columns clip, start, end, action: labels by folder name, in frames of the source clip;
- `validation.txt`: folder names that validate; both may also lie beside the clips that the recordings were taken from;
- `<name>_truth.npz`: the exact motion and the actions of a clip that `python -m ghtt_core.synthetic render` made; it may lie
  beside the clip, too.

Every recording is brought into the frame of its first camera, so that head motion which the estimator measured is taken out.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.arrays import npz_names, require_hands, require_rigid
from ghtt_core.data.labels import ClipLabel, has_columns, read_clip_labels, read_names
from ghtt_core.data.resampling import even_pieces
from ghtt_core.data.splits import Part, neighbour_blocks
from ghtt_core.data.vocabulary import merge_segments
from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.recording import Recording, read_recording
from ghtt_core.recording.layout import HEADER_FILE, RecordingHeader, read_state
from ghtt_core.recording.npz import read_npz
from ghtt_core.runtime import FRAME_RATE_HZ
from ghtt_core.skeleton import HANDS, JOINTS

CLIP_LABELS_FILE = "labels.csv"
VALIDATION_FILE = "validation.txt"
_CLIP_COLUMNS = ("clip", "start", "end", "action")

Float64 = NDArray[np.float64]


def matches_recordings(path: Path) -> bool:
    """Whether the path is a recording folder or holds some."""
    return (path / HEADER_FILE).exists() or next(path.glob(f"*/{HEADER_FILE}"), None) is not None


def recording_parts(path: Path) -> dict[str, Part]:
    """The split that `validation.txt` defines, by `MotionSequence.recording`."""
    folders = _folders(path)
    clips = _clip_parts(folders)
    groups = _groups(folders, clips)
    return {groups[clip]: part for clip, part in clips.items() if clip in groups}


def read_recordings(path: Path) -> Iterator[MotionSequence]:
    """The sequences of the recordings at a path.

    Clips with numbers in their names are grouped into recordings by `neighbour_blocks`; other recordings stand for themselves.
    A recording whose time stamps jump gives several sequences.

    Raises:
        UserError: A recording, label file or truth cannot be used.
    """
    folders = _folders(path)
    groups = _groups(folders, _clip_parts(folders))
    labels_file = _beside(folders[0], read_state(folders[0]).header, CLIP_LABELS_FILE)
    labels = read_clip_labels(labels_file) if has_columns(labels_file, _CLIP_COLUMNS) else {}
    for folder in folders:
        yield from _sequences(read_recording(folder), groups[folder.name], labels.get(folder.name, ()))


def _sequences(recording: Recording, group: str, clip_labels: tuple[ClipLabel, ...]) -> Iterator[MotionSequence]:
    name = recording.directory.name
    if not len(recording):
        return
    joints, cameras = _to_first_camera(recording.observed_cam_m, recording.world_from_cam, str(recording.directory))
    truth_file = _beside(recording.directory, recording.header, f"{name}_truth.npz")
    truth = None
    if truth_file.exists():
        truth = _read_truth(truth_file, recording.source_frame)
        clip_labels = clip_labels or _truth_labels(truth_file)
    spans = _label_spans(recording, clip_labels)
    pieces = even_pieces(recording.time_s, joints, truth, cameras)
    for number, piece in enumerate(pieces):
        segments = (
            Segment(start, end, action)
            for start_s, end_s, action in spans
            if (start := piece.frame_at(start_s)) < (end := piece.frame_at(end_s))
        )
        yield MotionSequence(
            joints_m=piece.joints_m.astype(np.float32),
            fps=FRAME_RATE_HZ,
            name=name if len(pieces) == 1 else f"{name}#{number}",
            recording=group,
            segments=merge_segments(tuple(segments)),
            truth_m=None if piece.truth_m is None else piece.truth_m.astype(np.float32),
            estimated=True,
            world_from_cam=piece.world_from_cam,
        )


def _label_spans(recording: Recording, clip_labels: tuple[ClipLabel, ...]) -> list[tuple[float, float, str]]:
    """(start_s, end_s, action) from the labels of the clip, else from those of the recording itself."""
    if not clip_labels:
        return [(label.start_s, label.end_s, label.action) for label in recording.labels]
    frames, times_s = recording.source_frame, recording.time_s
    step_s = float(np.median(np.diff(times_s))) if times_s.size > 1 else 0.0
    beyond_s = float(times_s[-1]) + step_s

    def time_of(frame: int) -> float:
        row = int(np.searchsorted(frames, frame))
        return float(times_s[row]) if row < frames.size else beyond_s

    return [(time_of(label.start), time_of(label.end), label.action) for label in clip_labels]


def _to_first_camera(joints_cam_m: NDArray[np.float32], world_from_cam: Float64, where: str) -> tuple[Float64, Float64]:
    """(N, 2, 21, 3) from each frame's camera to the first frame's, given (N, 4, 4), and the cameras there; both are checked."""
    require_rigid(world_from_cam, where)
    require_hands(joints_cam_m, where)
    first_from_cam = np.linalg.inv(world_from_cam[0]) @ world_from_cam
    turned = np.einsum("nij,nhkj->nhki", first_from_cam[:, :3, :3], joints_cam_m.astype(np.float64))
    return turned + first_from_cam[:, None, None, :3, 3], first_from_cam


def _read_truth(path: Path, source_frame: NDArray[np.int64]) -> Float64:
    arrays = read_npz(path, {"joints_cam_m": ("f", (None, HANDS, JOINTS, 3)), "world_from_cam": ("f", (None, 4, 4))})
    joints, poses = arrays["joints_cam_m"], arrays["world_from_cam"].astype(np.float64)
    if len(joints) != len(poses) or source_frame.max(initial=-1) >= len(joints):
        raise UserError(f"{path}: {len(joints)} poses and {len(poses)} cameras do not cover frame {source_frame.max()}.")
    return _to_first_camera(joints[source_frame], poses[source_frame], str(path))[0]


def _folders(path: Path) -> list[Path]:
    """The recording folders at a path, by name.

    Raises:
        UserError: There is none.
    """
    folders = [path] if (path / HEADER_FILE).exists() else sorted(file.parent for file in path.glob(f"*/{HEADER_FILE}"))
    if not folders:
        raise UserError(f"{path} holds no recording: no {HEADER_FILE} in it or in its folders.")
    return folders


def _truth_labels(path: Path) -> tuple[ClipLabel, ...]:
    if not npz_names(path) >= {"segment_frames", "segment_actions"}:
        return ()
    arrays = read_npz(path, {"segment_frames": ("i8", (None, 2)), "segment_actions": ("U", (None,))})
    if len(arrays["segment_frames"]) != len(arrays["segment_actions"]):
        raise UserError(f"{path}: {len(arrays['segment_actions'])} actions for {len(arrays['segment_frames'])} segments.")
    segments = zip(arrays["segment_frames"].tolist(), arrays["segment_actions"].tolist(), strict=True)
    return tuple(ClipLabel(path.stem, start, end, action, confidence=3) for (start, end), action in segments)


def _beside(folder: Path, header: RecordingHeader, name: str) -> Path:
    """A file beside a recording, else beside the clip that it was taken from."""
    here = folder.with_name(name)
    return here if here.exists() else (folder / (header.clip or header.source)).with_name(name)


def _clip_parts(folders: list[Path]) -> dict[str, Part]:
    listed = _beside(folders[0], read_state(folders[0]).header, VALIDATION_FILE)
    return dict.fromkeys(read_names(listed), "validation") if listed.exists() else {}


def _groups(folders: list[Path], parts: Mapping[str, Part]) -> dict[str, str]:
    """Folder name to recording."""
    names = [folder.name for folder in folders]
    numbered = {name: int(match[1]) for name in names if (match := re.search(r"-(\d+)$", name))}
    return {name: name for name in names} | neighbour_blocks(numbered, parts)
