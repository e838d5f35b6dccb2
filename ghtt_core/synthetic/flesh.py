"""Flesh on the bones: a skinned hand with forearm, its skin's colours and its nails."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.synthetic.kinematics import HandShape, finger_bones
from ghtt_core.synthetic.mesh import gradient, surface_nets
from ghtt_core.synthetic.track import minimum_jerk

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

REST_RAD = np.radians((9, 0, 0, 2, 0, 0, -5, 0, 0, -11, 0, 0, 46, 24, 45, 0, 0))
"""The finger pose in which the surface is built: flat and spread."""
BONES = 17
"""Palm, three segments of each finger (thumb first), forearm."""
_GRID_M = 0.0030
_FOREARM_M = 0.27

_THICKNESS_M = np.array(
    (
        (0.0125, 0.0110, 0.0100, 0.0082),
        (0.0105, 0.0092, 0.0080, 0.0068),
        (0.0107, 0.0094, 0.0082, 0.0070),
        (0.0102, 0.0088, 0.0078, 0.0067),
        (0.0092, 0.0078, 0.0070, 0.0060),
    )
)
_SKIN_SRGB = np.array(((243, 208, 186), (228, 184, 155), (205, 153, 118), (166, 114, 82), (121, 79, 55), (88, 58, 43)))


@dataclass(frozen=True, slots=True)
class Flesh:
    """A right hand's surface in its rest pose.

    Attributes:
        vertices_m, normals: (N, 3).
        triangles: (M, 3).
        weights: (N, 17) of the bones.
        albedo: (N, 3) linear RGB.
        nail: (N, 3) place on the nearest nail: across and along, 1 at its rim, and 1 on the nail's side of the finger.
        shade: (N,) how open a place is, 0 in a crevice.
        rest_joints_m, rest_rotations: The bones it hangs on.
    """

    vertices_m: Float64
    normals: Float64
    triangles: Int64
    weights: Float64
    albedo: Float64
    nail: Float64
    shade: Float64
    rest_joints_m: Float64
    rest_rotations: Float64

    def pose(self, shape: HandShape, angles_rad: Float64, forearm: Float64) -> tuple[Float64, Float64]:
        """Skin the surface (linear blending): (N, 3) vertices and normals in the hand's frame.

        Args:
            shape: Whose hand.
            angles_rad: (17,) finger pose.
            forearm: (3, 3) rotation of the forearm in the hand's frame; the identity where the wrist is straight.
        """
        joints, rotations = finger_bones(shape, angles_rad)
        turn = np.tile(np.eye(3), (BONES, 1, 1))
        shift = np.zeros((BONES, 3))
        turn[1:16] = (rotations @ self.rest_rotations.swapaxes(-1, -2)).reshape(15, 3, 3)
        heads = [4 * finger + 1 + segment for finger in range(5) for segment in range(3)]
        shift[1:16] = joints[heads] - np.einsum("bij,bj->bi", turn[1:16], self.rest_joints_m[heads])
        turn[16] = forearm
        blended = self.weights @ np.concatenate((turn.reshape(BONES, 9), shift), axis=1)
        matrix = blended[:, :9].reshape(-1, 3, 3)
        vertices = np.einsum("nij,nj->ni", matrix, self.vertices_m) + blended[:, 9:]
        normals = np.einsum("nij,nj->ni", matrix, self.normals)
        return vertices, normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)


def _capsule(points: Float64, a: Float64, b: Float64, radius_a: float, radius_b: float) -> Float64:
    axis = b - a
    along = np.clip((points - a) @ axis / (axis @ axis), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - a - along[:, None] * axis, axis=-1) - (radius_a + (radius_b - radius_a) * along))


def _soft_union(distances: list[Float64], width_m: float) -> Float64:
    stack = np.stack(distances)
    least = stack.min(axis=0)
    return np.asarray(least - width_m * np.log(np.exp((least - stack) / width_m).sum(axis=0)))


def forearm_radii(along_m: Float64) -> Float64:
    """(..., 2) half breadth and half thickness of the forearm at a distance from the wrist, for girth 1."""
    t = np.clip(along_m / 0.2, 0.0, 1.0)
    swell = t * t * (3 - 2 * t)
    return np.stack((0.0285 + 0.0145 * swell, 0.0200 + 0.0190 * swell), axis=-1)


class _Surface:
    """The signed distance of a hand at rest with the first part of its forearm."""

    def __init__(self, shape: HandShape, joints: Float64) -> None:
        self.girth, self.joints = shape.girth, joints
        self.scale = float(shape.mcp_m[1, 1]) / 0.094

    def __call__(self, points: Float64) -> Float64:
        g, s, j = self.girth, self.scale, self.joints
        parts = []
        flat = np.array((1.0, 1.0, 1.12))
        for finger, radius in zip((5, 9, 13, 17), (0.0125, 0.0125, 0.0120, 0.0115), strict=True):
            root = j[finger] * np.array((0.50, 0.18, 0.0)) - np.array((0.0, 0.0, 0.003))
            onward = (j[finger + 1] - j[finger]) / np.linalg.norm(j[finger + 1] - j[finger])
            head = j[finger] + 0.006 * s * onward - np.array((0.0, 0.0, 0.0035))
            parts.append(_capsule(points * flat, root * flat, head * flat, 0.0145 * g, radius * g))
        for finger in (5, 9, 13):
            ends = [0.58 * j[k] + 0.42 * j[k + 1] - np.array((0.0, 0.0, 0.003)) for k in (finger, finger + 4)]
            parts.append(_capsule(points, ends[0], ends[1], 0.0065 * g, 0.0065 * g))
        heel = np.array((0.016, 0.016, -0.009)) * s, np.array((0.030, 0.055, -0.011)) * s
        parts.append(_capsule(points, *heel, 0.0125 * g, 0.0105 * g))
        ball = np.array((-0.012, 0.018, -0.010)) * s
        parts.append(_capsule(points, ball, 0.25 * j[1] + 0.75 * j[2], 0.0150 * g, 0.0125 * g))
        web = 0.55 * j[2] + 0.45 * j[1], 0.62 * j[5] + 0.10 * j[1] - np.array((0.0, 0.0, 0.006))
        parts.append(_capsule(points, *web, 0.0075 * g, 0.0085 * g))
        radii = forearm_radii(-points[:, 1]) * g
        across = np.hypot(points[:, 0] / radii[:, 0], (points[:, 2] + 0.002) / radii[:, 1]) - 1.0
        arm = -_soft_union([-across * radii.min(axis=1), 0.022 - points[:, 1], 0.11 + points[:, 1]], 0.005)
        parts.append(arm)
        hand = _soft_union(parts, 0.0055)
        chains = [hand]
        for finger in range(5):
            base = 1 + 4 * finger
            radii_f = _THICKNESS_M[finger] * g
            segments = range(1 if finger == 0 else 0, 3)
            ends = [j[base + k] for k in range(4)]
            ends[3] = ends[3] + 0.0012 * (ends[3] - ends[2]) / np.linalg.norm(ends[3] - ends[2])
            pieces = [_capsule(points, ends[k], ends[k + 1], radii_f[k], radii_f[k + 1]) for k in segments]
            pieces += [np.linalg.norm(points - ends[k], axis=-1) - 1.02 * radii_f[k] for k in (1, 2)]
            chains.append(_soft_union(pieces, 0.0010))
        return _soft_union(chains, 0.0024)


def build_flesh(shape: HandShape, rng: np.random.Generator) -> Flesh:
    """Grow a hand over a person's bones; skin tone and complexion are drawn from `rng`."""
    joints, rotations = finger_bones(shape, REST_RAD)
    surface = _Surface(shape, joints)
    low = joints.min(axis=0) - 0.024 * shape.girth
    low[1], low[0] = -0.104, min(low[0], -0.045)
    low[2] = min(low[2], -0.046)
    high = joints.max(axis=0) + 0.02 * shape.girth
    high[0], high[2] = max(high[0], 0.05), 0.034
    vertices, triangles = surface_nets(surface, low, high, _GRID_M)
    slope = gradient(surface, vertices)
    vertices = vertices - slope * surface(vertices)[:, None].clip(-_GRID_M, _GRID_M)
    normals = gradient(surface, vertices)
    shade = np.clip(surface(vertices + 0.009 * normals) / 0.009, 0.0, 1.0)
    along, across = _finger_coordinates(vertices, joints, rotations)
    weights = _weights(vertices, along, across, shape)
    nail = _nail(vertices, normals, across, joints, rotations, shape)
    albedo = _complexion(vertices, normals, along, across, shape, rng)
    return Flesh(vertices, normals, triangles, weights, albedo, nail, shade, joints, rotations)


