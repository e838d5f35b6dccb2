import itertools
import math

import numpy as np
import pytest

from ghtt_core.baselines.one_euro import OneEuroFilter, one_euro
from ghtt_core.metrics import jitter


def textbook(values: list[float], step_s: float, min_cutoff_hz: float, beta: float) -> list[float]:
    """The filter of the paper's appendix, for one number, written down again from its formulas."""

    def alpha(cutoff_hz: float) -> float:
        return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff_hz) / step_s)

    filtered, speed = [values[0]], 0.0
    for before, value in itertools.pairwise(values):
        speed = alpha(1.0) * (value - before) / step_s + (1.0 - alpha(1.0)) * speed
        weight = alpha(min_cutoff_hz + beta * abs(speed))
        filtered.append(weight * value + (1.0 - weight) * filtered[-1])
    return filtered


def test_agrees_with_the_formulas_of_the_paper() -> None:
    values = np.random.default_rng(0).normal(0.0, 0.1, 40)
    joints = np.broadcast_to(values[:, None, None, None], (40, 2, 21, 3))
    filtered = one_euro(joints, 30.0, 1.5, 4.0)
    np.testing.assert_allclose(filtered[:, 1, 7, 2], textbook(values.tolist(), 1.0 / 30.0, 1.5, 4.0))


def test_rest_gets_steadier_and_fast_motion_keeps_up() -> None:
    rng = np.random.default_rng(1)
    time_s = np.arange(90) / 30.0
    path = np.where(time_s < 1.5, 0.0, time_s - 1.5)[:, None, None, None] * np.ones((1, 2, 21, 3))
    noisy = path + rng.normal(0.0, 0.002, path.shape)
    filtered = one_euro(noisy, 30.0, 0.8, 40.0)
    assert jitter(filtered[:45], 30.0) < 0.3 * jitter(noisy[:45], 30.0)
    assert np.abs(filtered[-1] - path[-1]).mean() < 0.006  # one frame at 1 m/s is 33 mm


def test_a_missing_hand_stays_missing_and_comes_back_afresh() -> None:
    joints = np.zeros((6, 2, 21, 3), dtype=np.float32)
    joints[2:4, 0] = np.nan
    joints[4:, 0] = 0.7
    filtered = one_euro(joints, 30.0, 1.0, 0.0)
    assert filtered.dtype == np.float32
    assert np.isnan(filtered[2:4, 0]).all()
    np.testing.assert_array_equal(filtered[4:, 0], joints[4:, 0])
    np.testing.assert_array_equal(filtered[:, 1], 0.0)


def test_time_must_advance_and_reset_forgets() -> None:
    smooth = OneEuroFilter()
    smooth(np.ones(3), 1.0)
    with pytest.raises(ValueError, match="does not come after"):
        smooth(np.ones(3), 1.0)
    smooth.reset()
    np.testing.assert_array_equal(smooth(np.zeros(3), 0.5), 0.0)


def test_nonsense_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="min_cutoff_hz 0"):
        OneEuroFilter(min_cutoff_hz=0)
