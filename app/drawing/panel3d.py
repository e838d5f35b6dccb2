"""A 3D view of the hands, drawn in software."""

import math

import numpy as np
from numpy.typing import NDArray

from app.drawing import strokes
from app.drawing.overlay import MAIN_JOINTS, SAMPLE_JOINTS, fade_pieces, thinned, trails, upcoming
from app.drawing.palette import BACKGROUND, DIM, FUTURE, GRID, HAND, OBSERVED, PANEL, Rgb, bgr, mix
from app.drawing.strokes import Image
from app.pipeline.result import PipelineResult
from app.viewer.geometry import BONE_RADII_M, BONES_PER_HAND
from ghtt_core.packets import Float64, Futures
from ghtt_core.skeleton import BONES, PALM

_PIECES = 7
_GRID_STEP_M, _GRID_REACH_M = 0.1, 0.5
_GRID_LEVELS = 6
_FOLLOW_S = 1.5
"""The view follows the hands with this time constant."""
_GHOSTS_S = (0.5, 1.0, 1.5)
"""Whole future hands are drawn at these offsets."""


class Panel3D:
    """Draws the newest result into a picture of a fixed size; follows the hands from frame to frame.

    The scene is the camera frame (x right, y down, z forward) seen from above the wearer's right shoulder, swaying a little,
    so that depth can be seen.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._focal_px = min(0.95 * width, 1.25 * height)
        self._centre_m = np.array([0.0, 0.05, 0.45])
        self._settled = False
        self._time_s = math.nan

    def backdrop(self) -> Image:
        """(height, width, 3) BGR: what `render` draws over. A panel that grows a little darker towards its edges."""
        width, height = self._size
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        shade = np.clip(1.0 - 0.28 * (x * x + y * y), 0, 1)[..., None]
        image = np.array(bgr(PANEL), np.float64) * shade + np.array(bgr(BACKGROUND), np.float64) * (1 - shade)
        return np.ascontiguousarray(np.rint(image), np.uint8)

    def render(self, image: Image, result: PipelineResult) -> None:
        """Draw over a picture that holds the backdrop."""
        self._follow(result)
        view = _look(self._centre_m, result.observation.time_s)
        floor_m = self._centre_m[1] + 0.16
        self._draw_grid(image, view, floor_m)
        self._draw_camera(image, view)
        refined_m = None if result.prediction is None else result.prediction.refined_cam_m
        if refined_m is not None:
            self._draw_shadows(image, view, refined_m, floor_m)
        if result.futures is not None:
            self._draw_futures(image, view, result.futures, result.observation.time_s)
        if refined_m is not None:
            self._draw_solid(image, view, refined_m)
        for hand, joints_m in enumerate(result.observation.joints_cam_m):
            self._draw_thin(image, view, joints_m, OBSERVED[hand])

    def _follow(self, result: PipelineResult) -> None:
        joints_m = result.observation.joints_cam_m
        known = joints_m[np.isfinite(joints_m).all(axis=(1, 2))]
        step_s = result.observation.time_s - self._time_s
        self._time_s = result.observation.time_s
        if not known.size:
            return
        target_m = np.clip(known.mean(axis=(0, 1)), (-0.6, -0.5, 0.1), (0.6, 0.5, 1.6))
        share = 1.0 if not self._settled else 1 - math.exp(-min(max(step_s, 0.0), 1.0) / _FOLLOW_S)
        self._centre_m = self._centre_m + share * (target_m - self._centre_m)
        self._settled = True

    def _project(self, view: Float64, points_m: NDArray[np.floating]) -> tuple[Float64, Float64]:
        """(..., 3) scene points to (..., 2) pixels and (...) depths; NaN behind the eye."""
        points = np.asarray(points_m, np.float64) @ view[:3, :3].T + view[:3, 3]
        depth_m = np.where(points[..., 2] > 0.05, points[..., 2], np.nan)
        centre = np.array(self._size) / 2
        return points[..., :2] / depth_m[..., None] * self._focal_px + centre, depth_m

    def _draw_grid(self, image: Image, view: Float64, floor_m: float) -> None:
        """Lines that stay in place while the view moves over them, and fade away from its middle."""
        x0, z0 = (round(value / _GRID_STEP_M) * _GRID_STEP_M for value in self._centre_m[[0, 2]])
        middle_m = np.array((x0, floor_m, z0))
        pixels, _ = self._project(view, _GRID_M + middle_m)
        for level in range(1, _GRID_LEVELS + 1):
            color = mix(GRID, PANEL, level / _GRID_LEVELS)
            strokes.polylines(image, pixels[level == _GRID_LEVEL], color, 1)

    def _draw_camera(self, image: Image, view: Float64) -> None:
        """The frustum of the camera that sees the hands."""
        corners_m = np.array([(x, y, 0.07) for x, y in ((-0.05, -0.0375), (0.05, -0.0375), (0.05, 0.0375), (-0.05, 0.0375))])
        pixels, _ = self._project(view, np.concatenate((np.zeros((1, 3)), corners_m)))
        if not strokes.drawable(pixels).all():
            return
        color = mix(DIM, PANEL, 0.6)
        strokes.polylines(image, pixels[[(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 1)]], color, 1)

    def _draw_shadows(self, image: Image, view: Float64, hands_m: NDArray[np.floating], floor_m: float) -> None:
        flat_m = np.array(hands_m, np.float64)
        flat_m[..., 1] = floor_m
        pixels, depth_m = self._project(view, np.where(np.isfinite(hands_m), flat_m, np.nan))
        for joints_px, depths in zip(pixels, depth_m, strict=True):
            if not strokes.drawable(joints_px).all():
                continue
            width = 2 * float(BONE_RADII_M[:BONES_PER_HAND].mean()) * self._focal_px / float(depths.mean())
            shade = mix(BACKGROUND, PANEL, 0.9)
            strokes.polygon(image, joints_px[list(PALM)], shade)
            strokes.hand(image, joints_px, shade, width)

    def _draw_futures(self, image: Image, view: Float64, futures: Futures, now_s: float) -> None:
        joints_m, ahead_s = upcoming(futures, now_s)
        if ahead_s.size < 2:
            return
        joints_m, ahead_s = thinned(joints_m, ahead_s)
        main = trails(self._project(view, joints_m[:1, :, :, MAIN_JOINTS])[0])
        samples = trails(self._project(view, joints_m[1:, :, :, SAMPLE_JOINTS])[0])
        for piece, strength in reversed(fade_pieces(ahead_s.size, _PIECES)):
            for paths, share, width in ((samples, 0.42, 1.0), (main, 1.0, 2.0)):
                for hand in range(2):
                    paths[hand].draw(image, piece, mix(FUTURE[hand], PANEL, share * strength), width)
        for offset_s in reversed(_GHOSTS_S):
            if offset_s <= ahead_s[-1]:
                step = int(np.searchsorted(ahead_s, offset_s - 1e-6))
                share = 0.75 * (1 - offset_s / (_GHOSTS_S[-1] + 0.5))
                for hand in range(2):
                    self._draw_thin(image, view, joints_m[0, step, hand], mix(FUTURE[hand], PANEL, share))

    def _draw_thin(self, image: Image, view: Float64, joints_m: NDArray[np.floating], color: Rgb) -> None:
        pixels, _ = self._project(view, joints_m)
        if strokes.drawable(pixels).all():
            strokes.hand(image, pixels, color, 1)

    def _draw_solid(self, image: Image, view: Float64, hands_m: NDArray[np.floating]) -> None:
        """Bones as outlined, shaded strokes, the farthest first, whichever hand they belong to."""
        pixels, depth_m = self._project(view, hands_m)
        bones: list[tuple[float, int, int, int]] = []
        for hand, joints_px in enumerate(pixels):
            if strokes.drawable(joints_px).all():
                bones += [(float(depth_m[hand, [a, b]].mean()), hand, a, b) for a, b in BONES]
                palm = mix(mix(HAND[hand], PANEL, 0.55), (0, 0, 0), 0.9)
                strokes.polygon(image, joints_px[list(PALM)], palm)
        bones.sort(reverse=True)
        nearest, farthest = (bones[-1][0], bones[0][0]) if bones else (0.0, 0.0)
        corners = strokes.fixed(np.where(strokes.drawable(pixels)[..., None], pixels, 0.0)).tolist()
        for depth, hand, parent, child in bones:
            width = 2 * BONE_RADII_M[child - 1] * self._focal_px / depth
            near = 1.0 - (depth - nearest) / max(farthest - nearest, 0.05)
            color = mix(HAND[hand], (0, 0, 0), 0.62 + 0.38 * near)
            start, end = corners[hand][parent], corners[hand][child]
            strokes.line(image, start, end, (8, 10, 13), width + 2)
            strokes.line(image, start, end, color, width)
            lift = round(0.18 * width * strokes.ONE)
            start, end = ([x - lift, y - lift] for x, y in (start, end))
            strokes.line(image, start, end, mix(color, (255, 255, 255), 0.72), 0.3 * width)


def _grid() -> tuple[Float64, NDArray[np.int64]]:
    """(N, 2, 3) pieces of the ground's lines around the origin, and (N,) how strong each is, 0 to `_GRID_LEVELS`."""
    ticks_m = np.arange(-_GRID_REACH_M, _GRID_REACH_M + 1e-6, _GRID_STEP_M)
    across, start = (values.ravel() for values in np.meshgrid(ticks_m, ticks_m[:-1]))
    flat = np.zeros_like(across)
    lengthwise = np.stack((np.stack((across, flat, start), 1), np.stack((across, flat, start + _GRID_STEP_M), 1)), 1)
    pieces_m = np.concatenate((lengthwise, lengthwise[..., ::-1]))
    reach = np.hypot(*pieces_m.mean(axis=1)[:, [0, 2]].T) / (1.15 * _GRID_REACH_M)
    return pieces_m, np.rint(np.clip(1.3 * (1 - reach), 0, 1) * _GRID_LEVELS).astype(np.int64)


_GRID_M, _GRID_LEVEL = _grid()


def _look(centre_m: Float64, time_s: float) -> Float64:
    """(4, 4) from the scene to an eye above and behind the right shoulder that looks at the centre."""
    swing = math.radians(24 + 9 * math.sin(2 * math.pi * time_s / 9))
    lift = math.radians(32)
    distance_m = 0.54
    back = np.array([math.sin(swing) * math.cos(lift), -math.sin(lift), -math.cos(swing) * math.cos(lift)])
    forward = -back
    right = np.cross(np.array([0.0, 1.0, 0.0]), forward)
    right /= np.linalg.norm(right)
    rotation = np.stack((right, np.cross(forward, right), forward))
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = rotation, -rotation @ (centre_m + distance_m * back)
    return view
