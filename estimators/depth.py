"""A hand's depth, steadied: the one thing that a single picture tells badly."""

import math

import numpy as np
from numpy.typing import NDArray

from estimators.depth_net import DepthNet, straight_view
from ghtt_core.baselines.one_euro import OneEuroFilter
from ghtt_core.skeleton import LEFT

Float64 = NDArray[np.float64]

_USUAL_M, _USUAL_SPREAD = 0.45, 0.28
"""How far hands at work are, and how much the logarithm of it varies."""
_LIVELINESS_HZ = 3.0
"""How fast a hand leaves its distance, 1 / s."""
_ERROR, _ERROR_MEMORY_S = 0.05, 0.5
"""The slow error of what a picture of a hand says, in the logarithm, while the landmark network is sure of that hand."""
_TREMOR = 0.06
"""The error that is new in every frame, likewise."""
_DOUBT_ON_ERROR, _DOUBT_ON_TREMOR = 28.0, 10.0
"""How both grow as the network's presence falls from 1: unsure landmarks shrink or grow by half."""
_WILD = 2.0
"""What differs from the expected by more than this many deviations is trusted less."""
_FORGOTTEN_S = 60.0
_MAX_GAP_S = 0.25
_NEAREST_M = 0.02


class SteadyDistance:
    """Tells a hand's motion along the line of sight from the errors of single pictures.

    Readings err slowly: a grip that makes a hand look small lasts. So no plain low-pass removes the error, and one that did
    would lag. A Kalman filter splits every reading of the log-distance into three: a hand that moves smoothly about the usual
    distance of working hands (a Matern-3/2 process: distance and speed), an error that wanes within half a second, and
    tremor. The less sure the landmark network is of its hand, the larger the errors are taken to be; what nobody sees
    returns to the usual, so that gaps and starts need no special case.
    """

    def __init__(self) -> None:
        self._state: Float64 = np.zeros(3)
        self._hand_covariance: Float64 = np.diag([_USUAL_SPREAD**2, (_LIVELINESS_HZ * _USUAL_SPREAD) ** 2])
        self._covariance: Float64 = np.diag([*np.diag(self._hand_covariance), _ERROR**2])
        self._time_s = -math.inf

    def __call__(self, log_ratio: float, presence: float, time_s: float) -> float:
        """The logarithm of the distance over the usual one.

        Args:
            log_ratio: The frame's reading of it.
            presence: How sure the landmark network is of its hand, 0 to 1.
            time_s: The frame's time.
        """
        step_s, self._time_s = min(max(time_s - self._time_s, 0.0), _FORGOTTEN_S), time_s
        doubt = 1.0 - presence
        pace = _LIVELINESS_HZ * step_s
        moves = np.zeros((3, 3))
        moves[:2, :2] = np.array([[1 + pace, step_s], [-pace * _LIVELINESS_HZ, 1 - pace]]) * math.exp(-pace)
        moves[2, 2] = math.exp(-step_s / _ERROR_MEMORY_S)
        grows = np.zeros((3, 3))
        grows[:2, :2] = self._hand_covariance - moves[:2, :2] @ self._hand_covariance @ moves[:2, :2].T
        grows[2, 2] = (1 - moves[2, 2] ** 2) * (_ERROR * (1 + _DOUBT_ON_ERROR * doubt)) ** 2
        self._state = moves @ self._state
        self._covariance = moves @ self._covariance @ moves.T + grows
        seen = np.array([1.0, 0.0, 1.0])
        shared = self._covariance @ seen
        variance = float(seen @ shared) + (_TREMOR * (1 + _DOUBT_ON_TREMOR * doubt)) ** 2
        surprise = log_ratio - float(seen @ self._state)
        variance *= max(1.0, surprise**2 / variance / _WILD**2)
        self._state = self._state + shared * (surprise / variance)
        self._covariance = self._covariance - np.outer(shared, shared) / variance
        return float(self._state[0])


class SteadyHand:
    """Puts one slot's hand where the depth network sees it, and keeps it from trembling along the line of sight.

    The joints stay on their rays, so the picture is always met. The hand's distance passes a `SteadyDistance`, the depths
    within it a One-Euro filter.
    """

    def __init__(self, net: DepthNet) -> None:
        self._net = net
        self._distance = SteadyDistance()
        self._shape_filter = OneEuroFilter(min_cutoff_hz=1.0, beta=0.3)
        self._time_s = -math.inf

    def place(self, rays: Float64, hand: int, size_m: float, presence: float, time_s: float) -> Float64:
        """(21, 3) joints in the camera frame, metres.

        Args:
            rays: (21, 2) x/z and y/z of each joint in the camera.
            hand: 0 left, 1 right.
            size_m: The person's hand size.
            presence: How sure the landmark network is of the hand, 0 to 1.
            time_s: The frame's time.
        """
        view = straight_view(rays, np.array(hand == LEFT))
        behind, distance = self._net(view.features)
        if not 0.0 < time_s - self._time_s <= _MAX_GAP_S:
            self._shape_filter.reset()
        self._time_s = time_s
        usual = _USUAL_M / size_m
        centre = usual * math.exp(self._distance(math.log(float(distance) / usual), presence, time_s))
        depth = centre + self._shape_filter(behind, time_s)
        joints: Float64 = (view.rays * np.maximum(depth * size_m, _NEAREST_M)[:, None]) @ view.turn.T
        return joints
