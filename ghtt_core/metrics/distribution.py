"""Distances between sets of motions."""

import numpy as np
from numpy.typing import NDArray


def fid(features: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """Fréchet distance between two sets of feature vectors, each taken as a Gaussian; no unit.

    |mu1 - mu2|^2 + trace(S1 + S2 - 2 (S1 S2)^(1/2)), with unbiased covariances. Source: Heusel et al., NeurIPS 2017, eq. 6.
    The trace of the root is the sum of the roots of the eigenvalues of S1^(1/2) S2 S1^(1/2), which is symmetric, so that no
    general matrix root is needed.

    Args:
        features: (N, d), N > 1.
        reference: (M, d), M > 1.
    """
    first, second = features.astype(np.float64), reference.astype(np.float64)
    first_cov = np.atleast_2d(np.cov(first, rowvar=False))
    second_cov = np.atleast_2d(np.cov(second, rowvar=False))
    values, vectors = np.linalg.eigh(first_cov)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second_cov @ root), 0.0)).sum()
    offset = np.square(first.mean(axis=0) - second.mean(axis=0)).sum()
    return float(max(offset + np.trace(first_cov) + np.trace(second_cov) - 2.0 * cross, 0.0))
