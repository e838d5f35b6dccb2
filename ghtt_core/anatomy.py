"""How far the joints of the long fingers bend, and back into their range where they bend too far."""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.skeleton import FINGERS, WRIST

FloatArray = NDArray[np.floating]

FLEXION_LIMITS_DEG = {
    "mcp": (-60.0, 110.0),
    "pip": (-25.0, 130.0),
    "dip": (-35.0, 110.0),
    "thumb_mp": (0.0, 90.0),
    "thumb_ip": (0.0, 110.0),
}
"""Least and greatest bend of each kind of joint, degrees, extension negative.

The normal active ranges of the American Academy of Orthopaedic Surgeons (MCP -45 to 90, PIP 0 to 100, DIP -10 to 90, thumb MP
up to 50 and IP up to 80), widened by 20 to 30 degrees for passive motion and for differences between people. The thumb's
bends are unsigned: its axis turns with the saddle joint below it.
"""

_LONG_FINGERS = tuple(FINGERS[name] for name in ("index", "middle", "ring", "little"))
_INDEX_KNUCKLE, _LITTLE_KNUCKLE = _LONG_FINGERS[0][0], _LONG_FINGERS[-1][0]
_JOINTS = [joint for finger in _LONG_FINGERS for joint in finger]
_STARTS = [joint for finger in _LONG_FINGERS for joint in (WRIST, *finger[:-1])]
"""Where the bones that end in `_JOINTS` begin."""
_BEYOND_KNUCKLES = [joint for finger in _LONG_FINGERS for joint in finger[1:]]
_INSIDE_DEG = 0.1
"""Joints are bent back to just inside their limits, so that rounding does not leave them outside."""
_LIMITS = np.radians([FLEXION_LIMITS_DEG[kind] for kind in ("mcp", "pip", "dip")])
_LEAST, _GREATEST = (_LIMITS + np.radians((_INSIDE_DEG, -_INSIDE_DEG))).T


def long_finger_bends(joints_m: FloatArray) -> FloatArray:
    """Bends of MCP, PIP and DIP of index to little finger: joints (..., 2, 21, 3), left hand first, to (..., 2, 4, 3), radians.

    The bend between two successive bones about the palm's axis from the little to the index finger, positive towards the
    palm; NaN where it has no direction.
    """
    return np.asarray(np.arctan2(*_sine_and_cosine(*_bones_and_axis(joints_m))))


def with_joint_limits(joints_m: FloatArray) -> FloatArray:
    """The same hands with the joints of the long fingers bent back into `FLEXION_LIMITS_DEG`: (..., 2, 21, 3) metres.

    A joint beyond its range turns about the palm's axis just as far as needed and takes the rest of its finger along; bones
    keep their lengths. Hands inside their range, and missing ones, stay as they are; so do bones that run along that axis
    rather than across it, which no finger does.
    """
    bones, axis = _bones_and_axis(joints_m)
    sine, cosine = _sine_and_cosine(bones, axis)
    beyond = _beyond(sine, cosine)
    hands = beyond.any(axis=(-2, -1))
    if not hands.any():
        return joints_m
    bones, axis, sine, cosine = bones[:, hands], axis[:, hands], sine[hands], cosine[hands]
    # With p the product of two bones' parts in the plane that the axis is normal to, and q that of their parts along it, an
    # angle t between the former bends them by b = atan2(p sin t, p cos t + q). So t = b + asin(q sin(b) / p).
    along = _dot(axis, bones)
    q = along[..., :-1] * along[..., 1:]
    p = np.hypot(sine, cosine - q)
    beyond = beyond[hands] & (np.abs(q) < p)
    ratio = np.where(beyond, q / np.where(beyond, p, 1.0), 0.0)
    bend = np.arctan2(sine, cosine)
    wanted = np.clip(bend, *(limit.astype(bend.dtype) for limit in (_LEAST, _GREATEST)))
    angle, wanted_angle = (one + np.arcsin(ratio * np.sin(one)) for one in (bend, wanted))
    turn = np.where(beyond, wanted_angle - angle, 0.0).cumsum(axis=-1)
    distal = bones[..., 1:]
    sine, cosine = np.sin(turn), np.cos(turn)
    turned = distal * cosine + _cross(axis, distal) * sine + axis * along[..., 1:] * (1.0 - cosine)  # Rodrigues' formula
    moved = (turned - distal).cumsum(axis=-1)  # how far the joints beyond each knuckle move: (3, hands, 4, 3)
    limited, fingers = joints_m.copy(), joints_m[hands]
    fingers[:, _BEYOND_KNUCKLES] += np.moveaxis(moved, 0, -1).reshape(len(fingers), -1, 3)
    limited[hands] = fingers
    return limited


def _bones_and_axis(joints_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The four bones of each long finger from the wrist on, (3, ..., 2, 4, 4), and the palm's unit axis, (3, ..., 2, 1, 1).

    Coordinates first: sums over a short last axis are slow.
    """
    x = np.moveaxis(joints_m, -1, 0)
    bones = (x[..., _JOINTS] - x[..., _STARTS]).reshape(*x.shape[:-1], len(_LONG_FINGERS), -1)
    across = x[..., _INDEX_KNUCKLE] - x[..., _LITTLE_KNUCKLE]
    with np.errstate(invalid="ignore", divide="ignore"):  # a palm of width zero has no axis
        across = across / np.sqrt(_dot(across, across))
    sides = np.array((-1.0, 1.0), across.dtype)
    return bones, (across * sides)[..., None, None]


def _sine_and_cosine(bones: FloatArray, axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of the bends (..., 2, 4, 3) of successive bones, times the bones' lengths."""
    before, after = bones[..., :-1], bones[..., 1:]
    return _dot(axis, _cross(before, after)), _dot(before, after)


def _beyond(sine: FloatArray, cosine: FloatArray) -> NDArray[np.bool_]:
    """Whether a bend is out of its range; no range is wider than half a turn."""
    (sin_least, sin_greatest), (cos_least, cos_greatest) = (
        np.stack((part(_LEAST), part(_GREATEST))).astype(sine.dtype) for part in (np.sin, np.cos)
    )
    return np.asarray((sine * cos_least < cosine * sin_least) | (sine * cos_greatest > cosine * sin_greatest))


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Of vectors (3, ...)."""
    return np.stack((a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Of vectors (3, ...)."""
    return np.asarray(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
