import numpy as np
import pytest

from ghtt_core.evaluate.bootstrap import mean_over_windows, ratio_of_means
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.windows import cut_windows
from ghtt_core.motion import MotionSequence

PROTOCOL = EvaluationProtocol()


def counting(frames: int, name: str = "one", recording: str = "day") -> MotionSequence:
    """Both hands at x = frame number, in metres."""
    joints = np.zeros((frames, 2, 21, 3), dtype=np.float32)
    joints[..., 0] = np.arange(frames)[:, None, None]
    return MotionSequence(joints, 30.0, name, recording)


def test_windows_are_neighbouring_frames_inside_their_sequence() -> None:
    windows = cut_windows([counting(40), counting(20), counting(33)], PROTOCOL, 16, stride=4)
    assert windows.start.tolist() == [16, 20, 24, 16]
    assert windows.sequence.tolist() == [0, 0, 0, 2]
    np.testing.assert_array_equal(windows.observed_m[1, :, 0, 0, 0], np.arange(4, 20))
    np.testing.assert_array_equal(windows.future_m[1, :, 1, 5, 0], np.arange(20, 36))


def test_a_hand_counts_only_if_it_is_seen_well_enough() -> None:
    sequence = counting(32)
    cases = {
        "all": (slice(0, 0), True),
        "last observed": (slice(15, 16), False),
        "nine observed": (slice(0, 9), False),
        "eight observed": (slice(0, 8), True),
        "last future": (slice(31, 32), False),
        "eight future": (slice(16, 24), True),
        "nine future": (slice(16, 25), False),
    }
    for name, (hidden, counts) in cases.items():
        joints = sequence.joints_m.copy()
        joints[hidden, 0] = np.nan
        windows = cut_windows([MotionSequence(joints, 30.0, name, name)], PROTOCOL, 16, stride=1)
        assert windows.counts.tolist() == [[counts, True]], name
        assert np.isnan(windows.future_m[0, :, 0]).all() == (not counts), name


def test_partial_windows_are_padded() -> None:
    windows = cut_windows([counting(20)], PROTOCOL, 16, stride=2, whole=False)
    assert windows.start.tolist() == [16, 18]
    assert np.isfinite(windows.future_m[0, :4]).all()
    assert np.isnan(windows.future_m[0, 4:]).all()


def test_the_exact_motion_is_the_future_of_an_estimated_one() -> None:
    true = counting(32)
    estimated = MotionSequence(true.joints_m + np.float32(0.5), 30.0, "rendered", "rendered", truth_m=true.joints_m)
    windows = cut_windows([estimated], PROTOCOL, 16, stride=1)
    assert windows.observed_m[0, 0, 0, 0, 0] == 0.5
    assert windows.future_m[0, 0, 0, 0, 0] == 16.0


def test_thinning_spreads_and_history_ends_at_the_forecast() -> None:
    windows = cut_windows([counting(200)], PROTOCOL, 16, stride=1, most=5)
    assert windows.start.tolist() == [16, 58, 100, 142, 184]
    history = windows.history(slice(0, 2), 32)
    assert np.isnan(history[0, :16]).all()
    np.testing.assert_array_equal(history[1, :, 0, 0, 0], np.arange(26, 58))


def test_the_moments_of_a_longer_horizon_serve_a_shorter_one() -> None:
    sequences = [counting(80), counting(60)]
    longer = cut_windows(sequences, PROTOCOL, 40, stride=4, most=6)
    shorter = cut_windows(sequences, PROTOCOL, 16, stride=4, most=6, rather=longer)
    assert (shorter.sequence.tolist(), shorter.start.tolist()) == (longer.sequence.tolist(), longer.start.tolist())
    more = cut_windows(sequences, PROTOCOL, 16, stride=4, most=10, rather=longer)
    taken = set(zip(more.sequence.tolist(), more.start.tolist(), strict=True))
    assert len(taken) == 10
    assert taken >= set(zip(longer.sequence.tolist(), longer.start.tolist(), strict=True))
    assert (np.diff(more.sequence * 1000 + more.start) > 0).all()


def test_the_unit_of_the_bootstrap_is_the_recording_unless_there_is_only_one() -> None:
    several = cut_windows([counting(33, "a", "x"), counting(33, "b", "y")], PROTOCOL, 16, stride=1)
    single = cut_windows([counting(33, "a", "x"), counting(33, "b", "x")], PROTOCOL, 16, stride=1)
    assert set(several.recordings) == {"x", "y"}
    assert set(single.recordings) == {"a", "b"}


def test_nothing_long_enough_gives_no_windows() -> None:
    windows = cut_windows([counting(20)], PROTOCOL, 16, stride=1)
    assert len(windows) == 0
    assert windows.future_m.shape == (0, 16, 2, 21, 3)


def test_interval_of_equal_recordings_is_a_point_and_of_different_ones_spans_them() -> None:
    units = np.repeat(["a", "b", "c"], 4)
    point = mean_over_windows(np.tile([1.0, 3.0], 6), units, PROTOCOL)
    assert (point.value, point.low, point.high) == (2.0, 2.0, 2.0)
    spread = mean_over_windows(np.repeat([0.0, 1.0, 2.0], 4), units, PROTOCOL)
    assert spread.value == 1.0
    assert 0.0 <= spread.low < 1.0 < spread.high <= 2.0


def test_every_window_counts_the_same_however_many_its_recording_has() -> None:
    assert mean_over_windows(np.array([1.0, 1.0, 1.0, 5.0]), np.array(list("aaab")), PROTOCOL).value == 2.0


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    protocol = EvaluationProtocol(resamples=200)
    hits = 0
    for _ in range(200):
        level = rng.normal(5.0, 1.0, 30)
        values = np.repeat(level, 10) + rng.normal(0.0, 0.5, 300)
        found = mean_over_windows(values, np.repeat(np.arange(30).astype(str), 10), protocol)
        hits += found.low <= 5.0 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_ratio_uses_the_windows_that_both_have() -> None:
    found = ratio_of_means(
        np.array([1.0, 2.0, np.nan, 9.0]), np.array([2.0, 4.0, 8.0, np.nan]), np.array(list("aabb")), PROTOCOL
    )
    assert found.value == pytest.approx(0.5)
    nothing = ratio_of_means(np.full(2, np.nan), np.ones(2), np.array(["a", "b"]), PROTOCOL)
    assert np.isnan(nothing.value)
