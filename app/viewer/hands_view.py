"""The 3D view as it is looked at: what it shows of a moment, and from where it is seen."""

import math
import time

import numpy as np

from app.viewer import geometry
from app.viewer.camera import TurntableCamera
from app.viewer.ground import GRID_STEP_M
from app.viewer.picture import ImaginedMotion, SceneColors, ScenePicture
from ghtt_core.packets import Float32, Futures

PRESETS = ("shoulder", "wearer", "side", "top")
"""Points of view that a key brings back: over the wearer's shoulder, through their eyes, from the side, from above."""

_BELOW_M = 0.17
"""The floor lies so far under the hands."""
_FRUSTUM_M = 0.05
_REACH_M = 0.42
_ZOOM = 1.12
"""A step nearer."""
_POINTS_OF_VIEW = {"shoulder": (-22.0, 32.0, 0.7, 0.92), "side": (78.0, 12.0, 0.86, 0.62), "top": (0.0, 89.0, 0.86, 0.66)}
"""Azimuth (0 looks where the camera looks) and elevation in degrees, distance in metres, and how far from the camera to the
hands the middle lies: from the side and from above, both are to be seen."""
_HALF_FOV_DEG = 22.5
"""From the middle to the nearer edges of the picture."""
_FOLLOW_S = 1.2
"""Time constant with which the view's centre follows the hands."""


class HandsView:
    """Holds what is shown; draws nothing itself, but says what is to be drawn.

    Attributes:
        camera: Where it is seen from.
    """

    def __init__(self, colors: SceneColors) -> None:
        """Show no hands, painted with these colours."""
        self.camera = TurntableCamera()
        self._colors = colors
        self._source_px = (640, 480, 457.0)
        self._observed_cam_m: Float32 | None = None
        self._refined_cam_m: Float32 | None = None
        self._imagined: ImaginedMotion | None = None
        self._followed_s = -math.inf
        self._focus_m = np.array([0.0, _REACH_M, -0.08])
        self._moved_m = np.zeros(3)
        self.set_preset("shoulder")

    def picture(self, width: int, height: int) -> ScenePicture:
        """All that is shown now, for a picture of so many pixels."""
        matrix = self.camera.matrix(width, height, self._focal_px(width, height))
        floor_m = np.append(np.round(self._focus_m[:2] / GRID_STEP_M) * GRID_STEP_M, self._focus_m[2] - _BELOW_M)
        # In whole steps of the grid, so that its lines seem to stand still.
        frustum = geometry.frustum(*self._source_px, _FRUSTUM_M)
        if self._preset == "wearer":
            frustum = frustum[:0]
        hands = (self._observed_cam_m, self._refined_cam_m)
        floor = floor_m.astype(np.float32)
        return ScenePicture((width, height), matrix, self._colors, *hands, self._imagined, floor, frustum)

    def turn(self, azimuth_deg: float, elevation_deg: float) -> None:
        """Go around the hands, and up or down."""
        self.camera.azimuth_deg += azimuth_deg
        self.camera.elevation_deg = min(max(self.camera.elevation_deg + elevation_deg, -90.0), 90.0)

    def pan(self, right: float, down: float) -> None:
        """Move the scene by parts of the picture's height, as far as the hands do not bring it back."""
        reach_m = 2 * self.camera.distance_m * math.tan(math.radians(_HALF_FOV_DEG))
        across = self.camera.axes()[0]
        self._moved_m += reach_m * (-right * across + down * np.array([0.0, 0.0, 1.0]))
        self._centre()

    def zoom(self, steps: float) -> None:
        """Come nearer by some steps, or go away."""
        self.camera.distance_m = min(max(self.camera.distance_m * _ZOOM**-steps, 0.05), 5.0)

    def set_colors(self, colors: SceneColors) -> None:
        """Paint with other colours (a change of theme)."""
        self._colors = colors

    def set_camera_picture(self, width_px: int, height_px: int, focal_px: float) -> None:
        """Give the frustum and the wearer's view the shape of the source's picture."""
        self._source_px = (width_px, height_px, focal_px)

    def set_preset(self, name: str) -> None:
        """Look from one of `PRESETS`."""
        self._preset = name
        self._moved_m = np.zeros(3)
        azimuth, elevation, distance, _ = _POINTS_OF_VIEW.get(name, (0.0, 0.0, _REACH_M, 0.0))
        self.camera.azimuth_deg, self.camera.elevation_deg, self.camera.distance_m = azimuth, elevation, distance
        self._centre()

    def show_hands(self, observed_cam_m: Float32 | None, refined_cam_m: Float32 | None) -> None:
        """Show this moment's hands, each (2, 21, 3) in the camera frame with NaN where missing, or None for no hands."""
        if observed_cam_m is not None:
            self._follow(observed_cam_m)
        self._observed_cam_m, self._refined_cam_m = observed_cam_m, refined_cam_m

    def show_futures(self, futures: Futures | None, horizon_s: float = 2.0, at_s: float | None = None) -> None:
        """Show futures up to a horizon; with `at_s`, every sample's pose at that time in place of the ghosts."""
        self._imagined = None if futures is None else ImaginedMotion(futures, horizon_s, at_s)

    def _focal_px(self, width: int, height: int) -> float:
        if self._preset != "wearer":
            return min(width, height) / 2 / math.tan(math.radians(_HALF_FOV_DEG))
        source_width, source_height, focal_px = self._source_px
        return focal_px * min(width / source_width, height / source_height)

    def _follow(self, joints_cam_m: Float32) -> None:
        seen_m = geometry.to_scene(joints_cam_m[np.isfinite(joints_cam_m).all(axis=(1, 2))])
        if seen_m.size:
            target_m = np.clip(seen_m.mean(axis=(0, 1)), (-0.6, 0.1, -0.5), (0.6, 1.6, 0.5))
            now_s = time.monotonic()
            share = 1.0 - math.exp(-min(now_s - self._followed_s, 10.0) / _FOLLOW_S)
            self._followed_s = now_s
            self._focus_m += share * (target_m - self._focus_m)
            self._centre()

    def _centre(self) -> None:
        middle_m = np.array((0.0, _REACH_M, 0.0))
        if self._preset != "wearer":
            middle_m = self._focus_m * _POINTS_OF_VIEW[self._preset][3]
        self.camera.center_m = middle_m + self._moved_m
