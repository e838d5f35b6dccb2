"""Triangle meshes, and the surface of a signed distance on a grid."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Mesh:
    """A coloured surface.

    Attributes:
        vertices_m: (N, 3).
        normals: (N, 3) unit, outward.
        triangles: (M, 3) vertex numbers, counter-clockwise seen from outside.
        albedo: (N, 3) linear RGB.
        gloss: How strongly it mirrors the light, 0 to 1.
    """

    vertices_m: Float64
    normals: Float64
    triangles: Int64
    albedo: Float64
    gloss: float = 0.1


def surface_nets(distance: Callable[[Float64], Float64], low: Float64, high: Float64, step_m: float) -> tuple[Float64, Int64]:
    """The zero surface of a distance function by naive surface nets (Gibson 1998): vertices and outward triangles."""
    axes = [np.arange(a, b + step_m, step_m) for a, b in zip(low, high, strict=True)]
    shape = tuple(axis.size for axis in axes)
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    value = distance(grid.reshape(-1, 3)).reshape(shape)
    cells = tuple(n - 1 for n in shape)
    total, count = np.zeros((*cells, 3)), np.zeros(cells)
    corners = [np.array(c) for c in np.ndindex(2, 2, 2)]
    for a in corners:
        for axis in np.flatnonzero(a == 0):
            b = a.copy()
            b[axis] = 1
            va, vb = (value[tuple(slice(c, c + n) for c, n in zip(corner, cells, strict=True))] for corner in (a, b))
            crossing = (va < 0) != (vb < 0)
            offset = np.where(crossing, va / np.where(crossing, va - vb, 1.0), 0.0)
            total += np.where(crossing[..., None], a + offset[..., None] * (b - a), 0.0)
            count += crossing
    active = count > 0
    number = np.full(cells, -1)
    number[active] = np.arange(int(active.sum()))
    vertices = np.argwhere(active) + total[active] / count[active][:, None]
    return np.asarray(low) + vertices * step_m, np.concatenate([_quads(value, number, axis) for axis in range(3)])


def _quads(value: Float64, number: Int64, axis: int) -> Int64:
    """Two triangles around every grid edge along an axis that the surface crosses."""
    u, v = (axis + 1) % 3, (axis + 2) % 3
    inside = np.moveaxis(value < 0, (axis, u, v), (0, 1, 2))
    cell = np.moveaxis(number, (axis, u, v), (0, 1, 2))
    first, second = inside[:-1, 1:-1, 1:-1], inside[1:, 1:-1, 1:-1]
    where = np.argwhere(first != second)
    i, j, k = where.T
    ring = np.stack((cell[i, j, k], cell[i, j + 1, k], cell[i, j + 1, k + 1], cell[i, j, k + 1]), axis=-1)
    leaving = first[i, j, k]
    ring = np.where(leaving[:, None], ring, ring[:, ::-1])
    return np.concatenate((ring[:, [0, 1, 2]], ring[:, [0, 2, 3]]))


def gradient(distance: Callable[[Float64], Float64], points: Float64, step_m: float = 5e-4) -> Float64:
    """(N, 3) unit gradient of a distance function by central differences."""
    slope = np.stack([distance(points + e) - distance(points - e) for e in np.eye(3) * step_m], axis=-1)
    return np.asarray(slope / np.maximum(np.linalg.norm(slope, axis=-1, keepdims=True), 1e-12))


def vertex_normals(vertices: Float64, triangles: Int64) -> Float64:
    """(N, 3) unit normals, area-weighted."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for column in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(triangles[:, column], face[:, axis], vertices.shape[0])
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=-1, keepdims=True), 1e-12))
