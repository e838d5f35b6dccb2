"""The pose ring buffer: timestamped two-hand poses in, a uniform 30 Hz clip ending at the newest frame out."""

import math
from collections import deque
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ghtt_core.geometry import transform_points
from ghtt_core.packets import Float32, HandsObservation
from ghtt_core.runtime import CLIP_FRAMES, FRAME_RATE_HZ
from ghtt_core.skeleton import HANDS, JOINTS

MAX_BRIDGE_S = 0.125
"""Longest time between two sightings of a hand that is filled by interpolation: a frame of a 10 Hz camera with some jitter,
or up to two lost frames at 30 Hz."""
SNAP_S = 0.004
"""A lone sighting counts for the grid time it lies this near to: time stamps of containers are rounded to milliseconds."""
MAX_STEP_S = 1.0
"""A larger step in time, in either direction, is a cut, a seek or a loop, and not a motion."""


class Arrival(Enum):
    """What became of a pose that was handed to the buffer."""

    TAKEN = "taken"
    IGNORED = "ignored"
    """Its time stamp repeats or goes back a little: nothing changed."""
    RESTARTED = "restarted"
    """Its time stamp jumped: the past was dropped and the buffer begins anew with it."""


class PoseBuffer:
    """The newest poses of both hands in the frame that stands still (`HandsObservation.world_from_cam` applied)."""

    def __init__(self, frames: int = CLIP_FRAMES, rate_hz: float = FRAME_RATE_HZ) -> None:
        """Keep as much of the past as a clip of `frames` grid times at `rate_hz` needs."""
        self._offsets_s = (np.arange(frames) - (frames - 1)) / rate_hz
        self._keep_s = -self._offsets_s[0] + MAX_BRIDGE_S
        self._times_s: deque[float] = deque()
        self._poses: deque[NDArray[np.float64]] = deque()

    @property
    def newest_s(self) -> float:
        """Time of the newest pose; NaN in an empty buffer."""
        return self._times_s[-1] if self._times_s else math.nan

    @property
    def oldest_s(self) -> float:
        """Time of the oldest pose still kept; NaN in an empty buffer."""
        return self._times_s[0] if self._times_s else math.nan

    def clear(self) -> None:
        """Forget everything."""
        self._times_s.clear()
        self._poses.clear()

    def append(self, observation: HandsObservation) -> Arrival:
        """Take the hands of a frame, also where there are none, unless its time stamp makes no sense."""
        time_s = observation.time_s
        step_s = time_s - self._times_s[-1] if self._times_s else math.inf
        if not math.isfinite(time_s) or -MAX_STEP_S <= step_s <= 0:
            return Arrival.IGNORED
        arrival = Arrival.RESTARTED if self._times_s and abs(step_s) > MAX_STEP_S else Arrival.TAKEN
        if arrival is Arrival.RESTARTED:
            self.clear()
        self._times_s.append(time_s)
        still = observation.world_from_cam
        self._poses.append(transform_points((still[:3, :3], still[:3, 3]), observation.whole_joints_cam_m))
        # One pose from before the window stays, for the interpolation across its start.
        while len(self._times_s) > 1 and self._times_s[1] < time_s - self._keep_s:
            self._times_s.popleft()
            self._poses.popleft()
        return arrival

    def clip(self) -> Float32:
        """(frames, 2, 21, 3) float32, metres, on the grid that ends at the newest pose; NaN where a hand is missing.

        A grid time between two sightings of a hand that are at most `MAX_BRIDGE_S` apart is interpolated linearly; elsewhere
        the hand is missing, unless a sighting lies within `SNAP_S` of it.

        Raises:
            ValueError: The buffer is empty.
        """
        if not self._times_s:
            raise ValueError("an empty pose buffer has no clip")
        times_s, poses = np.array(self._times_s), np.stack(self._poses)
        grid_s = times_s[-1] + self._offsets_s
        clip = np.full((grid_s.size, HANDS, JOINTS, 3), np.nan, np.float32)
        for hand in range(HANDS):
            seen = np.isfinite(poses[:, hand]).all(axis=(1, 2))
            if seen.any():
                clip[:, hand] = _resample(times_s[seen], poses[seen, hand], grid_s)
        return clip


def _resample(times_s: NDArray[np.float64], poses: NDArray[np.float64], grid_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) increasing sighting times and their (N, ...) poses, at the (G,) grid times; NaN where none is near enough."""
    after = np.searchsorted(times_s, grid_s, side="left")
    low, high = np.clip(after - 1, 0, times_s.size - 1), np.clip(after, 0, times_s.size - 1)
    gap_s = times_s[high] - times_s[low]
    weight = np.divide(grid_s - times_s[low], gap_s, out=np.zeros_like(grid_s), where=gap_s > 0)
    nearest = np.where(np.abs(grid_s - times_s[low]) <= np.abs(times_s[high] - grid_s), low, high)
    bridged = (gap_s > 0) & (gap_s <= MAX_BRIDGE_S)
    blend = weight.reshape(-1, *([1] * (poses.ndim - 1)))
    resampled = np.where(bridged.reshape(blend.shape), poses[low] * (1 - blend) + poses[high] * blend, poses[nearest])
    resampled[~bridged & (np.abs(times_s[nearest] - grid_s) > SNAP_S)] = np.nan
    return np.asarray(resampled)
