"""What training does to the motion before a model sees it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.skeleton import HANDS
from ghtt_core.synthetic.noise import EstimatorNoise

Float32 = NDArray[np.float32]
Corrupt = Callable[[Float32, np.random.Generator], Float32]
"""Makes (B, T, 2, 21, 3) clean joints look like an estimator's."""


ESTIMATOR = EstimatorNoise()


@dataclass(frozen=True, slots=True)
class Hiding:
    """How often what is hidden.

    Attributes:
        short_past: Only the last 2-16 frames are given (the paper's 0.25).
        hand: A whole hand is hidden.
        gap: A hand is lost for 1-8 frames.
    """

    short_past: float = 0.25
    hand: float = 0.1
    gap: float = 0.3


def mirrored(joints_m: Float32) -> Float32:
    """The motion as in a mirror: left and right change places."""
    return np.asarray(joints_m[..., ::-1, :, :] * np.array([-1.0, 1.0, 1.0], np.float32))


def mirrored_where(flip: NDArray[np.bool_], joints_m: Float32) -> Float32:
    """(B, T, 2, 21, 3) motions, those that (B,) names as in a mirror."""
    joints_m = joints_m.copy()
    joints_m[flip] = mirrored(joints_m[flip])
    return joints_m


def vary(joints_m: Float32, truth_m: Float32, rng: np.random.Generator) -> tuple[Float32, Float32]:
    """Mirror half of the windows and scale all of them by 0.85 to 1.15: other hands, in the same proportions.

    Args:
        joints_m: (B, T, 2, 21, 3).
        truth_m: The same windows as they should come out.
        rng: Source of chance.
    """
    flip = rng.random(len(joints_m)) < 0.5
    scale = rng.uniform(0.85, 1.15, (len(joints_m), 1, 1, 1, 1)).astype(np.float32)
    return mirrored_where(flip, joints_m * scale), mirrored_where(flip, truth_m * scale)


def as_estimated(seen_m: Float32, estimated: NDArray[np.bool_], corrupt: Corrupt, rng: np.random.Generator) -> Float32:
    """Windows (B, T, 2, 21, 3) with noise on those that no estimator saw, by (B,): the others bring their own."""
    noisy, clean = seen_m.copy(), ~estimated
    noisy[clean] = corrupt(noisy[clean], rng)
    return noisy


def hide(joints_m: Float32, hiding: Hiding, rng: np.random.Generator) -> Float32:
    """Lose hands and frames at random, (B, T, 2, 21, 3); the newest frame keeps every hand that is not hidden altogether."""
    batch, frames = joints_m.shape[:2]
    time = np.arange(frames)
    kept = np.full(batch, frames)
    short = np.flatnonzero(rng.random(batch) < hiding.short_past)
    kept[short] = rng.integers(2, frames + 1, short.size)
    lost = np.broadcast_to((time < frames - kept[:, None])[..., None], (batch, frames, HANDS)).copy()
    start = rng.integers(0, frames - 1, (batch, HANDS))
    stop = np.minimum(start + rng.integers(1, 9, (batch, HANDS)), frames - 1)
    gap = (time[:, None] >= start[:, None]) & (time[:, None] < stop[:, None])
    lost |= gap & (rng.random((batch, 1, HANDS)) < hiding.gap)
    both = np.asarray(np.isfinite(joints_m[:, -1, :, 0, 0]).all(axis=1))
    whole = (rng.random(batch) < hiding.hand) & both
    which = rng.integers(0, HANDS, (batch,))
    lost[whole, :, which[whole]] = True
    return np.where(lost[..., None, None], np.float32(np.nan), joints_m)


def mixed_noise(joints_m: Float32, rng: np.random.Generator) -> Float32:
    """Half of the windows, (B, T, 2, 21, 3), as a real estimator would see them, half with up to the paper's noise.

    A model that knows only bad input loses the detail of good input.
    """
    half = len(joints_m) // 2
    strength = rng.uniform(0.0, 1.0, (len(joints_m) - half, 1, 1, 1, 1)).astype(np.float32)
    mild = joints_m[half:] + strength * (paper_noise(joints_m[half:], rng) - joints_m[half:])
    return np.concatenate((estimator_noise(joints_m[:half], rng), mild))


def estimator_noise(joints_m: Float32, rng: np.random.Generator) -> Float32:
    """The measured noise of a real estimator on (B, T, 2, 21, 3), each window seen from 30 to 60 cm away, from anywhere."""
    known = np.asarray(np.isfinite(joints_m).all(axis=-1))
    total = np.where(known[..., None], joints_m, 0).sum(axis=(1, 2, 3))
    count: NDArray[np.int64] = known.sum(axis=(1, 2, 3))
    centre = total / count.clip(1)[:, None]
    direction = rng.standard_normal((len(joints_m), 3))
    direction *= rng.uniform(0.3, 0.6, (len(joints_m), 1)) / np.linalg.norm(direction, axis=1, keepdims=True)
    noisy = np.empty_like(joints_m)
    for index, camera in enumerate(centre + direction):
        noisy[index] = ESTIMATOR.corrupt(joints_m[index], rng, camera)
    return noisy


def paper_noise(joints_m: Float32, rng: np.random.Generator) -> Float32:
    """The paper's noise, laid onto joints: 0.025 hand sizes on each joint, 1.25 degrees and 7.5 mm on each hand and frame."""
    batch, frames = joints_m.shape[:2]
    wrist = joints_m[..., :1, :]
    local = joints_m - wrist
    axis = rng.normal(0.0, np.radians(1.25), (batch, frames, HANDS, 1, 3)).astype(np.float32)
    turned = local + np.cross(np.broadcast_to(axis, local.shape), local)
    size_m = np.float32(0.09)
    jitter = rng.standard_normal(local.shape, np.float32) * (0.025 * size_m)
    shift = rng.standard_normal(wrist.shape, np.float32) * np.float32(0.0075)
    return np.asarray(wrist + turned + jitter + shift)
