"""The looks of things: coloured meshes of cups, bottles, spoons, boxes and the like."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ghtt_core.synthetic.flesh import linear_rgb
from ghtt_core.synthetic.mesh import Mesh, vertex_normals
from ghtt_core.synthetic.objects import Thing

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Profile = list[tuple[float, float, int]]
"""Radius, height and colour number from the bottom up: the outside lies to the right of the way."""

_PALETTE_SRGB = np.array(
    ((236, 232, 224), (196, 62, 48), (44, 92, 150), (238, 182, 60), (66, 130, 92), (70, 72, 80), (150, 96, 60), (222, 130, 150))
)
_AROUND = 40
MAIN, ACCENT, INSIDE = 0, 1, 2


def build_thing(thing: Thing, rng: np.random.Generator) -> Mesh:
    """A thing's surface in its own frame; its colours are drawn from `rng`."""
    main, accent = linear_rgb(_PALETTE_SRGB[rng.choice(len(_PALETTE_SRGB), 2, replace=False)])
    inside = linear_rgb(np.array((92, 54, 30)))
    colours = np.stack((main, accent, inside))
    radius, half = float(thing.size_m[0]) / 2, float(thing.size_m[2]) / 2
    if thing.kind == "spoon":
        return _spoon(half)
    if thing.kind == "cup":
        return _join(_lathe(_cup(radius, half), colours, 0.35), _handle(radius, half, main))
    if thing.kind in _PROFILES:
        return _lathe(_PROFILES[thing.kind](radius, half), colours, 0.35)
    return _block(thing, main, accent)


def _ball(radius: float, half: float) -> Profile:
    turns = np.linspace(-np.pi / 2, np.pi / 2, 25)
    return [(radius * float(np.cos(t)), half * float(np.sin(t)), ACCENT if abs(t) < 0.2 else MAIN) for t in turns]


def _cup(radius: float, half: float) -> Profile:
    outer = [(0.0, -half, MAIN), (0.8 * radius, -half, MAIN), (0.97 * radius, -half + 0.006, MAIN)]
    outer += [
        (radius, float(z), ACCENT if abs(z + 0.1 * half) < 0.25 * half else MAIN) for z in np.linspace(-0.7, 0.97, 18) * half
    ]
    inner = [(radius - 0.002, half, MAIN)] + [(radius - 0.004, float(z) * half, MAIN) for z in (0.97, 0.8, 0.6, 0.46)]
    return [*outer, *inner, (radius - 0.0045, 0.45 * half, INSIDE), (0.0, 0.45 * half, INSIDE)]


def _bottle(radius: float, half: float) -> Profile:
    neck = 0.42 * radius
    body = [(0.0, -half, MAIN), (0.9 * radius, -half, MAIN), (radius, -half + 0.006, MAIN)]
    body += [(radius, float(z) * half, ACCENT if -0.55 < z < 0.15 else MAIN) for z in np.linspace(-0.85, 0.30, 24)]
    slope = [
        (radius + (neck - radius) * (3 * t * t - 2 * t**3), (0.30 + 0.38 * t) * half, MAIN) for t in np.linspace(0.15, 1, 7)
    ]
    mouth = [
        (neck, 0.92 * half, MAIN),
        (1.2 * neck, 0.93 * half, ACCENT),
        (1.2 * neck, half, ACCENT),
        (0.8 * neck, half, ACCENT),
    ]
    return [*body, *slope, *mouth, (0.75 * neck, 0.93 * half, INSIDE), (0.0, 0.93 * half, INSIDE)]


def _jar(radius: float, half: float) -> Profile:
    body = [(0.0, -half, MAIN), (0.95 * radius, -half, MAIN), (radius, -half + 0.005, MAIN)]
    body += [(radius, float(z) * half, MAIN) for z in np.linspace(-0.8, 0.55, 9)]
    lid = [(0.93, 0.60), (0.97, 0.62), (0.97, 0.75), (0.97, 0.97), (0.92, 1.0), (0.0, 1.0)]
    return body + [(r * radius, z * half, ACCENT) for r, z in lid]


def _bowl(radius: float, half: float) -> Profile:
    t = np.linspace(0.0, np.pi / 2, 10)
    outer = [(radius * (0.4 + 0.6 * float(np.sin(u))), half - 2 * half * float(np.cos(u)), MAIN) for u in t]
    inner = [(r - 0.004, min(z + 0.004, half), INSIDE if z < 0.2 * half else ACCENT) for r, z, _ in outer[::-1]]
    return [(0.0, -half, MAIN), *outer, *inner, (0.0, -half + 0.006, INSIDE)]


_PROFILES: dict[str, Callable[[float, float], Profile]] = {"ball": _ball, "bottle": _bottle, "jar": _jar, "bowl": _bowl}


def _lathe(profile: Profile, colours: Float64, gloss: float) -> Mesh:
    """Turn a profile about z."""
    radius, height, colour = (np.array(column) for column in zip(*profile, strict=True))
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    rows = radius.size
    vertices = np.stack(
        (np.outer(radius, np.cos(angle)), np.outer(radius, np.sin(angle)), np.outer(height, np.ones(_AROUND))), axis=-1
    ).reshape(-1, 3)
    triangles = _strip(rows, _AROUND, closed=True)
    albedo = np.repeat(colours[colour.astype(np.int64)], _AROUND, axis=0)
    return Mesh(vertices, vertex_normals(vertices, triangles), triangles, albedo, gloss)


