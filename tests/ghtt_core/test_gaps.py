"""Gaps are found and crossed: exactly where that is possible, never through what was not seen."""

import numpy as np

from ghtt_core.gaps import CURVATURE, around, bridge


def along(path):
    """(T,) positions as the x of one hand's joints: (T, 1, 2, 3), the second joint a little further."""
    joints_m = np.zeros((len(path), 1, 2, 3))
    joints_m[..., 0] = np.asarray(path)[:, None, None] + [0.0, 0.01]
    return joints_m


def seen_but(frames, *hidden):
    seen = np.ones((frames, 1), bool)
    seen[list(hidden)] = False
    return seen


def test_the_nearest_sightings_of_every_frame_are_found():
    before, after = around(seen_but(7, 0, 3, 4, 6))
    assert before[:, 0].tolist() == [-1, 1, 2, 2, 2, 5, 5]
    assert after[:, 0].tolist() == [1, 1, 2, 5, 5, 5, 7]


def test_a_steady_motion_is_continued_exactly_and_only_gaps_are_touched():
    joints_m = along(0.02 * np.arange(16))
    holed = joints_m.copy()
    holed[[0, 6, 7, 8, 15]] = np.nan
    bridged = bridge(holed, seen_but(16, 0, 6, 7, 8, 15))
    np.testing.assert_allclose(bridged[1:15], joints_m[1:15], atol=1e-12)
    assert np.isnan(bridged[[0, 15]]).all()


def test_a_turning_point_inside_a_gap_is_met_half_way():
    """The cubic of a parabola is the parabola; about half of its departure from the straight line is taken, never all."""
    time = np.arange(16.0)
    joints_m = along((time - 7.5) ** 2 / 1000)
    seen = seen_but(16, *range(5, 11))
    bridged = bridge(np.where(seen[..., None, None], joints_m, np.nan), seen)
    line = joints_m[4, 0, 0, 0]
    share = (line - bridged[7, 0, 0, 0]) / (line - joints_m[7, 0, 0, 0])
    assert 0.8 * CURVATURE < share < 1


def test_between_two_lone_sightings_the_line_is_straight():
    joints_m = along(np.sin(np.arange(16.0)))
    seen = ~seen_but(16, 4, 8)
    bridged = bridge(np.where(seen[..., None, None], joints_m, np.nan), seen)
    straight = np.linspace(joints_m[4], joints_m[8], 5)
    np.testing.assert_allclose(bridged[4:9], straight, atol=1e-12)


def test_motions_are_independent_of_each_other():
    rng = np.random.default_rng(0)
    joints_m = rng.normal(size=(3, 4, 16, 2, 21, 3))
    seen = rng.random((3, 4, 16, 2)) < 0.7
    together = bridge(joints_m, seen)
    np.testing.assert_array_equal(together[1, 2], bridge(joints_m[1, 2], seen[1, 2]))
