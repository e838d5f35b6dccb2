"""Measures what an estimator does to exact joints, as the parameters of `EstimatorNoise`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ghtt_core.metrics import lag
from ghtt_core.skeleton import HANDS
from ghtt_core.synthetic.noise import EstimatorNoise, delayed, joint_scale

Float64 = NDArray[np.float64]

_LAG_S = 0.2
_SPIKE_M = 0.02
_ASTRAY = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """A rendered clip as the estimator saw it, and as it was.

    Attributes:
        observed_cam_m: (T, 2, 21, 3), NaN where a hand was missed.
        truth_cam_m: (T, 2, 21, 3).
        visible: (T, 2) whether the picture shows the hand.
        fps: Frames per second.
    """

    observed_cam_m: NDArray[np.floating]
    truth_cam_m: NDArray[np.floating]
    visible: NDArray[np.bool_]
    fps: float


@dataclass(frozen=True, slots=True)
class NoiseReport:
    """What was measured.

    Attributes:
        noise: The model's parameters.
        found: Share of the visible hands that were found.
        swapped: Share of the found ones that are seen nearer to the other hand of the truth (left out of the rest).
        aligned_mm: Mean per-joint error relative to the wrist.
        wrist_mm: Mean error of the wrist.
        joint_spread: (21,) spread of each joint's error relative to the mean of the joints beyond the wrist.
    """

    noise: EstimatorNoise
    found: float
    swapped: float
    aligned_mm: float
    wrist_mm: float
    joint_spread: Float64


@dataclass(frozen=True, slots=True)
class _Parts:
    """One clip's error in the parts of the noise model, NaN where there is none."""

    local: Float64
    turn: Float64
    side: Float64
    depth: Float64
    spike: NDArray[np.bool_]
    jump: Float64


def measure_noise(pairs: Sequence[Pair]) -> NoiseReport:
    """Fit the noise model.

    The white part is told by the median second difference, where a slow part shows little and outliers do not count; the
    slow part has the rest of the variance, and its memory follows from the autocovariance at 0.2 s. Wrists that jump, or
    are off by half their distance, do not count for the place. How late the motion is told comes first, and is taken out.

    Args:
        pairs: Clips with their truth, all of one frame rate.

    Raises:
        ValueError: There is no pair, or not one hand was found.
    """
    if not pairs:
        raise ValueError("no pairs to measure")
    fps = pairs[0].fps
    kept = [_unswapped(pair) for pair in pairs]
    if not any(np.isfinite(observed).any() for observed, _ in kept):
        raise ValueError("not one hand was found")
    late = max(lag([observed for observed, _ in kept], [pair.truth_cam_m for pair in pairs]), 0.0)
    parts = [_split(observed, delayed(pair.truth_cam_m, late)) for (observed, _), pair in zip(kept, pairs, strict=True)]
    spread = np.sqrt(np.nanmean(np.concatenate([part.local for part in parts]) ** 2, axis=(0, 1, 3)))
    joint = _moments([part.local / np.maximum(joint_scale(), 0.1)[:, None] for part in parts], fps, slice(1, None))
    turn, side = _moments([part.turn for part in parts], fps), _moments([part.side for part in parts], fps)
    levels = [_level(part.depth) for part in parts]
    depth = _moments([part.depth - level for part, level in zip(parts, levels, strict=True)], fps)
    lost = [pair.visible & ~np.isfinite(pair.observed_cam_m).all(axis=(-1, -2)) for pair in pairs]
    shown = sum(int(pair.visible.sum()) for pair in pairs)
    gone = sum(int(gap.sum()) for gap in lost)
    gaps = sum(int((np.diff(gap.astype(np.int8), axis=0, prepend=0) == 1).sum()) for gap in lost)
    jumps = np.concatenate([part.jump[part.spike] for part in parts])
    sighted = sum(int(np.isfinite(part.depth).sum()) for part in parts)
    noise = EstimatorNoise(
        joint_white_m=joint[0],
        joint_slow_m=joint[1],
        joint_memory_s=joint[2],
        turn_white_rad=turn[0],
        turn_slow_rad=turn[1],
        turn_memory_s=turn[2],
        side_white_m=side[0] / np.sqrt(2 / 3),
        side_slow_m=side[1] / np.sqrt(2 / 3),
        side_memory_s=side[2],
        depth_bias=float(np.sqrt(np.nanmean(np.square(levels)))),
        depth_white=depth[0],
        depth_slow=depth[1],
        depth_memory_s=depth[2],
        lost_fraction=gone / max(shown, 1),
        lost_mean_s=gone / max(gaps, 1) / fps,
        spike_rate_hz=float(len(jumps)) / sighted * fps,
        spike_m=float(np.sqrt((jumps**2).mean())) if len(jumps) else 0.0,
        lag_s=late / fps,
    )
    errors = [observed - pair.truth_cam_m for (observed, _), pair in zip(kept, pairs, strict=True)]
    aligned = np.concatenate([error - error[:, :, :1] for error in errors])
    return NoiseReport(
        noise=noise,
        found=1 - gone / max(shown, 1),
        swapped=float(np.concatenate([swapped for _, swapped in kept]).sum() / max(sighted, 1)),
        aligned_mm=float(np.nanmean(np.linalg.norm(aligned, axis=-1)) * 1000),
        wrist_mm=float(np.nanmean(np.linalg.norm(np.concatenate(errors)[:, :, 0], axis=-1)) * 1000),
        joint_spread=spread / spread[1:].mean(),
    )


