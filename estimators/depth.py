"""A hand's distance, steadied: the one thing that a single picture tells badly."""

import math

import numpy as np
from numpy.typing import NDArray

from ghtt_core.baselines.one_euro import OneEuroFilter
from ghtt_core.skeleton import PALM

_MAX_GAP_S = 0.25
_JUMP = 0.30
_MAX_JUMPS = 4


class SteadyDepth:
    """Filters the logarithm of a hand's distance and slides the hand along its line of sight.

    A jump of more than 30 % from one frame to the next is no motion of a hand: the last distance stands in, until
    several frames in a row agree on the new one.
    """

    def __init__(self) -> None:
        self._filter = OneEuroFilter(min_cutoff_hz=1.0, beta=2.0)
        self._log_depth = math.nan
        self._time_s = -math.inf
        self._jumps = 0

    def steady(self, joints_cam_m: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
        """(21, 3) joints at the steadied distance."""
        palm_depth_m = float(joints_cam_m[list(PALM), 2].mean())
        measured = math.log(palm_depth_m)
        if not 0.0 < time_s - self._time_s <= _MAX_GAP_S:
            self._filter.reset()
            self._log_depth, self._jumps = measured, 0
        if abs(measured - self._log_depth) > _JUMP and self._jumps < _MAX_JUMPS:
            self._jumps += 1
            measured = self._log_depth
        else:
            if self._jumps == _MAX_JUMPS:
                self._filter.reset()
            self._jumps = 0
        self._log_depth = float(self._filter(np.array([measured]), time_s)[0])
        self._time_s = time_s
        centre = joints_cam_m[list(PALM)].mean(axis=0)
        steadied: NDArray[np.float64] = joints_cam_m + centre * (math.exp(self._log_depth) / palm_depth_m - 1.0)
        return steadied
