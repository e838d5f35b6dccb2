"""The 3D picture of one moment: hands, futures, ground and camera."""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vispy import scene

from app.viewer import geometry
from app.viewer.capsules import Capsules
from app.viewer.ground import Ground
from app.viewer.offscreen import OffscreenCanvas
from ghtt_core.packets import Float32, Futures
from ghtt_core.skeleton import FINGERTIPS, WRIST

PRESETS = ("shoulder", "wearer", "side", "top")
"""Points of view that a key brings back: over the wearer's shoulder, through their eyes, from the side, from above."""

_DRAWN_SAMPLES = 24
_TRAIL_JOINTS = (WRIST, FINGERTIPS[1])
_TRAIL_POINTS = 20
_GHOSTS = 4
_BELOW_M = 0.17
"""The floor lies so far under the hands."""
_FRUSTUM_M = 0.05
_REACH_M = 0.42
_GHOST_RADIUS = 0.45
"""Of the hand's own."""
_TIP_FADE = 0.12
_ZOOM = 1.12
"""A step nearer."""
_POINTS_OF_VIEW = {"shoulder": (-22.0, 32.0, 0.7, 0.92), "side": (78.0, 12.0, 0.86, 0.62), "top": (0.0, 89.0, 0.86, 0.66)}
"""Azimuth (0 looks where the camera looks) and elevation in degrees, distance in metres, and how far from the camera to the
hands the middle lies: from the side and from above, both are to be seen."""
_FOLLOW_S = 1.2
"""Time constant with which the view's centre follows the hands."""


@dataclass(frozen=True, slots=True)
class SceneColors:
    """What the 3D view is painted with: RGB in [0, 1].

    Attributes:
        background, floor, grid, shadow, camera: One colour each.
        hands: (2, 3) refined left and right hand.
        observed: (2, 3) the estimator's own left and right hand.
        futures: (2, 3) left and right futures.
    """

    background: tuple[float, float, float]
    floor: tuple[float, float, float]
    grid: tuple[float, float, float]
    shadow: tuple[float, float, float]
    camera: tuple[float, float, float]
    hands: NDArray[np.float64]
    observed: NDArray[np.float64]
    futures: NDArray[np.float64]


