"""From image landmarks and a hand's own metric shape to metres in the camera frame."""

import numpy as np
from numpy.typing import NDArray

from estimators.depth_net import view_rotations
from estimators.intrinsics import Intrinsics
from ghtt_core.features import bone_lengths, hand_size
from ghtt_core.skeleton import MCPS

MIN_DEPTH_M, MAX_DEPTH_M = 0.10, 2.5
"""Nearer than this a hand is out of the picture; farther it is beyond any arm, even with a focal length guessed too long."""
_REFINEMENTS = 3
_USUAL_BONES = (
    0.37,
    0.44,
    0.34,
    0.26,
    1.03,
    0.44,
    0.29,
    0.22,
    1.04,
    0.49,
    0.31,
    0.23,
    0.99,
    0.46,
    0.30,
    0.22,
    0.95,
    0.37,
    0.22,
    0.20,
)
"""Bones of an adult's hand in hand sizes, in the order of `BONES`."""
_BONE_RANGE, _PALM_RANGE = (0.03, 4.0), (0.06, 2.0)
"""Of the usual length; and of the way from index to little finger's MCP in hand sizes. One found hand in two thousand is
beyond: seen along the palm or blurred, its landmarks fall together or apart. Nearer limits would lose hands that are there."""


def lift(
    joints_px: NDArray[np.floating],
    shape_m: NDArray[np.floating],
    intrinsics: Intrinsics,
    *,
    size_m: float | None = None,
) -> NDArray[np.float64] | None:
    """Place a metric hand so that it projects onto its image landmarks.

    The translation is the least-squares solution of the reprojection error: first linear in the translation (the
    projection equations multiplied by the depth), then by Gauss-Newton on the pixels.

    Args:
        joints_px: (21, 2) image landmarks in pixels.
        shape_m: (21, 3) the hand about its own centre, axes as the camera's, as if seen along the optical axis.
        intrinsics: The camera.
        size_m: The person's hand size, to which the shape is scaled first; None keeps the shape's own.

    Returns:
        (21, 3) joints in the camera frame, metres; None where no depth between 0.1 and 2.5 m explains the picture.
    """
    rays = (np.asarray(joints_px, np.float64) - (intrinsics.cx, intrinsics.cy)) / (intrinsics.fx, intrinsics.fy)
    shape: NDArray[np.float64] = np.asarray(shape_m, np.float64)
    if not (np.isfinite(rays).all() and np.isfinite(shape).all()):
        return None
    own_size = float(hand_size(shape))
    if own_size < 1e-3:
        return None
    shape = shape * ((size_m or own_size) / own_size) @ view_rotations(rays.mean(axis=0)).T
    translation: NDArray[np.float64] = _linear_translation(rays, shape)
    for _ in range(_REFINEMENTS):
        if not MIN_DEPTH_M / 2 < translation[2] < MAX_DEPTH_M * 2:
            return None
        translation = translation - _gauss_newton_step(rays, shape + translation)
    placed = shape + translation
    return placed if is_within_reach(placed) else None


def is_within_reach(joints_cam_m: NDArray[np.float64]) -> bool:
    """Whether (21, 3) joints are finite, all in front of the camera, and as a whole where a hand can be."""
    depth_m = joints_cam_m[:, 2]
    return bool(np.isfinite(joints_cam_m).all() and MIN_DEPTH_M <= depth_m.mean() <= MAX_DEPTH_M and depth_m.min() > 0.02)


def is_possible(joints_cam_m: NDArray[np.floating], size_m: float) -> bool:
    """Whether (21, 3) joints may be a hand of that size: no bone and no palm is collapsed or torn apart."""
    bones = bone_lengths(joints_cam_m) / size_m / np.array(_USUAL_BONES)
    palm = float(np.linalg.norm(joints_cam_m[MCPS[0]] - joints_cam_m[MCPS[-1]])) / size_m
    return bool(bones.min() > _BONE_RANGE[0] and bones.max() < _BONE_RANGE[1] and _PALM_RANGE[0] < palm < _PALM_RANGE[1])


def _linear_translation(rays: NDArray[np.float64], shape: NDArray[np.float64]) -> NDArray[np.float64]:
    count = len(rays)
    design = np.zeros((2 * count, 3))
    design[:count, 0] = 1.0
    design[count:, 1] = 1.0
    design[:, 2] = -rays.T.reshape(-1)
    target = (rays * shape[:, 2:] - shape[:, :2]).T.reshape(-1)
    return np.asarray(np.linalg.lstsq(design, target, rcond=None)[0], np.float64)


def _gauss_newton_step(rays: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = points.T
    count = len(rays)
    residual = np.concatenate((x / z - rays[:, 0], y / z - rays[:, 1]))
    jacobian = np.zeros((2 * count, 3))
    jacobian[:count, 0] = 1 / z
    jacobian[count:, 1] = 1 / z
    jacobian[:count, 2] = -x / z**2
    jacobian[count:, 2] = -y / z**2
    return np.asarray(np.linalg.lstsq(jacobian, residual, rcond=None)[0], np.float64)
