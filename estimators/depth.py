"""A hand's depth, steadied: the one thing that a single picture tells badly."""

import math

import numpy as np
from numpy.typing import NDArray

from estimators.depth_net import DepthNet, straight_view
from ghtt_core.baselines.one_euro import OneEuroFilter
from ghtt_core.skeleton import LEFT

_MAX_GAP_S = 0.25
_JUMP = 0.30
_MAX_JUMPS = 4
_NEAREST_M = 0.02


class SteadyHand:
    """Puts one slot's hand where the depth network sees it, and keeps it from trembling along the line of sight.

    The joints stay on their rays, so the picture is always met. The hand's distance and the depths within it pass One-Euro
    filters. A jump of the distance by more than 30 % from one frame to the next is no motion of a hand: the last distance
    stands in, until several frames in a row agree on the new one.
    """

    def __init__(self, net: DepthNet) -> None:
        self._net = net
        self._distance_filter = OneEuroFilter(min_cutoff_hz=1.0, beta=1.0)
        self._shape_filter = OneEuroFilter(min_cutoff_hz=1.0, beta=0.3)
        self._log_distance = math.nan
        self._time_s = -math.inf
        self._jumps = 0

    def place(self, rays: NDArray[np.float64], hand: int, size_m: float, time_s: float) -> NDArray[np.float64]:
        """(21, 3) joints in the camera frame, metres.

        Args:
            rays: (21, 2) x/z and y/z of each joint in the camera.
            hand: 0 left, 1 right.
            size_m: The person's hand size.
            time_s: The frame's time.
        """
        view = straight_view(rays, np.array(hand == LEFT))
        behind, distance = self._net(view.features)
        if not 0.0 < time_s - self._time_s <= _MAX_GAP_S:
            self._distance_filter.reset()
            self._shape_filter.reset()
            self._log_distance, self._jumps = float(np.log(distance)), 0
        self._time_s = time_s
        self._log_distance = self._steady_distance(float(np.log(distance)), time_s)
        depth = math.exp(self._log_distance) + self._shape_filter(behind, time_s)
        joints: NDArray[np.float64] = (view.rays * np.maximum(depth * size_m, _NEAREST_M)[:, None]) @ view.turn.T
        return joints

    def _steady_distance(self, measured: float, time_s: float) -> float:
        if abs(measured - self._log_distance) > _JUMP and self._jumps < _MAX_JUMPS:
            self._jumps += 1
            measured = self._log_distance
        else:
            if self._jumps == _MAX_JUMPS:
                self._distance_filter.reset()
            self._jumps = 0
        return float(self._distance_filter(np.array([measured]), time_s)[0])
