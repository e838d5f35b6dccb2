"""A parametric hand: joint angles and bone lengths to joint positions, vectorised over any leading axes.

Everything is written for the right hand in its own frame, metres: wrist at the origin, +y along the middle finger, +z out
of the back of the hand, +x towards the little finger, so that the identity is a right hand lying palm down with its fingers
pointing away from the body. The left hand is the mirror image in x. Joint ranges follow Kapandji, "The Physiology of the
Joints", volume 1; segment lengths are the adult means of Greiner, "Hand Anthropometry of U.S. Army Personnel" (1991),
rounded to millimetres, with the
fingertip joints where MediaPipe puts them: in the pulp, some 6 mm before the end of the finger.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

ANGLES = 17
"""Length of a finger pose, radians: abduction, MCP flexion and PIP flexion of index, middle, ring and little finger (0-11),
then the thumb's radial abduction, palmar abduction, opposition, MCP flexion and IP flexion (12-16)."""

_LOW_DEG = (*(-18.0, -20.0, -4.0) * 4, 0.0, -15.0, -5.0, -10.0, -20.0)
_HIGH_DEG = (*(18.0, 92.0, 110.0) * 4, 70.0, 70.0, 95.0, 60.0, 80.0)
ANGLE_LOW = np.radians(_LOW_DEG)
ANGLE_HIGH = np.radians(_HIGH_DEG)
"""Joint limits, radians, in the order of `ANGLES`."""

_MCP_M = np.array(((-0.025, 0.092, -0.001), (-0.003, 0.096, 0.003), (0.017, 0.090, 0.001), (0.034, 0.081, -0.005)))
_FINGER_M = np.array(((0.041, 0.026, 0.020), (0.045, 0.029, 0.021), (0.042, 0.027, 0.021), (0.033, 0.020, 0.018)))
_SPLAY_RAD = np.radians((7.0, 1.0, -5.0, -12.0))
_THUMB_CMC_M = np.array((-0.024, 0.024, -0.010))
_THUMB_M = np.array((0.043, 0.033, 0.025))


@dataclass(frozen=True, slots=True)
class HandShape:
    """The bones of one person's hand, metres, right-handed.

    Attributes:
        mcp_m: (4, 3) finger bases in the hand frame, index to little finger.
        finger_m: (4, 3) phalanx lengths.
        splay_rad: (4,) direction of each finger at zero abduction, towards the thumb.
        thumb_base_m: (3,) the thumb's CMC joint.
        thumb_m: (3,) the thumb's segment lengths.
        dip_coupling: DIP flexion per PIP flexion.
        girth: Thickness of the flesh relative to the mean.
    """

    mcp_m: Float64
    finger_m: Float64
    splay_rad: Float64
    thumb_base_m: Float64
    thumb_m: Float64
    dip_coupling: float
    girth: float


def random_shape(rng: np.random.Generator) -> HandShape:
    """A person's hand: overall size with 7 % spread (women to men), proportions with 3-4 %."""
    scale = float(np.clip(rng.normal(1.0, 0.07), 0.82, 1.18))
    breadth = np.array((rng.normal(1.0, 0.05), rng.normal(1.0, 0.03), 1.0))
    fingers = _FINGER_M * rng.normal(1.0, 0.035) * rng.normal(1.0, 0.02, _FINGER_M.shape)
    return HandShape(
        mcp_m=_MCP_M * scale * breadth,
        finger_m=fingers * scale,
        splay_rad=_SPLAY_RAD + rng.normal(0.0, np.radians(1.5), 4),
        thumb_base_m=_THUMB_CMC_M * scale * breadth,
        thumb_m=_THUMB_M * scale * rng.normal(1.0, 0.035),
        dip_coupling=float(np.clip(rng.normal(0.62, 0.06), 0.45, 0.8)),
        girth=float(np.clip(scale * rng.normal(1.0, 0.07), 0.78, 1.25)),
    )


