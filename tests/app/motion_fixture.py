"""An analytic two-hand motion with known futures: what the window's tests show."""

import numpy as np

from ghtt_core.packets import Float32, Futures, HandsObservation, Prediction
from ghtt_core.skeleton import FINGERS, HANDS, JOINTS

FOCAL_PX = 460.0
SIZE_PX = (640, 480)


def _flat_right_hand() -> Float32:
    """(21, 3) a right hand of size 0.09 m, palm away from the viewer, fingers up (negative y)."""
    hand = np.zeros((JOINTS, 3), np.float32)
    for finger, (joints, angle) in enumerate(zip(FINGERS.values(), (-52, -14, 0, 13, 26), strict=True)):
        direction = np.array([np.sin(np.radians(angle)), -np.cos(np.radians(angle)), 0.0])
        base = 0.032 if finger == 0 else 0.09
        for step, joint in enumerate(joints):
            hand[joint] = direction * (base + 0.026 * step)
    return hand


def hands_at(time_s: float) -> Float32:
    """(2, 21, 3) both hands moving on circles, in the camera frame."""
    right = _flat_right_hand()
    left = right * np.array([-1, 1, 1], np.float32)
    out = np.empty((HANDS, JOINTS, 3), np.float32)
    for hand, (shape, side) in enumerate(((left, -1), (right, 1))):
        swing = 0.06 * np.array([np.sin(1.6 * time_s), np.cos(1.6 * time_s), 0.8 * np.sin(1.1 * time_s + side)])
        out[hand] = shape + np.array([0.11 * side, 0.08, 0.42]) + swing
    return out


def futures_at(time_s: float, samples: int = 20, horizon_s: float = 2.1) -> Futures:
    """The motion's own continuation, and samples that spread around it with time."""
    offset_s = (np.arange(1, round(horizon_s * 30) + 1) / 30).astype(np.float32)
    true = np.stack([hands_at(time_s + offset) for offset in offset_s])
    spread = np.random.default_rng(7).normal(0, 0.05, (samples, 1, HANDS, 1, 3))
    spread[0] = 0
    joints = true[None] + spread * offset_s[None, :, None, None, None]
    return Futures(joints.astype(np.float32), offset_s, round(time_s * 30), time_s)


def observation_at(time_s: float) -> HandsObservation:
    """What a perfect estimator sees."""
    joints = hands_at(time_s)
    pixels = joints[..., :2] / joints[..., 2:] * FOCAL_PX + np.array(SIZE_PX) / 2
    return HandsObservation(joints, pixels.astype(np.float32), np.ones(2, np.float32), round(time_s * 30), time_s)


def prediction_at(time_s: float, classes: int = 8, condition: int | None = None) -> Prediction:
    """A prediction whose most probable class changes every two seconds."""
    logits = np.cos(np.arange(classes) - time_s / 2)
    if condition is not None:
        logits[condition] += 8
    prob = np.exp(3 * logits) / np.exp(3 * logits).sum()
    return Prediction(hands_at(time_s), prob.astype(np.float32), round(time_s * 30), time_s, futures_at(time_s))
