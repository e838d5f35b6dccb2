"""Where a refined clip belongs: the model's motion, corrected by what was seen (NumPy).

The paper anchors a refined clip at its first frame, whose noise then moves the whole clip, while the errors of the velocities
add up. Here each hand is followed through the clip by a filter of constant gain: the refined velocities carry it from frame to
frame, and each sighting pulls it back by a fixed share (an alpha-beta filter with the prediction left to the model).
"""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.features import LOCAL, VELOCITY, VELOCITY_SCALE, HandFrames, MotionFeatures, hand_size
from ghtt_core.geometry import compose, relative, rotation_from_6d, rotation_to_6d, transform_points
from ghtt_core.skeleton import HANDS, JOINTS

Floats = NDArray[np.floating]

PLACE_GAIN = 0.4
TURN_GAIN = 0.3
"""Shares by which a sighting corrects place and orientation. Chosen on rendered training clips: smaller ones lag behind the
hand, larger ones let the estimator's jitter through."""
HALF_BELIEVED_M = 0.01
"""A refined shape that differs by so much, in the mean of its joints, is taken over by half; a smaller change, which is mostly
jitter, by less, a larger one by more."""


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


def follow_both_ways(values: Floats, size_m: Floats, seen: MotionFeatures) -> Floats:
    """As `follow`, but where a hand is hidden or not seen yet, what comes later counts too: NaN only for a hand never seen.

    Through a gap, the hand followed backwards takes over from the one followed forwards in proportion to the time.
    """
    turns, steps = _motions(values)
    shapes = _shapes(values, size_m)
    forwards = _filtered(turns, steps, shapes, seen.frames, seen.visible)
    undone = relative((turns, steps), (np.broadcast_to(np.eye(3), turns.shape), np.zeros_like(steps)))
    # Going back, a frame is reached by undoing the motion of the frame after it.
    turns, steps = np.roll(np.flip(undone[0], -4), 1, -4), np.roll(np.flip(undone[1], -3), 1, -3)
    frames = HandFrames(np.flip(seen.frames.rotation, -4), np.flip(seen.frames.position, -3))
    backwards = np.flip(_filtered(turns, steps, np.flip(shapes, -4), frames, np.flip(seen.visible, -2)), -4)
    later = _share_of_later(seen.visible)[..., None, None]
    return np.where(later == 0, forwards, np.where(later == 1, backwards, (1 - later) * forwards + later * backwards))


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
    time = shapes.shape[-4]
    rotation, position, shape = frames.rotation[..., 0, :, :, :], frames.position[..., 0, :, :], shapes[..., 0, :, :, :]
    found = np.zeros_like(visible[..., 0, :])
    answer = np.empty(shapes.shape, shapes.dtype)
    for t in range(time):
        now, sight = visible[..., t, :], (frames.rotation[..., t, :, :, :], frames.position[..., t, :, :])
        if t:
            rotation, position = compose((rotation, position), (turns[..., t, :, :, :], steps[..., t, :, :]))
        turn, place = (np.where(found, gain, 1.0)[..., None] * now[..., None] for gain in (TURN_GAIN, PLACE_GAIN))
        rotation = rotation_from_6d((1 - turn) * rotation_to_6d(rotation) + turn * rotation_to_6d(sight[0]))
        position = position + place * (sight[1] - position)
        change = shapes[..., t, :, :, :] - shape
        size = np.linalg.norm(change, axis=-1).mean(axis=-1)
        shape = shape + np.where(found, size / (size + HALF_BELIEVED_M), 1.0)[..., None, None] * change
        found = found | now
        answer[..., t, :, :, :] = np.where(found[..., None, None], transform_points((rotation, position), shape), np.nan)
    return answer


def _share_of_later(visible: NDArray[np.bool_]) -> Floats:
    """(..., T, 2): 0 where a hand is seen or never again, 1 before it is first seen, and rising from 0 to 1 across a gap."""
    time = np.arange(visible.shape[-2])[:, None]
    before = np.maximum.accumulate(np.where(visible, time, -1), axis=-2)
    never = visible.shape[-2]
    after = np.flip(np.minimum.accumulate(np.flip(np.where(visible, time, never), -2), axis=-2), -2)
    share = (time - before) / np.maximum(after - before, 1)
    return np.where(visible | (after == never), 0.0, np.where(before < 0, 1.0, share))
