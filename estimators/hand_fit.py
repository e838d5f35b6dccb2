"""A hand of sound proportions through the image landmarks.

The networks' metric landmarks are poor where it matters in first person: seen from the back, the palm collapses to a third
of its width, and the size breathes from frame to frame. Their image landmarks are good. So the joints are fitted anew:
they project onto the image landmarks, their bones and palm have the person's lengths, and only where the picture leaves the
depth open do they follow the metric landmarks. A least-squares problem of 63 unknowns, solved by Gauss-Newton.
"""

import numpy as np
from numpy.typing import NDArray

from estimators.intrinsics import Intrinsics
from ghtt_core.skeleton import BONES

_PALM_SPANS = ((5, 9), (9, 13), (13, 17), (5, 13), (9, 17), (5, 17), (1, 5), (1, 9))
_SPANS = np.array((*BONES, *_PALM_SPANS))
_LENGTHS = np.array(
    (
        *(0.37, 0.50, 0.35, 0.28),
        *(1.06, 0.44, 0.26, 0.24),
        *(1.03, 0.49, 0.30, 0.25),
        *(0.98, 0.46, 0.28, 0.25),
        *(0.92, 0.36, 0.21, 0.22),
        *(0.235, 0.225, 0.22, 0.455, 0.435, 0.66, 0.82, 0.80),
    )
)
"""Lengths of the bones and palm spans in hand sizes: medians of 56,000 Leap Motion poses, which agree with the adult means of
Greiner, "Hand Anthropometry of U.S. Army Personnel" (1991), from which the finger tips are taken (Leap ends inside them)."""
_LOOSENESS = np.array((*(0.06, 0.04, 0.04, 0.04), *((0.03, 0.03, 0.03, 0.04) * 4), *(0.03,) * 6, 0.08, 0.08))
"""How far a length may differ, in hand sizes."""
_DEPTH_LOOSENESS = 0.15
"""How wrong the depth between neighbouring joints is, in hand sizes."""
_PIXEL_LOOSENESS = 0.03
"""How wrong an image landmark is, in hand sizes at the hand's distance."""
_ROUNDS = 5


def fit(
    joints_px: NDArray[np.floating],
    shape_m: NDArray[np.floating],
    start_cam_m: NDArray[np.float64],
    size_m: float,
    intrinsics: Intrinsics,
) -> NDArray[np.float64]:
    """Joints that satisfy picture, proportions and, where both are silent, the metric landmarks.

    Args:
        joints_px: (21, 2) image landmarks in pixels.
        shape_m: (21, 3) metric landmarks, axes turned to the camera's.
        start_cam_m: (21, 3) where to begin: the lifted hand.
        size_m: The person's hand size.
        intrinsics: The camera.

    Returns:
        (21, 3) joints in the camera frame, metres.
    """
    first, second = _SPANS.T
    lengths_m, loose_m = _LENGTHS * size_m, _LOOSENESS * size_m
    ray = start_cam_m.mean(axis=0)
    ray = ray / np.linalg.norm(ray)
    along_ray = np.einsum("i,j->ij", ray, ray) / (_DEPTH_LOOSENESS * size_m) ** 2
    wanted_m = (shape_m[second] - shape_m[first]) @ ray
    rays = (np.asarray(joints_px, np.float64) - (intrinsics.cx, intrinsics.cy)) / (intrinsics.fx, intrinsics.fy)
    joints = start_cam_m.copy()
    every = np.arange(21)
    for _ in range(_ROUNDS):
        normal, gradient = np.zeros((21, 21, 3, 3)), np.zeros((21, 3))
        x, y, z = joints.T
        weight = float(np.mean(z)) / (_PIXEL_LOOSENESS * size_m)
        jacobian = np.zeros((21, 2, 3))
        jacobian[:, 0, 0] = jacobian[:, 1, 1] = weight / z
        jacobian[:, 0, 2], jacobian[:, 1, 2] = -weight * x / z**2, -weight * y / z**2
        residual = weight * (joints[:, :2] / z[:, None] - rays)
        normal[every, every] += np.einsum("nij,nik->njk", jacobian, jacobian)
        gradient += np.einsum("nij,ni->nj", jacobian, residual)

        span = joints[second] - joints[first]
        length_m = np.maximum(np.linalg.norm(span, axis=1), 1e-4)
        direction = span / length_m[:, None]
        block = np.einsum("ni,nj->nij", direction, direction) / loose_m[:, None, None] ** 2 + along_ray
        pull = direction * ((length_m - lengths_m) / loose_m**2)[:, None]
        pull += ((span @ ray - wanted_m) / (_DEPTH_LOOSENESS * size_m) ** 2)[:, None] * ray
        np.add.at(normal, (first, first), block)
        np.add.at(normal, (second, second), block)
        np.add.at(normal, (first, second), -block)
        np.add.at(normal, (second, first), -block)
        np.add.at(gradient, first, -pull)
        np.add.at(gradient, second, pull)
        matrix = normal.transpose(0, 2, 1, 3).reshape(63, 63) + 1e-3 / size_m**2 * np.eye(63)
        joints = joints - np.linalg.solve(matrix, gradient.reshape(63)).reshape(21, 3)
        joints[:, 2] = np.maximum(joints[:, 2], 0.02)
    return joints
