"""A room that stands still: a textured table, floor and walls, and the light that falls on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from ghtt_core.synthetic.flesh import linear_rgb

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

TABLE_LOW = np.array((-0.95, -0.35))
TABLE_M = np.array((1.9, 1.25))
"""The table top, z = 0: its corner nearest to the body on the left, and its size."""
_TABLE_PX_M = 0.0016
_FLOOR_Z, _WALL_Y, _WALL_X = -0.74, 2.2, 2.4
_SHADOW_M = 0.004


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp far away and the light of the room.

    Attributes:
        towards: (3,) unit vector to the lamp.
        lamp, room: (3,) linear RGB strength.
    """

    towards: Float64
    lamp: Float64
    room: Float64


@dataclass(frozen=True, slots=True)
class Scenery:
    """Everything but hands and things. Textures are linear RGB, rows along y, columns along x."""

    light: Light
    table: Float32
    floor: Float32
    wall: Float32

    def background(self, origin_m: Float64, rays: Float32, shadow: Float32) -> Float32:
        """What the camera sees of the room.

        Args:
            origin_m: (3,) the camera.
            rays: (P, 3) viewing directions in the world frame.
            shadow: (rows, columns) share of the lamp's light that reaches the table, from `table_shadow`.

        Returns:
            (P, 3) linear RGB.
        """
        eye = origin_m.astype(np.float32)
        x, y, z = rays[:, 0], rays[:, 1], rays[:, 2]
        down = np.minimum(z, -1e-4)
        reach = -eye[2] / down
        at = eye[:2] + reach[:, None] * rays[:, :2]
        place = (at - TABLE_LOW.astype(np.float32)) / TABLE_M.astype(np.float32)
        on_table = (z < -1e-3) & (place > 0).all(axis=1) & (place < 1).all(axis=1)
        colour = np.empty_like(rays)
        lit = self.light.room + self.light.lamp * self.light.towards[2] * sample(shadow[..., None], place[on_table])
        colour[on_table] = sample(self.table, place[on_table]) * lit

        rest = np.flatnonzero(~on_table)
        to_floor = np.where(z[rest] < 0, (_FLOOR_Z - eye[2]) / down[rest], np.inf)
        to_wall = np.where(y[rest] > 1e-4, (_WALL_Y - eye[1]) / np.maximum(y[rest], 1e-4), np.inf)
        to_side = (_WALL_X - np.sign(x[rest]) * eye[0]) / np.maximum(np.abs(x[rest]), 1e-4)
        nearest = np.minimum(np.minimum(to_floor, to_wall), to_side)
        hit = eye + nearest[:, None] * rays[rest]
        floor = nearest == to_floor
        colour[rest[floor]] = sample(self.floor, hit[floor, :2] / 1.7 % 1.0) * (0.55 * self.light.room + 0.25 * self.light.lamp)
        along = np.where((nearest == to_wall)[:, None], hit[:, [0, 2]], hit[:, [1, 2]])[~floor]
        colour[rest[~floor]] = sample(self.wall, along / 2.6 % 1.0) * (0.6 * self.light.room + 0.35 * self.light.lamp)
        return colour

    def table_shadow(self, points_m: Float64) -> Float32:
        """Soft shadows that points of surfaces cast on the table: sharper where they are near to it."""
        rows, columns = (round(size / _SHADOW_M) for size in TABLE_M[::-1])
        lamp = self.light.towards
        ground = points_m[:, :2] - points_m[:, 2:] * (lamp[:2] / lamp[2])
        cell = ((ground - TABLE_LOW) / _SHADOW_M).astype(np.int64)
        inside = ((cell >= 0) & (cell < (columns, rows))).all(axis=1) & (points_m[:, 2] > -0.002)
        flat, height = cell[:, 1] * columns + cell[:, 0], points_m[:, 2]
        open_share = np.ones((rows, columns), np.float32)
        for low, high, blur, dark in ((-0.01, 0.03, 1.1, 0.9), (0.03, 0.09, 2.8, 0.85), (0.09, 9.0, 6.0, 0.75)):
            chosen = inside & (height >= low) & (height < high)
            mask = np.zeros(rows * columns, np.float32)
            mask[flat[chosen]] = 1.0
            open_share *= 1 - dark * gaussian_filter(mask.reshape(rows, columns), blur, truncate=2.5)
        return open_share


