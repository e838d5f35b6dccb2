import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ghtt_core.baselines.fixed_futures import FixedFutures
from ghtt_core.baselines.forecasters import (
    ConstantVelocity,
    DampedVelocity,
    NearestNeighbours,
    TrainingWindows,
    ZeroVelocity,
    _KnownHands,
)
from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.baselines.hand_space import HandSpace
from ghtt_core.baselines.linear_predictor import LinearPredictor
from ghtt_core.metrics import ade_fde


def straight_motion(velocity: np.ndarray, frames: int = 24, seed: int = 0) -> np.ndarray:
    """(N, frames, 2, 21, 3) rigid hands that move at (N, 3) metres a frame."""
    hands = np.random.default_rng(seed).normal(0.0, 0.04, (2, 21, 3))
    steps = np.arange(frames)[:, None, None, None]
    return (hands + steps * velocity[:, None, None, None, :]).astype(np.float32)


def lessons(motion: np.ndarray) -> TrainingWindows:
    return TrainingWindows(motion[:, :16], motion[:, 16:], np.arange(len(motion)))


@pytest.fixture
def moving() -> np.ndarray:
    return straight_motion(np.random.default_rng(1).normal(0.0, 0.004, (40, 3)))


def test_gaps_are_bridged_by_straight_lines_and_ends_are_held() -> None:
    motion = straight_motion(np.array([[0.01, 0.0, 0.0]]))[0]
    holed = motion.copy()
    holed[5:9, 0] = np.nan
    holed[:2, 1] = np.nan
    filled = fill_gaps(holed)
    np.testing.assert_allclose(filled[:, 0], motion[:, 0], atol=1e-6)
    np.testing.assert_array_equal(filled[:2, 1], motion[[2, 2], 1])
    holed[:, 1] = np.nan
    assert np.isnan(fill_gaps(holed)[:, 1]).all()


def test_hand_space_is_left_as_it_was_entered(moving: np.ndarray) -> None:
    moving[3, :, 0] = np.nan
    for turned in (True, False):
        space = HandSpace.of(moving[:, :16], turned=turned)
        assert len(space.window) == 2 * len(moving) - 1
        back = space.leave(space.enter(moving)[:, None])[:, 0]
        np.testing.assert_allclose(back, moving, atol=1e-5)


def test_hand_space_looks_the_same_from_everywhere_and_for_both_hands(moving: np.ndarray) -> None:
    turned = (moving @ Rotation.random(random_state=2).as_matrix().T.astype(np.float32)) + np.float32(0.3)
    one, other = (HandSpace.of(motion[:, :16]).enter(motion) for motion in (moving, turned))
    np.testing.assert_allclose(one, other, atol=1e-5)
    mirrored = moving[:, :, ::-1] * np.array([-1.0, 1.0, 1.0], np.float32)
    swapped = HandSpace.of(mirrored[:, :16]).enter(mirrored)
    np.testing.assert_allclose(one.reshape(-1, 2, *one.shape[1:])[:, ::-1].reshape(one.shape), swapped, atol=1e-5)


def test_zero_velocity_holds_the_last_pose_that_was_seen(moving: np.ndarray) -> None:
    moving[0, 15, 0] = np.nan
    forecaster = ZeroVelocity()
    forecaster.fit(lessons(moving))
    futures = forecaster.forecast(moving[:, :16], 20)
    assert futures.shape == (40, 1, 8, 2, 21, 3)
    np.testing.assert_array_equal(futures[0, 0, :, 0], np.repeat(moving[0, 14:15, 0], 8, axis=0))
    np.testing.assert_array_equal(futures[1, 0, 5], moving[1, 15])


def test_constant_velocity_is_exact_on_straight_motion(moving: np.ndarray) -> None:
    forecaster = ConstantVelocity()
    forecaster.fit(lessons(moving))
    futures = forecaster.forecast(moving[:, :16], 20)
    np.testing.assert_allclose(futures[:, 0], moving[:, 16:], atol=1e-5)


def test_damping_is_learned_from_the_training_windows(moving: np.ndarray) -> None:
    travelled = np.cumsum(0.8 ** np.arange(1, 9))[:, None, None, None]
    velocity = moving[:, 15] - moving[:, 14]
    moving[:, 16:] = moving[:, 15:16] + travelled * velocity[:, None]
    forecaster = DampedVelocity()
    forecaster.fit(lessons(moving))
    assert forecaster.damping == 0.8
    np.testing.assert_allclose(forecaster.forecast(moving[:, :16], 1)[:, 0], moving[:, 16:], atol=1e-5)


