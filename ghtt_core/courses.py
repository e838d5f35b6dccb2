"""Coarse courses of two hands, (N, t, 2, J, 3) with NaN where unknown: how far apart they are, and the kinds among them."""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.skeleton import HANDS

Courses = NDArray[np.floating]

JOINTS = (0, 4, 8, 20)
"""Wrist, and the tips of thumb, index and little finger: where a hand is and how it is held."""
STEP = 4
"""Every fourth frame."""
FINAL = 0.25
"""Weight of the last frame beside the mean over all frames."""
_ROUNDS = 30


def coarse(joints: Courses) -> Courses:
    """(N, T, 2, 21, 3) to (N, T / 4, 2, 4, 3)."""
    return joints[:, STEP - 1 :: STEP][:, :, :, list(JOINTS)]


def distances(courses: Courses, centres: Courses) -> NDArray[np.float64]:
    """(N, K): mean distance of joints over what is known, and a share of that in the last frame; 0 where nothing is known."""
    known = np.asarray(np.isfinite(courses).all(axis=-1))
    filled = np.where(known[..., None], courses, 0)
    apart = np.empty((len(courses), len(centres)))
    for number, centre in enumerate(centres):
        lengths = np.where(known, np.sqrt(np.square(filled - centre).sum(axis=-1)), 0)
        apart[:, number] = _mean(lengths, known) + FINAL * _mean(lengths[:, -1:], known[:, -1:])
    return apart


def kinds(courses: Courses, count: int, rng: np.random.Generator) -> Courses:
    """Cluster courses by k-medians.

    Standing still is one kind more, fixed and not returned: courses near to it draw no median towards them.

    Args:
        courses: How far the joints have moved, (N, t, 2, J, 3).
        count: How many kinds.
        rng: Where the search begins.

    Returns:
        (count, t, 2, J, 3).
    """
    begin = courses[rng.choice(len(courses), count, replace=len(courses) < count)]
    # Where one does not show a hand, it takes that of another: else half of the kinds know one hand only.
    for hand in range(HANDS):
        shown = np.isfinite(courses[:, :, hand]).any(axis=(1, 2, 3))
        lacking = np.flatnonzero(~np.isfinite(begin[:, :, hand]).any(axis=(1, 2, 3)))
        if shown.any():
            begin[lacking, :, hand] = courses[rng.choice(np.flatnonzero(shown), len(lacking)), :, hand]
    centres = np.concatenate((np.zeros_like(begin[:1]), np.nan_to_num(begin)))
    for _ in range(_ROUNDS):
        member = distances(courses, centres).argmin(axis=1)
        for number in range(1, 1 + count):
            centres[number] = median(courses[member == number], centres[number])
    return centres[1:]


def median(courses: Courses, otherwise: Courses) -> Courses:
    """The median of (N, ...), N may be 0; `otherwise` where nothing is known."""
    known = np.asarray(np.isfinite(courses).any(axis=0))
    middle = np.nanmedian(np.where(known, courses, 0), axis=0) if len(courses) else otherwise
    return np.where(known, middle, otherwise)


def _mean(lengths: Courses, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    count: NDArray[np.int64] = known.sum(axis=(1, 2, 3))
    return np.asarray(lengths.sum(axis=(1, 2, 3)) / count.clip(1), np.float64)
