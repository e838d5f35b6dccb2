"""How smooth a motion is, and how late: acceleration, its error, jitter, and lag.

All but the last take (..., T, H, J, 3) metres at a constant frame rate, NaN where missing, and keep the leading axes. A
difference over time counts only where all of its frames are there.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ghtt_core.metrics._masked import MM_PER_M, Array, distances_mm, lengths_mm, masked_mean
from ghtt_core.skeleton import PALM

_FRAMES_HANDS_JOINTS = (-3, -2, -1)
_LAGS = range(-3, 7)


def acceleration(joints_m: Array) -> NDArray[np.float64]:
    """Mean size of the joints' acceleration, millimetres per frame squared: |x(t+1) - 2 x(t) + x(t-1)|."""
    second = np.diff(joints_m, n=2, axis=-4)
    return masked_mean(lengths_mm(second), _FRAMES_HANDS_JOINTS)


def acceleration_error(predicted_m: Array, true_m: Array) -> NDArray[np.float64]:
    """Mean distance between the predicted and the true acceleration, millimetres per frame squared.

    Source: Kanazawa et al., Learning 3D Human Dynamics from Video, CVPR 2019, "Accel error" (per frame, not per second).
    """
    predicted, true = np.diff(predicted_m, n=2, axis=-4), np.diff(true_m, n=2, axis=-4)
    return masked_mean(distances_mm(predicted, true), _FRAMES_HANDS_JOINTS)


def jitter(joints_m: Array, fps: float) -> NDArray[np.float64]:
    """Mean size of the joints' jerk (the third derivative), metres per second cubed.

    Source: Yi et al., TransPose, SIGGRAPH 2021, "jitter"; after Flash and Hogan, The coordination of arm movements, 1985.
    """
    third = np.diff(joints_m, n=3, axis=-4) * fps**3
    return masked_mean(lengths_mm(third) / MM_PER_M, _FRAMES_HANDS_JOINTS)


def lag(told_m: Sequence[Array], true_m: Sequence[Array]) -> float:
    """Frames by which motions come late: the shift at which the palms' velocities agree best, by a parabola between frames.

    Velocities over four frames, so that constant errors of depth and orientation do not count and noise counts little.

    Args:
        told_m: Motions, (T, 2, 21, 3) each, NaN where missing.
        true_m: The same as they were.
    """
    agreement = np.zeros(len(_LAGS))
    for motion, truth in zip(told_m, true_m, strict=True):
        told, true = _palm_velocity(motion), _palm_velocity(truth)
        for index, shift in enumerate(_LAGS):
            later, earlier = told[max(shift, 0) : len(told) + min(shift, 0)], true[max(-shift, 0) : len(true) - max(shift, 0)]
            known = np.isfinite(later).all(axis=-1) & np.isfinite(earlier).all(axis=-1)
            sizes = np.sqrt(np.square(later[known]).sum() * np.square(earlier[known]).sum())
            agreement[index] += (later[known] * earlier[known]).sum() / sizes if sizes > 0 else 0.0
    best = int(np.argmax(agreement))
    if not 0 < best < len(agreement) - 1:
        return float(_LAGS[best])
    before, here, after = agreement[best - 1 : best + 2]
    return float(_LAGS[best] + 0.5 * (before - after) / (before - 2.0 * here + after))


def _palm_velocity(joints_m: Array) -> Array:
    """(T, 2, 21, 3) to (T - 4, 2, 3): how far the middle of each palm moves in four frames."""
    palm = joints_m[:, :, list(PALM)].mean(axis=2)
    return np.asarray(palm[4:] - palm[:-4])
