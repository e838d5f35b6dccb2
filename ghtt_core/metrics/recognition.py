"""How often the action is right, and how well the stated probabilities can be believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.floating]
Labels = NDArray[np.integer]


def top1(probabilities: Probabilities, labels: Labels) -> float:
    """Share of windows whose most probable class is the true one, 0-1; (N, C) against (N,)."""
    return float(np.mean(probabilities.argmax(axis=-1) == labels))


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability diagram: windows sorted into bins of equal width by the probability of their predicted class.

    Attributes:
        edges: (B + 1,) bin borders from 0 to 1.
        count: (B,) windows in each bin.
        confidence: (B,) mean probability of the predicted class, NaN where empty.
        accuracy: (B,) share of right predictions, NaN where empty.
    """

    edges: NDArray[np.float64]
    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def expected_calibration_error(self) -> float:
        """Mean gap between confidence and accuracy, weighted by the windows in each bin, 0-1."""
        filled = self.count > 0
        gaps = np.abs(self.confidence[filled] - self.accuracy[filled])
        return float((gaps * self.count[filled]).sum() / self.count.sum())


def reliability(probabilities: Probabilities, labels: Labels, bins: int = 15) -> Reliability:
    """Bins of equal width (lower border excluded), after Guo et al., On Calibration, ICML 2017, eqs. 1-3."""
    top = probabilities.max(axis=-1).astype(np.float64)
    right = probabilities.argmax(axis=-1) == labels
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = np.clip(np.searchsorted(edges, top, side="left") - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    divisor = np.where(count > 0, count, np.nan)
    return Reliability(
        edges,
        count,
        np.bincount(index, weights=top, minlength=bins) / divisor,
        np.bincount(index, weights=right, minlength=bins) / divisor,
    )


def expected_calibration_error(probabilities: Probabilities, labels: Labels, bins: int = 15) -> float:
    """Expected calibration error, 0-1: see `Reliability.expected_calibration_error`. Source: Guo et al., ICML 2017, eq. 3."""
    return reliability(probabilities, labels, bins).expected_calibration_error


def confusion(predicted: Labels, labels: Labels, classes: int) -> NDArray[np.int64]:
    """(C, C) counts: rows are true classes, columns predicted ones."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)
