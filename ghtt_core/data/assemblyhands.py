"""AssemblyHands: accurate 3D hands for a part of Assembly101, every second frame of 60 per second.

Layout: `annotations/{train,val,test}/assemblyhands_{split}_joint_3d_v1-1.json` with annotations[video][frame], frame a
six-digit number at 60 fps, holding `world_coord`, 42 x 3 millimetres in a world frame, **right hand first**, and
`joint_valid`. Actions come from Assembly101's `fine-grained-annotations`, laid beside `annotations`.

The motion is given in the world frame, so the head-worn cameras' calibration is not needed. Source: Ohkawa et al.,
"AssemblyHands", CVPR 2023, and its toolkit's pages.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.arrays import load_json, points, require_hands
from ghtt_core.data.assembly101 import FPS, read_fine_labels, segments_within, subject_of
from ghtt_core.data.splits import Part
from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence
from ghtt_core.skeleton import HANDS, JOINTS

_SPLITS: dict[str, Part] = {"train": "train", "val": "validation", "test": "test"}
# Theirs: each finger from its tip to its base, thumb first, then the wrist.
_THEIR_JOINT = (20, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 19, 18, 17, 16)
_FRAME_NUMBER = re.compile("[0-9]{1,9}")
_LONGEST_VIDEO_FRAMES = 1_000_000


def matches_assemblyhands(path: Path) -> bool:
    """Whether there is a file of 3D joints."""
    return bool(_files(path))


def assemblyhands_parts(path: Path) -> dict[str, Part]:
    """The official split: the folder a video is annotated in."""
    return {video: part for file, part in _files(path) if part != "train" for video in _annotations(file)}


def read_assemblyhands(path: Path) -> Iterator[MotionSequence]:
    """The videos of the folder that holds `annotations` and, for actions, `fine-grained-annotations`.

    Raises:
        UserError: A file is no JSON, a frame has another shape than 42 x 3 numbers or lies off the steps of 2, the hands are
            not in millimetres, or a label line does not fit.
    """
    labels = read_fine_labels(path)
    for file, _ in _files(path):
        for video, frames in _annotations(file).items():
            joints_m, first_frame = _read_video(frames, f"{file}, {video}")
            require_hands(joints_m, f"{file}, {video}")
            _, segments = labels.get(video, ("train", ()))
            yield MotionSequence(
                joints_m=joints_m,
                fps=FPS,
                name=video,
                recording=video,
                subject=subject_of(video),
                segments=segments_within(segments, first_frame, len(joints_m)),
            )


def _files(path: Path) -> list[tuple[Path, Part]]:
    files = [
        (path / "annotations" / split / f"assemblyhands_{split}_joint_3d_v1-1.json", part) for split, part in _SPLITS.items()
    ]
    return [(file, part) for file, part in files if file.exists()]


def _annotations(file: Path) -> dict[str, Any]:
    content = load_json(file)
    annotations = content.get("annotations") if isinstance(content, dict) else None
    if not isinstance(annotations, dict) or not all(isinstance(frames, dict) for frames in annotations.values()):
        raise UserError(f"{file} has no `annotations` by video and frame.")
    return annotations


def _read_video(frames: dict[str, Any], where: str) -> tuple[NDArray[np.float32], int]:
    """(T, 2, 21, 3) metres at 30 fps, and the 30 fps number of the first frame."""
    odd = next((key for key in frames if not _FRAME_NUMBER.fullmatch(key)), None)
    if odd is not None or not frames:
        raise UserError(f"{where}: {str(odd)[:40]!r} is not a frame number.")
    numbers = sorted((int(key), key) for key in frames)
    first, last = numbers[0][0], numbers[-1][0]
    if last - first > _LONGEST_VIDEO_FRAMES:
        raise UserError(f"{where}: frames {first} to {last} are no video.")
    joints_m = np.full(((last - first) // 2 + 1, HANDS, JOINTS, 3), np.nan, np.float32)
    for number, key in numbers:
        if (number - first) % 2:
            raise UserError(f"{where}: frame {number} does not lie in steps of 2 from frame {first}.")
        joints_m[(number - first) // 2] = _hands(frames[key], f"{where}, frame {key}")
    return joints_m, first // 2


def _hands(record: Any, where: str) -> NDArray[np.float64]:
    """(2, 21, 3) metres, left first, NaN where not valid."""
    if not isinstance(record, dict) or "world_coord" not in record:
        raise UserError(f"{where} has no world_coord.")
    count = HANDS * JOINTS
    valid = record.get("joint_valid", [1] * count)
    if not isinstance(valid, list) or len(valid) != count or not all(v in (0, 1) for v in valid):
        raise UserError(f"{where}: joint_valid must be {count} times 0 or 1.")
    joints = points(record["world_coord"], count, where, np.array(valid, bool)) / 1000
    right, left = joints.reshape(HANDS, JOINTS, 3)
    return np.stack((left, right))[:, _THEIR_JOINT]
