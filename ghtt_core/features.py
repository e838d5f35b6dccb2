"""Joints to G-HTT's 153 numbers a frame, and back.

One definition for NumPy (the running program) and torch (training). Layout of the feature vector, hands left first:

| slice    | what                                                                                     |
|----------|------------------------------------------------------------------------------------------|
| 0:126    | local joints of both hands, each 21 x 3, divided by the hand size                        |
| 126:144  | velocity of both hands, each the rigid motion local(t) -> local(t-1): 6-D rotation and 10 x metres |
| 144:153  | the right hand's frame seen from the left hand's: 6-D rotation and metres                |

The local frame of a hand is the rigid least-squares fit of the palm template, scaled to the hand size, to its palm. So the
vector does not depend on the camera frame, as long as that frame stands still over the clip.

Where a hand is missing its numbers are 0 and masked out. The velocity at the frame where it comes back is the motion since it
was last seen, so chaining velocities over the visible frames stays exact; it is marked in `velocity_spans_gap`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import device

from ghtt_core.geometry import (
    Array,
    namespace,
    relative,
    rigid_align,
    rotation_from_6d,
    rotation_to_6d,
    sum_of_squares,
    transform_points,
)
from ghtt_core.skeleton import BONES, FINGERS, HANDS, JOINTS, MCPS, PALM, PALM_TEMPLATE, WRIST

LOCAL = slice(0, 126)
VELOCITY = slice(126, 144)
RELATIVE = slice(144, 153)
_PARENTS = tuple(parent for parent, _ in BONES)
VELOCITY_SCALE = 10.0
"""Velocities are stored in units of 1/10 m, to bring them near the size of the other numbers."""


@dataclass(frozen=True, slots=True)
class HandFrames:
    """Local frames of the two hands: (..., 2, 3, 3) rotations and (..., 2, 3) positions, metres."""

    rotation: Array
    position: Array

    def at(self, index: int) -> "HandFrames":
        """The frames at one time, where the axis before the hands is time."""
        return HandFrames(self.rotation[..., index, :, :, :], self.position[..., index, :, :])


@dataclass(frozen=True, slots=True)
class MotionFeatures:
    """The features of a stretch of motion.

    Attributes:
        values: (..., T, 153), 0 where masked.
        mask: (..., T, 153) bool, True where the number is known.
        visible: (..., T, 2) bool, True where the hand's palm is known.
        velocity_spans_gap: (..., T, 2) bool, True where the velocity bridges missing frames.
        frames: Local frames, (..., T, 2, ...); at missing frames those of the last visible one.
    """

    values: Array
    mask: Array
    visible: Array
    velocity_spans_gap: Array
    frames: HandFrames


def hand_size(joints_m: Array) -> Array:
    """Mean distance from the wrist to the four finger MCPs: (..., 21, 3) to (...,), in the joints' unit; NaN where missing."""
    xp = namespace(joints_m)
    return xp.mean(_length(_joints(joints_m, MCPS) - joints_m[..., WRIST, None, :]), axis=-1)


def bone_lengths(joints_m: Array) -> Array:
    """Lengths of the 20 bones of `BONES`: (..., 21, 3) to (..., 20), in the joints' unit; NaN where missing."""
    return _length(_bones(joints_m))


def with_bone_lengths(joints_m: Array, lengths_m: Array) -> Array:
    """The same pose on a hand with other bones: every bone keeps its direction, the wrist its place.

    A network's answers stretch and shrink the bones a little; a person's do not change.

    Args:
        joints_m: (..., 21, 3).
        lengths_m: (..., 20), broadcast; a bone keeps its length where this is NaN.
    """
    xp = namespace(joints_m)
    bones = _bones(joints_m)
    own_m = _length(bones)
    scale = xp.where(xp.isfinite(lengths_m), lengths_m / own_m.clip(min=1e-6), xp.ones_like(own_m))
    wrist = joints_m[..., WRIST, None, :]
    fingers = xp.reshape(bones * scale[..., None], (*joints_m.shape[:-2], len(FINGERS), -1, 3))
    reached = [wrist + fingers[..., 0, :]]  # Each finger is a chain from the wrist.
    for bone in range(1, fingers.shape[-2]):
        reached.append(reached[-1] + fingers[..., bone, :])
    return xp.concat((wrist, xp.reshape(xp.stack(reached, axis=-2), bones.shape)), axis=-2)


