"""What a monocular hand estimator does to exact joints: the noise that training adds to clean motion.

The error is built as it arises. A network sees the hand from one side: its joints are off relative to the wrist (white
jitter, and an error that changes slowly with pose and view), its orientation too. Placing it in space needs its distance,
which comes from its apparent size: that error lies along the viewing ray, and is mostly slow. What tracks and smooths tells
all this a little late. Hands get lost for a while (occlusion, the frame's edge), and now and then a frame jumps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.spatial.transform import Rotation

from ghtt_core.skeleton import FINGERTIPS, HANDS, JOINTS, PALM, WRIST

Float64 = NDArray[np.float64]


_SCALE = np.ones(JOINTS)
_SCALE[list(PALM)] = 0.75
_SCALE[list(FINGERTIPS)] = 1.3
_SCALE[WRIST] = 0.0


def joint_scale() -> Float64:
    """(21,) how uncertain a joint is, beside the mean of those beyond the wrist, which is the origin of the local error."""
    return _SCALE.copy()


@dataclass(frozen=True, slots=True)
class EstimatorNoise:
    """The error of the usual estimator's hands in metres, as a generative model.

    The figures are what `python -m ghtt_core.synthetic measure out/pairs/rendered/clip_????` prints after `make pairs`.
    Standard deviations are per axis. Slow parts are smooth and forget with the time `*_memory_s`.

    Attributes:
        joint_white_m, joint_slow_m, joint_memory_s: Joints relative to the wrist; scaled per joint.
        turn_white_rad, turn_slow_rad, turn_memory_s: The hand's orientation.
        side_white_m, side_slow_m, side_memory_s: The hand's place across the viewing ray.
        depth_bias, depth_white, depth_slow, depth_memory_s: Its distance, relative; the bias lasts for a whole sequence.
        lost_fraction, lost_mean_s: How much of the time a hand is missing, and the mean length of a gap.
        spike_rate_hz, spike_m: How often a frame jumps, and how far.
        lag_s: How late the motion is told.
    """

    joint_white_m: float = 0.00076
    joint_slow_m: float = 0.0114
    joint_memory_s: float = 0.24
    turn_white_rad: float = 0.0091
    turn_slow_rad: float = 0.35
    turn_memory_s: float = 0.18
    side_white_m: float = 0.00062
    side_slow_m: float = 0.018
    side_memory_s: float = 0.22
    depth_bias: float = 0.12
    depth_white: float = 0.0026
    depth_slow: float = 0.088
    depth_memory_s: float = 0.19
    lost_fraction: float = 0.046
    lost_mean_s: float = 0.23
    spike_rate_hz: float = 0.076
    spike_m: float = 0.024
    lag_s: float = 0.011

    def corrupt(
        self, joints_m: NDArray[np.floating], rng: np.random.Generator, camera_m: NDArray[np.floating], fps: float = 30.0
    ) -> NDArray[np.float32]:
        """What the estimator would have reported.

        Args:
            joints_m: (T, 2, 21, 3) exact joints in a frame that stands still; NaN where a hand is missing.
            rng: Everything is drawn from it.
            camera_m: (3,) or (T, 3) where the camera is, in the same frame.
            fps: Frames per second.

        Returns:
            (T, 2, 21, 3) float32, NaN where the hand is missing or lost.
        """
        joints = delayed(joints_m, self.lag_s * fps)
        frames = joints.shape[0]
        wrist = joints[:, :, :1]
        local = joints - wrist
        slow = self._slow(rng, (frames, HANDS, JOINTS, 3), self.joint_memory_s, fps)
        scale = joint_scale()[:, None]
        local = local + scale * (self.joint_slow_m * slow + self.joint_white_m * rng.standard_normal(local.shape))
        turn = self.turn_slow_rad * self._slow(rng, (frames, HANDS, 3), self.turn_memory_s, fps)
        turn += self.turn_white_rad * rng.standard_normal(turn.shape)
        rotation = Rotation.from_rotvec(turn.reshape(-1, 3)).as_matrix().reshape(frames, HANDS, 3, 3)
        local = np.einsum("thij,thkj->thki", rotation, local)

        ray = wrist - np.broadcast_to(np.asarray(camera_m, np.float64), (frames, 3))[:, None, None]
        side = self.side_slow_m * self._slow(rng, (frames, HANDS, 1, 3), self.side_memory_s, fps)
        side += self.side_white_m * rng.standard_normal(side.shape)
        side -= (side * ray).sum(axis=-1, keepdims=True) / (ray * ray).sum(axis=-1, keepdims=True) * ray
        depth = self.depth_slow * self._slow(rng, (frames, HANDS, 1, 1), self.depth_memory_s, fps)
        depth += self.depth_white * rng.standard_normal(depth.shape) + self.depth_bias * rng.standard_normal((1, HANDS, 1, 1))
        noisy = wrist + side + np.maximum(depth, -0.5) * ray + local
        spikes = rng.random((frames, HANDS)) < self.spike_rate_hz / fps
        noisy[spikes] += self.spike_m * rng.standard_normal((int(spikes.sum()), 1, 3))
        noisy[self.lost(frames, rng, fps)] = np.nan
        return np.asarray(noisy, np.float32)

    def lost(self, frames: int, rng: np.random.Generator, fps: float = 30.0) -> NDArray[np.bool_]:
        """(T, 2) bool: when each hand is lost; gaps with geometric lengths, alternating with geometric sightings."""
        if self.lost_fraction <= 0:
            return np.zeros((frames, HANDS), np.bool_)
        gap = max(self.lost_mean_s * fps, 1.0)
        seen = max(gap * (1.0 / self.lost_fraction - 1.0), 1.0)
        lost = np.empty((frames, HANDS), np.bool_)
        for hand in range(HANDS):
            pairs = int(2 * frames / (gap + seen)) + 8
            runs = np.stack((rng.geometric(1.0 / seen, pairs), rng.geometric(1.0 / gap, pairs)), axis=1).ravel()
            state = np.repeat(np.arange(runs.size) % 2 == 1, runs)
            start = int(rng.integers(max(state.size - frames, 1)))
            lost[:, hand] = np.resize(state[start:], frames)
        return lost

    @staticmethod
    def _slow(rng: np.random.Generator, shape: tuple[int, ...], memory_s: float, fps: float) -> Float64:
        """A stationary, smooth process of unit variance along the first axis: a first-order autoregression, twice.

        Its autocorrelation is that of a Matern process of order 3/2, (1 + t / memory) exp(-t / memory): estimators that
        track, and filter, err smoothly, which a single autoregression does not.
        """
        keep = float(np.exp(-1.0 / (memory_s * fps)))
        rest = 1.0 - keep * keep
        inner, cross = 1.0 / rest, 1.0 / rest**2
        outer = (inner + 2 * keep * keep * cross) / rest
        drive = rng.standard_normal(shape)
        start = drive[0] * np.sqrt(inner)
        drive[0] = start
        first = lfilter((1.0,), (1.0, -keep), drive, axis=0)
        first[0] = start * (cross / inner) + rng.standard_normal(shape[1:]) * np.sqrt(outer - cross**2 / inner)
        return np.asarray(lfilter((1.0,), (1.0, -keep), first, axis=0) / np.sqrt(outer))


def delayed(joints_m: NDArray[np.floating], frames: float) -> Float64:
    """A motion some frames later, between frames by a straight line.

    Args:
        joints_m: (T, 2, 21, 3); NaN where a hand is missing, and there it stays missing.
        frames: How many, 0 or more. Before its first frame a hand stood still; after a gap it is not late yet.

    Returns:
        (T, 2, 21, 3).
    """
    joints_m = np.asarray(joints_m, np.float64)
    whole, part = divmod(frames, 1.0)
    now = np.arange(len(joints_m)) - int(whole)
    late = (1.0 - part) * joints_m[np.maximum(now, 0)] + part * joints_m[np.maximum(now - 1, 0)]
    return np.where(np.isfinite(joints_m) & np.isfinite(late), late, joints_m)
