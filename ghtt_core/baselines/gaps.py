"""Filling missing frames without a model: linear interpolation, holding the ends."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def fill_gaps(joints_m: Array) -> Array:
    """Joints with every gap between two seen frames bridged by a straight line, and the ends held.

    Args:
        joints_m: (..., T, H, J, 3) metres, NaN where missing. A hand is taken as missing where any of its joints is.

    Returns:
        The same shape and type; a hand that is never seen stays NaN.
    """
    frames = joints_m.shape[-4]
    seen = np.asarray(np.isfinite(joints_m).all(axis=(-2, -1)))
    time = np.arange(frames)[:, None]
    before = np.maximum.accumulate(np.where(seen, time, -1), axis=-2)
    after = np.flip(np.minimum.accumulate(np.flip(np.where(seen, time, frames), axis=-2), axis=-2), axis=-2)
    low = np.where(before < 0, after, before)
    high = np.where(after >= frames, before, after)
    span = np.maximum(high - low, 1)
    weight = ((time - low) / span)[..., None, None].clip(0.0, 1.0).astype(joints_m.dtype)
    low, high = (index.clip(0, frames - 1)[..., None, None] for index in (low, high))
    start = np.take_along_axis(joints_m, np.broadcast_to(low, joints_m.shape), axis=-4)
    end = np.take_along_axis(joints_m, np.broadcast_to(high, joints_m.shape), axis=-4)
    bridged = start + weight * (end - start)
    return np.where(seen[..., None, None], joints_m, bridged)