def _bones(joints_m: Array) -> Array:
    """(..., 21, 3) to (..., 20, 3): from each bone's parent to its child."""
    return joints_m[..., 1:, :] - _joints(joints_m, _PARENTS)


def _joints(joints_m: Array, which: Sequence[int]) -> Array:
    """(..., 21, 3) to (..., len(which), 3)."""
    xp = namespace(joints_m)
    return xp.take(joints_m, xp.asarray(which, device=device(joints_m)), axis=-2)


def _length(vectors: Array) -> Array:
    """(..., 3) to (...,)."""
    xp = namespace(vectors)
    return xp.sqrt(sum_of_squares(vectors))


def palm_templates(template: Array = PALM_TEMPLATE) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(2, 5, 3) palms of size 1, left and right, from the right hand's (5, 3)."""
    right = np.asarray(template, np.float64)
    return np.stack((right * np.array([-1.0, 1.0, 1.0]), right))


def features_from_joints(joints_m: Array, size_m: Array, template: Array = PALM_TEMPLATE) -> MotionFeatures:
    """Describe a stretch of motion.

    Args:
        joints_m: (..., T, 2, 21, 3) metres in a frame that stands still; NaN where missing.
        size_m: (..., 2) hand sizes, metres, positive and finite (any value for a hand that is never seen).
        template: (5, 3) right palm.
    """
    xp = namespace(joints_m)
    known = xp.all(xp.isfinite(joints_m), axis=-1)
    joints = xp.where(known[..., None], joints_m, xp.zeros_like(joints_m))
    visible = known[..., PALM[0]]
    for joint in PALM[1:]:
        visible = visible & known[..., joint]

    size = size_m[..., None, :, None, None]
    palms = xp.asarray(palm_templates(template), dtype=joints.dtype, device=device(joints))
    palm = _joints(joints, PALM)
    source = xp.broadcast_to(palms * size, palm.shape)
    fitted = rigid_align(source, palm, xp.ones_like(palm[..., 0]))
    last_seen = _last_seen(visible)
    frames = HandFrames(_take_frames(fitted[0], last_seen), _take_frames(fitted[1], last_seen))

    local = (joints - fitted[1][..., None, :]) @ fitted[0] / size
    velocity, spans_gap = _velocities(frames, visible, last_seen)
    left = (fitted[0][..., 0, :, :], fitted[1][..., 0, :])
    between = relative(left, (fitted[0][..., 1, :, :], fitted[1][..., 1, :]))
    lead = joints.shape[:-3]
    values = xp.concat(
        (
            xp.reshape(local, (*lead, HANDS * JOINTS * 3)),
            xp.reshape(velocity, (*lead, HANDS * 9)),
            xp.concat((rotation_to_6d(between[0]), between[1]), axis=-1),
        ),
        axis=-1,
    )
    mask = feature_mask(visible, known)
    return MotionFeatures(xp.where(mask, values, xp.zeros_like(values)), mask, visible, spans_gap, frames)


def feature_mask(visible: Array, known: Array | None = None) -> Array:
    """Which of the 153 numbers are known.

    Args:
        visible: (..., T, 2) bool hands.
        known: (..., T, 2, 21) bool joints; all joints of a visible hand if omitted.

    Returns:
        (..., T, 153) bool.
    """
    xp = namespace(visible)
    lead = visible.shape[:-1]
    joints = xp.broadcast_to(visible[..., None], (*lead, HANDS, JOINTS))
    if known is not None:
        joints = joints & known
    both = (visible[..., 0] & visible[..., 1])[..., None]
    return xp.concat(
        (
            xp.reshape(xp.broadcast_to(joints[..., None], (*lead, HANDS, JOINTS, 3)), (*lead, HANDS * JOINTS * 3)),
            xp.reshape(xp.broadcast_to(visible[..., None], (*lead, HANDS, 9)), (*lead, HANDS * 9)),
            xp.broadcast_to(both, (*lead, 9)),
        ),
        axis=-1,
    )