def sample(texture: Float32, place: Float32) -> Float32:
    """Bilinear look-up: (rows, columns, C) at (P, 2) places (x, y) in [0, 1)."""
    rows, columns, channels = texture.shape
    u = np.clip(place[:, 0] * columns - 0.5, 0, columns - 1.001)
    v = np.clip(place[:, 1] * rows - 0.5, 0, rows - 1.001)
    i, j = v.astype(np.int64), u.astype(np.int64)
    fu, fv = (u - j).astype(np.float32)[:, None], (v - i).astype(np.float32)[:, None]
    flat, at = texture.reshape(-1, channels), i * columns + j
    top, bottom = flat.take(at, axis=0), flat.take(at + columns, axis=0)
    top += fu * (flat.take(at + 1, axis=0) - top)
    bottom += fu * (flat.take(at + columns + 1, axis=0) - bottom)
    top += fv * (bottom - top)
    return np.asarray(top)


def build_scenery(rng: np.random.Generator) -> Scenery:
    """A room drawn from `rng`."""
    angle, height = rng.uniform(0.2, np.pi - 0.2), rng.uniform(0.9, 1.3)
    towards = np.array((np.cos(angle) * np.cos(height), np.sin(angle) * np.cos(height), np.sin(height)))
    warmth = rng.uniform(-0.12, 0.12)
    tint = np.array((1 + warmth, 1.0, 1 - warmth))
    strength = rng.uniform(0.75, 1.05)
    light = Light(towards, tint * strength * 0.85, (2 - tint) * strength * rng.uniform(0.36, 0.55))
    kind = rng.choice(("wood", "wood", "stone", "cloth", "plain"))
    table = {"wood": _wood, "stone": _stone, "cloth": _cloth, "plain": _plain}[kind](rng)
    _scatter(table, rng)
    floor = np.tile(_muted(rng, 50, 130), (512, 512, 1)) * (1 + 0.15 * noise((512, 512), 12, rng))[..., None]
    floor[::128] *= 0.6
    floor[:, ::128] *= 0.6
    wall = np.tile(_muted(rng, 120, 215), (512, 512, 1)) * (1 + 0.06 * noise((512, 512), 40, rng))[..., None]
    for _ in range(6):
        x, y, w, h = rng.integers((40, 40, 30, 30), (420, 420, 120, 120))
        wall[y : y + h, x : x + w] = _muted(rng, 40, 220)
    return Scenery(light, table.astype(np.float32), floor.astype(np.float32), wall.astype(np.float32))


def noise(shape: tuple[int, int], grain_px: float | tuple[float, float], rng: np.random.Generator) -> Float64:
    """Smooth noise of about unit spread with a grain of so many pixels (rows, columns)."""
    grain = (grain_px, grain_px) if isinstance(grain_px, int | float) else grain_px
    small = [max(int(n / g) + 3, 4) for n, g in zip(shape, grain, strict=True)]
    coarse = rng.standard_normal(small)
    fine = zoom(coarse, [(n + 2.0 * g) / s for n, g, s in zip(shape, grain, small, strict=True)], order=1)
    return np.asarray(fine[: shape[0], : shape[1]])


def _muted(rng: np.random.Generator, low: float, high: float) -> Float64:
    """A colour of household things: linear RGB, seldom loud."""
    colour = rng.uniform(low, high, 3)
    return linear_rgb(colour.mean() + rng.uniform(0.25, 0.65) * (colour - colour.mean()))


def _shape() -> tuple[int, int]:
    return round(TABLE_M[1] / _TABLE_PX_M), round(TABLE_M[0] / _TABLE_PX_M)


