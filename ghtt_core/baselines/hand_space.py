"""Hands taken out of the camera frame, so that the same motion looks the same wherever it happens.

Every hand of every window becomes a right hand (left hands are mirrored) seen from its wrist at the last observed frame, with
the axes of its palm at that frame or with those of the camera. Where it came from is kept, so that forecasts can be put back.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.features import hand_size
from ghtt_core.geometry import rigid_align
from ghtt_core.skeleton import HANDS, LEFT, PALM, PALM_TEMPLATE, WRIST

Array = NDArray[np.floating]
_MIRROR = np.array([-1.0, 1.0, 1.0], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class HandSpace:
    """Where M hands of N windows are.

    Attributes:
        windows: N.
        window: (M,) which window.
        hand: (M,) which hand.
        rotation: (M, 3, 3) from hand space to the (mirrored) camera frame.
        position: (M, 3) metres, likewise.
    """

    windows: int
    window: NDArray[np.intp]
    hand: NDArray[np.intp]
    rotation: Array
    position: Array

    @classmethod
    def of(cls, observed_m: Array, *, turned: bool = True) -> "HandSpace":
        """The space of every hand seen in the last frame of (N, C, 2, 21, 3); `turned` takes the axes of the palm."""
        last = observed_m[:, -1]
        window, hand = np.nonzero(np.isfinite(last[..., list(PALM), :]).all(axis=(-2, -1)))
        pose = _mirrored(last[window, hand], hand)
        if not turned:
            axes = np.broadcast_to(np.eye(3, dtype=pose.dtype), (len(pose), 3, 3))
            return cls(len(observed_m), window, hand, axes, pose[:, WRIST])
        template = (np.asarray(PALM_TEMPLATE, dtype=np.float64) * hand_size(pose)[:, None, None]).astype(pose.dtype)
        rotation, position = rigid_align(template, pose[:, list(PALM)], np.ones(template.shape[:2], dtype=pose.dtype))
        return cls(len(observed_m), window, hand, rotation, position)

    def some(self, hands: NDArray[np.integer] | NDArray[np.bool_]) -> "HandSpace":
        """Only these of the M hands."""
        return HandSpace(self.windows, self.window[hands], self.hand[hands], self.rotation[hands], self.position[hands])

    def enter(self, joints_m: Array) -> Array:
        """Windows (N, T, 2, 21, 3) to hands (M, T, 21, 3)."""
        hands = _mirrored(joints_m[self.window, :, self.hand], self.hand)
        return np.asarray((hands - self.position[:, None, None]) @ self.rotation[:, None])

    def leave(self, hands_m: Array) -> Array:
        """Hands (M, K, T, 21, 3) to windows (N, K, T, 2, 21, 3), NaN where there is no hand."""
        placed = hands_m @ np.swapaxes(self.rotation, -1, -2)[:, None, None] + self.position[:, None, None, None]
        samples, frames, joints = hands_m.shape[1:4]
        windows = np.full((self.windows, samples, frames, HANDS, joints, 3), np.nan, dtype=np.float32)
        windows[self.window, :, :, self.hand] = _mirrored(placed, self.hand)
        return windows


def _mirrored(joints_m: Array, hand: NDArray[np.intp]) -> Array:
    """Left hands (M, ..., 3) turned into right hands, and back."""
    flip = np.where((hand == LEFT)[:, None], _MIRROR, np.float32(1.0))
    return joints_m * flip.reshape(len(hand), *([1] * (joints_m.ndim - 2)), 3)
