"""Whose hand it is: two slots, one left and one right, held by evidence over time.

A landmark network's own label is wrong too often to be taken frame by frame. Each track gathers log-odds of being a left
hand from the label, from where its forearm comes from and from where it lies beside the other hand; the naming changes
only when the evidence of several frames outweighs the naming that stands.

Where forearms come from tells most in first person, and in a mirrored picture of oneself. Before a camera that faces
a person it is the other way round: that shows in pairs of labels that keep contradicting the places, and then the places
count for less, or for the contrary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from estimators.detections import HandDetection
from ghtt_core.skeleton import HANDS, LEFT, MCPS, RIGHT, WRIST

_LABEL_WEIGHT = 0.15
_FOREARM_WEIGHT, _FOREARM_SLOPE = 1.0, 2.0
_PAIR_WEIGHT, _PAIR_SLOPE = 1.0, 3.0
_FIRST_PERSON_PRIOR, _FIRST_PERSON_LIMIT, _FIRST_PERSON_RATE = 3.0, 4.0, 0.008
_MEMORY_WEIGHT = 1.5
_KEPT_PER_FRAME = 0.98
_FIRST_LIMIT, _LIMIT_PER_FRAME, _LAST_LIMIT = 5.0, 0.5, 25.0
"""How far evidence may pile up: a new name is put right within frames, an old one only against lasting evidence."""
_SWAP_MARGIN = 2.0
_MEMORY_S = 1.5
_LEAP_S = 0.05
"""For how long after a hand was seen it can hardly be anywhere else."""
_FOREARM_REACH = 2.5
"""How far behind the wrist the forearm is looked for, in hand lengths."""


@dataclass(slots=True)
class TrackIdentity:
    """What is known about one track's side.

    Attributes:
        evidence: Log-odds of being a left hand.
        hand: The slot it holds, None before the first naming.
        age: For how many frames it is known.
    """

    evidence: float = 0.0
    hand: int | None = None
    age: int = 0

    def hear(self, log_odds: float) -> None:
        """Take evidence in."""
        limit = min(_FIRST_LIMIT + _LIMIT_PER_FRAME * self.age, _LAST_LIMIT)
        self.evidence = min(max(self.evidence + log_odds, -limit), limit)


@dataclass(slots=True)
class _Memory:
    place: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    time_s: float = -math.inf


class Slots:
    """Names tracks left and right, never two alike.

    Attributes:
        swaps: How many times a standing naming was corrected.
        conflicts: In how many frames the detector's own labels called two hands the same.
    """

    def __init__(self) -> None:
        self.swaps = 0
        self.conflicts = 0
        self._first_person = _FIRST_PERSON_PRIOR
        self._identities: dict[int, TrackIdentity] = {}
        self._memory = [_Memory() for _ in range(HANDS)]

    def name(self, detections: Sequence[HandDetection], size_px: tuple[int, int], time_s: float) -> dict[int, HandDetection]:
        """The slot of each of at most two tracked hands.

        Args:
            detections: The hands in this frame, of different tracks.
            size_px: Width and height of the picture.
            time_s: The frame's time.
        """
        self._identities = {d.track: self._identities.get(d.track, TrackIdentity()) for d in detections}
        found = [(self._identities[detection.track], detection) for detection in detections]
        places = [_forearm_place(detection.joints_px, size_px) for _, detection in found]
        for (identity, detection), place in zip(found, places, strict=True):
            label, forearm = _log_odds(detection.left_probability), -math.tanh(_FOREARM_SLOPE * float(place[0]))
            seen = _LABEL_WEIGHT * label + _FOREARM_WEIGHT * self._places_count * forearm
            if identity.hand is None:
                seen += self._memory_of(place, time_s)
            identity.age += 1
            identity.evidence *= _KEPT_PER_FRAME
            identity.hear(seen)
        if len(found) == 2:
            self._tell_apart(found, places)
        self._settle([identity for identity, _ in found])
        named = {}
        for (identity, detection), place in zip(found, places, strict=True):
            assert identity.hand is not None
            named[identity.hand] = detection
            self._memory[identity.hand] = _Memory(place, time_s)
        return named

    @property
    def _places_count(self) -> float:
        """How much places say about sides: 1 in first person, -1 before a camera that faces the person."""
        return math.tanh(self._first_person / 2)

    def _tell_apart(self, found: list[tuple[TrackIdentity, HandDetection]], places: list[NDArray[np.float64]]) -> None:
        (first, seen_first), (second, seen_second) = found
        self.conflicts += (seen_first.left_probability > 0.5) == (seen_second.left_probability > 0.5)
        apart = math.tanh(_PAIR_SLOPE * float(places[1][0] - places[0][0]))
        labels = _log_odds(seen_first.left_probability) - _log_odds(seen_second.left_probability)
        agreement = self._first_person + _FIRST_PERSON_RATE * labels * apart
        self._first_person = min(max(agreement, -_FIRST_PERSON_LIMIT), _FIRST_PERSON_LIMIT)
        lean = _PAIR_WEIGHT * self._places_count * apart
        first.hear(lean)
        second.hear(-lean)

    def _settle(self, identities: list[TrackIdentity]) -> None:
        if len(identities) == 1:
            only = identities[0]
            wanted = LEFT if only.evidence > 0 else RIGHT
            if only.hand is None:
                only.hand = wanted
            elif only.hand != wanted and abs(only.evidence) > _SWAP_MARGIN:
                only.hand = wanted
                self.swaps += 1
        elif len(identities) == 2:
            first, second = identities
            difference = first.evidence - second.evidence
            standing = {identity.hand for identity in identities}
            if standing == {LEFT, RIGHT}:
                if difference * (1 if first.hand == LEFT else -1) < -_SWAP_MARGIN:
                    first.hand, second.hand = second.hand, first.hand
                    self.swaps += 1
            else:
                was = (first.hand, second.hand)
                first.hand, second.hand = self._new_pair(first, second, difference)
                self.swaps += any(
                    old is not None and old != new for old, new in zip(was, (first.hand, second.hand), strict=True)
                )

    @staticmethod
    def _new_pair(first: TrackIdentity, second: TrackIdentity, difference: float) -> tuple[int, int]:
        """A hand that joins one already named takes the other slot, unless the evidence is clearly against it."""
        bias = 0.0
        if (first.hand is None) != (second.hand is None):
            standing_left = first.hand == LEFT or second.hand == RIGHT
            bias = _SWAP_MARGIN if standing_left else -_SWAP_MARGIN
        return (LEFT, RIGHT) if difference + bias > 0 else (RIGHT, LEFT)

    def _memory_of(self, place: NDArray[np.float64], time_s: float) -> float:
        """Log-odds of being the hand that was lately here, or not the one that a moment ago was far away."""
        votes = []
        for memory in self._memory:
            age_s = time_s - memory.time_s
            near = math.exp(-4.0 * float(np.linalg.norm(memory.place - place)))
            elsewhere = (1.0 - near) * math.exp(-age_s / _LEAP_S)
            votes.append(near - elsewhere if age_s < _MEMORY_S else 0.0)
        return _MEMORY_WEIGHT * (votes[LEFT] - votes[RIGHT])


def _forearm_place(joints_px: NDArray[np.float64], size_px: tuple[int, int]) -> NDArray[np.float64]:
    """(2,) where the forearm lies, behind the wrist; 0 is the picture's middle, 1 half its longer side."""
    wrist = joints_px[WRIST]
    behind = wrist + _FOREARM_REACH * (wrist - joints_px[list(MCPS)].mean(axis=0))
    size = np.array(size_px, np.float64)
    place: NDArray[np.float64] = (behind - size / 2) / (size.max() / 2)
    return place


def _log_odds(probability: float) -> float:
    p = min(max(probability, 0.02), 0.98)
    return math.log(p / (1.0 - p))
