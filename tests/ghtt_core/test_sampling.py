import numpy as np

from ghtt_core.sampling import STRATA, sampling_noise, stratum_centres, stratum_noise


def test_the_first_future_has_no_noise_and_the_seed_fixes_the_others():
    once, again, other = (sampling_noise(32, 20, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert once.shape == (2, 20, 32)
    assert once.dtype == np.float32
    assert not once[:, 0].any()
    np.testing.assert_array_equal(once, again)
    assert (once[:, 1:] != other[:, 1:]).all()


def test_a_sample_stays_in_its_stratum_whatever_the_seed():
    centres = np.mean([sampling_noise(64, 1 + STRATA, np.random.default_rng(seed))[:, 1:] for seed in range(200)], axis=0)
    several = sampling_noise(64, 1 + 2 * STRATA, np.random.default_rng(9))[:, 1:]
    distance = np.linalg.norm(several[:, :, None] - centres[:, None], axis=-1)
    np.testing.assert_array_equal(distance.argmin(axis=-1), [np.tile(np.arange(STRATA), 2)] * 2)


def test_noise_can_be_drawn_from_chosen_strata():
    chosen = np.array([4, 0, 4, 18])
    drawn = stratum_noise(64, chosen, np.random.default_rng(2))
    distance = np.linalg.norm(drawn[:, :, None] - stratum_centres(64)[:, None], axis=-1)
    np.testing.assert_array_equal(distance.argmin(axis=-1), [chosen] * 2)
    assert (drawn[:, 0] != drawn[:, 2]).all()


def test_over_all_strata_the_noise_is_standard_normal():
    drawn = np.stack([sampling_noise(512, 1 + STRATA, np.random.default_rng(seed))[:, 1:] for seed in range(50)])
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1.0) < 0.02


def test_a_single_future_is_the_deterministic_one():
    np.testing.assert_array_equal(sampling_noise(16, 1, np.random.default_rng(0)), np.zeros((2, 1, 16)))