def joints_from_features(values: Array, size_m: Array, anchor: HandFrames, *, first_moves: bool = True) -> Array:
    """Turn features back into joints, chaining the velocities from an anchor.

    Args:
        values: (..., T, 153).
        size_m: (..., 2) metres.
        anchor: Local frames (..., 2, ...) before the first frame (`first_moves`) or of the first frame.
        first_moves: Whether the first frame's velocity is applied to the anchor.

    Returns:
        (..., T, 2, 21, 3) metres in the anchor's frame of reference.
    """
    xp = namespace(values)
    lead = values.shape[:-1]
    local = xp.reshape(values[..., LOCAL], (*lead, HANDS, JOINTS, 3))
    palm_size = hand_size(local).clip(min=1e-3)
    local = local * (size_m[..., None, :] / palm_size)[..., None, None]
    frames = chain_frames(values, anchor, first_moves=first_moves)
    return transform_points((frames.rotation, frames.position), local)


def chain_frames(values: Array, anchor: HandFrames, *, first_moves: bool = True) -> HandFrames:
    """Accumulate the velocities of (..., T, 153) features from an anchor: local frames (..., T, 2, ...)."""
    xp = namespace(values)
    lead = values.shape[:-1]
    velocity = xp.reshape(values[..., VELOCITY], (*lead, HANDS, 9))
    turns = rotation_from_6d(velocity[..., :6])
    steps = velocity[..., 6:, None] / VELOCITY_SCALE
    # One product a frame turns and moves on; the moves add up afterwards.
    motions = xp.concat((turns, steps), axis=-1)
    rotation = xp.broadcast_to(anchor.rotation, (*lead[:-1], HANDS, 3, 3))
    rotations, moves = [], []
    for time in range(lead[-1]):
        if time > 0 or first_moves:
            moved = rotation @ motions[..., time, :, :, :]
            rotation, move = moved[..., :3], moved[..., 3]
        else:
            move = xp.zeros_like(rotation[..., 0])
        rotations.append(rotation)
        moves.append(move)
    positions = anchor.position[..., None, :, :] + xp.cumulative_sum(xp.stack(moves, axis=-3), axis=-3)
    return HandFrames(xp.stack(rotations, axis=-4), positions)


def _last_seen(visible: Array) -> Array:
    """(..., T, 2) bool to the index of the newest visible frame up to each frame, -1 before the first."""
    xp = namespace(visible)
    frames = visible.shape[-2]
    time = xp.arange(frames, device=device(visible))
    seen = xp.where(visible, time[:, None], xp.full_like(time[:, None], -1))
    earlier = time[:, None] >= time[None, :]
    candidates = xp.where(earlier[:, :, None], seen[..., None, :, :], xp.full_like(seen[..., None, :, :], -1))
    return xp.max(candidates, axis=-2)


def _take_frames(poses: Array, index: Array) -> Array:
    """Pick (..., T, 2, *) by (..., T, 2) time indices; index -1 picks frame 0."""
    xp = namespace(poses)
    index = index.clip(min=0)
    trailing = poses.ndim - index.ndim
    index = xp.reshape(index, (*index.shape, *([1] * trailing)))
    return xp.take_along_axis(poses, xp.broadcast_to(index, poses.shape), axis=-2 - trailing)


def _velocities(frames: HandFrames, visible: Array, last_seen: Array) -> tuple[Array, Array]:
    """(..., T, 2, 9) velocities since each hand was last seen, and (..., T, 2) whether that was not one frame ago."""
    xp = namespace(visible)
    time = xp.arange(visible.shape[-2], device=device(visible))[:, None]
    before = xp.concat((xp.full_like(last_seen[..., :1, :], -1), last_seen[..., :-1, :]), axis=-2)
    moves = visible & (before >= 0)
    earlier = (_shift(frames.rotation, axis=-4), _shift(frames.position, axis=-3))
    turn, step = relative(earlier, (frames.rotation, frames.position))
    motion = xp.concat((rotation_to_6d(turn), step * VELOCITY_SCALE), axis=-1)
    still = xp.asarray([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], dtype=motion.dtype, device=device(motion))
    velocity = xp.where(moves[..., None], motion, xp.broadcast_to(still, motion.shape))
    return velocity, moves & (before < time - 1)


def _shift(poses: Array, axis: int) -> Array:
    """The poses one frame earlier along the time axis; the first frame stays."""
    xp = namespace(poses)
    frames = poses.shape[axis]
    index = xp.asarray([0, *range(frames - 1)], device=device(poses))
    return xp.take(poses, index, axis=axis)
