"""Arrays for the 3D view, plain NumPy: no visual, no window.

The scene frame has x right, y away from the camera and z up, metres; the camera frame has y down and z forward. Every
function returns arrays of a size that depends on its options alone, and what is missing collapses to a point at the
origin with no colour, so that the buffers on the graphics card are made once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ghtt_core.packets import Float32
from ghtt_core.skeleton import BONES, FINGERS, HANDS, MCPS

_DRAWN = (*BONES, *pairwise(MCPS))
_STARTS, _ENDS = np.array(_DRAWN).T
BONES_PER_HAND = len(_DRAWN)
"""The bones and the knuckle line, which lets a palm be seen."""
BONES_PER_FRAME = HANDS * BONES_PER_HAND
_THICKNESS_M = (0.0085, 0.0080, 0.0070, 0.0060)
"""Radii from the palm's bones to the fingertips': about those of fingers, so that neighbours close to a palm."""


def _radii() -> list[float]:
    depth = {joint: place for finger in FINGERS.values() for place, joint in enumerate(finger)}
    return [_THICKNESS_M[depth[child]] for _, child in BONES] + [_THICKNESS_M[0]] * (BONES_PER_HAND - len(BONES))


BONE_RADII_M = np.array(_radii() * HANDS, np.float32)
"""(46,) of the drawn bones of both hands."""


def to_scene(points_cam_m: NDArray[np.floating]) -> Float32:
    """(..., 3) camera frame to scene frame, metres."""
    x, y, z = np.moveaxis(np.asarray(points_cam_m, np.float32), -1, 0)
    return np.stack((x, z, -y), axis=-1)


def bone_ends(joints_cam_m: NDArray[np.floating]) -> Float32:
    """(..., 2, 21, 3) joints to (..., 46, 2, 3) bone ends in the scene frame, left hand first; zeros where missing."""
    points = to_scene(joints_cam_m)
    ends = np.stack((points[..., _STARTS, :], points[..., _ENDS, :]), axis=-2)
    finite = np.isfinite(ends).all(axis=(-2, -1), keepdims=True)
    return np.where(finite, ends, np.float32(0)).reshape(*points.shape[:-3], BONES_PER_FRAME, 2, 3)


def bone_colors(hand_rgb: NDArray[np.floating], alpha: float) -> Float32:
    """(2, 3) hand colours to (46, 4) bone colours."""
    rgba = np.concatenate((hand_rgb, np.full((HANDS, 1), alpha)), axis=1)
    return np.repeat(rgba, BONES_PER_HAND, axis=0).astype(np.float32)


def trails(joints_cam_m: Float32, offset_s: Float32, joints: Sequence[int], at_s: Float32) -> Float32:
    """Paths of some joints through the samples.

    Args:
        joints_cam_m: (S, T, 2, 21, 3) sampled futures.
        offset_s: (T,) their times.
        joints: J joints to follow.
        at_s: (P,) times of the path's points; beyond the last offset the path stays where it ended.

    Returns:
        (S, 2, J, P - 1, 2, 3) segment ends in the scene frame, zeros where a hand is missing.
    """
    index = np.interp(at_s, offset_s, np.arange(len(offset_s)))
    low = np.floor(index).astype(int)
    high = np.minimum(low + 1, len(offset_s) - 1)
    weight = (index - low).astype(np.float32)[:, None, None, None]
    picked = joints_cam_m[:, :, :, list(joints)]
    points = to_scene(picked[:, low] * (1 - weight) + picked[:, high] * weight)
    ends = np.moveaxis(np.stack((points[:, :-1], points[:, 1:]), axis=-2), 1, 3)
    finite = np.isfinite(ends).all(axis=(-2, -1), keepdims=True)
    return np.where(finite, ends, np.float32(0))


def pose_at(joints_cam_m: Float32, offset_s: Float32, at_s: float) -> Float32:
    """(S, T, 2, 21, 3) futures and (T,) offsets to the (S, 2, 21, 3) poses at a time, linearly between the frames."""
    index = float(np.interp(at_s, offset_s, np.arange(len(offset_s))))
    low = math.floor(index)
    high = min(low + 1, len(offset_s) - 1)
    weight = np.float32(index - low)
    return joints_cam_m[:, low] * (1 - weight) + joints_cam_m[:, high] * weight


def frustum(width_px: int, height_px: int, focal_px: float, depth_m: float) -> Float32:
    """(16, 3) segment ends, scene frame: the four edges and the picture plane of a camera at the origin."""
    x, y = width_px / 2 / focal_px * depth_m, height_px / 2 / focal_px * depth_m
    corners = to_scene(np.array([[-x, -y, depth_m], [x, -y, depth_m], [x, y, depth_m], [-x, y, depth_m]]))
    origin = np.zeros(3, np.float32)
    rays = [point for corner in corners for point in (origin, corner)]
    rim = [point for i in range(4) for point in (corners[i], corners[(i + 1) % 4])]
    return np.array(rays + rim, np.float32)


def fading_grid(step_m: float, radius_m: float) -> tuple[Float32, Float32]:
    """A horizontal grid around the origin that fades away towards a radius.

    Returns:
        (N, 3) ends of its pieces, scene frame, and (N,) how strong each is, 0 to 1.
    """
    ticks_m = np.arange(-round(radius_m / step_m), round(radius_m / step_m) + 1) * step_m
    across, start = (values.ravel() for values in np.meshgrid(ticks_m, ticks_m[:-1]))
    flat = np.zeros_like(across)
    along = np.stack((np.stack((across, start, flat), 1), np.stack((across, start + step_m, flat), 1)), 1)
    ends = np.concatenate((along, along[..., [1, 0, 2]])).reshape(-1, 3).astype(np.float32)
    return ends, _faded(ends, radius_m)


def disc(radius_m: float, sectors: int = 40, rings: int = 4) -> tuple[Float32, Float32, NDArray[np.uint32]]:
    """A horizontal disc around the origin that fades away towards its edge.

    Returns:
        (V, 3) vertices, scene frame; (V,) how strong each is, 0 to 1; (F, 3) triangles.
    """
    angle = np.arange(sectors) * 2 * np.pi / sectors
    circle = np.stack((np.cos(angle), np.sin(angle), np.zeros(sectors)), 1)
    vertices = np.concatenate([radius_m * share * circle for share in np.linspace(0, 1, rings + 1)]).astype(np.float32)
    ring, sector = (grid.ravel() for grid in np.meshgrid(np.arange(rings), np.arange(sectors), indexing="ij"))
    here, there = ring * sectors + sector, ring * sectors + (sector + 1) % sectors
    faces = np.concatenate((np.stack((here, there, there + sectors), 1), np.stack((here, there + sectors, here + sectors), 1)))
    return vertices, _faded(vertices, radius_m), faces.astype(np.uint32)


def _faded(points_m: Float32, radius_m: float) -> Float32:
    reach = np.minimum(np.linalg.norm(points_m, axis=-1) / radius_m, 1.0)
    return np.asarray((1 - reach**2) ** 2, np.float32)


@dataclass(frozen=True, slots=True)
class CapsuleMesh:
    """Many capsules (tubes with round ends) as one mesh of constant size.

    Attributes:
        count: Number of capsules.
        normals: (V, 3) unit directions of one capsule's vertices, its axis along z.
        at_end: (V,) bool, which end of the axis a vertex belongs to.
        faces: (count * F, 3) uint32 triangles over all vertices.
    """

    count: int
    normals: Float32
    at_end: NDArray[np.bool_]
    faces: NDArray[np.uint32]

    @classmethod
    def build(cls, count: int, sides: int = 10, rings: int = 3) -> "CapsuleMesh":
        """A mesh of `count` capsules with that many sides and rings per cap."""
        latitude = np.linspace(-np.pi / 2, 0, rings)
        latitude = np.concatenate((latitude, -latitude[::-1]))
        longitude = np.arange(sides) * 2 * np.pi / sides
        lat, lon = (grid.ravel() for grid in np.meshgrid(latitude, longitude, indexing="ij"))
        normals = np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=1)
        at_end = np.repeat(np.arange(2 * rings) >= rings, sides)
        ring, side = (grid.ravel() for grid in np.meshgrid(np.arange(2 * rings - 1), np.arange(sides), indexing="ij"))
        here, there = ring * sides + side, ring * sides + (side + 1) % sides
        one = np.concatenate((np.stack((here, there, there + sides), 1), np.stack((here, there + sides, here + sides), 1)))
        faces = one[None] + (np.arange(count) * len(normals))[:, None, None]
        return cls(count, normals.astype(np.float32), at_end, faces.reshape(-1, 3).astype(np.uint32))

    def place(self, ends: Float32, radius_m: Float32) -> tuple[Float32, Float32]:
        """Vertices of the capsules at (count, 2, 3) ends with (count,) radii.

        Returns:
            Positions and normals, each (count * V, 3). A capsule with both ends at one point and no radius is invisible.
        """
        axis = ends[:, 1] - ends[:, 0]
        length = np.linalg.norm(axis, axis=1, keepdims=True)
        w = np.where(length > 1e-9, axis / np.maximum(length, 1e-9), np.array([0, 0, 1], np.float32))
        helper = np.where(np.abs(w[:, 2:]) < 0.9, np.array([[0, 0, 1]], np.float32), np.array([[1, 0, 0]], np.float32))
        u = np.cross(helper, w)
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        basis = np.stack((u, np.cross(w, u), w), axis=1)
        normals = self.normals @ basis
        centers = np.where(self.at_end[None, :, None], ends[:, 1:], ends[:, :1])
        radius = np.where(length[:, 0] > 1e-9, radius_m, 0)[:, None, None]
        return (
            (centers + normals * radius).reshape(-1, 3).astype(np.float32),
            normals.reshape(-1, 3).astype(np.float32),
        )
