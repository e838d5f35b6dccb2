"""The One-Euro filter: a low-pass whose cut-off rises with speed, so that rest is steady and motion has little lag.

Source: Casiez, Roussel and Vogel, 1 Euro Filter, CHI 2012.
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


class OneEuroFilter:
    """Filters joints of any shape as they come, each coordinate by itself; what is missing stays missing.

    A coordinate that comes back after a gap starts afresh: nothing old is blended in.

    Args:
        min_cutoff_hz: Cut-off at rest: lower is steadier.
        beta: How fast the cut-off rises, hertz per (metre per second): higher lags less.
        derivative_cutoff_hz: Cut-off of the speed estimate.
    """

    def __init__(self, min_cutoff_hz: float = 2.0, beta: float = 3.0, derivative_cutoff_hz: float = 1.0) -> None:
        if min_cutoff_hz <= 0 or beta < 0 or derivative_cutoff_hz <= 0:
            raise ValueError(
                f"one-euro: min_cutoff_hz {min_cutoff_hz}, beta {beta}, derivative_cutoff_hz {derivative_cutoff_hz}"
            )
        self._min_cutoff_hz = min_cutoff_hz
        self._beta = beta
        self._derivative_cutoff_hz = derivative_cutoff_hz
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._time_s = -math.inf
        self._raw: Array | None = None
        self._value: Array | None = None
        self._speed: Array | None = None

    def __call__(self, joints_m: Array, time_s: float) -> Array:
        """The filtered joints, in the shape and type they came in.

        Args:
            joints_m: Metres, NaN where missing; the same shape at every call.
            time_s: When they were seen, later than at the call before.

        Raises:
            ValueError: The time did not advance.
        """
        if time_s <= self._time_s:
            raise ValueError(f"one-euro: time {time_s} s does not come after {self._time_s} s")
        step_s, self._time_s = time_s - self._time_s, time_s
        if self._raw is None or self._value is None or self._speed is None:
            self._raw, self._value, self._speed = joints_m.copy(), joints_m.copy(), np.zeros_like(joints_m)
            return joints_m.copy()
        fresh = np.isnan(self._value)
        raw_speed = np.where(fresh, 0.0, (joints_m - self._raw) / step_s)
        blend = _blend(self._derivative_cutoff_hz, step_s)
        speed = np.where(fresh, 0.0, self._speed + blend * (raw_speed - self._speed))
        weight = _blend(self._min_cutoff_hz + self._beta * np.abs(speed), step_s)
        value = np.where(fresh, joints_m, self._value + weight * (joints_m - self._value))
        self._raw = joints_m.copy()
        self._value = value.astype(joints_m.dtype, copy=False)
        self._speed = np.where(np.isnan(speed), 0.0, speed).astype(joints_m.dtype, copy=False)
        return self._value.copy()


def _blend(cutoff_hz: Array | float, step_s: float) -> Array:
    """Weight of the new value in a first-order low-pass."""
    tau = 2.0 * math.pi * step_s * np.asarray(cutoff_hz)
    return np.asarray(tau / (tau + 1.0))


def one_euro(joints_m: Array, fps: float, min_cutoff_hz: float, beta: float) -> Array:
    """A whole motion (T, ...) through the filter at a constant frame rate."""
    smooth = OneEuroFilter(min_cutoff_hz, beta)
    return np.stack([smooth(pose, index / fps) for index, pose in enumerate(joints_m)])
