"""Recognition: its windows, its table, and the trees that it is held against."""

import numpy as np
import pytest
from small_motions import labelled, motion

from ghtt_core.baselines.action_trees import motion_statistics
from ghtt_core.evaluate import recognise
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.motion import MotionSequence

PROTOCOL = EvaluationProtocol(resamples=50)


def test_recognition_windows_follow_the_clips_of_an_action() -> None:
    windows = recognise.action_windows(labelled(1), ("rest", "shake"), PROTOCOL)
    assert windows.left.tolist() == [54, 38, 22, 6, 0]
    assert windows.last.tolist() == [False] * 4 + [True]
    np.testing.assert_array_equal(windows.histories_m[0, -26:], labelled(1)[0].joints_m[:26])
    assert np.isnan(windows.histories_m[0, :-26]).all()


def test_an_action_is_not_asked_for_where_no_hand_is_seen() -> None:
    (sequence,) = labelled(1)
    joints = sequence.joints_m.copy()
    joints[42:51] = np.nan  # nine of the sixteen frames before frame 58
    joints[26:34, 0] = np.nan  # one hand is enough
    hidden = MotionSequence(joints, 30.0, sequence.name, sequence.recording, segments=sequence.segments)
    windows = recognise.action_windows([hidden], ("rest", "shake"), PROTOCOL)
    assert windows.left.tolist() == [54, 38, 6, 0]


def test_recognition_table_by_hand() -> None:
    windows = recognise.ActionWindows(
        np.zeros((4, 16, 2, 21, 3), np.float32),
        np.array([0, 0, 0, 1]),
        np.array([40, 30, 29, 0]),
        np.array([False, False, False, True]),
        np.array(list("abcd")),
    )
    said = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])  # right, right, wrong, right
    table = recognise.recognition_table([recognise.RecognitionRun("made", said)], windows, ("a", "b"), PROTOCOL, "hand")
    values = {key: value.value for key in ("early", "all", "last") if (value := table.value("made", key)) is not None}
    assert values == {"early": 100.0, "all": 75.0, "last": 100.0}
    assert table.value("made", "recall") == pytest.approx((200.0 / 3.0 + 100.0) / 2.0)
    assert table.value("made", "ece") == pytest.approx((0.1 + 0.2 + 0.7 + 0.4) / 4.0)


def test_trees_learn_what_the_majority_class_cannot() -> None:
    classes = ("rest", "shake")
    training, test = (
        recognise.action_windows(labelled(count, first), classes, PROTOCOL) for count, first in ((16, 0), (8, 50))
    )
    runs = recognise.run_recognition(test, training, classes, [], PROTOCOL)
    table = recognise.recognition_table(runs, test, classes, PROTOCOL, "paces")
    assert table.value("majority class", "all").value == pytest.approx(50.0)
    assert table.value("gradient-boosted trees", "all").value > 90.0
    assert table.value("gradient-boosted trees", "recall") > 90.0


def test_motion_statistics_do_not_depend_on_where_the_camera_is() -> None:
    joints = np.stack([motion(64, seed) for seed in range(2)])
    joints[0, :8, 0] = np.nan
    moved = joints + np.float32([0.3, -0.1, 0.2])
    np.testing.assert_allclose(motion_statistics(joints, 16), motion_statistics(moved, 16), atol=1e-3)


def test_motion_statistics_do_not_depend_on_the_time_before_the_start() -> None:
    joints = np.stack([motion(64, seed) for seed in range(2)])
    joints[0, :8, 0] = np.nan
    joints[1, 30:36, 1] = np.nan
    before = np.full((2, 48, *joints.shape[2:]), np.nan, np.float32)
    np.testing.assert_allclose(
        motion_statistics(joints, 16), motion_statistics(np.concatenate([before, joints], axis=1), 16), atol=1e-5
    )


def test_trees_see_every_history_in_its_own_row() -> None:
    """Histories are described in the order of their lengths."""
    windows = recognise.action_windows(labelled(40), ("rest", "shake"), PROTOCOL)
    one_by_one = [motion_statistics(history[None], 16)[0] for history in windows.histories_m[:12]]
    np.testing.assert_allclose(recognise._statistics(windows)[:12], one_by_one, atol=1e-5)
