"""Where the hands of a training window are, as its camera sees them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ghtt_core.features import HandFrames, MotionFeatures
from ghtt_core.placement import placements, seen_from

Float32 = NDArray[np.float32]

TURN_DEG = 15.0
"""Cameras are worn in many ways: every training window's is turned by about so much, about any axis."""
SHIFT_M = 0.03
UNKNOWN = 0.2
"""So many windows are given no placement, so that the model can do without."""
_MIRROR = np.array([-1.0, 1.0, 1.0], np.float32)


@dataclass(frozen=True, slots=True)
class Places:
    """Local frames of the hands at the ends of clips, or where they were last seen in them.

    Attributes:
        frames: (..., 2, ...) in the frame that stands still.
        seen: (..., 2) bool, whether the hand was seen in the clip.
    """

    frames: HandFrames
    seen: NDArray[np.bool_]

    @classmethod
    def of(cls, described: MotionFeatures) -> "Places":
        """At the ends of described clips, (..., 16, ...)."""
        return cls(described.frames.at(-1), np.asarray(np.any(described.visible, axis=-2)))

    def then(self, newest: "Places") -> "Places":
        """(B, N, ...) followed by (B, ...)."""
        pairs = (
            (self.frames.rotation, newest.frames.rotation),
            (self.frames.position, newest.frames.position),
            (self.seen, newest.seen),
        )
        rotation, position, seen = (np.concatenate((past, last[:, None]), axis=1) for past, last in pairs)
        return Places(HandFrames(rotation, position), seen)


def seen_placements(
    places: Places, valid: NDArray[np.bool_], camera: Float32, flipped: NDArray[np.bool_], rng: np.random.Generator
) -> Float32:
    """What the action block is given with the clips of B windows.

    Args:
        places: (B, N, ...) of the clips, mirrored where the window is.
        valid: (B, N) which clips there are.
        camera: (B, 4, 4) pose at the newest frame, not mirrored; NaN where there is none.
        flipped: (B,) whether the window is mirrored.
        rng: Source of chance: the camera is turned and shifted a little, and forgotten in some windows.

    Returns:
        (B, N, 26).
    """
    batch = len(camera)
    known = np.isfinite(camera).all(axis=(1, 2)) & (rng.random(batch) >= UNKNOWN)
    pose = np.where(known[:, None, None], camera, np.eye(4, dtype=np.float32))
    rotation, position = pose[:, :3, :3], pose[:, :3, 3]
    rotation = np.where(flipped[:, None, None], _MIRROR[:, None] * rotation * _MIRROR, rotation)
    position = np.where(flipped[:, None], _MIRROR * position, position)
    turn = Rotation.from_rotvec(np.radians(TURN_DEG / np.sqrt(3)) * rng.standard_normal((batch, 3))).as_matrix()
    rotation = (rotation @ turn).astype(np.float32)
    position = (position + SHIFT_M * rng.standard_normal((batch, 3))).astype(np.float32)
    frames = seen_from((rotation, position), places.frames)
    return np.asarray(placements(frames, places.seen & (valid & known[:, None])[..., None]), np.float32)
