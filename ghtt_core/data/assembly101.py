"""Assembly101: people take toys apart and put them together; tracked hands at 60 frames per second.

Layout: `poses@60fps/<video>.json`, a list with a record per frame: `landmarks["0"]` the left and `["1"]` the right hand, 21 x 3
millimetres in a world frame, and mostly `frame_index`. `fine-grained-annotations/{train,validation,test}.csv` with the columns
video, start_frame, end_frame (at 30 frames per second, the end included) and action_cls; every segment is listed once per view.

Every second frame is taken. Source: Sener et al., "Assembly101", CVPR 2022, and its annotation pages.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.arrays import load_json, points, require_hands
from ghtt_core.data.labels import csv_rows
from ghtt_core.data.splits import Part
from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.skeleton import HAND_NAMES, HANDS, JOINTS

FPS = 30.0
_POSES_FOLDER = "poses@60fps"
_LABEL_FOLDER = "fine-grained-annotations"
_LAST_FRAME = 1_000_000_000
_LONGEST_VIDEO_FRAMES = 1_000_000
_LABEL_FILES: dict[str, Part] = {"train": "train", "validation": "validation", "test": "test"}
# Theirs: fingertips 0-4, wrist 5, then the joints of thumb to little finger from the palm outwards, palm centre 20. The palm
# centre takes the place of the thumb's CMC joint, which they lack, and is blanked.
_THEIR_JOINT = (5, 20, 6, 7, 0, 8, 9, 10, 1, 11, 12, 13, 2, 14, 15, 16, 3, 17, 18, 19, 4)
_THUMB_CMC = 1


def matches_assembly101(path: Path) -> bool:
    """Whether there is a folder of 60 fps poses."""
    return next((path / _POSES_FOLDER).glob("*.json"), None) is not None


def assembly101_parts(path: Path) -> dict[str, Part]:
    """The official split of the label files; without them everything trains."""
    return {video: part for video, (part, _) in read_fine_labels(path).items() if part != "train"}


def read_assembly101(path: Path) -> Iterator[MotionSequence]:
    """The videos of the folder that holds `poses@60fps` and, for actions, `fine-grained-annotations`.

    Raises:
        UserError: A file is no JSON, a record has another shape than 21 x 3 numbers, frames go backwards, the hands are not in
            millimetres, or a label line does not fit.
    """
    labels = read_fine_labels(path)
    for file in sorted((path / _POSES_FOLDER).glob("*.json")):
        joints_m, first_frame = _read_video(file)
        require_hands(joints_m, str(file))
        _, segments = labels.get(file.stem, ("train", ()))
        yield MotionSequence(
            joints_m=joints_m,
            fps=FPS,
            name=file.stem,
            recording=file.stem,
            subject=subject_of(file.stem),
            segments=segments_within(segments, first_frame, len(joints_m)),
        )


def read_fine_labels(path: Path) -> dict[str, tuple[Part, tuple[Segment, ...]]]:
    """Per video the part it belongs to and its segments, in frames of the 30 fps video; empty without label files.

    Raises:
        UserError: A line does not fit, or a video is in two parts.
    """
    labels: dict[str, tuple[Part, set[Segment]]] = {}
    for name, part in _LABEL_FILES.items():
        file = path / _LABEL_FOLDER / f"{name}.csv"
        if not file.exists():
            continue
        for line, row in csv_rows(file, ("video", "start_frame", "end_frame", "action_cls")):
            try:
                start, end = int(row["start_frame"]), int(row["end_frame"])
            except ValueError as error:
                raise UserError(f"{file}, line {line}: start_frame and end_frame must be whole numbers ({error}).") from error
            if not 0 <= start <= end or not row["action_cls"]:
                raise UserError(f"{file}, line {line}: frames {start} to {end} as {row['action_cls']!r} are no segment.")
            video = row["video"].split("/")[0]
            known_part, segments = labels.setdefault(video, (part, set()))
            if known_part != part:
                raise UserError(f"{file}, line {line}: {video} is in {known_part} as well.")
            segments.add(Segment(start, end + 1, row["action_cls"]))
    return {video: (part, tuple(sorted(found, key=_order))) for video, (part, found) in labels.items()}


def segments_within(segments: tuple[Segment, ...], first_frame: int, count: int) -> tuple[Segment, ...]:
    """Segments of a video in the frames of a sequence that begins at `first_frame` of it; what lies outside is cut off."""
    moved = (Segment(max(0, s.start - first_frame), min(count, s.end - first_frame), s.action) for s in segments)
    return tuple(segment for segment in moved if segment.start < segment.end)


def subject_of(video: str) -> str:
    """The number of the person in a video's name, "" where it has none."""
    match = re.search(r"_(\d+)_user_id_", video)
    return match[1] if match else ""


def _order(segment: Segment) -> tuple[int, int, str]:
    return segment.start, segment.end, segment.action


def _read_video(file: Path) -> tuple[NDArray[np.float32], int]:
    """(T, 2, 21, 3) metres at 30 fps, and the 30 fps number of the first frame."""
    records = load_json(file)
    if not isinstance(records, list) or not 0 < len(records) <= _LONGEST_VIDEO_FRAMES:
        raise UserError(f"{file} is not a list of frames.")
    hands = np.full((len(records), HANDS, JOINTS, 3), np.nan)
    frames = np.empty(len(records), np.int64)
    for number, record in enumerate(records):
        where = f"{file}, record {number}"
        if not isinstance(record, dict) or not isinstance(record.get("landmarks"), dict):
            raise UserError(f"{where} has no landmarks.")
        index = record.get("frame_index", number)
        if not isinstance(index, int) or not 0 <= index <= _LAST_FRAME:
            raise UserError(f"{where}: {str(index)[:40]!r} is no frame number.")
        frames[number] = index
        for hand in range(HANDS):
            landmarks = record["landmarks"].get(str(hand))
            if landmarks is not None:
                hands[number, hand] = points(landmarks, JOINTS, f"{where}, {HAND_NAMES[hand]} hand")
    backwards = np.flatnonzero(np.diff(frames) <= 0)
    if backwards.size:
        raise UserError(f"{file}, record {backwards[0] + 1}: the frame number {frames[backwards[0] + 1]} does not go on.")
    even = frames % 2 == 0
    slots = frames[even] // 2
    if not slots.size:
        raise UserError(f"{file} holds no frame of the 30 fps video.")
    if slots[-1] - slots[0] > min(100 * len(records), _LONGEST_VIDEO_FRAMES):
        raise UserError(f"{file}: frame numbers up to {frames[-1]} do not go with {len(records)} records.")
    joints_m = np.full((int(slots[-1] - slots[0]) + 1, HANDS, JOINTS, 3), np.nan, np.float32)
    joints_m[slots - slots[0]] = hands[even][:, :, _THEIR_JOINT] / 1000
    joints_m[:, :, _THUMB_CMC] = np.nan
    return joints_m, int(slots[0])
