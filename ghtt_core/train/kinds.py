"""Which kind of future is meant: each stratum of the sampling noise learns one of its own.

Best-of-K futures have to cover what may happen. Left to find by themselves what each of them stands for (multiple choice
learning), they hardly part. So the coarse courses of the training futures are clustered, once and for each data set by itself,
and a window trains the stratum whose kind its own future is nearest to, as with the fixed anchors of MultiPath (Chai et al.,
CoRL 2019). The kinds are no part of a checkpoint: where training goes on, they are numbered as its strata already are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ghtt_core.courses import JOINTS, coarse, distances, kinds
from ghtt_core.features import HandFrames, features_from_joints, hand_size, joints_from_features
from ghtt_core.sampling import STRATA
from ghtt_core.skeleton import HANDS, MEAN_HAND_SIZE_M
from ghtt_core.train.losses import METRES

Float32 = NDArray[np.float32]

KIND_WINDOWS, STRATA_WINDOWS = 4096, 48
"""Windows of each data set from which the kinds of futures are found, and on which the strata are seen. Found in 1,024
windows, the nearest kind lay further from the futures of held-out recordings, by 0.01 to 0.03 of what standing still does."""


def coarse_course(future_m: Float32, last_m: Float32) -> Float32:
    """How far some joints have moved by every fourth frame, as the hand sees it, in `METRES`.

    Args:
        future_m: (B, T, 2, 21, 3).
        last_m: (B, 2, 21, 3) the hands from which it goes on; where one is missing, its course is unknown.

    Returns:
        (B, T / 4, 2, 4, 3).
    """
    size_m = hand_size(last_m)
    local = features_from_joints(last_m[:, None], np.where(np.isfinite(size_m), size_m, MEAN_HAND_SIZE_M)).frames.at(0)
    moved = coarse(future_m) - last_m[:, None, :, list(JOINTS)]
    return np.asarray(moved @ local.rotation[:, None] / METRES, np.float32)


def mean_courses(drawn: Sequence[Tensor], last: Tensor, size_m: Tensor) -> Float32:
    """The mean coarse courses of several draws of a batch's futures.

    Args:
        drawn: (B, T, 153) features each.
        last: (B, 153) the poses from which they go on.
        size_m: (B, 2) hand sizes.

    Returns:
        (draws, T / 4, 2, 4, 3).
    """
    batch, sizes = len(size_m), size_m.numpy()
    rotation = np.broadcast_to(np.eye(3, dtype=np.float32), (batch, HANDS, 3, 3))
    anchor = HandFrames(rotation, np.zeros((batch, HANDS, 3), np.float32))
    last_m = joints_from_features(last[:, None].numpy(), sizes, anchor, first_moves=False)[:, 0]
    futures_m = (joints_from_features(values.numpy(), sizes, anchor) for values in drawn)
    return np.stack([coarse_course(future_m, last_m).mean(axis=0) for future_m in futures_m])


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of futures in each of several data sets.

    Attributes:
        centres: (sets, STRATA, T / 4, 2, 4, 3) their courses.
    """

    centres: Float32

    @classmethod
    def found_in(
        cls,
        windows: Iterable[tuple[dict[str, NDArray[Any]], Float32]],
        strata: Callable[[dict[str, Tensor]], Float32] | None = None,
    ) -> "Kinds":
        """The kinds among training windows, numbered as a model's strata are if those mean anything yet.

        Args:
            windows: For each data set the arrays that a model's losses take, of `STRATA_WINDOWS` windows, and the courses of
                `KIND_WINDOWS` futures.
            strata: What gives the mean courses of the strata over a batch.
        """
        courses, led = [], []
        for arrays, course in windows:
            courses.append(course)
            if strata is not None:
                led.append(strata({name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}))
        found = cls.fit(courses)
        return found if strata is None else found.numbered_as(led)

    @classmethod
    def fit(cls, courses: Sequence[Float32], seed: int = 0) -> "Kinds":
        """Cluster the courses of each data set by k-medians; the kinds of later sets are numbered after those of the first.

        Args:
            courses: (N, T / 4, 2, 4, 3) each, NaN where unknown.
            seed: Of where the search begins.
        """
        first, *others = (kinds(course, STRATA, np.random.default_rng(seed)) for course in courses)
        return cls(np.stack([first, *(one[_numbering(one, first)] for one in others)]))

    def numbered_as(self, strata: Sequence[Float32]) -> "Kinds":
        """The same kinds, in the order in which a model's strata resemble them most.

        Args:
            strata: For each data set the mean courses of its strata, (STRATA, t, 2, 4, 3), over the first or all of the T / 4
                frames.
        """
        pairs = zip(self.centres, strata, strict=True)
        return Kinds(np.stack([one[_numbering(one[:, : course.shape[1]], course)] for one, course in pairs]))

    def nearest(self, course: Float32, which: NDArray[np.int64], count: int = 1) -> NDArray[np.int64]:
        """(B, count) the strata of (B, T / 4, 2, 4, 3) courses from the data sets (B,); that of the nearest kind first."""
        found = np.zeros((len(course), count), np.int64)
        for number, centres in enumerate(self.centres):
            rows = which == number
            if rows.any():
                found[rows] = distances(course[rows], centres).argsort(axis=1)[:, :count]
        return found


def _numbering(centres: Float32, wanted: Float32) -> NDArray[np.int64]:
    """(STRATA,) which of the centres comes where, so that they lie as near as may be to the wanted ones."""
    cost = np.linalg.norm(centres[:, None] - wanted[None], axis=-1).mean(axis=(2, 3, 4))
    kind, place = linear_sum_assignment(cost)
    return np.asarray(kind[np.argsort(place)])
