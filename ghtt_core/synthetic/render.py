"""Films a synthetic motion: hands, held things and the room, with every joint's place known exactly."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ghtt_core.skeleton import HANDS, LEFT
from ghtt_core.synthetic.arms import build_arm, forearm_rotations
from ghtt_core.synthetic.director import MIRROR
from ghtt_core.synthetic.flesh import Flesh, build_flesh
from ghtt_core.synthetic.mesh import Mesh
from ghtt_core.synthetic.motion import SyntheticMotion
from ghtt_core.synthetic.props import build_thing
from ghtt_core.synthetic.raster import Fragments, rasterise
from ghtt_core.synthetic.scenery import Light, build_scenery

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

_SUPERSAMPLE = 2
_HIDDEN_M = 0.022
_NAIL_RGB = np.array((1.10, 0.98, 0.98), np.float32)


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera: focal length and principal point in pixels, and the picture's size."""

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int

    def project(self, points_cam_m: NDArray[np.floating]) -> Float64:
        """(..., 3) metres in the camera frame to (..., 2) pixels."""
        z = np.maximum(points_cam_m[..., 2], 1e-6)
        x, y = points_cam_m[..., 0], points_cam_m[..., 1]
        return np.stack((self.fx * x / z + self.cx, self.fy * y / z + self.cy), axis=-1).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Shot:
    """One rendered frame.

    Attributes:
        image_rgb: (H, W, 3) uint8.
        joints_cam_m: (2, 21, 3) exact joints in the camera frame.
        joints_px: (2, 21, 2) their projections.
        joint_seen: (2, 21) bool: inside the picture and not hidden by a thing or the other hand.
    """

    image_rgb: NDArray[np.uint8]
    joints_cam_m: Float64
    joints_px: Float64
    joint_seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Body:
    """A mesh at one instant, ready to be drawn; `owner` is 0 or 1 for a hand, -1 for a thing."""

    vertices_m: Float64
    normals: Float64
    triangles: NDArray[np.int64]
    albedo: Float64
    gloss: float
    shade: Float64 | None
    nail: Float64 | None
    owner: int


