"""What a detector found, before it is known whose hand it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.skeleton import MCPS, WRIST


@dataclass(frozen=True, slots=True)
class HandDetection:
    """One hand in one picture.

    Attributes:
        joints_px: (21, 2) float64 pixels.
        shape_m: (21, 3) float64 metres about the hand's own centre, axes as the camera's.
        left_probability: How much it looks like a left hand, 0 to 1, by the detector's own label; in a mirrored
            picture a right hand does.
        presence: How sure the detector is that this is a hand, 0 to 1.
        track: The same number as long as it is the same hand, followed from frame to frame.
    """

    joints_px: NDArray[np.float64]
    shape_m: NDArray[np.float64]
    left_probability: float
    presence: float
    track: int


def palm_px(joints_px: NDArray[np.floating]) -> float:
    """How large a hand of (21, 2) image landmarks is in the picture: mean distance from the wrist to the four finger MCPs."""
    return float(np.linalg.norm(joints_px[list(MCPS)] - joints_px[WRIST], axis=1).mean())