class HandsView:
    """A vispy scene whose visuals are made once and then only given new data."""

    def __init__(self, colors: SceneColors, *, line_width: float = 1.0) -> None:
        """Make the scene, painted with these colours, its lines so many times as wide as usual."""
        self._line_width = line_width
        self._offscreen = OffscreenCanvas(colors.background)
        self._canvas = self._offscreen.canvas
        self._picture_size = (640, 480)
        self._view = self._canvas.central_widget.add_view()
        self._camera = scene.cameras.TurntableCamera(fov=50, up="+z")
        self._camera.depth_value = 1e3  # From centimetres to some metres; more would leave less for telling near from far.
        self._view.camera = self._camera
        self._colors = colors
        self._size_px = (640, 480, 457.0)
        self._at_s: float | None = None
        self._horizon_s = 2.0
        self._futures: Futures | None = None
        self._preset = "shoulder"
        self._followed_s = -math.inf
        self._focus_m = np.array([0.0, _REACH_M, -0.08])
        self._moved_m = np.zeros(3)
        root = self._view.scene
        self._ground = Ground(root)
        self._lay_ground()
        self._frustum = scene.visuals.Line(pos=np.zeros((16, 3)), connect="segments", method="gl", width=1.5, parent=root)
        samples, hands, paths, steps = _DRAWN_SAMPLES, 2, len(_TRAIL_JOINTS), _TRAIL_POINTS - 1
        self._trail_shape = (samples, hands, paths, steps)
        self._trails = self._lines(2 * samples * hands * paths * steps, 1.2)
        self._main_trail = self._lines(2 * hands * len(FINGERTIPS) * steps, 3.0)
        self._fan = self._lines(2 * samples * geometry.BONES_PER_FRAME, 1.2)
        self._ghosts = Capsules(_GHOSTS * geometry.BONES_PER_FRAME, sides=6, rings=2, parent=root)
        self._refined = Capsules(geometry.BONES_PER_FRAME, parent=root)
        self._ghosts.order = 1
        self._observed = self._lines(2 * geometry.BONES_PER_FRAME, 1.5)
        self._observed.set_gl_state("translucent", depth_test=False)  # Seen through the refined hand, like its bones.
        self._observed.order = 3
        self.set_colors(colors)
        self.set_preset("shoulder")
        self.show_hands(None, None)
        self.show_futures(None)

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """(height, width, 4) RGBA of everything that is shown."""
        if (width, height) != self._picture_size:
            self._picture_size = (width, height)
            if self._preset == "wearer":
                self.set_preset("wearer")
        self._offscreen.resize(width, height)
        return self._offscreen.render()

    def turn(self, azimuth_deg: float, elevation_deg: float) -> None:
        """Go around the hands, and up or down."""
        self._camera.azimuth += azimuth_deg
        self._camera.elevation += elevation_deg

    def pan(self, right: float, down: float) -> None:
        """Move the scene by parts of the picture's height, as far as the hands do not bring it back."""
        reach_m = 2 * self._camera.distance * math.tan(math.radians(self._camera.fov) / 2)
        azimuth = math.radians(self._camera.azimuth)
        across = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
        self._moved_m += reach_m * (-right * across + down * np.array([0.0, 0.0, 1.0]))
        self._centre()

    def zoom(self, steps: float) -> None:
        """Come nearer by some steps, or go away."""
        self._camera.distance = min(max(self._camera.distance * _ZOOM**-steps, 0.05), 5.0)

    def close(self) -> None:
        """Free the canvas."""
        self._offscreen.close()

    def set_colors(self, colors: SceneColors) -> None:
        """Paint with other colours (a change of theme)."""
        self._colors = colors
        self._canvas.bgcolor = (*colors.background, 1.0)
        self._ground.set_colors(colors.floor, colors.grid, colors.shadow)
        self._frustum.set_data(color=(*colors.camera, 0.9))
        self._redraw_futures()

    def set_camera_picture(self, width_px: int, height_px: int, focal_px: float) -> None:
        """Give the frustum and the wearer's view the shape of the source's picture."""
        if (width_px, height_px, focal_px) != self._size_px:
            self._size_px = (width_px, height_px, focal_px)
            self.set_preset(self._preset)

    def set_preset(self, name: str) -> None:
        """Look from one of `PRESETS`."""
        width, height, focal = self._size_px
        self._frustum.set_data(pos=geometry.frustum(width, height, focal, _FRUSTUM_M))
        self._frustum.visible = name != "wearer"
        camera = self._camera
        camera.roll = 0.0
        self._preset = name
        self._moved_m = np.zeros(3)
        if name == "wearer":
            canvas_width, canvas_height = self._picture_size
            scale = min(canvas_width / width, canvas_height / height)
            # vispy's field of view is that of the shorter side.
            camera.fov = float(np.degrees(2 * np.arctan(min(canvas_width, canvas_height) / 2 / (focal * scale))))
            camera.azimuth, camera.elevation, camera.distance = 0.0, 0.0, _REACH_M
            self._centre()
            return
        camera.fov = 45.0
        camera.azimuth, camera.elevation, camera.distance, _ = _POINTS_OF_VIEW[name]
        self._centre()

    def show_hands(self, observed_cam_m: Float32 | None, refined_cam_m: Float32 | None) -> None:
        """Draw this moment's hands, each (2, 21, 3) in the camera frame with NaN where missing, or None for no hands."""
        if observed_cam_m is not None:
            self._follow(observed_cam_m)
        nothing = np.full((2, 21, 3), np.nan, np.float32)
        observed, refined = (
            geometry.bone_ends(nothing if joints is None else joints) for joints in (observed_cam_m, refined_cam_m)
        )
        self._refined.set_data(refined, geometry.BONE_RADII_M, geometry.bone_colors(self._colors.hands, 1.0))
        color = np.repeat(geometry.bone_colors(self._colors.observed, 0.8), 2, axis=0)
        self._observed.set_data(pos=observed.reshape(-1, 3), color=color)
        self._ground.show_shadows(refined if refined.any() else observed)

    def _follow(self, joints_cam_m: Float32) -> None:
        seen_m = geometry.to_scene(joints_cam_m[np.isfinite(joints_cam_m).all(axis=(1, 2))])
        if seen_m.size:
            target_m = np.clip(seen_m.mean(axis=(0, 1)), (-0.6, 0.1, -0.5), (0.6, 1.6, 0.5))
            now_s = time.monotonic()
            share = 1.0 - math.exp(-min(now_s - self._followed_s, 10.0) / _FOLLOW_S)
            self._followed_s = now_s
            self._focus_m += share * (target_m - self._focus_m)
            self._lay_ground()
            self._centre()

    def _lay_ground(self) -> None:
        self._ground.move_under(self._focus_m, float(self._focus_m[2]) - _BELOW_M)

    def _centre(self) -> None:
        middle_m = (0.0, _REACH_M, 0.0) if self._preset == "wearer" else self._focus_m * _POINTS_OF_VIEW[self._preset][3]
        self._camera.center = tuple(middle_m + self._moved_m)

    def show_futures(self, futures: Futures | None, horizon_s: float = 2.0, at_s: float | None = None) -> None:
        """Draw futures up to a horizon; with `at_s`, every sample's pose at that time in place of the ghosts."""
        self._futures, self._horizon_s, self._at_s = futures, horizon_s, at_s
        self._redraw_futures()

    def _lines(self, vertices: int, width: float) -> scene.visuals.Line:
        line = scene.visuals.Line(
            pos=np.zeros((vertices, 3), np.float32),
            color=np.zeros((vertices, 4), np.float32),
            connect="segments",
            method="gl",
            width=width * self._line_width,
            parent=self._view.scene,
        )
        line.set_gl_state("translucent", depth_test=True)
        line.order = 2
        return line

    def _redraw_futures(self) -> None:
        futures = self._futures
        shown = futures is not None and len(futures.joints_cam_m) > 0
        for visual in (self._trails, self._main_trail, self._fan, self._ghosts):
            visual.visible = shown
        if futures is None or not shown:
            return
        keep = np.unique(np.linspace(0, len(futures.joints_cam_m) - 1, _DRAWN_SAMPLES).round().astype(int))
        joints, offset_s = futures.joints_cam_m[keep], futures.offset_s
        horizon_s = min(self._horizon_s, float(offset_s[-1]))
        at_s = np.linspace(float(offset_s[0]), horizon_s, _TRAIL_POINTS, dtype=np.float32)
        fade = np.linspace(1.0, _TIP_FADE, _TRAIL_POINTS)
        paths = geometry.trails(joints[1:], offset_s, _TRAIL_JOINTS, at_s)
        self._set_paths(self._trails, _DRAWN_SAMPLES * paths[0].size // 3 if len(paths) else 0, paths, 0.42 * fade)
        main = geometry.trails(joints[:1], offset_s, FINGERTIPS, at_s)
        self._set_paths(self._main_trail, main.size // 3, main, 0.95 * fade)
        self._set_fan(joints, offset_s)
        self._set_ghosts(joints[:1], offset_s, horizon_s)

    def _set_paths(self, line: scene.visuals.Line, capacity: int, paths: Float32, fade: NDArray[np.float64]) -> None:
        if capacity == 0:
            line.visible = False
            return
        alpha = np.stack((fade[:-1], fade[1:]), axis=-1)
        color = np.empty((*paths.shape[:-1], 4), np.float32)
        color[..., :3] = self._colors.futures[:, None, None, None, :]
        color[..., 3] = alpha
        self._fill(line, capacity, paths, color)

    def _set_fan(self, joints: Float32, offset_s: Float32) -> None:
        if self._at_s is None:
            self._fan.visible = False
            return
        ends = geometry.bone_ends(geometry.pose_at(joints, offset_s, self._at_s))
        bones = geometry.bone_colors(self._colors.futures, 0.5)
        color = np.broadcast_to(bones[None, :, None, :], (*ends.shape[:-1], 4))
        self._fill(self._fan, _DRAWN_SAMPLES * 2 * geometry.BONES_PER_FRAME, ends, color)

    def _set_ghosts(self, main: Float32, offset_s: Float32, horizon_s: float) -> None:
        if self._at_s is None:
            times = np.linspace(horizon_s / _GHOSTS, horizon_s, _GHOSTS)
            alphas = np.linspace(0.5, _TIP_FADE, _GHOSTS)
        else:
            times, alphas = np.full(_GHOSTS, self._at_s), np.array([0.9] + [0.0] * (_GHOSTS - 1))
        ends = [geometry.bone_ends(geometry.pose_at(main, offset_s, at_s))[0] for at_s in times]
        color = [geometry.bone_colors(self._colors.futures, alpha) for alpha in alphas]
        radius = np.concatenate([_GHOST_RADIUS * geometry.BONE_RADII_M * (alpha > 0) for alpha in alphas])
        self._ghosts.set_data(np.concatenate(ends), radius.astype(np.float32), np.concatenate(color))

    @staticmethod
    def _fill(line: scene.visuals.Line, capacity: int, ends: Float32, color: Float32) -> None:
        position_all, color_all = np.zeros((capacity, 3), np.float32), np.zeros((capacity, 4), np.float32)
        flat = ends.reshape(-1, 3)
        position_all[: len(flat)], color_all[: len(flat)] = flat, color.reshape(-1, 4)
        line.set_data(pos=position_all, color=color_all)
