"""Small motions whose answers are known, for the tests of the evaluation."""

import numpy as np

from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.skeleton import PALM_TEMPLATE


def hand_shape() -> np.ndarray:
    """(2, 21, 3) flat open hands of 90 mm."""
    right = np.zeros((21, 3))
    palm = np.array(PALM_TEMPLATE) * 0.09
    right[[0, 5, 9, 13, 17]] = palm
    for finger, base in enumerate((5, 9, 13, 17)):
        direction = (palm[finger + 1] - palm[0]) / np.linalg.norm(palm[finger + 1] - palm[0])
        for joint in range(1, 4):
            right[base + joint] = right[base] + 0.03 * joint * direction
    for joint in range(1, 5):
        right[joint] = right[5] * 0.25 * joint + np.array([0.005 * joint, 0.0, 0.0])
    left = right * [-1.0, 1.0, 1.0]
    return np.stack([left, right])


def motion(frames: int, seed: int, pace: float = 0.003) -> np.ndarray:
    """(T, 2, 21, 3): rigid hands on smooth random paths."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0, pace, (frames + 20, 2, 3))
    kernel = np.ones(20) / 20.0
    smooth = np.stack([np.convolve(steps[:, hand, axis], kernel, "valid") for hand in range(2) for axis in range(3)], axis=-1)
    path = np.cumsum(smooth * 4.0, axis=0)[:frames].reshape(frames, 2, 1, 3)
    return (hand_shape() + path + [0.0, 0.0, 0.5]).astype(np.float32)


def sequences(count: int, frames: int = 90, first: int = 0) -> list[MotionSequence]:
    return [MotionSequence(motion(frames, seed), 30.0, f"s{seed}", f"r{seed % 4}") for seed in range(first, first + count)]


def noisy_pair(seed: int) -> MotionSequence:
    true = motion(120, seed)
    noise = np.random.default_rng(seed).normal(0.0, 0.004, true.shape)
    return MotionSequence((true + noise).astype(np.float32), 30.0, f"p{seed}", f"p{seed}", truth_m=true)


def labelled(count: int, first: int = 0) -> list[MotionSequence]:
    """Slow motion is "rest", fast motion is "shake"."""
    made = []
    for seed in range(first, first + count):
        fast = seed % 2 == 1
        joints = motion(80, seed, 0.02 if fast else 0.001)
        segments = (Segment(10, 80, "shake" if fast else "rest"),)
        made.append(MotionSequence(joints, 30.0, f"l{seed}", f"r{seed}", segments=segments))
    return made
