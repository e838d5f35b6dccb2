"""Errors and diversity of forecasts.

K sampled futures of a window are (..., K, T, H, J, 3) metres, what then happened is (..., T, H, J, 3), both in one frame that
stands still; missing joints NaN. Everything is a mean of per-joint distances in millimetres (body-motion papers often print
the norm of the flattened pose, which is several times larger: the two must not be mixed).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.metrics._masked import Array, distances_mm, lengths_mm, masked_mean

_FRAMES_HANDS_JOINTS = (-3, -2, -1)
_HANDS_JOINTS = (-2, -1)


@dataclass(frozen=True, slots=True)
class ForecastErrors:
    """Displacement errors of forecasts, millimetres, one value per window (...).

    Attributes:
        best_ade: Average displacement error of the sample that does best.
        best_fde: Final displacement error of the sample that does best at the last frame.
        mean_ade: Average displacement error, mean over the samples.
        mean_fde: Final displacement error, mean over the samples.
        first_ade: Average displacement error of the first sample: the deterministic future.
        first_fde: Final displacement error of the first sample.
    """

    best_ade: NDArray[np.float64]
    best_fde: NDArray[np.float64]
    mean_ade: NDArray[np.float64]
    mean_fde: NDArray[np.float64]
    first_ade: NDArray[np.float64]
    first_fde: NDArray[np.float64]


def ade_fde(futures_m: Array, true_m: Array) -> ForecastErrors:
    """Average and final displacement error of K futures.

    ADE is the mean joint distance over the whole horizon, FDE the mean joint distance in its last frame. The best of the K
    is picked for each window, and for ADE and FDE by itself. Source: Yuan and Kitani, DLow, ECCV 2020, section 5.1, with
    per-joint means in place of the norm of the pose.

    Args:
        futures_m: (..., K, T, H, J, 3) metres, the deterministic future first.
        true_m: (..., T, H, J, 3) metres.
    """
    error = distances_mm(futures_m, true_m[..., None, :, :, :, :])
    average = masked_mean(error, _FRAMES_HANDS_JOINTS)
    final = masked_mean(error[..., -1, :, :], _HANDS_JOINTS)
    return ForecastErrors(
        best_ade=average.min(axis=-1),
        best_fde=final.min(axis=-1),
        mean_ade=average.mean(axis=-1),
        mean_fde=final.mean(axis=-1),
        first_ade=average[..., 0],
        first_fde=final[..., 0],
    )


def error_over_horizon(futures_m: Array, true_m: Array) -> NDArray[np.float64]:
    """Joint distance at every frame, best of K by the frame, (..., K, T, H, J, 3) to (..., T) millimetres."""
    error = masked_mean(distances_mm(futures_m, true_m[..., None, :, :, :, :]), _HANDS_JOINTS)
    return np.asarray(error.min(axis=-2))


def apd(futures_m: Array) -> NDArray[np.float64]:
    """Average pairwise distance of the K samples, millimetres: their diversity.

    The mean over all pairs of different samples of the joint distance averaged over the horizon. Zero for K = 1.
    Source: Aliakbarian et al., CVPR 2020, and DLow, section 5.1, with per-joint means.

    Args:
        futures_m: (..., K, T, H, J, 3) metres.
    """
    samples = futures_m.shape[-5]
    if samples == 1:
        return np.zeros(futures_m.shape[:-5])
    pairs = [
        masked_mean(distances_mm(futures_m[..., :-shift, :, :, :, :], futures_m[..., shift:, :, :, :, :]), _FRAMES_HANDS_JOINTS)
        for shift in range(1, samples)
    ]
    return np.asarray(np.concatenate(pairs, axis=-1).mean(axis=-1))


def mmade_mmfde(
    futures_m: Array, true_m: Array, last_observed_m: Array, threshold_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Multi-modal ADE and FDE: best-of-K errors against every future that followed a similar pose.

    Windows whose last observed poses are within the threshold (mean joint distance) of each other share their true futures;
    a window's error is the mean over those futures of the smallest error among its K samples. A window is always in its own
    group. Source: Yuan and Kitani, DLow, ECCV 2020, section 5.1. All three arrays must be in a frame that makes windows
    comparable, for example the palm at the last observed frame.

    Args:
        futures_m: (N, K, T, H, J, 3) metres.
        true_m: (N, T, H, J, 3) metres.
        last_observed_m: (N, H, J, 3) metres.
        threshold_mm: How close two last poses must be to share their futures.

    Returns:
        MMADE and MMFDE, each (N,) millimetres.
    """
    average, final = np.full(len(true_m), np.nan), np.full(len(true_m), np.nan)
    for index, pose in enumerate(last_observed_m):
        distance = masked_mean(distances_mm(last_observed_m, pose), _HANDS_JOINTS)
        similar = (distance < threshold_mm) | (np.arange(len(true_m)) == index)
        errors = ade_fde(futures_m[index][None], true_m[similar])
        average[index] = masked_mean(errors.best_ade, (0,))
        final[index] = masked_mean(errors.best_fde, (0,))
    return average, final


def cmd(futures_m: Array, true_m: Array) -> float:
    """Cumulative motion distance: whether the amount of motion over the horizon is as in the truth, millimetres.

    M_t is the mean joint displacement from frame t to t+1 over all predictions, M the same over all true futures and frames;
    CMD = sum over t = 1..T-1 of (T - t) |M_t - M|: early deviations count most. Source: Barquero et al., BeLFusion, ICCV 2023,
    eq. 10, over the whole set in place of per class.

    Args:
        futures_m: (N, K, T, H, J, 3) metres.
        true_m: (N, T, H, J, 3) metres.
    """
    motion = masked_mean(lengths_mm(np.diff(futures_m, axis=-4)), (0, 1, 3, 4))
    usual = float(masked_mean(lengths_mm(np.diff(true_m, axis=-4)), (0, 1, 2, 3)))
    frames = futures_m.shape[-4]
    return float(np.sum((frames - np.arange(1, frames)) * np.abs(motion - usual)))
