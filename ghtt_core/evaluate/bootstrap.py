"""Means with confidence intervals that respect recordings: windows of one recording are not independent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.evaluate.protocol import EvaluationProtocol

Array = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its confidence interval; NaN bounds where there are fewer than two recordings."""

    value: float
    low: float
    high: float


def mean_over_windows(values: Array, units: NDArray[np.str_], protocol: EvaluationProtocol) -> Estimate:
    """Mean of the windows' values, with the percentile bootstrap over recordings.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13, resampling whole clusters.

    Args:
        values: (N,) one value per window, NaN where it does not count.
        units: (N,) the recording of each window.
        protocol: Gives the number of draws, the coverage and the seed.
    """
    return ratio_of_means(values, np.where(np.isnan(values), np.nan, 1.0), units, protocol)


def ratio_of_means(values: Array, reference: Array, units: NDArray[np.str_], protocol: EvaluationProtocol) -> Estimate:
    """Mean of the values over the mean of the reference, both over the windows where both count, resampled together."""
    counts = ~(np.isnan(values) | np.isnan(reference))
    if not counts.any():
        return Estimate(np.nan, np.nan, np.nan)
    names, owner = np.unique(units[counts], return_inverse=True)
    above = np.bincount(owner, weights=values[counts], minlength=len(names))
    below = np.bincount(owner, weights=reference[counts], minlength=len(names))
    value = float(above.sum() / below.sum())
    if len(names) < 2:
        return Estimate(value, np.nan, np.nan)
    rng = np.random.default_rng(protocol.seed)
    draws = rng.multinomial(len(names), np.full(len(names), 1.0 / len(names)), size=protocol.resamples)
    tail = (1.0 - protocol.confidence) / 2.0
    low, high = np.quantile((draws @ above) / (draws @ below), [tail, 1.0 - tail])
    return Estimate(value, float(low), float(high))
