"""The same few futures whatever was seen: what twenty of them cover without knowing anything."""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.baselines.forecasters import TrainingWindows
from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.baselines.hand_space import HandSpace
from ghtt_core.courses import coarse, distances, kinds, median
from ghtt_core.skeleton import HANDS

Array = NDArray[np.floating]
_WINDOWS = 2048


class FixedFutures:
    """The kinds of motion in the training windows, each carried over to the last pose: standing still and K - 1 medians.

    Both hands at once, as the hands themselves see it and mirrored too; clustered by `ghtt_core.courses.kinds`. Of what is
    observed only the last pose is used, so whatever a model gains on this it has from looking.
    """

    name = "fixed futures"
    learns = True

    def __init__(self, samples: int = 20, seed: int = 0) -> None:
        self._samples, self._seed = samples, seed

    def fit(self, training: TrainingWindows) -> None:
        """Find the kinds in some of the windows."""
        some = slice(None, None, max(1, len(training.sequence) // _WINDOWS))
        filled, future_m = fill_gaps(training.observed_m[some]), training.future_m[some]
        space = HandSpace.of(filled)
        moved = np.full(future_m.shape, np.nan, np.float32)
        moved[space.window, :, space.hand] = space.enter(future_m) - space.enter(filled[:, -1:])
        moved = np.concatenate((moved, moved[:, :, ::-1]))  # in hand space a mirror only swaps the hands
        courses = coarse(moved)
        centres = kinds(courses, self._samples - 1, np.random.default_rng(self._seed))
        still = np.zeros_like(moved[:1])
        member = distances(courses, np.concatenate((coarse(still), centres))).argmin(axis=1)
        self._kinds = np.concatenate(
            (still, np.stack([median(moved[member == number], still[0]) for number in range(1, self._samples)]))
        )

    def forecast(self, observed_m: Array, samples: int) -> Array:
        """See `Forecaster`; `samples` futures at most, standing still first."""
        filled = fill_gaps(observed_m)
        space = HandSpace.of(filled)
        last = space.enter(filled[:, -1:])
        per_hand = np.stack([self._kinds[:samples, :, hand] for hand in range(HANDS)])  # (2, K, T, 21, 3)
        return space.leave(last[:, None] + per_hand[space.hand])