def _wood(rng: np.random.Generator) -> Float64:
    shape = _shape()
    bases = np.array(((190, 150, 105), (160, 115, 72), (120, 80, 50), (205, 175, 135), (90, 62, 44)))
    base = linear_rgb(bases[rng.integers(len(bases))] * rng.normal(1.0, 0.05, 3))
    figure = np.zeros(shape)
    plank = int(rng.integers(60, 110))
    for top in range(0, shape[0], plank):
        end = min(top + plank, shape[0])
        size = (end - top, shape[1])
        bend = noise(size, (40, 500), rng) * 1.5 + np.arange(size[0])[:, None] * rng.uniform(0.02, 0.05)
        rings = np.sin(2 * np.pi * bend * 2.0)
        figure[top:end] = (
            0.10 * rings + 0.07 * noise(size, (2, 90), rng) + 0.05 * noise(size, (1.2, 30), rng) + rng.normal(0.0, 0.08)
        )
        figure[top : top + 1] -= 0.45
    return np.asarray(base * (1 + figure[..., None] * np.array((0.8, 1.0, 1.15)))).clip(0.01, 1.0)


def _stone(rng: np.random.Generator) -> Float64:
    shape = _shape()
    base = linear_rgb(np.full(3, rng.uniform(70, 190)) + rng.normal(0, 8, 3))
    cloud = 0.10 * noise(shape, 120, rng) + 0.07 * noise(shape, 30, rng) + 0.06 * noise(shape, 7, rng)
    specks = (noise(shape, 3, rng) > 1.5) * rng.uniform(-0.5, 0.6)
    return np.asarray(base * (1 + (cloud + specks)[..., None])).clip(0.01, 1.0)


def _cloth(rng: np.random.Generator) -> Float64:
    shape = _shape()
    first, second = _muted(rng, 60, 225), _muted(rng, 60, 225)
    pitch = rng.integers(18, 60)
    rows, columns = (np.arange(n) // pitch % 2 for n in shape)
    mix = 0.5 * rows[:, None] + 0.5 * columns[None]
    weave = 0.06 * np.sin(np.arange(shape[0]) * 1.9)[:, None] * np.sin(np.arange(shape[1]) * 1.9)
    folds = 0.08 * noise(shape, 90, rng)
    return np.asarray((first + mix[..., None] * (second - first)) * (1 + (weave + folds)[..., None])).clip(0.01, 1.0)


def _plain(rng: np.random.Generator) -> Float64:
    shape = _shape()
    base = linear_rgb(rng.uniform(120, 215) + rng.normal(0, 10, 3))
    return np.asarray(base * (1 + (0.03 * noise(shape, 60, rng) + 0.03 * noise(shape, 4, rng))[..., None])).clip(0.01, 1.0)


def _scatter(table: Float64, rng: np.random.Generator) -> None:
    """Flat things that lie about: sheets with lines, notes, coasters."""
    rows, columns = (int(n) for n in table.shape[:2])
    for _ in range(rng.integers(5, 10)):
        centre = rng.uniform((0.05 * columns, 0.1 * rows), (0.95 * columns, 0.95 * rows))
        turn = rng.uniform(0, np.pi)
        half = rng.uniform(20, 75, 2)
        reach = int(np.hypot(*half)) + 1
        left, top = max(int(centre[0]) - reach, 0), max(int(centre[1]) - reach, 0)
        patch = table[top : int(centre[1]) + reach, left : int(centre[0]) + reach]
        yy, xx = np.mgrid[top : top + patch.shape[0], left : left + patch.shape[1]]
        u = (xx - centre[0]) * np.cos(turn) + (yy - centre[1]) * np.sin(turn)
        v = (yy - centre[1]) * np.cos(turn) - (xx - centre[0]) * np.sin(turn)
        colour = _muted(rng, 50, 235) if rng.random() < 0.6 else linear_rgb(np.array((232, 230, 224)))
        if rng.random() < 0.3:
            mask = np.hypot(u, v) < half[0] * 0.8
            patch[mask & (np.hypot(u, v) > half[0] * 0.6)] = colour * 0.6
            patch[np.hypot(u, v) <= half[0] * 0.6] = colour
            continue
        mask = (np.abs(u) < half[0]) & (np.abs(v) < half[1])
        patch[mask] = colour
        lines = mask & (v % 9 < 2.2) & (np.abs(u) < half[0] * 0.8) & (np.sin(u * 0.35 + v // 9 * 3) > -0.6)
        patch[lines] = colour * 0.35
