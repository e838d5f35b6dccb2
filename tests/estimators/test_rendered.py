"""Errors against rendered truth, on runs made up here."""

import numpy as np
import pytest

from estimators.rendered import calibration_error, errors_of, figures, main, together
from ghtt_core.packets import HandsObservation
from ghtt_core.synthetic.film import Truth
from ghtt_core.synthetic.render import Lens

FRAMES, FPS = 60, 30.0
LENS = Lens(300.0, 300.0, 160.0, 120.0, 320, 240)


@pytest.fixture
def truth():
    """Two hands that stand still before a camera that moves to the right by 3 mm a frame."""
    rng = np.random.default_rng(0)
    shape = rng.uniform(-0.08, 0.08, (2, 21, 3)) + np.array([[[-0.15, 0.1, 0.5]], [[0.15, 0.1, 0.5]]])
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, 0, 3] = 0.003 * np.arange(FRAMES)
    joints = shape[None] - poses[:, None, None, :3, 3]
    seen = np.ones((FRAMES, 2), bool)
    return Truth(
        joints.astype(np.float32),
        LENS.project(joints).astype(np.float32),
        np.ones((FRAMES, 2, 21), bool),
        seen,
        poses,
        LENS,
        FPS,
        (),
    )


def run(truth, *, scale=1.0, swap=False, poses=None):
    """What an estimator says that sees everything, `scale` times as far."""
    order = slice(None, None, -1) if swap else slice(None)
    return [
        HandsObservation(
            truth.joints_cam_m[i, order] * np.float32(scale),
            truth.joints_px[i, order],
            np.array([0.9, 0.9], np.float32),
            i,
            i / FPS,
            np.eye(4) if poses is None else poses[i],
        )
        for i in range(FRAMES)
    ]


def test_a_perfect_run_has_no_errors_but_the_heads(truth):
    row = figures(errors_of(run(truth, poses=truth.world_from_cam), truth))
    assert row["found"] == 1
    assert row["misnamed"] == 0
    for name in ("joint_mm", "from_wrist_mm", "depth_bias", "depth_drift_1s", "acceleration_error_mm", "head_known_mm_s"):
        assert row[name] == pytest.approx(0, abs=0.01)
    assert row["head_still_mm_s"] == pytest.approx(90, rel=0.01)


def test_hands_too_far_are_told_as_depth(truth):
    row = figures(errors_of(run(truth, scale=1.1), truth))
    assert row["depth_bias"] == pytest.approx(np.log(1.1), rel=1e-3)
    assert row["joint_mm"] == pytest.approx(100 * np.linalg.norm(truth.joints_cam_m, axis=-1).mean(), rel=1e-3)
    assert row["head_known_mm_s"] == row["head_still_mm_s"]


def test_hands_under_the_other_name_are_counted_and_left_out(truth):
    row = figures(together([errors_of(run(truth), truth), errors_of(run(truth, swap=True), truth)]))
    assert row["misnamed"] == pytest.approx(0.5)
    assert row["joint_mm"] == pytest.approx(0, abs=1e-3)


def test_confidence_that_says_nothing_is_not_calibrated():
    sound = np.arange(100) < 60
    assert calibration_error(np.full(100, 0.6), sound) == pytest.approx(0, abs=1e-9)
    assert calibration_error(np.full(100, 0.95), sound) == pytest.approx(0.35)
    assert calibration_error(sound * 1.0, sound) == pytest.approx(0)


def test_a_clip_without_truth_gets_one_sentence(tmp_path, capsys):
    assert main([str(tmp_path / "clip.mp4")]) == 2
    assert "not the truth of a rendered clip" in capsys.readouterr().err
