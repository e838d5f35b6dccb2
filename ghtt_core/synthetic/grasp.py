"""Finger poses, and fingers that close until they touch what they hold."""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.synthetic.kinematics import ANGLE_HIGH, ANGLE_LOW, HandShape, finger_bones
from ghtt_core.synthetic.objects import Thing

Float64 = NDArray[np.float64]

FINGER_RADIUS_M = np.array((0.0095, 0.0080, 0.0083, 0.0080, 0.0070))
"""Thickness of the fingers' flesh around the bone, thumb first, for girth 1."""


def _pose(mcp: tuple[float, ...], pip: tuple[float, ...], spread: float, thumb: tuple[float, ...]) -> Float64:
    abduction = np.array((1.0, 0.1, -0.8, -1.6)) * spread
    return np.radians(np.concatenate((np.stack((abduction, mcp, pip), axis=-1).ravel(), thumb)))


POSES = {
    "relaxed": _pose((22, 28, 32, 34), (28, 33, 36, 34), 2, (32, 22, 30, 10, 15)),
    "open": _pose((4, 5, 6, 8), (8, 8, 9, 10), 7, (48, 22, 25, 0, 4)),
    "flat": _pose((3, 3, 4, 5), (4, 4, 5, 6), 1, (30, 8, 15, 0, 3)),
    "fist": _pose((78, 82, 84, 82), (95, 98, 98, 95), 0, (28, 38, 62, 38, 50)),
    "point": _pose((12, 62, 68, 70), (10, 80, 84, 82), 0, (25, 35, 60, 32, 42)),
    "typing": _pose((22, 24, 26, 27), (38, 42, 42, 36), 4, (26, 14, 35, 6, 12)),
    "wide": _pose((18, 18, 18, 20), (26, 26, 26, 26), 5, (44, 52, 55, -4, 6)),
    "clench": _pose((84, 86, 88, 90), (104, 104, 104, 104), 0, (22, 44, 70, 46, 58)),
    "tripod_open": _pose((32, 38, 50, 56), (30, 34, 52, 58), 1, (32, 48, 60, -4, 6)),
    "tripod": _pose((66, 70, 70, 72), (56, 62, 76, 80), 0, (20, 50, 75, 26, 34)),
}
"""Named finger poses, radians, in the order of `kinematics.ANGLES`."""

_SAMPLES = 48


def close_on(
    shape: HandShape, thing: Thing, hand_from_object: Float64, opened: str = "wide", closed: str = "clench"
) -> Float64:
    """Close each finger from one named pose towards another until it touches the thing.

    Args:
        shape: Whose hand.
        thing: What is held.
        hand_from_object: (4, 4) its pose in the frame of a right hand.
        opened: Where the fingers start.
        closed: Where they would end without the thing.

    Returns:
        (17,) finger pose, radians.
    """
    curl = np.linspace(0.0, 1.0, _SAMPLES)[:, None]
    angles = POSES[opened] * (1 - curl) + POSES[closed] * curl
    joints, _ = finger_bones(shape, angles)
    fingers = joints[:, 1:].reshape(_SAMPLES, 5, 4, 3)
    along = np.linspace(0.15, 1.0, 5)[:, None]
    points = fingers[:, :, 1:-1, None] * (1 - along) + fingers[:, :, 2:, None] * along
    local = (points - hand_from_object[:3, 3]) @ hand_from_object[:3, :3]
    gap = thing.distance_m(local).min(axis=(-1, -2)) - FINGER_RADIUS_M * shape.girth
    stop = np.where((gap < 0).any(axis=0), (gap < 0).argmax(axis=0), _SAMPLES - 1)
    thumb, *rest = stop
    result = np.concatenate([angles[s, 3 * i : 3 * i + 3] for i, s in enumerate(rest)] + [angles[thumb, 12:]])
    return np.clip(result, ANGLE_LOW, ANGLE_HIGH)


def pinch_point_m(shape: HandShape, angles: Float64) -> Float64:
    """(3,) where thumb, index and middle finger meet, in the hand's frame."""
    joints, _ = finger_bones(shape, angles)
    return np.asarray(0.5 * joints[4] + 0.3 * joints[8] + 0.2 * joints[12])
