"""Filling missing frames without a model: linear interpolation, holding the ends."""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.gaps import around

Array = NDArray[np.floating]


def fill_gaps(joints_m: Array) -> Array:
    """Joints with every gap between two seen frames bridged by a straight line, and the ends held.

    Args:
        joints_m: (..., T, H, J, 3) metres, NaN where missing. A hand is taken as missing where any of its joints is.

    Returns:
        The same shape and type; a hand that is never seen stays NaN.
    """
    frames = joints_m.shape[-4]
    motions = joints_m.reshape(-1, *joints_m.shape[-4:])
    seen = np.asarray(np.isfinite(motions).all(axis=(-2, -1)))
    motion, frame, hand = np.nonzero(~seen & seen.any(axis=1, keepdims=True))
    before, after = (index[motion, frame, hand] for index in around(seen))
    low = np.where(before < 0, after, before)
    high = np.where(after >= frames, before, after)
    weight = ((frame - low) / np.maximum(high - low, 1)).clip(0.0, 1.0).astype(joints_m.dtype)[:, None, None]
    start, end = motions[motion, low, hand], motions[motion, high, hand]
    filled = motions.copy()
    filled[motion, frame, hand] = start + weight * (end - start)
    return filled.reshape(joints_m.shape)
