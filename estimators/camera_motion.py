"""How the camera turned: a head-worn camera moves, and its motion must not look like motion of the hands.

Corners of the background, away from the hands, are followed from frame to frame (Lucas-Kanade on a small grey picture).
Their viewing rays are brought onto each other by a rotation (Kabsch), outliers thrown out: near things shift as the head
moves sideways, and something else than the camera may move. Distant things see only the rotation, which is what a
monocular picture tells for certain, and which moves hands at arm's length most.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from estimators.intrinsics import Intrinsics
from estimators.opencv import cv2

_WORKING_WIDTH_PX = 256
_CORNERS, _FEWEST_CORNERS = 120, 12
_CORNER_QUALITY, _CORNER_SPACING_PX = 0.01, 7
_HAND_MARGIN = 0.25
_ROUNDS = 4
_INLIER_RAD = 0.004
_WINDOW_PX = (11, 11)


class CameraMotion:
    """The camera's orientation since the first frame, from its pictures alone."""

    def __init__(self, intrinsics: Intrinsics) -> None:
        self._scale = min(1.0, _WORKING_WIDTH_PX / max(intrinsics.width, intrinsics.height))
        self._focal = np.array([intrinsics.fx, intrinsics.fy]) * self._scale
        self._centre = np.array([intrinsics.cx, intrinsics.cy]) * self._scale
        self._grey: NDArray[np.uint8] | None = None
        self._corners_px: NDArray[np.float32] = np.empty((0, 1, 2), np.float32)
        self._world_from_cam = np.eye(3)

    def update(self, image_bgr: NDArray[np.uint8], hands_px: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
        """(3, 3) rotation from this frame's camera to the first frame's.

        Args:
            image_bgr: The next frame.
            hands_px: (21, 2) joints of each hand in it, in pixels; what lies under them is left out.
        """
        size = (max(1, round(image_bgr.shape[1] * self._scale)), max(1, round(image_bgr.shape[0] * self._scale)))
        grey: NDArray[np.uint8] = cv2.cvtColor(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        if self._grey is not None and len(self._corners_px) >= _FEWEST_CORNERS:
            self._world_from_cam = self._world_from_cam @ self._rotation_to(grey)
            left, _, right_t = np.linalg.svd(self._world_from_cam)
            self._world_from_cam = left @ right_t  # rounding errors of thousands of products
        self._grey = grey
        mask = self._background(grey.shape, hands_px)
        corners = cv2.goodFeaturesToTrack(grey, _CORNERS, _CORNER_QUALITY, _CORNER_SPACING_PX, mask=mask)
        self._corners_px = np.empty((0, 1, 2), np.float32) if corners is None else corners
        return self._world_from_cam.copy()

    def _rotation_to(self, grey: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(3, 3) rotation that takes rays of the new frame to rays of the last one."""
        moved, status, _ = cv2.calcOpticalFlowPyrLK(self._grey, grey, self._corners_px, None, winSize=_WINDOW_PX, maxLevel=3)
        followed = status[:, 0] == 1
        old, new = self._rays(self._corners_px[followed, 0]), self._rays(moved[followed, 0])
        kept = np.ones(len(old), bool)
        rotation = np.eye(3)
        for round_ in range(_ROUNDS):
            if kept.sum() < _FEWEST_CORNERS:
                return np.eye(3)
            rotation = _kabsch(new[kept], old[kept])
            error = np.linalg.norm(new @ rotation.T - old, axis=1)
            kept = error < max(_INLIER_RAD, 1.5 * float(np.median(error))) if round_ < _ROUNDS - 1 else kept
        return rotation

    def _rays(self, points_px: NDArray[np.floating]) -> NDArray[np.float64]:
        rays = np.concatenate(((points_px - self._centre) / self._focal, np.ones((len(points_px), 1))), axis=1)
        unit: NDArray[np.float64] = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        return unit

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


def _kabsch(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) rotation that best takes the source directions to the target directions."""
    left, _, right_t = np.linalg.svd(target.T @ source)
    turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right_t))])
    rotation: NDArray[np.float64] = left @ turn @ right_t
    return rotation
