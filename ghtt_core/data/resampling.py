"""Time-stamped poses to stretches at the model's frame rate."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ghtt_core.buffer import MAX_BRIDGE_S, MAX_STEP_S
from ghtt_core.runtime import FRAME_RATE_HZ

Float64 = NDArray[np.float64]
_SAME_TIME_S = 1e-4
"""A grid time this near to a sighting takes it as it is."""
_EVEN_TOLERANCE = 0.1
"""Share of the frame period by which a time stamp may be off in a stretch that is kept as it is."""


@dataclass(frozen=True, slots=True)
class EvenPiece:
    """A stretch at 30 frames per second.

    Attributes:
        time_s: (T,) time of each frame.
        joints_m: (T, 2, 21, 3), NaN where missing.
        truth_m: The same of the exact motion, or None.
        world_from_cam: (T, 4, 4) where the camera was at the nearest frame, or None.
    """

    time_s: Float64
    joints_m: Float64
    truth_m: Float64 | None
    world_from_cam: Float64 | None = None

    def frame_at(self, time_s: float) -> int:
        """The first frame at or after a time, T where there is none."""
        return int(np.searchsorted(self.time_s, time_s - _SAME_TIME_S))


def even_pieces(
    times_s: Float64, joints_m: Float64, truth_m: Float64 | None = None, world_from_cam: Float64 | None = None
) -> list[EvenPiece]:
    """Cut (N, ...) poses where the time jumps, and bring each piece to 30 frames per second.

    Frames that come evenly at 30 Hz, give or take 2 %, stay untouched. Others are interpolated to 30 Hz, hand by hand, between
    sightings at most `MAX_BRIDGE_S` apart, as the live program does.
    """
    cuts = np.flatnonzero((np.diff(times_s) <= 0) | (np.diff(times_s) > MAX_STEP_S)) + 1
    bounds = [0, *cuts.tolist(), len(times_s)]
    rows = [slice(start, stop) for start, stop in pairwise(bounds) if stop > start]
    return [
        _even(times_s[row], joints_m[row], *(None if more is None else more[row] for more in (truth_m, world_from_cam)))
        for row in rows
    ]


def _even(times_s: Float64, joints_m: Float64, truth_m: Float64 | None, world_from_cam: Float64 | None) -> EvenPiece:
    start_s, count = float(times_s[0]), len(times_s)
    period_s = (float(times_s[-1]) - start_s) / (count - 1) if count > 1 else 1 / FRAME_RATE_HZ
    off_s = np.abs(times_s - start_s - period_s * np.arange(count)).max()
    if off_s <= _EVEN_TOLERANCE * period_s and abs(period_s * FRAME_RATE_HZ - 1) < 0.02:
        return EvenPiece(times_s, joints_m, truth_m, world_from_cam)
    frames = int((times_s[-1] - start_s) * FRAME_RATE_HZ + 1e-6) + 1
    grid_s = start_s + np.arange(frames) / FRAME_RATE_HZ
    truth = None if truth_m is None else resample(times_s, truth_m, grid_s)
    if world_from_cam is not None:
        world_from_cam = world_from_cam[np.rint(np.interp(grid_s, times_s, np.arange(count))).astype(np.intp)]
    return EvenPiece(grid_s, resample(times_s, joints_m, grid_s), truth, world_from_cam)


def resample(times_s: Float64, joints_m: Float64, grid_s: Float64) -> Float64:
    """(N, 2, 21, 3) poses at increasing times to (G, 2, 21, 3) on a grid; NaN in gaps longer than `MAX_BRIDGE_S`."""
    resampled = np.full((grid_s.size, *joints_m.shape[1:]), np.nan)
    for hand in range(joints_m.shape[1]):
        seen = np.flatnonzero(np.isfinite(joints_m[:, hand]).all(axis=(1, 2)))
        if not seen.size:
            continue
        times, poses = times_s[seen], joints_m[seen, hand]
        high = np.clip(np.searchsorted(times, grid_s), 0, times.size - 1)
        low = np.maximum(high - 1, 0)
        gap_s = times[high] - times[low]
        weight = np.divide(grid_s - times[low], gap_s, out=np.zeros_like(grid_s), where=gap_s > 0)
        bridged = (gap_s > 0) & (gap_s <= MAX_BRIDGE_S) & (weight <= 1)
        sighted = np.minimum(np.abs(grid_s - times[low]), np.abs(grid_s - times[high])) <= _SAME_TIME_S
        blend = np.clip(np.where(bridged | (gap_s == 0), weight, np.round(weight)), 0, 1)[:, None, None]
        usable = bridged | sighted
        resampled[usable, hand] = (poses[low] * (1 - blend) + poses[high] * blend)[usable]
    return resampled
