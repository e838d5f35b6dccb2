"""Filters that a refinement has to beat, with settings tuned on training clips.

A smoother takes a whole motion (T, 2, 21, 3), metres, NaN where missing, and leaves missing what is missing. Causal ones use
nothing that comes later, so they could run live without lag of their own making; the others see the whole motion.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_coeffs, savgol_filter

from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.baselines.one_euro import one_euro
from ghtt_core.runtime import FRAME_RATE_HZ

Array = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Smoother:
    """A filter and the settings worth trying.

    Attributes:
        name: What the tables call it.
        causal: Whether it uses the past only.
        run: (T, 2, 21, 3) and one value of each setting to the smoothed motion.
        settings: Values to try by setting.
        usual: Settings that serve where there is nothing to tune on.
    """

    name: str
    causal: bool
    run: Callable[..., Array]
    settings: Mapping[str, Sequence[float]]
    usual: Mapping[str, float]

    def choices(self) -> list[dict[str, float]]:
        """Every combination of settings."""
        return [dict(zip(self.settings, values, strict=True)) for values in itertools.product(*self.settings.values())]


def savitzky_golay(joints_m: Array, window: float, order: float) -> Array:
    """A polynomial fitted around every frame, gaps bridged linearly (Savitzky and Golay, Analytical Chemistry 36, 1964)."""
    frames = int(min(window, len(joints_m) - (len(joints_m) + 1) % 2))
    smoothed = savgol_filter(fill_gaps(joints_m), frames, min(int(order), frames - 1), axis=0)
    return np.where(np.isnan(joints_m), np.nan, smoothed)


def savitzky_golay_newest(joints_m: Array, window: float, order: float) -> Array:
    """The same polynomial fitted to the last frames and read at the newest, so that nothing later is used."""
    frames = int(window)
    weights = savgol_coeffs(frames, int(order), pos=frames - 1, use="dot")
    smoothed = np.full_like(joints_m, np.nan)
    for newest in range(len(joints_m)):
        past = joints_m[max(0, newest + 1 - frames) : newest + 1]
        past = fill_gaps(np.concatenate([np.repeat(past[:1], frames - len(past), axis=0), past]))
        smoothed[newest] = np.tensordot(weights, past, axes=1)
    return np.where(np.isnan(joints_m), np.nan, smoothed)


def kalman(joints_m: Array, process: float) -> Array:
    """A Kalman filter that takes every coordinate to move at a velocity which random accelerations change.

    Args:
        joints_m: (T, H, J, 3) metres.
        process: Spread of the acceleration over that of the measurements, in 1 / frame^2: low is smooth.
    """
    means, _, _, _ = _kalman_forward(joints_m, process)
    return np.where(np.isnan(joints_m), np.nan, means[..., 0])


def kalman_rts(joints_m: Array, process: float) -> Array:
    """The same with the backward pass of Rauch, Tung and Striebel (AIAA Journal 3, 1965): the whole motion is used."""
    means, covariances, ahead_means, ahead_covariances = _kalman_forward(joints_m, process)
    smoothed = means.copy()
    for frame in range(len(joints_m) - 2, -1, -1):
        gain = covariances[frame] @ _TRANSITION.T @ np.linalg.inv(ahead_covariances[frame + 1])
        correction = smoothed[frame + 1] - ahead_means[frame + 1]
        smoothed[frame] = means[frame] + np.einsum("hij,h...j->h...i", gain, correction)
    return np.where(np.isnan(joints_m), np.nan, smoothed[..., 0])


_TRANSITION = np.array([[1.0, 1.0], [0.0, 1.0]])
_VAGUE = np.diag([1e6, 1e2])
"""Covariance before a hand is seen, in units of the measurement's."""


def _kalman_forward(joints_m: Array, process: float) -> tuple[Array, Array, Array, Array]:
    """Filtered and predicted means (T, H, J, 3, 2) and covariances (T, H, 2, 2), in units of the measurement's variance."""
    frames, hands = joints_m.shape[:2]
    noise = process**2 * np.array([[0.25, 0.5], [0.5, 1.0]])
    mean = np.zeros((*joints_m.shape[1:], 2))
    covariance = np.broadcast_to(_VAGUE, (hands, 2, 2)).copy()
    means, covariances = np.empty((frames, *mean.shape)), np.empty((frames, hands, 2, 2))
    ahead_means, ahead_covariances = np.empty_like(means), np.empty_like(covariances)
    for frame, measured in enumerate(joints_m):
        if frame > 0:
            mean = mean @ _TRANSITION.T
            covariance = _TRANSITION @ covariance @ _TRANSITION.T + noise
        ahead_means[frame], ahead_covariances[frame] = mean, covariance
        seen = np.isfinite(measured).all(axis=(1, 2))
        gain = np.where(seen[:, None], covariance[:, :, 0] / (covariance[:, :1, 0] + 1.0), 0.0)
        surprise = np.where(seen[:, None, None], measured - mean[..., 0], 0.0)
        mean = mean + surprise[..., None] * gain[:, None, None]
        covariance = covariance - gain[:, :, None] * covariance[:, :1]
        means[frame], covariances[frame] = mean, covariance
    return means, covariances, ahead_means, ahead_covariances


SMOOTHERS = (
    Smoother(
        "One-Euro",
        True,
        lambda joints_m, min_cutoff_hz, beta: one_euro(joints_m, FRAME_RATE_HZ, min_cutoff_hz, beta),
        {"min_cutoff_hz": (0.3, 0.6, 1.0, 1.5, 2.5, 4.0), "beta": (0.0, 1.0, 3.0, 10.0, 30.0)},
        {"min_cutoff_hz": 1.0, "beta": 10.0},
    ),
    Smoother(
        "Savitzky-Golay, newest frame",
        True,
        savitzky_golay_newest,
        {"window": (5, 7, 9, 13), "order": (1, 2)},
        {"window": 7, "order": 1},
    ),
    Smoother("Kalman filter", True, kalman, {"process": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)}, {"process": 0.1}),
    Smoother(
        "Savitzky-Golay, centred",
        False,
        savitzky_golay,
        {"window": (5, 7, 9, 13, 17), "order": (2, 3)},
        {"window": 9, "order": 2},
    ),
    Smoother("Kalman RTS", False, kalman_rts, {"process": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)}, {"process": 0.1}),
)
