"""Where a refined clip belongs: the model's motion, corrected by what was seen (NumPy).

The paper anchors a refined clip at its first frame, whose noise then moves the whole clip, while the errors of the velocities
add up. Here each hand is followed through the clip by a filter of constant gain: the refined velocities carry it from frame to
frame, and each sighting pulls it back by a fixed share (an alpha-beta filter with the prediction left to the model).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.features import (
    LOCAL,
    VELOCITY,
    VELOCITY_SCALE,
    HandFrames,
    MotionFeatures,
    hand_size,
    with_bone_lengths,
)
from ghtt_core.gaps import around, bridge
from ghtt_core.geometry import relative, rotation_from_6d, transform_points
from ghtt_core.skeleton import HANDS, JOINTS

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Gains:
    """How far to believe what was seen.

    Attributes:
        place: Share by which a sighting corrects the place.
        turn: The same of the orientation.
        half_believed_m: A refined shape that differs by so much, in the mean of its joints, is taken over by half; a smaller
            change, which is mostly jitter, by less, a larger one by more.
    """

    place: float
    turn: float
    half_believed_m: float


STEADY = Gains(place=0.5, turn=0.3, half_believed_m=0.03)
"""Chosen on rendered training clips: smaller shares lag behind the hand, larger ones let the estimator's jitter through."""


def follow(values: Floats, size_m: Floats, seen: MotionFeatures) -> Floats:
    """The hands of a clip, each frame as far as is known by then.

    Args:
        values: (..., T, 153) refined features.
        size_m: (..., 2) metres.
        seen: What was observed, with the same leading axes.

    Returns:
        (..., T, 2, 21, 3) metres in the frame of reference of `seen`; NaN before a hand is first seen.
    """
    return _filtered(*_motions(values), _shapes(values, size_m), seen.frames, seen.visible)


def follow_both_ways(values: Floats, size_m: Floats, bones_m: Floats, seen: MotionFeatures) -> Floats:
    """As `follow`, but where a hand is not seen yet, or hidden for a while, what comes later counts too.

    Before its first sighting a hand is followed backwards. A gap between two sightings is crossed by `gaps.bridge`, from where
    and as the hand was seen: on training recordings a share of the refined motion, 5 % to 30 %, brought the path nearer to
    what was hidden by half a percent at best, and mostly took it further away.

    Args:
        values: (..., T, 153) refined features.
        size_m: (..., 2) metres.
        bones_m: (..., 2, 20) bone lengths of the hands that are followed; NaN leaves a bone as the features have it.
        seen: What was observed, with the same leading axes.

    Returns:
        (..., T, 2, 21, 3) metres in the frame of reference of `seen`; NaN only for a hand that is never seen.
    """
    turns, steps = _motions(values)
    shapes = _shapes(values, size_m)
    forwards = _filtered(turns, steps, shapes, seen.frames, seen.visible)
    undone = relative((turns, steps), (np.broadcast_to(np.eye(3), turns.shape), np.zeros_like(steps)))
    # Going back, a frame is reached by undoing the motion of the frame after it.
    turns, steps = np.roll(np.flip(undone[0], -4), 1, -4), np.roll(np.flip(undone[1], -3), 1, -3)
    frames = HandFrames(np.flip(seen.frames.rotation, -4), np.flip(seen.frames.position, -3))
    backwards = np.flip(_filtered(turns, steps, np.flip(shapes, -4), frames, np.flip(seen.visible, -2)), -4)
    before, after = around(np.asarray(seen.visible))
    followed = np.where((before < 0)[..., None, None], backwards, forwards)
    followed = with_bone_lengths(followed, bones_m[..., None, :, :])
    local, known = (part[..., LOCAL].reshape(shapes.shape) for part in (seen.values, seen.mask))
    local_m = np.where(known, local * size_m[..., None, :, None, None], shapes)
    sighted = transform_points((seen.frames.rotation, seen.frames.position), local_m)
    hidden = ~seen.visible & (before >= 0) & (after < seen.visible.shape[-2])
    return np.where(hidden[..., None, None], bridge(sighted, np.asarray(seen.visible)), followed)


def _motions(values: Floats) -> tuple[Floats, Floats]:
    """The velocities of (..., T, 153) features as rigid motions, (..., T, 2, 3, 3) and (..., T, 2, 3)."""
    velocity = values[..., VELOCITY].reshape(*values.shape[:-1], HANDS, 9)
    return rotation_from_6d(velocity[..., :6]), velocity[..., 6:] / VELOCITY_SCALE


def _shapes(values: Floats, size_m: Floats) -> Floats:
    """(..., T, 153) to (..., T, 2, 21, 3): joints in the local frames, metres."""
    local = values[..., LOCAL].reshape(*values.shape[:-1], HANDS, JOINTS, 3)
    return np.asarray(local * (size_m[..., None, :] / hand_size(local).clip(1e-3))[..., None, None])


def _filtered(turns: Floats, steps: Floats, shapes: Floats, frames: HandFrames, visible: NDArray[np.bool_]) -> Floats:
    """Predict each frame from the one before, and correct it where the hand is visible; from the first sighting on."""
    turns, steps, shapes = np.moveaxis(turns, -4, 0), np.moveaxis(steps, -3, 0), np.moveaxis(shapes, -4, 0)
    sights, places, now = np.moveaxis(frames.rotation, -4, 0), np.moveaxis(frames.position, -3, 0), np.moveaxis(visible, -2, 0)
    found = np.maximum.accumulate(now, axis=0)
    begins = found & ~np.concatenate((np.zeros_like(found[:1]), found[:-1]))
    turn_gains, place_gains = (np.where(begins, 1.0, gain * now) for gain in (STEADY.turn, STEADY.place))
    change_of, keep = shapes - shapes[:1], STEADY.half_believed_m * JOINTS + 1e-9
    rotation, position, shape = sights[0], places[0], change_of[0]
    rotations, positions, changes = np.empty_like(sights), np.empty_like(places), np.empty_like(change_of)
    for t in range(len(shapes)):
        if t:
            position = position + (rotation @ steps[t][..., None])[..., 0]
            rotation = rotation @ turns[t]
        rotation = rotation + turn_gains[t][..., None, None] * (sights[t] - rotation)
        # One step of Newton and Schulz brings the mean of two rotations back to a rotation.
        rotation = 1.5 * rotation - 0.5 * rotation @ np.swapaxes(rotation, -1, -2) @ rotation
        position = position + place_gains[t][..., None] * (places[t] - position)
        change = change_of[t] - shape
        size = np.sqrt(np.einsum("...i,...i->...", change, change)).sum(axis=-1)
        shape = shape + np.where(begins[t], 1.0, size / (size + keep))[..., None, None] * change
        rotations[t], positions[t], changes[t] = rotation, position, shape
    placed = transform_points((rotations, positions), changes + shapes[:1])
    return np.moveaxis(np.where(found[..., None, None], placed, np.nan), 0, -4)
