"""How far the futures of a while ago were from what then happened."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from app.gui.clock import WatchingClock
from ghtt_core.packets import Float32, Float64, Futures, HandsObservation

AGES_S = (0.5, 2.0)
"""How old the judged futures are."""
KEPT_S = 20.0
_MATCH_S = 0.05
"""Futures within this of the wanted age are judged."""


@dataclass(frozen=True, slots=True)
class Score:
    """One judgement, mean over the joints of the visible hands.

    Attributes:
        time_s: When it happened, in watching time.
        future_mm: Distance of the deterministic future.
        best_mm: Distance of the best sample.
        still_mm: Distance of zero velocity: the hands as they were when the future was made.
    """

    time_s: float
    future_mm: float
    best_mm: float
    still_mm: float


@dataclass(frozen=True, slots=True)
class _Forecast:
    time_s: float
    world_m: Float64
    offset_s: Float32
    start_world_m: Float64


class Scorecard:
    """Keeps the futures until they come due and compares them, in the frame that stands still.

    Truth is what the estimator saw later; zero velocity holds what it saw when the future was made.
    """

    def __init__(self) -> None:
        self._forecasts: deque[_Forecast] = deque()
        self._seen: deque[tuple[float, Float64]] = deque()
        self._clock = WatchingClock()
        self.scores: dict[float, deque[Score]] = {age_s: deque() for age_s in AGES_S}

    def clear(self) -> None:
        """Forget everything (another source, a seek)."""
        self._forecasts.clear()
        self._seen.clear()
        for scores in self.scores.values():
            scores.clear()

    def add(self, observation: HandsObservation, futures: Futures | None) -> None:
        """Judge what is due at this observation, then keep the futures if they are new.

        Args:
            observation: The hands of a moment; one that is earlier than the last drops the futures not yet due.
            futures: The newest futures, given in the camera of this observation.
        """
        if self._seen and observation.time_s < self._seen[-1][0]:
            self._forecasts.clear()
            self._seen.clear()
        if self._seen and observation.time_s == self._seen[-1][0]:
            return
        world_m = _in_world(observation.joints_cam_m, observation.world_from_cam)
        self._seen.append((observation.time_s, world_m))
        watched_s = self._clock.at(observation.time_s)
        for age_s in AGES_S:
            self._judge(age_s, observation.time_s, watched_s, world_m)
        last_s = self._forecasts[-1].time_s if self._forecasts else -np.inf
        if futures is not None and futures.time_s > last_s:
            made_s, start_m = min(self._seen, key=lambda seen: abs(seen[0] - futures.time_s))
            if abs(made_s - futures.time_s) < _MATCH_S:
                sampled = _in_world(futures.joints_cam_m, observation.world_from_cam)
                self._forecasts.append(_Forecast(futures.time_s, sampled, futures.offset_s, start_m))
        oldest_s = observation.time_s - AGES_S[-1] - _MATCH_S
        while self._forecasts and self._forecasts[0].time_s < oldest_s:
            self._forecasts.popleft()
        while self._seen[0][0] < oldest_s:
            self._seen.popleft()

    def mean(self, age_s: float, over_s: float = 5.0) -> tuple[float, float, float] | None:
        """Mean (future, best, still) in millimetres over the last seconds; None without any."""
        scores = self.scores[age_s]
        recent = [score for score in scores if score.time_s > scores[-1].time_s - over_s]
        if not recent:
            return None
        future, best, still = np.mean([(score.future_mm, score.best_mm, score.still_mm) for score in recent], axis=0)
        return float(future), float(best), float(still)

    def _judge(self, age_s: float, now_s: float, watched_s: float, truth_m: Float64) -> None:
        scores = self.scores[age_s]
        due = min(self._forecasts, key=lambda forecast: abs(now_s - forecast.time_s - age_s), default=None)
        if due is None or abs(now_s - due.time_s - age_s) > _MATCH_S or now_s - due.time_s > float(due.offset_s[-1]) + 1e-3:
            return
        index = np.interp(now_s - due.time_s, due.offset_s, np.arange(len(due.offset_s)))
        low = int(index)
        high = min(low + 1, len(due.offset_s) - 1)
        then_m = due.world_m[:, low] * (1 - index + low) + due.world_m[:, high] * (index - low)
        distance_mm = 1000 * np.linalg.norm(then_m - truth_m, axis=-1)
        judged = np.isfinite(distance_mm[0]) & np.isfinite(due.start_world_m - truth_m).all(axis=-1)
        if not judged.any():
            return
        per_sample = distance_mm[:, judged].mean(axis=1)
        still_mm = 1000 * np.linalg.norm(due.start_world_m - truth_m, axis=-1)[judged].mean()
        scores.append(Score(watched_s, float(per_sample[0]), float(per_sample.min()), float(still_mm)))
        while scores[0].time_s < watched_s - KEPT_S:
            scores.popleft()


def _in_world(joints_cam_m: Float32, world_from_cam: Float64) -> Float64:
    points_m = joints_cam_m.reshape(-1, 3) @ world_from_cam[:3, :3].T + world_from_cam[:3, 3]  # One product, not thousands.
    return np.asarray(points_m.reshape(joints_cam_m.shape), np.float64)
