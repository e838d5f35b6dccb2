"""The path of a head-worn camera that watches the hands."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ghtt_core.synthetic.track import band_noise

Float64 = NDArray[np.float64]


def head_path(joints_m: Float64, fps: float, rng: np.random.Generator) -> Float64:
    """A head above the table whose gaze follows the hands late and half-heartedly.

    Args:
        joints_m: (T, 2, 21, 3) in the world frame: z up, y away from the body.
        fps: Frames per second.
        rng: The head's place, liveliness and where it looks are drawn from it.

    Returns:
        (T, 4, 4) world_from_cam, OpenCV axes.
    """
    frames = joints_m.shape[0]
    home = rng.normal((0.0, 0.06, 0.47), (0.015, 0.025, 0.03))
    sway = band_noise(rng, frames, 3, 0.9 * fps) * 0.010 + band_noise(rng, frames, 3, 0.25 * fps) * 0.002
    position = home + float(rng.uniform(0.5, 1.5)) * sway
    hands = joints_m.mean(axis=(1, 2))
    seen = gaussian_filter1d(hands, 0.6 * fps, axis=0, mode="nearest")
    seen = np.roll(seen, round(0.15 * fps), axis=0) if frames > 60 else seen
    seen[: round(0.15 * fps)] = seen[round(0.15 * fps)] if frames > 60 else seen[0]
    attention = float(rng.uniform(0.35, 0.8))
    gaze_home = rng.normal((0.0, 0.27, 0.04), (0.02, 0.03, 0.02))
    gaze = attention * seen + (1 - attention) * gaze_home
    gaze += float(rng.uniform(0.5, 1.5)) * (
        band_noise(rng, frames, 3, 0.8 * fps) * 0.018 + band_noise(rng, frames, 3, 0.2 * fps) * 0.002
    )
    forward = gaze - position
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    tilt = 0.03 * band_noise(rng, frames, 1, 1.0 * fps)
    up = np.concatenate((np.sin(tilt), np.zeros_like(tilt), np.cos(tilt)), axis=-1)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    path = np.tile(np.eye(4), (frames, 1, 1))
    path[:, :3, :3] = np.stack((right, np.cross(forward, right), forward), axis=-1)
    path[:, :3, 3] = position
    return path
