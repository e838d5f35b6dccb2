"""Square, turned regions of a picture: what the landmark network looks at."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimators.opencv import cv2

_BOX_JOINTS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
_TRACKED_SCALE, _TRACKED_SHIFT = 2.0, -0.1
_DETECTED_SCALE, _DETECTED_SHIFT = 2.6, -0.5


@dataclass(frozen=True, slots=True)
class Region:
    """A square with a direction.

    Attributes:
        centre_px: (2,) float64.
        side_px: Edge length in pixels.
        angle_rad: How far its upward axis (wrist to fingers) is turned clockwise from the picture's.
    """

    centre_px: NDArray[np.float64]
    side_px: float
    angle_rad: float

    def to_picture(self, unit: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) coordinates in the region, 0 to 1, to pixels of the picture."""
        offset = (np.asarray(unit, np.float64) - 0.5) * self.side_px
        return offset @ _turn(self.angle_rad).T + self.centre_px

    def crop(self, image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """(size, size, 3) view of the region, upright; the picture's edge is continued outside of it."""
        corners = self.to_picture(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])).astype(np.float32)
        targets = np.array([[0, 0], [size, 0], [0, size]], np.float32)
        matrix = cv2.getAffineTransform(corners, targets)
        view: NDArray[np.uint8] = cv2.warpAffine(
            image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return view

    def moved(self, shift_px: NDArray[np.float64]) -> "Region":
        """The same region elsewhere."""
        return Region(self.centre_px + shift_px, self.side_px, self.angle_rad)


def region_of_landmarks(joints_px: NDArray[np.floating]) -> Region:
    """Where a hand seen at (21, 2) will be looked for in the next frame (MediaPipe's HandLandmarksToRectCalculator)."""
    joints = np.asarray(joints_px, np.float64)
    knuckles = ((joints[5] + joints[13]) / 2 + joints[9]) / 2
    return _region(joints[list(_BOX_JOINTS)], knuckles - joints[0], _TRACKED_SCALE, _TRACKED_SHIFT)


def region_of_palm(corners_px: NDArray[np.floating], wrist_px: NDArray[np.floating], middle_px: NDArray[np.floating]) -> Region:
    """Where the hand of a detected palm is, from the (2, 2) corners of its box and two of its key points."""
    corners = np.asarray(corners_px, np.float64)
    angle = _upward_angle(np.asarray(middle_px, np.float64) - wrist_px)
    side = float((corners[1] - corners[0]).max())
    centre = corners.mean(axis=0) + _turn(angle) @ np.array([0.0, _DETECTED_SHIFT * (corners[1] - corners[0])[1]])
    return Region(centre, side * _DETECTED_SCALE, angle)


def overlap(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Intersection over union of the upright boxes around two sets of points."""
    low = np.maximum(a.min(axis=0), b.min(axis=0))
    high = np.minimum(a.max(axis=0), b.max(axis=0))
    common = float(np.prod(np.maximum(high - low, 0.0)))
    union = float(np.prod(np.ptp(a, axis=0)) + np.prod(np.ptp(b, axis=0))) - common
    return common / union if union > 0 else 0.0


def _region(points: NDArray[np.float64], upward: NDArray[np.float64], scale: float, shift: float) -> Region:
    angle = _upward_angle(upward)
    turn = _turn(angle)
    upright = points @ turn  # the inverse turn, for row vectors
    low, high = upright.min(axis=0), upright.max(axis=0)
    extent = high - low
    centre = turn @ ((low + high) / 2 + np.array([0.0, shift * extent[1]]))
    return Region(centre, float(extent.max()) * scale, angle)


def _upward_angle(upward: NDArray[np.float64]) -> float:
    return math.atan2(float(upward[0]), -float(upward[1]))


def _turn(angle: float) -> NDArray[np.float64]:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s], [s, c]])