def _finger_coordinates(vertices: Float64, joints: Float64, rotations: Float64) -> tuple[Float64, Float64]:
    """(N, 5) distance along each straight finger from its base, and distance from its bone line."""
    bases = joints[[1, 5, 9, 13, 17]]
    directions = rotations[:, 0, :, 1]
    offset = vertices[:, None] - bases
    along = (offset * directions).sum(axis=-1)
    tips = np.linalg.norm(joints[[4, 8, 12, 16, 20]] - bases, axis=-1)
    nearest = np.clip(along, 0.0, tips)[..., None] * directions
    return along, np.linalg.norm(offset - nearest, axis=-1)


def _weights(vertices: Float64, along: Float64, across: Float64, shape: HandShape) -> Float64:
    lengths = np.concatenate((shape.thumb_m[None], shape.finger_m))
    joints_at = np.concatenate((np.zeros((5, 1)), lengths[:, :2].cumsum(axis=1)), axis=1)
    width = np.array([(0.030, 0.010, 0.008)] + [(0.012, 0.007, 0.006)] * 4)
    reached = minimum_jerk((along[:, :, None] - joints_at) / (2 * width) + 0.5)
    share = np.exp(-(across - across.min(axis=1, keepdims=True)) / np.array((0.0035, *(0.0015,) * 4)))
    share /= share.sum(axis=1, keepdims=True)
    weights = np.zeros((vertices.shape[0], BONES))
    segments = reached.copy()
    segments[..., :2] -= reached[..., 1:]
    weights[:, 1:16] = (share[..., None] * segments).reshape(-1, 15)
    arm = minimum_jerk((0.012 - vertices[:, 1]) / 0.045)
    weights[:, 1:16] *= (1 - arm)[:, None]
    weights[:, 16] = arm
    weights[:, 0] = 1 - weights.sum(axis=1)
    return weights


