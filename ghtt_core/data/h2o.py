"""H2O: two hands and objects, 36 actions, five cameras, 30 frames per second.

Layout: `<subject>/<scene>/<sequence>/cam4/` (cam4 is the head-worn camera) with `hand_pose/%06d.txt` (128 numbers: for each
hand, left first, a flag whether it is annotated and 21 x 3 metres in the camera frame) and `cam_pose/%06d.txt` (4 x 4
camera-to-world); `action_labels/action_{train,val,test}.txt` with a header line. The joints are in MediaPipe's order.

The motion is given in the world frame, so that head motion is taken out. Source: Kwon et al., "H2O: Two Hands Manipulating
Objects for First Person Interaction Recognition", ICCV 2021, and its data page.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.arrays import load_numbers, require_hands, require_rigid
from ghtt_core.data.splits import Part
from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.skeleton import HAND_NAMES, HANDS, JOINTS
from ghtt_core.untrusted import read_text

FPS = 30.0
EGO_CAMERA = "cam4"
# Index 1 to 36 in the label files.
ACTIONS = tuple(
    f"{verb} {noun}"
    for verb, nouns in (
        ("grab", ("book", "espresso", "lotion", "spray", "milk", "cocoa", "chips", "cappuccino")),
        ("place", ("book", "espresso", "lotion", "spray", "milk", "cocoa", "chips", "cappuccino")),
        ("open", ("lotion", "milk", "chips")),
        ("close", ("lotion", "milk", "chips")),
        ("pour", ("milk",)),
        ("take out", ("espresso", "cocoa", "chips", "cappuccino")),
        ("put in", ("espresso", "cocoa", "cappuccino")),
        ("apply", ("lotion", "spray")),
        ("read", ("book", "espresso")),
        ("spray", ("spray",)),
        ("squeeze", ("lotion",)),
    )
    for noun in nouns
)
_VALIDATION_SCENES = frozenset({"subject3/k2", "subject3/o1", "subject3/o2"})
_TEST_SUBJECT = "subject4"
_FRAME_NUMBER = re.compile("[0-9]{6}")
_NUMBERS = HANDS * (1 + JOINTS * 3)


def matches_h2o(path: Path) -> bool:
    """Whether there are subjects with scenes with sequences of the head-worn camera."""
    return path.is_dir() and next(path.glob(f"*/*/*/{EGO_CAMERA}/hand_pose"), None) is not None


def h2o_parts(path: Path) -> dict[str, Part]:
    """The official split: subject 4 tests, three scenes of subject 3 validate."""
    parts: dict[str, Part] = {}
    for folder in _sequence_folders(path):
        name = folder.relative_to(path).as_posix()
        if name.split("/")[0] == _TEST_SUBJECT:
            parts[name] = "test"
        elif name.rpartition("/")[0] in _VALIDATION_SCENES:
            parts[name] = "validation"
    return parts


def read_h2o(path: Path) -> Iterator[MotionSequence]:
    """The sequences below the folder that holds the subjects.

    Raises:
        UserError: A frame is missing or has the wrong count of numbers, a flag is not 0 or 1, a camera pose is no rigid motion,
            the hands are not in metres, or a label line does not fit.
    """
    segments = _read_labels(path / "action_labels")
    for folder in _sequence_folders(path):
        name = folder.relative_to(path).as_posix()
        joints_m, cameras, first_frame = _read_sequence(folder / EGO_CAMERA)
        require_hands(joints_m, str(folder))
        labelled = sorted(segments.get(name, ()), key=lambda segment: segment.start)
        yield MotionSequence(
            joints_m=joints_m,
            fps=FPS,
            name=name,
            recording=name,
            subject=name.split("/")[0],
            world_from_cam=cameras,
            segments=tuple(
                Segment(max(0, segment.start - first_frame), end, segment.action)
                for segment in labelled
                if (end := min(len(joints_m), segment.end - first_frame)) > max(0, segment.start - first_frame)
            ),
        )


def _sequence_folders(path: Path) -> list[Path]:
    return sorted(hands.parent.parent for hands in path.glob(f"*/*/*/{EGO_CAMERA}/hand_pose"))


def _read_sequence(camera: Path) -> tuple[NDArray[np.float32], NDArray[np.float64], int]:
    """(T, 2, 21, 3) in the world frame, the camera's (T, 4, 4) there, and the number of the first frame."""
    frames = sorted(int(file.stem) for file in (camera / "hand_pose").glob("*.txt") if _FRAME_NUMBER.fullmatch(file.stem))
    if not frames:
        raise UserError(f"{camera / 'hand_pose'} holds no frames.")
    lost = next((before + 1 for before, after in pairwise(frames) if after != before + 1), None)
    if lost is not None:
        missing = frames[-1] - frames[0] + 1 - len(frames)
        raise UserError(f"{camera / 'hand_pose'}: frame {lost:06d}.txt is missing ({missing} of {frames[-1] + 1}).")
    hands, cameras = zip(*(_world_hands(camera, frame) for frame in frames), strict=True)
    return np.stack(hands).astype(np.float32), np.stack(cameras), frames[0]


def _world_hands(camera: Path, frame: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    hand_file = camera / "hand_pose" / f"{frame:06d}.txt"
    hands = load_numbers(hand_file, _NUMBERS).reshape(HANDS, 1 + JOINTS * 3)
    for hand, flag in enumerate(hands[:, 0]):
        if flag not in (0.0, 1.0):
            raise UserError(f"{hand_file}: the {HAND_NAMES[hand]} hand's flag is {flag:g}, not 0 or 1.")
    joints_cam_m = hands[:, 1:].reshape(HANDS, JOINTS, 3)
    joints_cam_m[hands[:, 0] == 0] = np.nan
    pose_file = camera / "cam_pose" / f"{frame:06d}.txt"
    world_from_cam = load_numbers(pose_file, 16).reshape(4, 4)
    require_rigid(world_from_cam, str(pose_file))
    return joints_cam_m @ world_from_cam[:3, :3].T + world_from_cam[:3, 3], world_from_cam


def _read_labels(folder: Path) -> dict[str, list[Segment]]:
    """Segments by sequence. The last frame of a label belongs to it."""
    segments: dict[str, list[Segment]] = {}
    for part in ("train", "val", "test"):
        file = folder / f"action_{part}.txt"
        if not file.exists():
            continue
        lines = read_text(file).splitlines()
        for number, line in enumerate(lines[1:], start=2):
            if line.strip():
                name, segment = _label(line.split(), part, f"{file}, line {number}")
                segments.setdefault(name, []).append(segment)
    return segments


def _label(fields: list[str], part: str, where: str) -> tuple[str, Segment]:
    try:
        # Test lines end with the action; the others have it third.
        start, end, action = (2, 3, -1) if part == "test" else (3, 4, 2)
        index, first, last = int(fields[action]), int(fields[start]), int(fields[end])
    except (IndexError, ValueError) as error:
        raise UserError(f"{where}: expected id, path, action and frames, got {' '.join(fields)!r}.") from error
    if not 1 <= index <= len(ACTIONS):
        raise UserError(f"{where}: action {index} is not between 1 and {len(ACTIONS)}.")
    if not 0 <= first <= last:
        raise UserError(f"{where}: frames {first} to {last} are no segment.")
    return fields[1].strip("/"), Segment(first, last + 1, ACTIONS[index - 1])
