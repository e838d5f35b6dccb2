"""Whether a motion is one that a hand can make: constant bones, joints inside their range.

Joints are (..., H, 21, 3) metres, NaN where missing.
"""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.anatomy import FLEXION_LIMITS_DEG, long_finger_bends
from ghtt_core.features import bone_lengths
from ghtt_core.metrics._masked import Array
from ghtt_core.skeleton import FINGERS


def bone_length_deviation(joints_m: Array, reference_m: Array) -> Array:
    """How far every bone is from its length before, in percent of that length.

    Args:
        joints_m: (..., H, 21, 3) metres.
        reference_m: (..., H, 20) metres, broadcast: for a forecast the mean lengths over the observed frames.

    Returns:
        (..., H, 20) percent, absolute, NaN where missing.
    """
    return np.asarray(np.abs(bone_lengths(joints_m) / reference_m - 1.0) * 100.0)


def finger_flexion(joints_m: Array) -> dict[str, Array]:
    """Bends of the 14 finger joints in degrees, for joints (..., 2, 21, 3) with the left hand first.

    For the thumb the unsigned angle, for the others that of `long_finger_bends`. Keys as in `FLEXION_LIMITS_DEG`; values
    (..., 2, 4) over index to little finger, and (..., 2, 1) for the thumb.
    """
    bend = np.degrees(long_finger_bends(joints_m))
    thumb = np.diff(joints_m[..., FINGERS["thumb"], :], axis=-2)
    cosine = np.einsum("...c,...c->...", thumb[..., :-1, :], thumb[..., 1:, :])
    size = np.linalg.norm(thumb, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        thumb_bend = np.degrees(np.arccos(np.clip(cosine / (size[..., :-1] * size[..., 1:]), -1.0, 1.0)))
    return {
        "mcp": bend[..., 0],
        "pip": bend[..., 1],
        "dip": bend[..., 2],
        "thumb_mp": thumb_bend[..., :1],
        "thumb_ip": thumb_bend[..., 1:],
    }


def within_joint_limits(joints_m: Array) -> NDArray[np.float64]:
    """Whether a hand's joints are all inside `FLEXION_LIMITS_DEG`: (..., 2, 21, 3) to (..., 2), 1 or 0, NaN if missing."""
    inside = np.ones(joints_m.shape[:-2])
    missing = np.isnan(joints_m).any(axis=(-2, -1))
    for name, bend in finger_flexion(joints_m).items():
        low, high = FLEXION_LIMITS_DEG[name]
        inside *= ((bend >= low) & (bend <= high)).all(axis=-1)
    return np.where(missing, np.nan, inside)
