"""The random numbers behind sampled futures, drawn in strata."""

import numpy as np
from numpy.typing import NDArray

from ghtt_core.packets import Float32

STRATA = 19
"""With the deterministic future they make the twenty that are usually drawn."""
_SHARE = 0.9
_CENTRES_SEED = 2311_17366


def sampling_noise(width: int, samples: int, rng: np.random.Generator) -> Float32:
    """Noise for m and alpha: (2, S, d); the first sample's is zero, which gives the deterministic future.

    Stratified sampling (Owen, "Monte Carlo theory, methods and examples", section 8.4): sample k is drawn around the centre of
    stratum k, with zero mean and unit variance over all strata, so that a handful of futures covers the possibilities better
    than as many independent draws. Training uses the same strata, and each learns a kind of future of its own. Beyond
    `STRATA` samples the strata come round again. Source of the centres: a seed, the same for ever.
    """
    drawn = stratum_noise(width, np.arange(samples - 1) % STRATA, rng)
    return np.concatenate((np.zeros_like(drawn, shape=(2, 1, width)), drawn), axis=1)


def stratum_noise(width: int, stratum: NDArray[np.integer], rng: np.random.Generator) -> Float32:
    """Noise for m and alpha, (2, S, d), each drawn from the given one of the strata, (S,)."""
    jitter = rng.standard_normal((2, len(stratum), width), np.float32)
    return np.asarray(stratum_centres(width)[:, stratum] + np.float32(np.sqrt(1.0 - _SHARE**2)) * jitter)


def stratum_centres(width: int) -> Float32:
    """(2, STRATA, width): around what the noise for m and alpha is drawn."""
    centres = np.random.default_rng(_CENTRES_SEED).standard_normal((2, STRATA, width))
    return np.float32(_SHARE) * centres.astype(np.float32)
