"""What the hand networks say about real pictures, kept as numbers: `python real_hands.py CLIPS OUT.npz`.

The pictures are other people's and stay where they are; landmarks computed from them may be passed on. `CLIPS` holds two
first-person clips of HOT3D (Meta, CC BY-SA, cut in jianingnz/hot3d-motion-filter-demo) and two of MediaPipe's sample videos
(Apache-2.0), in which a person faces the camera and shows the right hand; these are looked at in the mirror.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from estimators.base import EstimatorOptions
from estimators.clips import ClipReader
from estimators.detections import HandDetection
from estimators.intrinsics import IntrinsicsChoice
from estimators.tracker import TrackedHands
from ghtt_core.skeleton import HANDS, JOINTS

HELD = Path(__file__).parents[1] / "fixtures" / "real_hands.npz"
FRAMES = 150
VIEWS = {
    "worn 1": ("egocentric/clip-001935.mp4", False),
    "worn 2": ("egocentric/clip-002376.mp4", False),
    "selfie open": ("other/hand_landmarker_test_video.mp4", True),
    "selfie thumb": ("other/gesture_recognizer_test_video.mp4", True),
}
"""Clip of each view, and whether it is seen in the mirror."""


def detections_of(path: Path, *, flipped: bool) -> tuple[list[list[HandDetection]], tuple[int, int]]:
    """What the tracker sees in the last frames of a clip, and the picture's width and height."""
    tracker = TrackedHands(EstimatorOptions(IntrinsicsChoice()))
    seen = []
    with ClipReader(path) as reader:
        for frame in reader:
            image = frame.image_bgr[:, ::-1] if flipped else frame.image_bgr
            seen.append(tracker.look(replace(frame, image_bgr=np.ascontiguousarray(image))))
        size = reader.width, reader.height
    tracker.close()
    return seen[-FRAMES:], size


def save(views: dict[str, tuple[list[list[HandDetection]], tuple[int, int]]], path: Path) -> None:
    """Keep what was seen, in half precision."""
    arrays = {}
    for name, (frames, size) in views.items():
        px = np.full((len(frames), HANDS, JOINTS, 2), np.nan, np.float16)
        shape_m = np.full((len(frames), HANDS, JOINTS, 3), np.nan, np.float16)
        rest = np.full((len(frames), HANDS, 3), np.nan, np.float16)
        for index, hands in enumerate(frames):
            for place, hand in enumerate(hands):
                px[index, place], shape_m[index, place] = hand.joints_px, hand.shape_m
                rest[index, place] = hand.left_probability, hand.presence, hand.track
        arrays |= {f"{name}/px": px, f"{name}/shape_m": shape_m, f"{name}/rest": rest, f"{name}/size": np.array(size)}
    np.savez_compressed(path, **arrays)


def load(name: str, path: Path = HELD) -> tuple[list[list[HandDetection]], tuple[int, int]]:
    """A view's detections by frame, and its pictures' width and height."""
    with np.load(path) as arrays:
        points_px, shape_m, rest, size = (arrays[f"{name}/{part}"] for part in ("px", "shape_m", "rest", "size"))
    frames = []
    for points, shapes, others in zip(points_px.astype(float), shape_m.astype(float), rest.tolist(), strict=True):
        there = [hand for hand in zip(points, shapes, others, strict=True) if np.isfinite(hand[0]).all()]
        frames.append([HandDetection(px, shape, left, sure, int(track)) for px, shape, (left, sure, track) in there])
    return frames, (int(size[0]), int(size[1]))


def main(words: Sequence[str]) -> None:
    """Look at every view and keep it."""
    clips, out = Path(words[0]), Path(words[1])
    save({name: detections_of(clips / clip, flipped=flipped) for name, (clip, flipped) in VIEWS.items()}, out)


if __name__ == "__main__":
    main(sys.argv[1:])
