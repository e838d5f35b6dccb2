"""The eye of the 3D view: it goes around a point, and sees in perspective."""

import math
from dataclasses import dataclass, field

import numpy as np

from ghtt_core.packets import Float32, Float64

_NEAR, _FAR = 0.01, 100.0
"""Parts of the distance; farther apart would leave less for telling near from far."""


@dataclass(slots=True)
class TurntableCamera:
    """Looks at a point of the scene frame.

    Attributes:
        azimuth_deg: 0 looks where the wearer's camera looks; more is farther to its left.
        elevation_deg: 90 looks straight down.
        distance_m: From the eye to the point.
        center_m: (3,) the point.
    """

    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0
    distance_m: float = 1.0
    center_m: Float64 = field(default_factory=lambda: np.zeros(3))

    def axes(self) -> Float64:
        """(3, 3) unit vectors to the right, up, and towards the eye, in the scene frame."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        right = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
        level = math.cos(elevation)
        back = np.array([math.sin(azimuth) * level, -math.cos(azimuth) * level, math.sin(elevation)])
        return np.stack((right, np.cross(back, right), back))

    def matrix(self, width_px: int, height_px: int, focal_px: float) -> Float32:
        """(4, 4) from homogeneous scene points to OpenGL's clip space, for a picture of that size and focal length."""
        axes = self.axes()
        view = np.eye(4)
        view[:3, :3] = axes
        view[:3, 3] = -axes @ self.center_m
        view[2, 3] -= self.distance_m
        near, far = _NEAR * self.distance_m, _FAR * self.distance_m
        projection = np.zeros((4, 4))
        projection[0, 0], projection[1, 1] = 2 * focal_px / width_px, 2 * focal_px / height_px
        projection[2, 2:] = (near + far) / (near - far), 2 * near * far / (near - far)
        projection[3, 2] = -1.0
        return (projection @ view).astype(np.float32)
