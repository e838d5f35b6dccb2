"""The One-Euro filter (Casiez, Roussel, Vogel, CHI 2012): the classic low-lag smoother, baseline beside G-HTT."""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])


class OneEuroFilter:
    """A low-pass filter whose cut-off rises with speed: still hands are calm, fast hands do not lag.

    Values that are NaN stay NaN and start anew when they come back; so does everything after a gap.
    """

    def __init__(
        self, *, min_cutoff_hz: float = 1.5, speed_gain: float = 8.0, speed_cutoff_hz: float = 1.0, max_gap_s: float = 0.25
    ) -> None:
        """Make a filter.

        Args:
            min_cutoff_hz: Cut-off at rest: lower is calmer and slower.
            speed_gain: How much the cut-off rises per unit of speed (hertz per metre per second for joints in metres).
            speed_cutoff_hz: Cut-off of the speed estimate.
            max_gap_s: After a longer silence it starts anew.
        """
        self._min_cutoff_hz = min_cutoff_hz
        self._speed_gain = speed_gain
        self._speed_cutoff_hz = speed_cutoff_hz
        self._max_gap_s = max_gap_s
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._value: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] = np.zeros(0)
        self._time_s = -math.inf

    def __call__(self, values: NDArray[np.floating], time_s: float) -> NDArray[np.float64]:
        """Filter one sample of any shape, e.g. joints (2, 21, 3) in metres; the last axis is one vector with one speed."""
        new = np.asarray(values, np.float64)
        step_s = time_s - self._time_s
        if self._value is None or self._value.shape != new.shape or not 0.0 < step_s <= self._max_gap_s:
            self._value, self._speed, self._time_s = new.copy(), np.zeros_like(new), time_s
            return new.copy()
        last = self._value
        fresh = ~np.isfinite(last)
        speed = np.where(np.isfinite(new) & ~fresh, (new - last) / step_s, 0.0)
        self._speed = self._speed + _blend(self._speed_cutoff_hz, step_s) * (speed - self._speed)
        magnitude = np.linalg.norm(self._speed, axis=-1, keepdims=True)
        share = _blend(self._min_cutoff_hz + self._speed_gain * magnitude, step_s)
        self._value = np.where(fresh, new, last + share * (new - last))
        self._speed = np.where(np.isfinite(self._value), self._speed, 0.0)
        self._time_s = time_s
        return self._value.copy()


def _blend(cutoff_hz: Number, step_s: float) -> Number:
    """Share of the new sample: 1 / (1 + tau / step) with tau = 1 / (2 pi cut-off)."""
    share = 2.0 * math.pi * step_s * cutoff_hz
    return share / (1.0 + share)
