"""Whether a motion is one that a hand can make: constant bones, joints inside their range.

Joints are (..., H, 21, 3) metres, NaN where missing.
"""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.features import bone_lengths
from ghtt_core.metrics._masked import Array
from ghtt_core.skeleton import FINGERS, WRIST

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

_LONG_FINGERS = ("index", "middle", "ring", "little")


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

    The bend between two successive bones about the palm's axis from the little to the index finger, positive towards the
    palm; for the thumb the unsigned angle. Keys as in `FLEXION_LIMITS_DEG`; values (..., 2, 4) over index to little finger,
    and (..., 2, 1) for the thumb.
    """
    across = joints_m[..., FINGERS["index"][0], :] - joints_m[..., FINGERS["little"][0], :]
    with np.errstate(invalid="ignore", divide="ignore"):  # bones of length zero bend by NaN degrees
        across = across / np.linalg.norm(across, axis=-1, keepdims=True) * np.array([[-1.0], [1.0]])
    chains = np.stack([joints_m[..., [WRIST, *FINGERS[name]], :] for name in _LONG_FINGERS], axis=-3)
    bones = np.diff(chains, axis=-2)
    before, after = bones[..., :-1, :], bones[..., 1:, :]
    sine = np.einsum("...c,...c->...", np.cross(before, after), across[..., None, None, :])
    bend = np.degrees(np.arctan2(sine, np.einsum("...c,...c->...", before, after)))
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
