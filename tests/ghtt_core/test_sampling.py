import numpy as np

from ghtt_core.sampling import STRATA, sampling_noise


def test_the_first_future_has_no_noise_and_the_seed_fixes_the_others():
    once, again, other = (sampling_noise(32, 20, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert once.shape == (2, 20, 32)
    assert once.dtype == np.float32
    assert not once[:, 0].any()
    np.testing.assert_array_equal(once, again)
    assert (once[:, 1:] != other[:, 1:]).all()


def test_a_sample_stays_in_its_stratum_whatever_the_seed_and_the_batch():
    centres = np.mean([sampling_noise(64, 1 + STRATA, np.random.default_rng(seed))[:, 1:] for seed in range(200)], axis=0)
    batch = sampling_noise(64, 1 + 2 * STRATA, np.random.default_rng(9), (5,))[:, :, 1:]
    distance = np.linalg.norm(batch[:, :, :, None] - centres[:, None, None], axis=-1)
    nearest = distance.argmin(axis=-1)
    np.testing.assert_array_equal(nearest, np.broadcast_to(np.tile(np.arange(STRATA), 2), nearest.shape))


def test_over_all_strata_the_noise_is_standard_normal():
    drawn = sampling_noise(512, 1 + STRATA, np.random.default_rng(0), (50,))[:, :, 1:]
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1.0) < 0.02


def test_a_single_future_is_the_deterministic_one():
    np.testing.assert_array_equal(sampling_noise(16, 1, np.random.default_rng(0)), np.zeros((2, 1, 16)))
