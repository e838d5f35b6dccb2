"""Gaps in which a hand was not seen: where they begin and end, and the path across them (NumPy)."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

SLOPE_FRAMES = 2
"""Frames on each side of a gap over which the velocity there is measured: fewer follow the estimator's jitter."""
CURVATURE = 0.5
"""Share of the cubic's departure from the straight line over a long gap: measured velocities are only half true. Over a gap
that is crossed in n steps it is less by a share of 1 / n: the shorter the gap, the more of the departure is jitter. Chosen with
`SLOPE_FRAMES` on training recordings, first-person tracks and Leap Motion signs, for gaps of 1, 2, 4 and 8 frames."""


def around(seen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every frame the nearest frame at or before it, and at or after it, in which a hand is seen.

    Args:
        seen: (..., T, H) bool.

    Returns:
        (..., T, H) indices each; -1 where there is none before, T where there is none after.
    """
    frames = seen.shape[-2]
    time = np.arange(frames)[:, None]
    before = np.maximum.accumulate(np.where(seen, time, -1), axis=-2)
    after = np.flip(np.minimum.accumulate(np.flip(np.where(seen, time, frames), axis=-2), axis=-2), axis=-2)
    return before, after


def bridge(joints_m: Array, seen: NDArray[np.bool_]) -> Array:
    """Cross every gap between two sightings on a cubic that bends half way to the velocities on both sides.

    Args:
        joints_m: (..., T, H, J, 3) metres.
        seen: (..., T, H) bool; what is not seen is not read.

    Returns:
        The joints, of the same shape: those between two sightings replaced; before the first and after the last as they were.
    """
    shape, frames = joints_m.shape, joints_m.shape[-4]
    joints, there = joints_m.reshape(-1, *shape[-4:]), seen.reshape(-1, *seen.shape[-2:])
    (before, after), (lost_before, lost_after) = around(there), around(~there)
    motion, frame, hand = np.nonzero(~there & (before >= 0) & (after < frames))
    low, high = before[motion, frame, hand], after[motion, frame, hand]
    length = (high - low)[:, None, None]
    start, end = joints[motion, low, hand], joints[motion, high, hand]
    line = (end - start) / length
    # As far as the hand was seen without a break on that side; not at all after a single frame, where the line has to do.
    back = np.minimum(low - lost_before[motion, low, hand] - 1, SLOPE_FRAMES)
    ahead = np.minimum(lost_after[motion, high, hand] - high - 1, SLOPE_FRAMES)
    leaving = (start - joints[motion, low - back, hand]) / np.maximum(back, 1)[:, None, None]
    arriving = (joints[motion, high + ahead, hand] - end) / np.maximum(ahead, 1)[:, None, None]
    leaving, arriving = (
        np.where(reach[:, None, None] > 0, slope - line, 0.0) for reach, slope in ((back, leaving), (ahead, arriving))
    )
    share = (frame - low)[:, None, None] / length
    # Hermite's cubic, written as a departure from the straight line.
    bend = share * (1 - share) ** 2 * leaving - share**2 * (1 - share) * arriving
    bridged = joints.copy()
    bridged[motion, frame, hand] = start + length * share * line + CURVATURE * (length - 1) * bend
    return bridged.reshape(shape)