class Camera:
    """Films one motion; the looks (skin, clothes, room, light, sensor) are drawn from the motion's seed."""

    def __init__(self, motion: SyntheticMotion, lens: Lens) -> None:
        rng = np.random.default_rng((motion.seed, 1))
        self.motion, self.lens = motion, lens
        self._flesh: Flesh = build_flesh(motion.shape, rng)
        back = (np.abs(self._flesh.vertices_m[:, 1] + 0.09) < 0.02) & (self._flesh.normals[:, 2] > 0)
        self._arm: Mesh = build_arm(motion.shape.girth, self._flesh.albedo[back].mean(axis=0), rng)
        self._forearm = forearm_rotations(motion.world_from_hand, motion.world_from_cam[:, :3, 3].mean(axis=0))
        self._things = [build_thing(item.thing, np.random.default_rng(item.seed)) for item in motion.objects]
        self._scenery = build_scenery(rng)
        self._exposure = float(rng.uniform(0.85, 1.15))
        self._grain = float(rng.uniform(0.8, 2.8))
        self._blur_px = float(rng.uniform(0.35, 0.7)) * lens.width / 640
        self._noise_rng = np.random.default_rng((motion.seed, 2))
        u, v = np.meshgrid(np.arange(lens.width) + 0.5, np.arange(lens.height) + 0.5)
        rays = np.stack(((u - lens.cx) / lens.fx, (v - lens.cy) / lens.fy, np.ones_like(u)), axis=-1)
        self._rays = rays.reshape(-1, 3).astype(np.float32)
        corner = np.hypot(self._rays[:, 0], self._rays[:, 1]) / np.hypot(*self._rays[0, :2])
        self._vignette = (1 - 0.28 * corner**2).astype(np.float32)[:, None]

    def shoot(self, frame: int) -> Shot:
        """Render one frame of the motion."""
        lens, pose = self.lens, self.motion.world_from_cam[frame]
        bodies = [*self._hands(frame), *self._objects(frame)]
        points = np.concatenate([body.vertices_m for body in bodies])
        shadow = self._scenery.table_shadow(points)
        turn = pose[:3, :3].astype(np.float32)
        scale = _SUPERSAMPLE
        cam = (points - pose[:3, 3]) @ pose[:3, :3]
        pixels = (lens.project(cam) * scale).astype(np.float32)
        triangles = _gather([body.triangles for body in bodies], [len(body.vertices_m) for body in bodies])
        drawn = rasterise(pixels, cam[:, 2].astype(np.float32), triangles, lens.width * scale, lens.height * scale)
        colour = self._shade(bodies, points, triangles, drawn, pose[:3, 3])
        total, cover = self._gather_pixels(drawn, colour)
        bare = np.flatnonzero(cover < 1.0)
        back = self._scenery.background(pose[:3, 3], self._rays[bare] @ turn.T, shadow)
        total[bare] += back * (1 - cover[bare, None])
        image = total.reshape(lens.height, lens.width, 3)
        joints = (self.motion.sequence.joints_m[frame].astype(np.float64) - pose[:3, 3]) @ pose[:3, :3]
        owners = np.repeat([body.owner for body in bodies], [len(body.triangles) for body in bodies])
        places = lens.project(joints)
        return Shot(self._develop(image), joints, places, self._seen(joints, places, drawn, owners))

    def _hands(self, frame: int) -> list[_Body]:
        bodies = []
        for hand in range(HANDS):
            forearm = self._forearm[frame, hand]
            flesh, arm = self._flesh, self._arm
            vertices, normals = flesh.pose(self.motion.shape, self.motion.angles_rad[frame, hand], forearm)
            skin = _Body(vertices, normals, flesh.triangles, flesh.albedo, 0.12, flesh.shade, flesh.nail, hand)
            turned = arm.vertices_m @ forearm.T, arm.normals @ forearm.T
            sleeve = _Body(*turned, arm.triangles, arm.albedo, arm.gloss, None, None, hand)
            bodies += [_place(body, self.motion.world_from_hand[frame, hand]) for body in (skin, sleeve)]
        return bodies

    def _objects(self, frame: int) -> list[_Body]:
        bodies = []
        for item, mesh in zip(self.motion.objects, self._things, strict=True):
            pose = item.world_from_object[frame]
            points = mesh.vertices_m @ pose[:3, :3].T + pose[:3, 3]
            normals = mesh.normals @ pose[:3, :3].T
            bodies.append(_Body(points, normals, mesh.triangles, mesh.albedo, mesh.gloss, None, None, -1))
        return bodies

    def _shade(
        self, bodies: list[_Body], points: Float64, triangles: NDArray[np.int64], drawn: Fragments, eye: Float64
    ) -> Float32:
        """Light the vertices, then carry colours to the pixels; nails are painted per pixel."""
        light = self._scenery.light
        lit = _lamp_share(points, light)
        values = np.zeros((points.shape[0], 6), np.float32)
        start = 0
        for body in bodies:
            part = slice(start, start + len(body.vertices_m))
            values[part, :3] = _vertex_colour(body, lit[part], light, eye)
            values[part, 3:] = 9.0 if body.nail is None else body.nail
            start = part.stop
        pixel = drawn.interpolate(triangles, values)
        across, along, out = pixel[:, 3], pixel[:, 4], pixel[:, 5]
        rim = np.hypot(across, np.where(along < 0, along * 1.05, along * 0.9))
        nail = np.clip((1.0 - rim) * 6.0, 0.0, 1.0) * np.clip((out - 0.15) * 4.0, 0.0, 1.0) * (across < 5)
        edge = np.exp(-(((rim - 1.0) / 0.12) ** 2)) * (out > 0.2) * (across < 5)
        tip = nail * np.clip((along - 0.55) * 8.0, 0.0, 1.0)
        tint = 1 + nail[:, None] * (_NAIL_RGB - 1) + 0.22 * tip[:, None] - 0.16 * edge[:, None]
        shine = 0.05 * nail * np.exp(-((across - 0.2) ** 2) / 0.03)
        return np.asarray(pixel[:, :3] * tint + shine[:, None], np.float32)

    def _gather_pixels(self, drawn: Fragments, colour: Float32) -> tuple[Float32, Float32]:
        """Average the fine pixels: (H * W, 3) light and (H * W,) the share of each pixel that is covered."""
        scale, width = _SUPERSAMPLE, self.lens.width
        row, column = np.divmod(drawn.pixel, width * scale)
        target = (row // scale) * width + column // scale
        size = self.lens.height * width
        cover = np.bincount(target, minlength=size) / scale**2
        total = np.stack([np.bincount(target, colour[:, k], size) for k in range(3)], axis=-1) / scale**2
        return total.astype(np.float32), cover.astype(np.float32)

    def _develop(self, image: Float32) -> NDArray[np.uint8]:
        """Lens blur, exposure, vignette, a film-like curve, and the sensor's grain."""
        soft = gaussian_filter(image, (self._blur_px, self._blur_px, 0), truncate=2.5).reshape(-1, 3)
        light = np.maximum(soft * self._exposure * self._vignette, 0.0)
        curve = light * (1 + light / 4.0) / (1 + light)
        tone = 255.0 * np.power(np.minimum(1.25 * curve, 1.0), np.float32(1 / 2.2))
        tone += self._grain * self._noise_rng.standard_normal(tone.shape, np.float32)
        return np.asarray(np.clip(tone + 0.5, 0, 255), np.uint8).reshape(image.shape)

    def _seen(self, joints: Float64, places: Float64, drawn: Fragments, owners: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which joints the picture shows: in front of them there is at most their own hand's flesh."""
        scale, lens = _SUPERSAMPLE, self.lens
        depth = np.full(lens.height * lens.width * scale**2, np.inf, np.float32)
        owner = np.full(depth.size, -2, np.int64)
        depth[drawn.pixel], owner[drawn.pixel] = drawn.depth, owners[drawn.triangle]
        inside = (places >= 0).all(axis=-1) & (places < (lens.width, lens.height)).all(axis=-1) & (joints[..., 2] > 0.05)
        cell = np.where(inside[..., None], places * scale, 0).astype(np.int64)
        at = cell[..., 1] * lens.width * scale + cell[..., 0]
        other = owner[at] != np.arange(HANDS)[:, None]
        return np.asarray(inside & ~(other & (depth[at] < joints[..., 2] - 0.003)))


def _place(body: _Body, pose: Float64) -> _Body:
    """From a hand's own frame to the world frame; the left hand's is mirrored."""
    placed, turned, triangles = body.vertices_m @ pose[:3, :3].T + pose[:3, 3], body.normals @ pose[:3, :3].T, body.triangles
    if body.owner == LEFT:
        placed, turned, triangles = placed @ MIRROR, turned @ MIRROR, triangles[:, ::-1]
    return replace(body, vertices_m=placed, normals=turned, triangles=triangles)


def _gather(parts: list[NDArray[np.int64]], sizes: list[int]) -> NDArray[np.int64]:
    offsets = np.concatenate(((0,), np.cumsum(sizes)[:-1]))
    return np.concatenate([part + offset for part, offset in zip(parts, offsets, strict=True)])


def _lamp_share(points: Float64, light: Light) -> Float64:
    """(N,) how much of the lamp reaches each point: a shadow map of splatted points, softened."""
    side = np.cross(light.towards, (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    frame = np.stack((side, np.cross(light.towards, side), light.towards), axis=-1)
    local = points @ frame
    cell = ((local[:, :2] - local[:, :2].min(axis=0)) / 0.006).astype(np.int64) + 2
    columns = int(cell[:, 0].max()) + 3
    flat = cell[:, 1] * columns + cell[:, 0]
    nearest = np.full(columns * (int(cell[:, 1].max()) + 3), -np.inf)
    order = np.argsort(local[:, 2])
    nearest[flat[order]] = local[order, 2]
    share = np.zeros(points.shape[0])
    steps = [row * columns + column for row in (-1, 0, 1) for column in (-1, 0, 1)]
    for step in steps:
        share += np.clip(1.0 - (nearest[flat + step] - local[:, 2] - 0.012) / 0.012, 0.0, 1.0)
    return share / len(steps)


def _vertex_colour(body: _Body, lit: Float64, light: Light, eye: Float64) -> Float64:
    view = eye - body.vertices_m
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    facing = np.abs((body.normals * view).sum(axis=1))
    cosine = body.normals @ light.towards
    openness = 0.45 + 0.55 * body.shade if body.shade is not None else np.ones(len(lit))
    near_table = 0.6 + 0.4 * np.clip(body.vertices_m[:, 2] / 0.05, 0.0, 1.0)
    sky = (0.62 + 0.38 * body.normals[:, 2]) * openness * (0.72 + 0.28 * facing) * near_table
    if body.shade is None:
        diffuse = np.maximum(cosine, 0.0)[:, None] * np.ones(3)
    else:
        wrap = np.array((0.30, 0.16, 0.10))
        diffuse = np.maximum((cosine[:, None] + wrap) / (1 + wrap), 0.0) * openness[:, None] ** 0.5
    half = view + light.towards
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    shine = body.gloss * np.maximum((body.normals * half).sum(axis=1), 0.0) ** (20 + 60 * body.gloss) * lit
    colour = body.albedo * (light.room * sky[:, None] + light.lamp * diffuse * lit[:, None])
    return np.asarray(colour + 0.5 * shine[:, None] * light.lamp)
