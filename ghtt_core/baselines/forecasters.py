"""Forecasters that a model has to beat: no motion, straight motion, fading motion, and the nearest neighbours.

All of them fill gaps of the observed clip linearly first, and are fitted on windows of the training recordings.
"""

import itertools
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.baselines.hand_space import HandSpace
from ghtt_core.metrics import ade_fde

Array = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class TrainingWindows:
    """What a forecaster learns from.

    Attributes:
        observed_m: (N, C, 2, 21, 3) metres, NaN where missing.
        future_m: (N, T, 2, 21, 3) metres, what followed; NaN where missing and beyond the end of the motion.
        sequence: (N,) the sequence that each window was cut from.
    """

    observed_m: Array
    future_m: Array
    sequence: NDArray[np.intp]


class Forecaster(Protocol):
    """Continues a motion.

    Attributes:
        name: What the tables call it.
        learns: Whether it needs training windows for more than the horizon.
    """

    name: str
    learns: bool

    def fit(self, training: TrainingWindows) -> None:
        """Learn from training windows, and take the horizon from them."""
        ...

    def forecast(self, observed_m: Array, samples: int) -> Array:
        """(N, C, 2, 21, 3) to (N, K, T, 2, 21, 3): at most `samples` futures, the deterministic one first; T as fitted."""
        ...


class ZeroVelocity:
    """The last pose, held."""

    name = "zero velocity"
    learns = False

    def fit(self, training: TrainingWindows) -> None:
        """Only the horizon is taken from the training windows."""
        self._frames = training.future_m.shape[1]

    def forecast(self, observed_m: Array, samples: int) -> Array:
        """See `Forecaster`; one future."""
        last = fill_gaps(observed_m)[:, None, -1:]
        return np.repeat(last, self._frames, axis=2)