def finger_bones(shape: HandShape, angles_rad: Float64) -> tuple[Float64, Float64]:
    """Joints and bone directions of a hand in its own frame.

    Args:
        shape: The person's bones.
        angles_rad: (..., 17) finger poses.

    Returns:
        (..., 21, 3) joints, metres, and (..., 5, 3, 3, 3) rotations of the segments, thumb first: columns are the axes of a
        segment's frame (x to its ulnar side, y along the bone, z out of its back).
    """
    lead = angles_rad.shape[:-1]
    joints = np.zeros((*lead, 21, 3))
    rotations = np.empty((*lead, 5, 3, 3, 3))
    finger = angles_rad[..., :12].reshape(*lead, 4, 3)
    turn = shape.splay_rad + finger[..., 0]
    bend = np.stack((finger[..., 1], finger[..., 2], shape.dip_coupling * finger[..., 2]), axis=-1).cumsum(axis=-1)
    rotations[..., 1:, :, :, :] = _hinge(turn[..., None], bend)
    rotations[..., 0, :, :, :] = _thumb(angles_rad[..., 12:])

    lengths = np.concatenate((shape.thumb_m[None], shape.finger_m))
    bases = np.concatenate((shape.thumb_base_m[None], shape.mcp_m))
    steps = rotations[..., 1] * lengths[..., None]
    chain = np.concatenate((np.broadcast_to(bases[:, None], (*lead, 5, 1, 3)), steps), axis=-2).cumsum(axis=-2)
    joints[..., 1:, :] = chain.reshape(*lead, 20, 3)
    return joints, rotations


def _hinge(turn: Float64, bend: Float64) -> Float64:
    """Rz(turn) Rx(-bend): turned towards the thumb, then bent towards the palm."""
    ct, st, cb, sb = np.broadcast_arrays(np.cos(turn), np.sin(turn), np.cos(bend), np.sin(bend))
    zero = np.zeros_like(ct)
    rows = (ct, -st * cb, -st * sb), (st, ct * cb, ct * sb), (zero, -sb, cb)
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _thumb(angles: Float64) -> Float64:
    """The thumb's three segments: the saddle joint points it, opposition turns the plane in which it bends."""
    radial, palmar, opposition, mcp, ip = np.moveaxis(angles, -1, 0)
    along = np.stack((-np.sin(radial) * np.cos(palmar), np.cos(radial) * np.cos(palmar), -np.sin(palmar)), axis=-1)
    inward = np.stack((np.cos(opposition), np.zeros_like(opposition), -np.sin(opposition)), axis=-1)
    inward -= (inward * along).sum(axis=-1, keepdims=True) * along
    inward /= np.linalg.norm(inward, axis=-1, keepdims=True)
    side = np.cross(along, -inward)
    bend = np.stack((np.zeros_like(mcp), mcp, mcp + ip), axis=-1)[..., None]
    y = np.cos(bend) * along[..., None, :] + np.sin(bend) * inward[..., None, :]
    z = np.sin(bend) * along[..., None, :] - np.cos(bend) * inward[..., None, :]
    return np.stack((np.broadcast_to(side[..., None, :], y.shape), y, z), axis=-1)


def wrist_rotation(euler_rad: Float64) -> Float64:
    """(..., 3) yaw, pitch, roll to (..., 3, 3): Rz(yaw) Rx(pitch) Ry(roll).

    At zero the palm looks down and the fingers away from the body; positive pitch lifts the fingers, a roll of 90 degrees
    turns the thumb up.
    """
    cy, cp, cr = np.moveaxis(np.cos(euler_rad), -1, 0)
    sy, sp, sr = np.moveaxis(np.sin(euler_rad), -1, 0)
    rows = (
        (cy * cr - sy * sp * sr, -sy * cp, cy * sr + sy * sp * cr),
        (sy * cr + cy * sp * sr, cy * cp, sy * sr - cy * sp * cr),
        (-cp * sr, sp, cp * cr),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
