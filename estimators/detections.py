"""What a detector found, before it is known whose hand it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SAME_HAND = 0.8
"""Mean joint distance in hand lengths that a hand may move between frames."""


@dataclass(frozen=True, slots=True)
class HandDetection:
    """One hand in one picture.

    Attributes:
        joints_px: (21, 2) float64 pixels.
        shape_m: (21, 3) float64 metres about the hand's own centre, axes as the camera's.
        left_probability: How much it looks like a left hand, 0 to 1, by the detector's own label.
        presence: How sure the detector is that this is a hand, 0 to 1.
        track: The same number as long as it is the same hand, followed from frame to frame.
    """

    joints_px: NDArray[np.float64]
    shape_m: NDArray[np.float64]
    left_probability: float
    presence: float
    track: int


class ProximityTracks:
    """Track numbers for a detector that has none: a hand is the one that was nearest in the last frame."""

    def __init__(self) -> None:
        self._last: dict[int, NDArray[np.float64]] = {}
        self._next = 0

    def number(self, hands_px: Sequence[NDArray[np.float64]]) -> list[int]:
        """A track number for each (21, 2) hand of a frame."""
        numbers: dict[int, int] = {}
        pairs = [
            (float(np.linalg.norm(hand - last, axis=1).mean() / max(np.ptp(last, axis=0).max(), 1.0)), index, track)
            for index, hand in enumerate(hands_px)
            for track, last in self._last.items()
        ]
        for distance, index, track in sorted(pairs):
            if distance < _SAME_HAND and index not in numbers and track not in numbers.values():
                numbers[index] = track
        for index in range(len(hands_px)):
            if index not in numbers:
                numbers[index] = self._next
                self._next += 1
        self._last = {numbers[index]: hand for index, hand in enumerate(hands_px)}
        return [numbers[index] for index in range(len(hands_px))]