def test_a_neighbour_that_moved_alike_elsewhere_gives_the_right_future(moving: np.ndarray) -> None:
    """The clip itself, turned and mirrored, is among the training clips: its future is found and carried back."""
    forecaster = NearestNeighbours(neighbours=5)
    forecaster.fit(lessons(moving))
    turned = (moving[7:8] @ Rotation.random(random_state=3).as_matrix().T.astype(np.float32)) + np.float32(0.2)
    if not forecaster.turned:  # straight motion of one rigid shape can be told apart either way; force the invariant one
        forecaster.turned, forecaster.span = True, 16
        forecaster._known = _KnownHands.of(lessons(moving), moving[:, :16], True)
    futures = forecaster.forecast(turned[:, :16], 6)
    assert futures.shape == (1, 6, 8, 2, 21, 3)
    np.testing.assert_allclose(futures[:, 1], turned[:, 16:], atol=1e-4)
    assert ade_fde(futures, turned[:, 16:]).best_ade < 0.1


def test_one_sequence_gives_one_neighbour_at_most(moving: np.ndarray) -> None:
    repeated = np.repeat(moving[:10], 3, axis=0)
    forecaster = NearestNeighbours(neighbours=5)
    forecaster.fit(TrainingWindows(repeated[:, :16], repeated[:, 16:], np.repeat(np.arange(10), 3)))
    futures = forecaster.forecast(moving[:1, :16], 6)[0, 1:]
    assert len({future.tobytes() for future in np.round(futures, 4)}) == 5


def test_fixed_futures_are_the_kinds_of_motion_there_are_as_the_hand_sees_them() -> None:
    """Hands that go one of four ways, or stand still: each way is among the futures, wherever a hand is and however it lies."""
    ways = np.array([[0.004, 0.0, 0.0], [-0.004, 0.0, 0.001], [0.0, 0.005, 0.0], [0.0, 0.001, -0.005], [0.0, 0.0, 0.0]])
    seen = straight_motion(ways[np.arange(60) % 5] + np.random.default_rng(6).normal(0.0, 0.0001, (60, 3)))
    seen[:20, :, 0] = np.nan
    forecaster = FixedFutures(samples=20)
    forecaster.fit(lessons(seen))
    turned = straight_motion(ways) @ Rotation.random(random_state=5).as_matrix().T.astype(np.float32) + np.float32(0.1)
    futures = forecaster.forecast(turned[:, :16], 20)
    assert futures.shape == (5, 20, 8, 2, 21, 3)
    np.testing.assert_allclose(futures[:, 0], np.repeat(turned[:, 15:16], 8, axis=1), atol=1e-5)
    moved_mm = np.linalg.norm(turned[:, 16:] - turned[:, 15:16], axis=-1).mean() * 1000.0
    assert ade_fde(futures, turned[:, 16:]).best_ade.max() < 0.1 * moved_mm
    # What was seen before the last pose makes no difference.
    stopped = np.repeat(turned[:, 15:16], 16, axis=1)
    np.testing.assert_allclose(forecaster.forecast(stopped, 20), futures, atol=1e-5)


def test_the_linear_predictor_learns_straight_motion() -> None:
    torch.set_num_threads(1)
    moving = straight_motion(np.random.default_rng(4).normal(0.0, 0.004, (200, 3)))
    forecaster = LinearPredictor(steps=200, blocks=2)
    forecaster.fit(lessons(moving[:160]))
    unseen = moving[160:]
    learned = ade_fde(forecaster.forecast(unseen[:, :16], 20), unseen[:, 16:]).best_ade.mean()
    still = ZeroVelocity()
    still.fit(lessons(moving))
    assert learned < 0.3 * ade_fde(still.forecast(unseen[:, :16], 1), unseen[:, 16:]).best_ade.mean()


def test_the_linear_predictor_is_reproducible_and_takes_gaps() -> None:
    moving = straight_motion(np.random.default_rng(5).normal(0.0, 0.004, (30, 3)))
    moving[:, 4:6, 0] = np.nan
    moving[:, 20:, 1] = np.nan
    futures = []
    for _ in range(2):
        forecaster = LinearPredictor(steps=20, blocks=1)
        forecaster.fit(lessons(moving))
        futures.append(forecaster.forecast(moving[:, :16], 1))
    assert np.isfinite(futures[0]).all()
    np.testing.assert_array_equal(futures[0], futures[1])
