"""Several data sets, drawn from in given proportions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.train.store import MotionStore

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Draw:
    """B windows of T frames.

    Attributes:
        seen_m: (B, T, 2, 21, 3) what a model gets to see.
        truth_m: (B, T, 2, 21, 3) what it should answer.
        estimated: (B,) bool, whether an estimator saw it, so that no noise need be added.
        exact: (B,) bool, whether the truth is more than an estimate.
        store: (B,) which of the stores it comes from.
    """

    seen_m: Float32
    truth_m: Float32
    estimated: NDArray[np.bool_]
    exact: NDArray[np.bool_]
    store: NDArray[np.int64]


class DataMix:
    """Stores with their shares of a batch."""

    def __init__(self, stores: Sequence[tuple[MotionStore, float]]) -> None:
        self.stores = [store for store, _ in stores]
        shares = np.array([share for _, share in stores], np.float64)
        self.shares = shares / shares.sum()
        self._known_rows: dict[tuple[int, int], NDArray[np.int64]] = {}

    def draw(self, rng: np.random.Generator, size: int, before: int, after: int, least: int | None = None) -> "Draw":
        """Random windows.

        Args:
            rng: Source of chance.
            size: How many.
            before: Frames that are seen.
            after: Frames that follow.
            least: How many of those there have to be, all if omitted; the rest may lie beyond the end, and is NaN there.
        """
        counts = np.floor(self.shares * size).astype(np.int64)
        counts[np.argmax(self.shares)] += size - counts.sum()
        seen, truth, estimated, exact, whose = [], [], [], [], []
        for number, (store, count) in enumerate(zip(self.stores, counts, strict=True)):
            rows = self._rows(number, after if least is None else least)
            row = rows[rng.integers(0, len(rows), count)]
            seen.append(store.gather(store.seen_m, row, before, after))
            truth.append(store.gather(store.truth_m, row, before, after))
            estimated.append(store.estimated[row])
            exact.append(store.exact[row])
            whose.append(np.full(count, number))
        order = rng.permutation(size)
        return Draw(*(np.concatenate(part)[order] for part in (seen, truth, estimated, exact, whose)))

    def _rows(self, number: int, after: int) -> NDArray[np.int64]:
        key = (number, after)
        if key not in self._known_rows:
            self._known_rows[key] = self.stores[number].forecast_rows(after)
        return self._known_rows[key]