def _unswapped(pair: Pair) -> tuple[Float64, NDArray[np.bool_]]:
    """The observation without hands seen nearer to the other hand of the truth than to their own, and which those are."""
    observed = np.array(pair.observed_cam_m, np.float64)
    centre, truth = observed.mean(axis=2), pair.truth_cam_m.mean(axis=2, dtype=np.float64)
    centre /= np.linalg.norm(centre, axis=-1, keepdims=True)
    truth /= np.linalg.norm(truth, axis=-1, keepdims=True)
    own = np.linalg.norm(centre - truth, axis=-1)
    other = np.linalg.norm(centre - truth[:, ::-1], axis=-1)
    swapped = np.asarray(other < own)
    observed[swapped] = np.nan
    return observed, swapped


def _split(observed: Float64, truth: Float64) -> _Parts:
    """Take the error of one clip apart in the order in which `EstimatorNoise.corrupt` builds it."""
    frames = len(observed)
    wrist, true_wrist = observed[:, :, 0], truth[:, :, 0]
    error = wrist - true_wrist
    middle = np.full_like(error, np.nan)
    middle[1:-1] = (error[2:] + error[:-2]) / 2
    jump = error - middle
    size = np.nan_to_num(np.linalg.norm(jump, axis=-1))
    spike = (size > _SPIKE_M) & (size >= np.roll(size, 1, axis=0)) & (size >= np.roll(size, -1, axis=0))
    ray = true_wrist / np.linalg.norm(true_wrist, axis=-1, keepdims=True)
    along = (error * ray).sum(axis=-1)
    side = error - along[..., None] * ray
    local, true_local = observed - wrist[:, :, None], truth - true_wrist[:, :, None]
    turn = np.full((frames, HANDS, 3), np.nan)
    rest = np.full_like(local, np.nan)
    known = np.isfinite(local).all(axis=(-1, -2))
    rotation = _rotations(true_local[known], local[known])
    turn[known] = Rotation.from_matrix(rotation).as_rotvec()
    rest[known] = local[known] @ rotation - true_local[known]
    depth = along / np.linalg.norm(true_wrist, axis=-1)
    astray = spike | (np.abs(np.nan_to_num(depth)) > _ASTRAY)
    depth[astray] = np.nan
    side[astray] = np.nan
    return _Parts(rest, turn, side, depth, spike, jump)


def _level(depth: Float64) -> Float64:
    """(2,) mean of each hand's (T, 2) relative depth error; NaN for a hand that was never found."""
    known = np.isfinite(depth)
    return np.asarray(np.where(known, depth, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan))


def _rotations(points: Float64, turned: Float64) -> Float64:
    """(N, 3, 3) least-squares rotations about the origin, `points` to `turned` (Kabsch 1976)."""
    u, _, vt = np.linalg.svd(points.swapaxes(-1, -2) @ turned)
    handed = np.linalg.det(u @ vt)
    u[..., 2] *= handed[:, None]
    return np.asarray((u @ vt).swapaxes(-1, -2))


def _moments(series: Sequence[Float64], fps: float, joints: slice | None = None) -> tuple[float, float, float]:
    """White and slow standard deviation per component, and the slow part's memory in seconds, of (T, ...) series."""
    if joints is not None:
        series = [one[:, :, joints] for one in series]
    bends = np.concatenate([np.diff(one, 2, axis=0).ravel() for one in series])
    white = float(np.nanmedian(np.abs(bends))) / 0.6745 / np.sqrt(6.0)
    power, far = _covariance(series, 0), _covariance(series, round(_LAG_S * fps))
    slow = max(power - white**2, 1e-12)
    ages = np.linspace(0.02, 8.0, 400)
    age = float(np.interp(-far / slow, -(1 + ages) * np.exp(-ages), ages))
    return float(white), float(np.sqrt(slow)), _LAG_S / age


def _covariance(series: Sequence[Float64], lag: int) -> float:
    products = [(one[lag:] * one[: len(one) - lag]).ravel() for one in series if len(one) > lag]
    return float(np.nanmean(np.concatenate(products)))