def _strip(rows: int, columns: int, *, closed: bool) -> Int64:
    """Triangles of a grid of vertices, columns counter-clockwise about the way from the first row to the last."""
    i, j = (index.ravel() for index in np.meshgrid(np.arange(rows - 1), np.arange(columns - (not closed)), indexing="ij"))
    k = (j + 1) % columns
    a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j
    return np.concatenate((np.stack((a, b, c), axis=1), np.stack((a, c, d), axis=1)))


def tube(centres: Float64, radii: Float64, albedo: Float64, gloss: float = 0.1) -> Mesh:
    """A bent tube: (R, 3) centres, (R, 2) radii along the two directions across, (3,) or (R, 3) colour."""
    along = np.gradient(centres, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    steady = np.array((0.0, 0.0, 1.0)) if np.abs(along[:, 2]).max() < 0.9 else np.array((0.0, 1.0, 0.0))
    side = np.cross(along, steady)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, along)
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    ring = np.cos(angle)[:, None] * (side * radii[:, :1])[:, None] - np.sin(angle)[:, None] * (up * radii[:, 1:])[:, None]
    vertices = (centres[:, None] + ring).reshape(-1, 3)
    triangles = _strip(len(centres), angle.size, closed=True)
    colour = np.repeat(np.broadcast_to(albedo, centres.shape), angle.size, axis=0)
    return Mesh(vertices, vertex_normals(vertices, triangles), triangles, colour, gloss)


def _handle(radius: float, half: float, colour: Float64) -> Mesh:
    turn = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 14)
    loop = np.stack((radius - 0.003 + 0.024 * np.cos(turn), np.zeros(14), 0.58 * half * np.sin(turn)), axis=-1)
    return tube(loop, np.full((14, 2), 0.0045), colour, 0.35)


def _spoon(half: float) -> Mesh:
    """A steel spoon, its bowl at the lower end."""
    t = np.linspace(0.0, 1.0, 40)
    bowl = np.sqrt(np.clip(1 - ((t - 0.13) / 0.13) ** 2, 0.0, 1.0))
    flat = np.where(t < 0.26, 0.0135 * bowl, 0.0026 + 0.0022 * t)
    centres = np.stack((np.zeros(40), np.where(t < 0.26, -0.004 * bowl, 0.0), (2 * t - 1) * half), axis=-1)
    radii = np.stack((np.maximum(flat, 0.0022), np.where(t < 0.26, 0.0025, 0.0018)), axis=-1)
    return tube(centres, radii, linear_rgb(np.array((176, 178, 184))), 0.8)


def _join(first: Mesh, second: Mesh) -> Mesh:
    return Mesh(
        np.concatenate((first.vertices_m, second.vertices_m)),
        np.concatenate((first.normals, second.normals)),
        np.concatenate((first.triangles, second.triangles + first.vertices_m.shape[0])),
        np.concatenate((first.albedo, second.albedo)),
        first.gloss,
    )


def _block(thing: Thing, main: Float64, accent: Float64) -> Mesh:
    """A box with a print on it: a label, a sponge's pores, or keys."""
    vertices, normals, triangles, albedo = [], [], [], []
    count = 0
    half = thing.size_m / 2
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        across = [np.linspace(-1, 1, max(int(thing.size_m[k] / 0.005), 2)) for k in (u, v)]
        grid = np.stack(np.meshgrid(*across, indexing="ij"), axis=-1).reshape(-1, 2)
        faces = _strip(across[0].size, across[1].size, closed=False)
        for sign in (-1.0, 1.0):
            points = np.empty((grid.shape[0], 3))
            points[:, axis], points[:, u], points[:, v] = sign, grid[:, 0], grid[:, 1]
            vertices.append(points * half)
            normals.append(np.broadcast_to(np.eye(3)[axis] * sign, points.shape))
            triangles.append((faces if sign < 0 else faces[:, ::-1]) + count)
            albedo.append(_print(thing, grid, axis, sign, main, accent))
            count += points.shape[0]
    mesh = [np.concatenate(part) for part in (vertices, normals, triangles, albedo)]
    return Mesh(mesh[0], mesh[1], mesh[2], mesh[3], 0.15)


def _print(thing: Thing, grid: Float64, axis: int, sign: float, main: Float64, accent: Float64) -> Float64:
    x, y = grid[:, 0], grid[:, 1]
    if thing.kind == "keyboard":
        body, key = linear_rgb(np.array(((52, 54, 60), (205, 206, 208))))
        row, column = (y + 1) * 2.5 % 1, (x + 1) * 7.5 % 1
        on = (axis == 2) & (sign > 0) & (row > 0.16) & (row < 0.88) & (column > 0.12) & (column < 0.88) & (np.abs(x) < 0.97)
        return np.asarray(np.where(np.asarray(on)[:, None], key, body))
    if thing.kind == "sponge":
        scour = (axis == 2) & (sign < 0)
        return np.tile(linear_rgb(np.array((70, 120, 70) if scour else (232, 196, 70))), (x.size, 1))
    label = (np.abs(x) < 0.7) & (np.abs(y) < 0.55) & (np.abs(y + 0.2) > 0.08)
    return np.asarray(np.where(label[:, None], accent, main))
