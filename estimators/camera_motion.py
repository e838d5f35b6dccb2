"""How the camera moved: a head-worn camera moves, and its motion must not look like motion of the hands.

Corners of the background, away from the hands, are followed from frame to frame (Lucas-Kanade on a small grey picture). A
rotation and a small translation since the last key frame are fitted to them by robust Gauss-Newton, so that errors add up
from key frame to key frame only. A single camera cannot tell how far things are,
so the translation leans on a guess: what lies near the hands in the picture is about as far as they are, things higher up
farther, and corners near the hands count most. Rotation is what a picture tells for certain and what moves hands at arm's
length most; the translation is kept small by a prior.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from estimators.intrinsics import Intrinsics
from estimators.opencv import cv2

Float64 = NDArray[np.float64]

_WORKING_WIDTH_PX = 320
_CORNERS, _FEWEST_CORNERS = 120, 12
_CORNER_QUALITY, _CORNER_SPACING_PX = 0.005, 8
_WINDOW_PX = (11, 11)
_HAND_MARGIN = 0.25
_ROUNDS, _SETTLED = 5, 1e-5
"""Rounds of Gauss-Newton at most; the last is one that turns or moves the camera by less than this, radians or metres."""
_KEY_FRAMES = 8
_FEWEST_LEFT = 0.6
"""A new key frame after so many frames, or when fewer of its corners are left."""
_SHARPEST_RAD = 0.0015
"""Corners are not followed better than this, so that a perfect majority does not silence the rest."""
_STEP_PRIOR_M = 0.001
"""How far a head moves between frames, in each direction."""
_NEARNESS = 0.2
"""Corners count by how near a hand they are, in picture widths."""
_LEAST_WEIGHT = 0.02
_FALL_OF_DEPTH = 0.7
"""How nearness to the camera rises from the picture's middle downwards, per unit of y/z: a table seen from above."""
_ALONG = 4.0
"""What moves against the picture as a whole by more than this many median errors moves by itself: a thing in the hand."""
_DEFAULT_DEPTH_M = 0.5


class CameraMotion:
    """The camera's pose since the first frame, from its pictures alone."""

    def __init__(self, intrinsics: Intrinsics) -> None:
        self._scale = min(1.0, _WORKING_WIDTH_PX / max(intrinsics.width, intrinsics.height))
        self._focal = np.array([intrinsics.fx, intrinsics.fy]) * self._scale
        self._centre = np.array([intrinsics.cx, intrinsics.cy]) * self._scale
        self._grey: NDArray[np.uint8] | None = None
        self._corners_px: NDArray[np.float32] = np.empty((0, 1, 2), np.float32)
        self._points_m: Float64 = np.empty((0, 3))
        self._weights: Float64 = np.empty(0)
        self._depth_m = _DEFAULT_DEPTH_M
        self._world_from_key = np.eye(4)
        self._cam_from_key = np.eye(4)
        self._key_age = 0
        self._key_corners = 0

    def update(self, image_bgr: NDArray[np.uint8], hands_px: Sequence[NDArray[np.floating]], depth_m: float) -> Float64:
        """(4, 4) pose of this frame's camera in that of the first frame.

        Args:
            image_bgr: The next frame.
            hands_px: (21, 2) joints of each hand in it, in pixels; what lies under them is left out.
            depth_m: How far the hands are; NaN where there are none.
        """
        size = (max(1, round(image_bgr.shape[1] * self._scale)), max(1, round(image_bgr.shape[0] * self._scale)))
        grey: NDArray[np.uint8] = cv2.resize(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA)
        mask = self._background(grey.shape, hands_px)
        self._depth_m = depth_m if np.isfinite(depth_m) else self._depth_m
        self._key_age += 1
        if self._grey is not None and len(self._corners_px):
            self._follow(grey, mask)
            if len(self._corners_px) >= _FEWEST_CORNERS:
                self._cam_from_key = self._step_from_key()
        self._grey = grey
        pose = self._world_from_key @ np.linalg.inv(self._cam_from_key)
        left, _, right_t = np.linalg.svd(pose[:3, :3])
        pose[:3, :3] = left @ right_t  # rounding errors of thousands of products
        if self._key_age >= _KEY_FRAMES or len(self._corners_px) < max(_FEWEST_LEFT * self._key_corners, _FEWEST_CORNERS):
            self._begin_key(grey, mask, hands_px, pose)
        return pose

    def _follow(self, grey: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
        """Find the key frame's corners again; those that are lost or behind a hand are given up."""
        moved, status, _ = cv2.calcOpticalFlowPyrLK(self._grey, grey, self._corners_px, None, winSize=_WINDOW_PX, maxLevel=3)
        column, row = np.round(moved[:, 0]).astype(int).T
        inside = (column >= 0) & (row >= 0) & (column < grey.shape[1]) & (row < grey.shape[0])
        seen = (status[:, 0] == 1) & inside
        seen[seen] = mask[row[seen], column[seen]] > 0
        self._corners_px, self._points_m, self._weights = moved[seen], self._points_m[seen], self._weights[seen]

    def _step_from_key(self) -> Float64:
        """(4, 4) the key frame's camera in this frame's."""
        rays = self._rays(self._corners_px[:, 0])
        reach_m = _STEP_PRIOR_M * self._key_age
        whole = fit_step(rays, self._points_m, np.ones(len(rays)), self._cam_from_key, reach_m)
        error = np.hypot(*_residual(self._points_m @ whole[:3, :3].T + whole[:3, 3], rays))
        follows = error < _ALONG * max(_middle(error), _SHARPEST_RAD)
        return fit_step(rays, self._points_m, self._weights * follows, whole, reach_m)

    def _begin_key(
        self,
        grey: NDArray[np.uint8],
        mask: NDArray[np.uint8],
        hands_px: Sequence[NDArray[np.floating]],
        pose: Float64,
    ) -> None:
        corners = cv2.goodFeaturesToTrack(grey, _CORNERS, _CORNER_QUALITY, _CORNER_SPACING_PX, mask=mask)
        self._corners_px = np.empty((0, 1, 2), np.float32) if corners is None else corners
        rays = self._rays(self._corners_px[:, 0])
        nearer = np.clip(1 + _FALL_OF_DEPTH * rays[:, 1], 0.1, 3.0)
        self._points_m = np.concatenate((rays, np.ones((len(rays), 1))), axis=1) * (self._depth_m / nearer)[:, None]
        self._weights = self._nearness(hands_px)
        self._world_from_key, self._cam_from_key = pose, np.eye(4)
        self._key_age, self._key_corners = 0, len(rays)

    def _rays(self, points_px: NDArray[np.floating]) -> Float64:
        return np.asarray((points_px - self._centre) / self._focal, np.float64)

    def _nearness(self, hands_px: Sequence[NDArray[np.floating]]) -> Float64:
        corners = self._corners_px[:, 0].astype(np.float64)
        centres = [np.asarray(px, np.float64).mean(axis=0) * self._scale for px in hands_px if np.isfinite(px).all()]
        if not centres:
            return np.ones(len(corners))
        distance = np.min([np.linalg.norm(corners - centre, axis=1) for centre in centres], axis=0)
        near: Float64 = np.maximum(np.exp(-distance / (_NEARNESS * 2 * self._centre[0])), _LEAST_WEIGHT)
        return near

    def _background(self, shape: tuple[int, ...], hands_px: Sequence[NDArray[np.floating]]) -> NDArray[np.uint8]:
        mask = np.full(shape, 255, np.uint8)
        for joints_px in hands_px:
            points = np.asarray(joints_px, np.float64) * self._scale
            if not np.isfinite(points).all():
                continue
            wrist, fingers = points[0], points.mean(axis=0)
            forearm = wrist + 2.5 * (wrist - fingers)
            hull = cv2.convexHull(points.astype(np.float32))[:, 0]
            width = max(1, round(float(np.ptp(points, axis=0).max()) * 2 * _HAND_MARGIN))
            cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 0)
            cv2.polylines(mask, [np.round(hull).astype(np.int32)], True, 0, thickness=width)
            ends = [tuple(int(v) for v in np.clip(np.round(end), -(1 << 14), 1 << 14)) for end in (wrist, forearm)]
            cv2.line(mask, ends[0], ends[1], 0, thickness=2 * width)
        return mask


