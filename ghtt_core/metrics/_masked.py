"""Means that skip what is missing."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
MM_PER_M = 1000.0


def masked_mean(values: Array, axes: tuple[int, ...]) -> NDArray[np.float64]:
    """Mean over `axes` of the values that are not NaN; NaN where there is none."""
    valid = ~np.isnan(values)
    count = valid.sum(axis=axes)
    total = np.where(valid, values, 0.0).sum(axis=axes, dtype=np.float64)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), dtype=np.float64)


def lengths_mm(vectors_m: Array) -> Array:
    """Euclidean length of every vector, (..., 3) metres to (...) millimetres; NaN where a coordinate is missing."""
    square = np.square(vectors_m)
    # Adding three coordinates by hand is several times faster than a sum or a norm over an axis of three.
    total = square[..., 0] + square[..., 1]
    total += square[..., 2]
    return np.asarray(np.sqrt(total) * MM_PER_M)


def distances_mm(predicted_m: Array, true_m: Array) -> Array:
    """Euclidean distance of every joint, (..., J, 3) metres to (..., J) millimetres; NaN where either joint is missing."""
    return lengths_mm(predicted_m - true_m)