class DampedVelocity:
    """Every joint goes on at its recent velocity, which fades by a constant factor a frame.

    The frames over which the velocity is measured and the factor are those with the least ADE on the training windows.
    """

    name = "damped velocity"
    learns = True
    dampings: tuple[float, ...] = (0.98, 0.95, 0.9, 0.85, 0.8, 0.7, 0.5, 0.3)
    spans: tuple[int, ...] = (1, 2, 3, 5, 8)

    def fit(self, training: TrainingWindows) -> None:
        """Pick span and damping by the mean ADE over a thousand windows."""
        self._frames = training.future_m.shape[1]
        some = slice(None, None, max(1, len(training.sequence) // 1000))
        filled, future = fill_gaps(training.observed_m[some]), training.future_m[some]
        pieces = [slice(start, start + 32) for start in range(0, len(filled), 32)]  # few enough to stay in the cache
        errors = {}
        for choice in itertools.product(self.spans, self.dampings):
            found = [ade_fde(self._extrapolate(filled[piece], *choice), future[piece]).first_ade for piece in pieces]
            errors[choice] = float(np.nanmean(np.concatenate(found)))
        self.span, self.damping = min(errors, key=lambda choice: errors[choice])

    def forecast(self, observed_m: Array, samples: int) -> Array:
        """See `Forecaster`; one future."""
        return self._extrapolate(fill_gaps(observed_m), self.span, self.damping)

    def _extrapolate(self, filled_m: Array, span: int, damping: float) -> Array:
        velocity = (filled_m[:, -1] - filled_m[:, -1 - span]) / span
        travelled = np.cumsum(damping ** np.arange(1, self._frames + 1)).astype(np.float32)
        return np.asarray(filled_m[:, None, -1:] + travelled[:, None, None, None] * velocity[:, None, None])


class ConstantVelocity(DampedVelocity):
    """Every joint goes straight on at its recent velocity, measured over the span that does best on the training windows."""

    name = "constant velocity"
    dampings = (1.0,)


@dataclass(frozen=True, slots=True)
class _KnownHands:
    """M training hands whose whole future is known, in hand space.

    Attributes:
        training: The windows they are from.
        space: Where they are.
        clips_m: (M, C, 21, 3) observed, gaps filled.
    """

    training: TrainingWindows
    space: HandSpace
    clips_m: Array

    @classmethod
    def of(cls, training: TrainingWindows, filled_m: Array, turned: bool) -> "_KnownHands":
        space = HandSpace.of(filled_m, turned=turned)
        space = space.some(np.isfinite(training.future_m[space.window, -1, space.hand]).all(axis=(1, 2)))
        return cls(training, space, space.enter(filled_m))

    def some(self, hands: NDArray[np.bool_]) -> "_KnownHands":
        """Only these of the hands."""
        return _KnownHands(self.training, self.space.some(hands), self.clips_m[hands])

    def motion(self, index: NDArray[np.intp]) -> Array:
        """(..., T, 21, 3) what followed hands (...), relative to their last observed pose, gaps filled."""
        future = self.space.some(index.ravel()).enter(self.training.future_m)
        motion = fill_gaps(future[:, :, None])[:, :, 0] - self.clips_m[index.ravel(), -1:]
        return np.asarray(motion.reshape(*index.shape, *motion.shape[1:]))


class NearestNeighbours:
    """What followed the training clips that look most like the observed one.

    Each hand by itself: clips are compared by the squared distance between all joints over the last frames observed; left
    hands serve as mirrored right ones. A neighbour's motion since its own last observed frame is added to the observed last
    pose; one sequence gives one neighbour at most. The deterministic future is the mean of the neighbours', the samples are
    the nearest ones by themselves. Whether clips are turned into the palm's axes and how many frames are compared is picked
    by the best-of-K ADE on a fifth of the training sequences.
    """

    name = "nearest neighbours"
    learns = True
    spans: tuple[int, ...] = (2, 16)

    def __init__(self, neighbours: int = 20) -> None:
        self._neighbours = neighbours

    def fit(self, training: TrainingWindows) -> None:
        """Pick how to compare, then keep every hand whose whole future is known."""
        held_out = training.sequence % 5 == 0
        whole = np.isfinite(training.future_m[:, -1]).any(axis=(1, 2, 3))
        tried = np.flatnonzero(held_out & whole)[:: max(1, int((held_out & whole).sum()) // 100)]
        observed_m, future_m = training.observed_m[tried], training.future_m[tried]
        filled = fill_gaps(training.observed_m)
        known = {turned: _KnownHands.of(training, filled, turned) for turned in (True, False)}
        errors = {}
        for turned, span in itertools.product(known, self.spans):
            self.turned, self.span = turned, span
            self._known = known[turned].some(~held_out[known[turned].space.window])
            futures = self.forecast(observed_m, self._neighbours)
            errors[turned, span] = float(np.nanmean(ade_fde(futures, future_m).best_ade))
        self.turned, self.span = min(errors, key=lambda choice: errors[choice])
        self._known = known[self.turned]

    def forecast(self, observed_m: Array, samples: int) -> Array:
        """See `Forecaster`; `samples` futures."""
        filled = fill_gaps(observed_m)
        space = HandSpace.of(filled, turned=self.turned)
        clips = space.enter(filled)
        nearest = self._nearest(clips[:, -self.span :].reshape(len(clips), -1))
        motion = self._known.motion(nearest)
        futures = np.concatenate([motion.mean(axis=1, keepdims=True), motion[:, : samples - 1]], axis=1)
        return space.leave(clips[:, None, -1:] + futures)

    def _nearest(self, clips: Array) -> NDArray[np.intp]:
        """(M, d) clips to the (M, neighbours) nearest kept ones, nearest first, each of another sequence."""
        kept = self._known.clips_m[:, -self.span :].reshape(len(self._known.clips_m), -1)
        distance = np.square(kept).sum(axis=1) - 2.0 * clips @ kept.T
        sequence = self._known.training.sequence[self._known.space.window]
        order = np.argsort(sequence, kind="stable")
        owners, first = np.unique(sequence[order], return_index=True)
        distance = distance[:, order]
        closest = np.minimum.reduceat(distance, first, axis=1)
        count = min(self._neighbours, len(owners))
        chosen = closest.argsort(axis=1)[:, :count]
        bounds = np.append(first, len(order))
        nearest = np.empty((len(clips), count), dtype=np.intp)
        for row, column in np.ndindex(nearest.shape):
            low, high = bounds[chosen[row, column]], bounds[chosen[row, column] + 1]
            nearest[row, column] = order[low + distance[row, low:high].argmin()]
        return nearest