def _nail(
    vertices: Float64, normals: Float64, across: Float64, joints: Float64, rotations: Float64, shape: HandShape
) -> Float64:
    finger = across.argmin(axis=1)
    frame = rotations[finger, 2]
    centre = joints[[4, 8, 12, 16, 20]][finger] - frame[:, :, 1] * 0.0035 * shape.girth
    half = _THICKNESS_M[finger, 3] * shape.girth
    offset = vertices - centre
    x = (offset * frame[:, :, 0]).sum(axis=1) / (0.78 * half)
    y = (offset * frame[:, :, 1]).sum(axis=1) / (0.92 * half)
    return np.stack((x, y, (normals * frame[:, :, 2]).sum(axis=1)), axis=1)


def linear_rgb(srgb: NDArray[np.generic]) -> Float64:
    """0-255 sRGB to linear light."""
    return np.asarray((np.asarray(srgb, np.float64) / 255.0) ** 2.2)


def _complexion(
    vertices: Float64, normals: Float64, along: Float64, across: Float64, shape: HandShape, rng: np.random.Generator
) -> Float64:
    """(N, 3) linear albedo: a paler palm, redder knuckles and tips, creases, veins, mottling."""
    tone = float(rng.uniform(0.0, len(_SKIN_SRGB) - 1.001))
    lower = int(tone)
    skin = linear_rgb(_SKIN_SRGB[lower] + (tone - lower) * (_SKIN_SRGB[lower + 1] - _SKIN_SRGB[lower]))
    albedo = np.tile(skin * rng.normal(1.0, 0.03, 3), (vertices.shape[0], 1))
    back = minimum_jerk(normals[:, 2] * 0.9 + 0.5)
    pale = linear_rgb(np.array((236, 178, 155))) * (0.55 + 0.45 * skin.mean() / 0.6)
    albedo += ((1 - back) * 0.45)[:, None] * (np.maximum(pale, skin * 1.05) - albedo)

    finger = across.argmin(axis=1)
    lengths = np.concatenate((shape.thumb_m[None], shape.finger_m))
    marks = np.concatenate((np.zeros((5, 1)), lengths.cumsum(axis=1)), axis=1)
    place = along[np.arange(finger.size), finger]
    on_finger = (across.min(axis=1) < 0.016) & (vertices[:, 1] > 0.02)
    for k, (knuckle, crease) in enumerate(((0.16, 0.0), (0.20, 0.30), (0.12, 0.26), (0.10, 0.0))):
        distance = place - marks[finger, k]
        red = knuckle * np.exp(-0.5 * (distance / 0.006) ** 2) * back * on_finger
        albedo *= 1 - red[:, None] * np.array((0.35, 1.0, 0.95))
        line = np.exp(-0.5 * (distance / 0.0013) ** 2) + 0.5 * np.exp(-0.5 * ((np.abs(distance) - 0.0035) / 0.0011) ** 2)
        albedo *= 1 - (crease * line * on_finger)[:, None] * np.array((0.7, 1.0, 1.0))
    for target in shape.mcp_m:
        side = vertices[:, 0] - target[0] * np.clip(vertices[:, 1] / target[1], 0.2, 1.0) - 0.009
        vein = np.exp(-0.5 * (side / 0.0016) ** 2) * back * (vertices[:, 1] < target[1] - 0.012) * (vertices[:, 1] > 0.0)
        albedo *= 1 - 0.10 * vein[:, None] * np.array((1.0, 0.65, 0.35))
    waves = np.zeros(vertices.shape[0])
    for frequency in (60.0, 130.0, 300.0, 520.0):
        waves += np.sin(vertices @ rng.normal(0.0, frequency, 3) + rng.uniform(0, 6.28)) / 4
    return np.asarray(albedo * (1 + 0.05 * waves[:, None] * np.array((0.6, 1.0, 1.0)))).clip(0.004, 0.95)
