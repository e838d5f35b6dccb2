"""The sign-language sets: Leap Motion recordings in metres, and webcam landmarks without a scale.

Leap Motion's frame is right-handed with y up and z towards the user. A half turn about x brings it to the camera convention
(x right, y down, z forward) and keeps it right-handed, so left hands stay left hands.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.arrays import require_hands
from ghtt_core.data.splits import Part
from ghtt_core.errors import UserError
from ghtt_core.features import hand_size
from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.recording.npz import read_npz
from ghtt_core.skeleton import HANDS, JOINTS, MEAN_HAND_SIZE_M, WRIST

LEAP_ARRAYS = frozenset({"joints_mm", "offsets", "label", "class_names", "recording_block", "take", "setting", "fps"})
LANDMARK_ARRAYS = frozenset({"hands", "label", "take", "class_names"})
LEAP_VALIDATION = "block-6"
LANDMARK_FPS = 15.0
"""Nothing tells the rate of the webcam sets. A word of 20 to 24 frames lasts about one and a half seconds at this rate."""
TAKES_PER_RECORDING = 15
_LEAP_TO_CAMERA = np.array([1.0, -1.0, -1.0])


def leap_parts(path: Path) -> dict[str, Part]:
    """The official split: recording block 6 validates."""
    blocks = read_npz(path, {"recording_block": ("i", (None,))})["recording_block"]
    return {LEAP_VALIDATION: "validation"} if (blocks == 6).any() else {}


def read_leap(path: Path) -> Iterator[MotionSequence]:
    """Sequences of `thai_sign_leap.npz`: real metric motion, one labelled word each.

    The blocks recorded under another mounting (block -1) are recordings of their own, by `setting`.

    Raises:
        UserError: An array is missing or inconsistent, a hand is partly missing, or the hands are not in millimetres.
    """
    arrays: dict[str, Any] = read_npz(
        path,
        {
            "joints_mm": ("f4", (None, HANDS, JOINTS, 3)),
            "offsets": ("i", (None,)),
            "label": ("i", (None,)),
            "class_names": ("U", (None,)),
            "recording_block": ("i", (None,)),
            "take": ("i", (None,)),
            "setting": ("U", (None,)),
            "fps": ("f8", ()),
        },
    )
    offsets = arrays["offsets"].astype(np.int64)
    count = offsets.size - 1
    _require_lengths(path, arrays, ("label", "recording_block", "take", "setting"), count)
    if count < 1 or offsets[0] != 0 or offsets[-1] != len(arrays["joints_mm"]) or (np.diff(offsets) < 1).any():
        raise UserError(f"{path}: `offsets` does not cut the {len(arrays['joints_mm'])} frames into {count} sequences.")
    fps = float(arrays["fps"])
    if not 1 <= fps <= 1000:
        raise UserError(f"{path}: {fps:g} frames per second is no frame rate.")
    names = _class_names(path, arrays)
    joints_m = (arrays["joints_mm"] * (_LEAP_TO_CAMERA / 1000)).astype(np.float32)
    require_hands(joints_m, str(path))
    for record in range(count):
        motion = joints_m[offsets[record] : offsets[record + 1]]
        _require_whole_hands(motion, f"{path}, sequence {record}")
        block, setting = int(arrays["recording_block"][record]), str(arrays["setting"][record])
        action = names[record]
        yield MotionSequence(
            joints_m=motion,
            fps=fps,
            name=f"{setting}/{action}/{int(arrays['take'][record]):02d}",
            recording=f"block-{block}" if block >= 0 else setting,
            segments=(Segment(0, len(motion), action),),
            world_from_cam=np.broadcast_to(np.eye(4), (len(motion), 4, 4)),
        )


def read_landmarks(path: Path) -> Iterator[MotionSequence]:
    """Sequences of image-normalised MediaPipe landmarks, scaled so that the hands of each sequence have an adult's size.

    x counts picture widths, y picture heights, z widths relative to the wrist. Everything is brought to one unit with the
    aspect ratio under which the palms keep their shape best, and scaled per sequence (both hands alike, so that their distance
    keeps its proportion). The wrist's depth is unknown and stays constant. So shapes and image-plane motion are meaningful,
    lengths are not: `metric` is False. The first frame of a sequence is left over from the one before; it, repeated frames
    and repeated sequences are dropped.

    Raises:
        UserError: An array is missing, inconsistent or not finite, or the landmarks are not image-normalised.
    """
    arrays: dict[str, Any] = read_npz(
        path,
        {
            "hands": ("f4", (None, None, HANDS, JOINTS, 3)),
            "label": ("i", (None,)),
            "take": ("i", (None,)),
            "class_names": ("U", (None,)),
        },
    )
    hands = arrays["hands"].astype(np.float32)
    _require_lengths(path, arrays, ("label", "take"), len(hands))
    names = _class_names(path, arrays)
    absent = ~np.isfinite(hands).any(axis=(3, 4)) | (hands == 0).all(axis=(3, 4))
    hands[absent] = np.nan
    broken = np.isfinite(hands).any(axis=(3, 4)) & ~np.isfinite(hands).all(axis=(3, 4))
    if broken.any():
        record, frame, hand = np.argwhere(broken)[0]
        raise UserError(f"{path}, sequence {record}, frame {frame}, hand {hand}: some of the 21 landmarks are missing.")
    if absent.all() or np.nanmax(np.abs(hands)) > 5:
        raise UserError(f"{path}: the landmarks are not normalised to the picture (values between 0 and 1 are expected).")
    hands *= picture_units(hands)
    seen: set[bytes] = set()
    for record, sequence in enumerate(hands):
        motion = _without_repeats(sequence[1:])
        key = motion.tobytes()
        if len(motion) < 2 or np.isnan(motion).all() or key in seen:
            continue
        seen.add(key)
        take = int(arrays["take"][record])
        yield MotionSequence(
            joints_m=_to_hand_scale(motion),
            fps=LANDMARK_FPS,
            name=f"{names[record]}/{take:03d}",
            recording=f"takes-{take // TAKES_PER_RECORDING * TAKES_PER_RECORDING:03d}",
            segments=(Segment(0, len(motion), names[record]),),
            metric=False,
        )


def picture_units(hands: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3,) factors that turn normalised landmarks into picture heights, from the set itself.

    A palm is rigid, so the aspect ratio (among the common ones) under which the palms' proportions vary least is the camera's.
    """
    palms = hands.reshape(-1, JOINTS, 3)[:, (WRIST, 5, 9, 13, 17)]
    palms = palms[np.isfinite(palms).all(axis=(1, 2))][:: max(1, len(palms) // 20_000)]
    upper = np.triu_indices(5, 1)

    def spread(aspect: float) -> float:
        scaled = palms * np.array([aspect, 1.0, aspect])
        lengths = np.linalg.norm(scaled[:, upper[0]] - scaled[:, upper[1]], axis=-1)
        return float((lengths / lengths.mean(axis=1, keepdims=True)).std(axis=0).mean())

    aspect = min((3 / 4, 1.0, 4 / 3, 16 / 10, 16 / 9), key=spread)
    return np.array([aspect, 1.0, aspect], np.float32)


def _to_hand_scale(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    # Foreshortening only ever shrinks a hand, so a high quantile of its apparent size is nearer to the true one than the mean.
    size = float(np.nanquantile(hand_size(motion), 0.75))
    centre = np.nanmean(motion[:, :, WRIST], axis=(0, 1))
    return np.asarray((motion - centre) * (MEAN_HAND_SIZE_M / size), np.float32)


def _without_repeats(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    repeated = ((motion[1:] == motion[:-1]) | (np.isnan(motion[1:]) & np.isnan(motion[:-1]))).all(axis=(1, 2, 3))
    nothing = np.isnan(motion[1:]).all(axis=(1, 2, 3))
    return np.asarray(motion[np.concatenate(([True], ~repeated | nothing))])


def _require_lengths(path: Path, arrays: dict[str, Any], names: tuple[str, ...], count: int) -> None:
    for name in names:
        if len(arrays[name]) != count:
            raise UserError(f"{path}: array {name!r} has {len(arrays[name])} entries for {count} sequences.")


def _class_names(path: Path, arrays: dict[str, Any]) -> list[str]:
    labels, names = arrays["label"], arrays["class_names"]
    if labels.size and not 0 <= labels.min() <= labels.max() < len(names):
        record = int(np.argmax((labels < 0) | (labels >= len(names))))
        raise UserError(f"{path}, sequence {record}: label {labels[record]} is not one of the {len(names)} class names.")
    return [str(names[label]) for label in labels]


def _require_whole_hands(motion: NDArray[np.float32], where: str) -> None:
    finite = np.isfinite(motion)
    partly = finite.any(axis=(2, 3)) & ~finite.all(axis=(2, 3))
    if partly.any():
        frame, hand = np.argwhere(partly)[0]
        raise UserError(f"{where}, frame {frame}: the {('left', 'right')[hand]} hand has some joints that are not numbers.")
