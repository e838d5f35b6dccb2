import numpy as np
import pytest

from ghtt_core.synthetic import EstimatorNoise

CAMERA = np.array((0.0, 0.0, 0.45))


@pytest.fixture(scope="module")
def still():
    hand = np.random.default_rng(0).normal((0.0, 0.25, 0.05), 0.04, (1, 2, 21, 3))
    return np.repeat(hand, 20_000, axis=0)


def test_no_noise_changes_nothing(still):
    silent = EstimatorNoise(
        **dict.fromkeys(("joint_white_m", "joint_slow_m", "turn_slow_rad", "side_white_m", "side_slow_m"), 0.0),
        **dict.fromkeys(("depth_bias", "depth_white", "depth_slow", "lost_fraction", "spike_rate_hz"), 0.0),
    )
    assert np.allclose(silent.corrupt(still[:50], np.random.default_rng(1), CAMERA), still[:50], atol=1e-6)


def test_the_lost_fraction_and_gap_length_are_as_asked():
    lost = EstimatorNoise(lost_fraction=0.2, lost_mean_s=0.4).lost(200_000, np.random.default_rng(2))
    assert lost.mean() == pytest.approx(0.2, abs=0.02)
    gaps = (np.diff(lost[:, 0].astype(int)) == 1).sum()
    assert lost[:, 0].sum() / gaps == pytest.approx(12.0, rel=0.1)


def test_the_depth_error_lies_along_the_ray_and_is_slow(still):
    noise = EstimatorNoise(
        joint_white_m=0,
        joint_slow_m=0,
        turn_slow_rad=0,
        side_white_m=0,
        side_slow_m=0,
        depth_bias=0,
        depth_white=0,
        lost_fraction=0,
        spike_rate_hz=0,
    )
    wrist = still[:, 0, 0]
    error = noise.corrupt(still, np.random.default_rng(3), CAMERA)[:, 0, 0] - wrist
    ray = wrist - CAMERA
    along = (error * ray).sum(-1) / (ray * ray).sum(-1)
    assert np.allclose(error, along[:, None] * ray, atol=1e-6)
    assert along.std() == pytest.approx(noise.depth_slow, rel=0.1)
    lag = np.corrcoef(along[:-12], along[12:])[0, 1]
    assert lag == pytest.approx(np.exp(-12 / 30 / noise.depth_memory_s), abs=0.06)


def test_missing_hands_stay_missing_and_the_seed_decides(still):
    joints = still[:90].copy()
    joints[30:60, 1] = np.nan
    noise = EstimatorNoise(lost_fraction=0.0)
    noisy = noise.corrupt(joints, np.random.default_rng(4), CAMERA)
    assert np.isnan(noisy[30:60, 1]).all()
    assert np.isfinite(noisy[:, 0]).all()
    assert np.array_equal(noisy, noise.corrupt(joints, np.random.default_rng(4), CAMERA), equal_nan=True)
