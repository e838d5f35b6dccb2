import numpy as np
import pytest
from scipy.signal import savgol_filter

from ghtt_core.baselines.smoothers import SMOOTHERS, Smoother, kalman, kalman_rts, savitzky_golay, savitzky_golay_newest
from ghtt_core.metrics import acceleration, mpjpe


def wandering(frames: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """A smooth motion and the same with noise."""
    rng = np.random.default_rng(0)
    time = np.arange(frames) / 30.0
    path = 0.1 * np.stack([np.sin(2.0 * time), np.cos(1.3 * time), np.sin(0.7 * time)], axis=-1)
    true = path[:, None, None] + rng.normal(0.0, 0.04, (1, 2, 21, 3))
    return true, true + rng.normal(0.0, 0.004, true.shape)


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda smoother: smoother.name)
def test_some_setting_of_each_makes_a_noisy_motion_smoother_and_truer(smoother: Smoother) -> None:
    true, noisy = wandering()
    errors = [mpjpe(smoother.run(noisy, **choice), true) for choice in smoother.choices()]
    best = smoother.run(noisy, **smoother.choices()[int(np.argmin(errors))])
    assert min(errors) < 0.9 * mpjpe(noisy, true)
    assert acceleration(best) < 0.6 * acceleration(noisy)


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda smoother: smoother.name)
def test_causal_smoothers_do_not_look_ahead_and_the_others_do(smoother: Smoother) -> None:
    _, noisy = wandering(40)
    choice = smoother.choices()[0]
    changed = noisy.copy()
    changed[30:] += 0.1
    same = np.allclose(smoother.run(noisy, **choice)[:30], smoother.run(changed, **choice)[:30])
    assert same == smoother.causal


@pytest.mark.parametrize("smoother", SMOOTHERS, ids=lambda smoother: smoother.name)
def test_missing_stays_missing_and_the_rest_is_filled(smoother: Smoother) -> None:
    _, noisy = wandering(40)
    noisy[:5, 0] = np.nan
    noisy[20:24, 1] = np.nan
    for choice in smoother.choices()[:2]:
        np.testing.assert_array_equal(np.isnan(smoother.run(noisy, **choice)), np.isnan(noisy))


def test_savitzky_golay_leaves_a_parabola_alone_and_agrees_with_scipy() -> None:
    time = np.arange(30.0)
    parabola = (0.001 * time**2)[:, None, None, None] * np.ones((1, 2, 21, 3))
    np.testing.assert_allclose(savitzky_golay(parabola, 7, 2), parabola, atol=1e-9)
    np.testing.assert_allclose(savitzky_golay_newest(parabola, 7, 2)[7:], parabola[7:], atol=1e-9)
    _, noisy = wandering(30)
    np.testing.assert_allclose(savitzky_golay(noisy, 9, 2), savgol_filter(noisy, 9, 2, axis=0))


def test_kalman_smoothing_is_the_least_squares_solution() -> None:
    """RTS gives the mean of a linear Gaussian model, which one big least-squares problem gives too."""
    rng = np.random.default_rng(1)
    values, process = rng.normal(0.0, 1.0, 12), 0.4
    motion = np.broadcast_to(values[:, None, None, None], (12, 2, 21, 3)).copy()
    motion[5:7] = np.nan
    rows, targets = [], []
    start = np.eye(2 * 12)
    rows += [start[0] / 1e3, start[1] / 1e1]
    targets += [0.0, 0.0]
    for frame in range(12):
        if not 5 <= frame < 7:
            rows.append(start[2 * frame])
            targets.append(values[frame])
    # The process noise has rank one: the position's jump is half the velocity's, here up to a stiff weight.
    for frame in range(11):
        position, velocity = start[2 * frame], start[2 * frame + 1]
        after_position, after_velocity = start[2 * frame + 2], start[2 * frame + 3]
        change = after_velocity - velocity
        rows += [change / process, (after_position - position - velocity - 0.5 * change) * 1e5]
        targets += [0.0, 0.0]
    expected = np.linalg.lstsq(np.array(rows), np.array(targets), rcond=None)[0][::2]
    smoothed = kalman_rts(motion, process)[:, 1, 3, 2]
    known = ~np.isnan(smoothed)
    np.testing.assert_allclose(smoothed[known], expected[known], atol=1e-4)
    assert kalman(motion, process)[-1, 0, 0, 0] == pytest.approx(expected[-1], abs=1e-4)
