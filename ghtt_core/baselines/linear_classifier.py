"""Multinomial logistic regression on numbers of which some may be unknown, held back as much as other recordings ask for."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from ghtt_core.model.readout import LIMIT

Array = NDArray[np.floating]
Float64 = NDArray[np.float64]
Labels = NDArray[np.integer]

STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
"""Inverse penalties on the weights that are tried, as scikit-learn counts them."""
FOLDS = 5
_ROUNDS = 100
_LEAST_SPREAD = 1e-4
"""What varies less is not blown up to unit spread: it would only mean something where it does vary."""


class LinearClassifier:
    """Names (N, S) values, NaN where unknown; what is unknown counts as usual.

    Attributes:
        mean, std: (S,) of the values that it was fitted to.
        weight, bias: (C, S) and (C,), for values of zero mean and unit spread.
        strength: The inverse penalty that was chosen.
    """

    name = "linear classifier"

    def __init__(self, classes: int) -> None:
        self._classes = classes

    def fit(self, values: Array, label: Labels, recording: NDArray[np.str_]) -> None:
        """Learn from values of at least two classes and two recordings.

        How strongly the weights are held to zero is chosen by cross-validation over the recordings: what carries over from some
        to others is wanted.
        """
        known = np.isfinite(values)
        count = np.maximum(known.sum(axis=0), 1)
        self.mean: Float64 = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / count
        spread = np.sqrt(np.where(known, (values - self.mean) ** 2, 0.0).sum(axis=0) / count)
        self.std: Float64 = np.where(spread > _LEAST_SPREAD, spread, 1.0)
        standard = self._standardise(values)
        self.strength = self._best_strength(standard, label, recording)
        [(self.weight, self.bias)] = self._weights(standard, label, (self.strength,))

    def logits(self, values: Array) -> Float64:
        """(N, C)."""
        return np.asarray(self._standardise(values) @ self.weight.T + self.bias)

    def probabilities(self, values: Array) -> Float64:
        """(N, C)."""
        logits = self.logits(values)
        return np.asarray(np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None]))

    def _standardise(self, values: Array) -> Float64:
        return np.asarray(np.nan_to_num(((values - self.mean) / self.std).clip(-LIMIT, LIMIT)))

    def _best_strength(self, standard: Float64, label: Labels, recording: NDArray[np.str_]) -> float:
        """The inverse penalty with the least negative log-likelihood on recordings that were left out."""
        loss = np.zeros(len(STRENGTHS))
        for learned, held_out in GroupKFold(min(FOLDS, len(np.unique(recording)))).split(standard, label, recording):
            if len(np.unique(label[learned])) < 2:
                continue
            for index, (weight, bias) in enumerate(self._weights(standard[learned], label[learned], STRENGTHS)):
                logits = standard[held_out] @ weight.T + bias
                given = logits[np.arange(len(held_out)), label[held_out]]
                loss[index] += (np.logaddexp.reduce(logits, axis=1) - given).sum()
        return STRENGTHS[int(loss.argmin())]

    def _weights(self, standard: Float64, label: Labels, strengths: Sequence[float]) -> list[tuple[Float64, Float64]]:
        """Weight and bias for increasing inverse penalties; a class that never occurs counts as half a moment."""
        regression = LogisticRegression(max_iter=_ROUNDS, tol=1e-3, warm_start=True)
        found = []
        for strength in strengths:
            with warnings.catch_warnings():
                # Not to the last digit: what is left by then is in directions that the penalty hardly holds.
                warnings.simplefilter("ignore", ConvergenceWarning)
                regression.set_params(C=strength).fit(standard, label)
            weight, bias = np.zeros((self._classes, standard.shape[1])), np.full(self._classes, np.log(0.5 / len(label)))
            rows, intercepts = regression.coef_, regression.intercept_
            if len(regression.classes_) == 2:  # of two classes only the second one's are given
                rows, intercepts = np.concatenate((-rows, rows)) / 2, np.concatenate((-intercepts, intercepts)) / 2
            weight[regression.classes_], bias[regression.classes_] = rows, intercepts
            found.append((weight, bias))
        return found
