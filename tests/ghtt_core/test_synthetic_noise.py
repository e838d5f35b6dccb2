import numpy as np
import pytest

from ghtt_core.synthetic import EstimatorNoise, generate_motion
from ghtt_core.synthetic.measure import Pair, measure_noise
from ghtt_core.synthetic.noise import delayed

CAMERA = np.array((0.0, 0.0, 0.45))


@pytest.fixture(scope="module")
def still():
    hand = np.random.default_rng(0).normal((0.0, 0.25, 0.05), 0.04, (1, 2, 21, 3))
    return np.repeat(hand, 20_000, axis=0)


def test_no_noise_changes_nothing(still):
    silent = EstimatorNoise(
        **dict.fromkeys(
            ("joint_white_m", "joint_slow_m", "turn_white_rad", "turn_slow_rad", "side_white_m", "side_slow_m"), 0.0
        ),
        **dict.fromkeys(("depth_bias", "depth_white", "depth_slow", "lost_fraction", "spike_rate_hz", "lag_s"), 0.0),
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
        turn_white_rad=0,
        turn_slow_rad=0,
        side_white_m=0,
        side_slow_m=0,
        depth_bias=0,
        depth_white=0,
        depth_memory_s=0.4,
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
    age = 12 / 30 / noise.depth_memory_s
    assert lag == pytest.approx((1 + age) * np.exp(-age), abs=0.06)
    assert np.diff(along, 2).std() < 0.1 * along.std()


def test_missing_hands_stay_missing_and_the_seed_decides(still):
    joints = still[:90].copy()
    joints[30:60, 1] = np.nan
    noise = EstimatorNoise(lost_fraction=0.0)
    noisy = noise.corrupt(joints, np.random.default_rng(4), CAMERA)
    assert np.isnan(noisy[30:60, 1]).all()
    assert np.isfinite(noisy[:, 0]).all()
    assert np.array_equal(noisy, noise.corrupt(joints, np.random.default_rng(4), CAMERA), equal_nan=True)


def corrupted(noise, clips):
    """Clips of 20 s as an estimator with this noise would see them."""
    pairs = []
    for seed in range(clips):
        truth = generate_motion(seed, 20.0).sequence.joints_m - (0.0, 0.0, 0.6)
        noisy = noise.corrupt(truth, np.random.default_rng(seed), np.zeros(3))
        pairs.append(Pair(noisy, truth, np.ones(truth.shape[:2], bool), 30.0))
    return pairs


def test_measuring_corrupted_motion_gives_the_noise_back():
    asked = EstimatorNoise(
        joint_white_m=0.004,
        joint_memory_s=0.5,
        side_slow_m=0.014,
        depth_white=0.01,
        depth_slow=0.03,
        lost_fraction=0.1,
        spike_rate_hz=0.0,
        lag_s=0.0,
    )
    report = measure_noise(corrupted(asked, 10))
    for name, tolerance in (
        ("joint_white_m", 0.15),
        ("joint_slow_m", 0.15),
        ("joint_memory_s", 0.25),
        ("turn_slow_rad", 0.2),
        ("side_white_m", 0.35),
        ("side_slow_m", 0.25),
        ("depth_bias", 0.5),
        ("depth_white", 0.25),
        ("depth_slow", 0.25),
        ("lost_fraction", 0.25),
        ("lost_mean_s", 0.25),
    ):
        assert getattr(report.noise, name) == pytest.approx(getattr(asked, name), rel=tolerance), name
    assert report.found == pytest.approx(0.9, abs=0.03)
    assert report.swapped < 0.06
    assert report.noise.lag_s == pytest.approx(0.0, abs=0.002)


def test_measuring_tells_how_late_a_motion_is_told():
    assert measure_noise(corrupted(EstimatorNoise(lag_s=0.05), 4)).noise.lag_s == pytest.approx(0.05, rel=0.15)


def test_a_delay_falls_between_frames_and_leaves_gaps_where_they_are():
    moving = np.zeros((6, 2, 21, 3)) + np.arange(6.0)[:, None, None, None]
    moving[3, 1] = np.nan
    late = delayed(moving, 1.25)[:, :, 0, 0]
    assert np.allclose(late[:, 0], (0, 0, 0.75, 1.75, 2.75, 3.75))
    assert np.allclose(late[:, 1], (0, 0, 0.75, np.nan, 4, 5), equal_nan=True)


def test_swapped_hands_are_told_apart_and_nothing_to_measure_is_said():
    truth = generate_motion(1, 10.0).sequence.joints_m - (0.0, 0.0, 0.6)
    observed = truth.copy()
    observed[100:150] = observed[100:150, ::-1]
    visible = np.ones(truth.shape[:2], bool)
    report = measure_noise([Pair(observed, truth, visible, 30.0)])
    assert report.aligned_mm == pytest.approx(0.0, abs=1e-3)
    assert report.swapped == pytest.approx(50 / 250, abs=0.02)
    with pytest.raises(ValueError, match="no pairs"):
        measure_noise([])
    with pytest.raises(ValueError, match="not one hand"):
        measure_noise([Pair(np.full_like(truth, np.nan), truth, visible, 30.0)])
