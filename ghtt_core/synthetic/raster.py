"""A z-buffer rasteriser in NumPy, made for meshes of many small triangles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

_SIZES = (1, 2, 3, 4, 6, 8, 12, 20, 40, 80, 200, 500)


@dataclass(frozen=True, slots=True)
class Fragments:
    """The visible surface, one entry per covered pixel.

    Attributes:
        pixel: (P,) flat pixel number.
        triangle: (P,) which triangle.
        share: (P, 3) weights of its corners.
        depth: (P,) distance along the viewing axis.
    """

    pixel: Int64
    triangle: Int64
    share: Float32
    depth: Float32

    def interpolate(self, triangles: Int64, values: Float32) -> Float32:
        """(P, C) vertex values at the pixels."""
        corners = triangles[self.triangle]
        return np.asarray(
            values[corners[:, 0]] * self.share[:, :1]
            + values[corners[:, 1]] * self.share[:, 1:2]
            + values[corners[:, 2]] * self.share[:, 2:]
        )


def rasterise(points_px: Float32, depth: Float32, triangles: Int64, width: int, height: int) -> Fragments:
    """Find the nearest front-facing triangle at every pixel centre.

    Args:
        points_px: (N, 2) projected vertices.
        depth: (N,) along the viewing axis; triangles with a vertex nearer than 3 cm are left out.
        triangles: (M, 3), counter-clockwise seen from outside.
        width: Of the picture.
        height: Of the picture.
    """
    a, b, c = (points_px[triangles[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    lowest, highest = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    first = np.maximum(np.ceil(lowest - 0.5), 0)
    last = np.minimum(np.floor(highest - 0.5), (width - 1, height - 1))
    size = (last - first).max(axis=1) + 1
    keep = (area < -1e-9) & (last >= first).all(axis=1) & (depth[triangles].min(axis=1) > 0.03)
    found: list[tuple[Int64, Int64, Float32, Float32]] = []
    for small, large in zip((0, *_SIZES), (*_SIZES, max(width, height)), strict=True):
        chosen = np.flatnonzero(keep & (size > small) & (size <= large))
        if chosen.size:
            corners = a[chosen], b[chosen], c[chosen]
            found.append(_cover(chosen, corners, area[chosen], first[chosen], last[chosen], large, width))
    if not found:
        return Fragments(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 3), np.float32), np.empty(0, np.float32))
    pixel, triangle, l1, l2 = (np.concatenate(part) for part in zip(*found, strict=True))
    share = np.stack((1 - l1 - l2, l1, l2), axis=1)
    z = (depth[triangles[triangle]] * share).sum(axis=1)
    nearest = np.full(width * height, np.inf, z.dtype)
    np.minimum.at(nearest, pixel, z)
    front = np.flatnonzero(z <= nearest[pixel])
    best = np.full(width * height, -1, np.int64)
    best[pixel[front]] = front
    best = best[best >= 0]
    return Fragments(pixel[best], triangle[best], share[best].astype(np.float32), z[best].astype(np.float32))


def _cover(
    chosen: Int64,
    corners: tuple[Float32, Float32, Float32],
    area: Float32,
    first: Float32,
    last: Float32,
    size: int,
    width: int,
) -> tuple[Int64, Int64, Float32, Float32]:
    """Pixels of triangles that all fit into a square of `size`: pixel, triangle and the weights of corners 1 and 2."""
    a, b, c = (corner[:, :, None, None] for corner in corners)
    step = np.arange(size, dtype=np.float32)
    column, row = first[:, :1] + step, first[:, 1:] + step
    x, y = column[:, None, :] + np.float32(0.5) - a[:, 0], row[:, :, None] + np.float32(0.5) - a[:, 1]
    scale = (1.0 / area)[:, None, None].astype(np.float32)
    bx, by, cx, cy = b[:, 0] - a[:, 0], b[:, 1] - a[:, 1], c[:, 0] - a[:, 0], c[:, 1] - a[:, 1]
    l1, l2 = (x * cy - y * cx) * scale, (y * bx - x * by) * scale
    inside = (l1 >= 0) & (l2 >= 0) & (l1 + l2 <= 1)
    inside &= (column <= last[:, :1])[:, None, :] & (row <= last[:, 1:])[:, :, None]
    n, i, j = np.nonzero(inside)
    pixel = (row[n, i] * width + column[n, j]).astype(np.int64)
    return pixel, chosen[n], l1[n, i, j], l2[n, i, j]
