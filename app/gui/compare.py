"""The hands as different methods see them, and how much each trembles."""

from collections import deque

import numpy as np

from ghtt_core.baselines.one_euro import OneEuroFilter
from ghtt_core.packets import Float32, HandsObservation

METHODS = ("G-HTT", "One-Euro", "raw")
JITTER_OVER_S = 2.0
_FRAME_S = 1 / 30
_LONGEST_STEP_S = 0.12


class JitterMeter:
    """Mean joint acceleration of the last seconds, millimetres per frame squared at 30 frames a second."""

    def __init__(self) -> None:
        self._poses: deque[tuple[float, Float32]] = deque(maxlen=3)
        self._values: deque[tuple[float, float]] = deque()

    def clear(self) -> None:
        """Forget the past."""
        self._poses.clear()
        self._values.clear()

    def add(self, time_s: float, joints_m: Float32) -> None:
        """Take the (2, 21, 3) joints of one moment; hands missing in one of three moments in a row do not count."""
        self._poses.append((time_s, joints_m))
        if len(self._poses) < 3:
            return
        (t0, p0), (t1, p1), (t2, p2) = self._poses
        if not (0 < t1 - t0 < _LONGEST_STEP_S and 0 < t2 - t1 < _LONGEST_STEP_S):
            return
        acceleration = ((p2 - p1) / (t2 - t1) - (p1 - p0) / (t1 - t0)) / ((t2 - t0) / 2)
        size_mm = 1000 * _FRAME_S**2 * np.linalg.norm(acceleration, axis=-1)
        if np.isfinite(size_mm).any():
            self._values.append((time_s, float(np.nanmean(size_mm))))
        while self._values and self._values[0][0] < time_s - JITTER_OVER_S:
            self._values.popleft()

    @property
    def mean_mm(self) -> float:
        """The mean, NaN while nothing was measured."""
        return float(np.mean([value for _, value in self._values])) if self._values else float("nan")


class Comparison:
    """Feeds every method with the same moments."""

    def __init__(self) -> None:
        self._filter = OneEuroFilter()
        self._meters = {method: JitterMeter() for method in METHODS}
        self._last_s = -np.inf
        self.joints: dict[str, Float32] = {}

    def clear(self) -> None:
        """Begin anew (another source, a seek)."""
        self._filter.reset()
        self._last_s = -np.inf
        self.joints = {}
        for meter in self._meters.values():
            meter.clear()

    def add(self, observation: HandsObservation, refined_cam_m: Float32 | None) -> None:
        """Take one moment: what was observed, and what G-HTT made of it, if it was asked."""
        if observation.time_s == self._last_s:
            return
        if observation.time_s < self._last_s:
            self.clear()
        self._last_s = observation.time_s
        raw = observation.joints_cam_m
        refined = np.full_like(raw, np.nan) if refined_cam_m is None else refined_cam_m
        smooth = self._filter(raw, observation.time_s)
        self.joints = {"G-HTT": refined, "One-Euro": np.asarray(smooth, np.float32), "raw": raw}
        for method, meter in self._meters.items():
            meter.add(observation.time_s, self.joints[method])

    def caption(self, method: str) -> str:
        """The method with its jitter."""
        jitter_mm = self._meters[method].mean_mm
        return method if np.isnan(jitter_mm) else f"{method}: {jitter_mm:.1f} mm/frame²"
