"""How large the person's hands are."""

import numpy as np
from numpy.typing import NDArray

from estimators.lifting import hand_size
from ghtt_core.skeleton import MEAN_HAND_SIZE_M

_SMALLEST_M, _LARGEST_M = 0.065, 0.12
_PRIOR_FRAMES = 30
_LEARNED_FRAMES = 300


class HandSize:
    """The person's hand size: the running mean of what the network reads off, from an adult's mean on; then kept.

    One picture cannot tell a small hand nearby from a large one farther off. A size that stays the same at least keeps
    the error constant, so that nothing moves that stands still.
    """

    def __init__(self) -> None:
        self._sum_m = MEAN_HAND_SIZE_M * _PRIOR_FRAMES
        self._count = _PRIOR_FRAMES

    @property
    def metres(self) -> float:
        """Mean wrist-to-MCP distance."""
        return self._sum_m / self._count

    def learn(self, shape_m: NDArray[np.float64]) -> None:
        """Take one sound (21, 3) shape into account."""
        size_m = hand_size(shape_m)
        if self._count < _PRIOR_FRAMES + _LEARNED_FRAMES and _SMALLEST_M < size_m < _LARGEST_M:
            self._sum_m += size_m
            self._count += 1
