"""How smooth a motion is: acceleration, its error, and jitter.

All take (..., T, H, J, 3) metres at a constant frame rate, NaN where missing, and keep the leading axes. A difference over
time counts only where all of its frames are there.
"""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.metrics._masked import MM_PER_M, Array, distances_mm, lengths_mm, masked_mean

_FRAMES_HANDS_JOINTS = (-3, -2, -1)


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
