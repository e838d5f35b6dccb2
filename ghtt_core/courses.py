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
_ROUNDS = 12
_BEGINNINGS, _PART = 3, 1024


def coarse(joints: Courses) -> Courses:
    """(N, T, 2, 21, 3) to (N, T / 4, 2, 4, 3)."""
    return joints[:, STEP - 1 :: STEP][:, :, :, list(JOINTS)]


def distances(courses: Courses, centres: Courses) -> NDArray[np.float64]:
    """(N, K): mean distance of joints over what is known, and a share of that in the last frame; 0 where nothing is known."""
    known = np.asarray(np.isfinite(courses).all(axis=-1))
    filled = np.where(known[..., None], courses, 0)
    share = _share(known)
    share[:, -1:] += FINAL * _share(known[:, -1:])
    apart = np.empty((len(courses), len(centres)))
    for number, centre in enumerate(centres):
        difference = filled - centre
        apart[:, number] = (np.sqrt(np.einsum("...i,...i->...", difference, difference)) * share).sum(axis=(1, 2, 3))
    return apart


def kinds(courses: Courses, count: int, rng: np.random.Generator) -> Courses:
    """Cluster courses by k-medians.

    Standing still is one kind more, fixed and not returned: courses near to it draw no median towards them. The search begins
    several times with a part of the courses, and goes on with all of them from where it came nearest.

    Args:
        courses: How far the joints have moved, (N, t, 2, J, 3).
        count: How many kinds.
        rng: Where the search begins.

    Returns:
        (count, t, 2, J, 3).
    """
    part = courses[rng.permutation(len(courses))[:_PART]]
    begun = [_search(part, _beginning(part, count, rng)) for _ in range(_BEGINNINGS)]
    nearest = min(begun, key=lambda centres: float(distances(courses, centres).min(axis=1).sum()))
    return _search(courses, nearest)[1:]


def _beginning(courses: Courses, count: int, rng: np.random.Generator) -> Courses:
    """(1 + count, t, 2, J, 3): standing still, and some of the courses."""
    begin = courses[rng.choice(len(courses), count, replace=len(courses) < count)]
    # Where one does not show a hand, it takes that of another: else half of the kinds know one hand only.
    for hand in range(HANDS):
        shown = np.isfinite(courses[:, :, hand]).any(axis=(1, 2, 3))
        lacking = np.flatnonzero(~np.isfinite(begin[:, :, hand]).any(axis=(1, 2, 3)))
        if shown.any():
            begin[lacking, :, hand] = courses[rng.choice(np.flatnonzero(shown), len(lacking)), :, hand]
    return np.concatenate((np.zeros_like(begin[:1]), np.nan_to_num(begin)))


def _search(courses: Courses, centres: Courses) -> Courses:
    """Move all centres but the first to the medians of their courses, until that changes nothing or for `_ROUNDS`."""
    before = None
    for _ in range(_ROUNDS):
        member = distances(courses, centres).argmin(axis=1)
        if before is not None and (member == before).all():
            break
        medians = [median(courses[member == number], centres[number]) for number in range(1, len(centres))]
        centres, before = np.stack((centres[0], *medians)), member
    return centres


def median(courses: Courses, otherwise: Courses) -> Courses:
    """The median of (N, ...), N may be 0; `otherwise` where nothing is known."""
    if not len(courses):
        return otherwise
    ordered = np.sort(courses, axis=0)  # what is unknown comes last
    count = np.isfinite(courses).sum(axis=0, keepdims=True)
    low, high = (np.take_along_axis(ordered, (count - less).clip(0) // 2, axis=0)[0] for less in (1, 0))
    return np.where(count[0] > 0, (low + high) / 2, otherwise)


def _share(known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The weights, (N, t, 2, J), that make a sum a mean over what is known."""
    count: NDArray[np.int64] = known.sum(axis=(1, 2, 3), keepdims=True)
    return np.asarray(known / count.clip(1), np.float32)