def fit_step(rays: Float64, points_m: Float64, weights: Float64, start: Float64, reach_m: float) -> Float64:
    """The small rigid motion after which points project where they are seen.

    Minimises the reprojection error with Cauchy weights whose width follows the median error, plus a prior that keeps
    the translation near zero.

    Args:
        rays: (N, 2) x/z and y/z of each point as this camera sees it.
        points_m: (N, 3) the points in another camera's frame.
        weights: (N,) how much each counts.
        start: (4, 4) where to begin.
        reach_m: How far the camera moves, in each direction.

    Returns:
        (4, 4) the other camera in this one's frame.
    """
    step = start.copy()
    jacobian = np.zeros((6, 2, len(rays)))
    prior = np.diag([0.0, 0.0, 0.0, *[reach_m**-2] * 3])
    for _ in range(_ROUNDS):
        turned = points_m @ step[:3, :3].T
        moved = turned + step[:3, 3]
        residual = _residual(moved, rays)
        size = np.hypot(*residual)
        width = max(_middle(size), _SHARPEST_RAD)
        trust = weights / (1 + (size / (2 * width)) ** 2) / width**2
        nearness = 1 / moved[:, 2]
        away = -moved[:, :2].T * nearness**2
        # How the projection moves with the translation, and with the rotation: the cross product of the turned point with that.
        x, y, z = turned.T
        jacobian[3, 0] = jacobian[4, 1] = nearness
        jacobian[5] = away
        jacobian[0], jacobian[1], jacobian[2] = y * away, -x * away, (-y * nearness, x * nearness)
        jacobian[0, 1] -= z * nearness
        jacobian[1, 0] += z * nearness
        flat = jacobian.reshape(6, -1)
        pull = (jacobian * trust).reshape(6, -1)
        gradient = pull @ residual.ravel() + prior @ np.append(np.zeros(3), step[:3, 3])
        change = -np.linalg.solve(pull @ flat.T + prior + 1e-9 * np.eye(6), gradient)
        step[:3, :3] = cv2.Rodrigues(change[:3])[0] @ step[:3, :3]
        step[:3, 3] += change[3:]
        if np.abs(change).max() < _SETTLED:
            break
    return step


def _middle(values: Float64) -> float:
    """The median, or the larger of the two in the middle; NumPy's own takes longer than the rest of a round."""
    middle = len(values) // 2
    return float(np.partition(values, middle)[middle])


def _residual(points_m: Float64, rays: Float64) -> Float64:
    """(2, N) where points project, less where they are seen."""
    residual: Float64 = (points_m[:, :2] / points_m[:, 2:] - rays).T
    return residual
