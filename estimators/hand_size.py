"""How large the person's hands are."""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.features import hand_size
from ghtt_core.skeleton import MEAN_HAND_SIZE_M

_SMALLEST_M, _LARGEST_M = 0.05, 0.13
_TYPICAL_READING_M = 0.09
_BELIEF = 0.35
_PRIOR_FRAMES, _LEARNED_FRAMES = 30, 300


class HandSize:
    """The person's hand size, learned over the first ten seconds and then kept.

    One picture cannot tell a small hand nearby from a large one farther off. The landmark network guesses all the same:
    its readings are off by ten per cent from one kind of picture to another, but larger for people with larger hands. So
    an adult's mean size is moved by a third of what the mean reading differs from its usual value. What matters more: a
    size that stays the same keeps the error constant, so that nothing moves that stands still.
    """

    def __init__(self) -> None:
        self._sum_m = _TYPICAL_READING_M * _PRIOR_FRAMES
        self._count = _PRIOR_FRAMES

    @property
    def metres(self) -> float:
        """Mean wrist-to-MCP distance."""
        reading_m = self._sum_m / self._count
        return float(MEAN_HAND_SIZE_M * (reading_m / _TYPICAL_READING_M) ** _BELIEF)

    def learn(self, shape_m: NDArray[np.float64]) -> None:
        """Take the network's (21, 3) metric landmarks of one hand into account."""
        size_m = float(hand_size(shape_m))
        if self._count < _PRIOR_FRAMES + _LEARNED_FRAMES and _SMALLEST_M < size_m < _LARGEST_M:
            self._sum_m += size_m
            self._count += 1
