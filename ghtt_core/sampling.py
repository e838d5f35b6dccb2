"""The random numbers behind sampled futures, drawn in strata."""

import numpy as np

from ghtt_core.packets import Float32

STRATA = 19
"""With the deterministic future they make the twenty that are usually drawn."""
_SHARE = 0.9
_CENTRES_SEED = 2311_17366


def sampling_noise(width: int, samples: int, rng: np.random.Generator, batch: tuple[int, ...] = ()) -> Float32:
    """Noise for m and alpha: (2, *batch, S, d); the first sample's is zero, which gives the deterministic future.

    Stratified sampling (Owen, "Monte Carlo theory, methods and examples", section 8.4): sample k is drawn around the centre of
    stratum k, with zero mean and unit variance over all strata, so that a handful of futures covers the possibilities better
    than as many independent draws. Training uses the same strata, and each learns a kind of future of its own. Beyond
    `STRATA` samples the strata come round again. Source of the centres: a seed, the same for ever.
    """
    centres = stratum_centres(width)[:, np.arange(samples - 1) % STRATA].reshape(2, *(1 for _ in batch), samples - 1, width)
    jitter = rng.standard_normal((2, *batch, samples - 1, width), np.float32)
    drawn = centres + np.float32(np.sqrt(1.0 - _SHARE**2)) * jitter
    return np.concatenate((np.zeros_like(drawn, shape=(2, *batch, 1, width)), drawn), axis=-2)


def stratum_centres(width: int) -> Float32:
    """(2, STRATA, width): around what the noise for m and alpha is drawn."""
    centres = np.random.default_rng(_CENTRES_SEED).standard_normal((2, STRATA, width))
    return np.float32(_SHARE) * centres.astype(np.float32)
