from dataclasses import replace

import numpy as np
import pytest
from motion_fixture import futures_at, hands_at, observation_at

from app.gui.scorecard import Scorecard
from ghtt_core.packets import HandsObservation

FPS = 30


def _run(scorecard: Scorecard, seconds: float, bias_m: float = 0.0) -> None:
    for index in range(round(seconds * FPS)):
        time_s = index / FPS
        futures = futures_at(time_s, samples=4)
        scorecard.add(observation_at(time_s), replace(futures, joints_cam_m=futures.joints_cam_m + np.float32(bias_m)))


def test_a_perfect_future_scores_zero_beside_what_standing_still_misses() -> None:
    scorecard = Scorecard()
    _run(scorecard, 3.0)
    for age_s in (0.5, 2.0):
        mean = scorecard.mean(age_s)
        assert mean is not None
        last_s = 3.0 - 1 / FPS
        times_s = [score.time_s for score in scorecard.scores[age_s]]
        assert times_s[-1] == pytest.approx(last_s)
        moved_mm = [1000 * np.linalg.norm(hands_at(t) - hands_at(t - age_s), axis=-1).mean() for t in times_s]
        assert mean[0] == pytest.approx(0, abs=0.1)
        assert mean[2] == pytest.approx(np.mean(moved_mm), abs=0.1)


def test_a_future_that_is_off_scores_what_it_is_off() -> None:
    scorecard = Scorecard()
    _run(scorecard, 1.0, bias_m=0.01)
    mean = scorecard.mean(0.5)
    assert mean is not None
    assert mean[0] == pytest.approx(10 * np.sqrt(3), abs=0.1)
    assert mean[1] <= mean[0] + 1e-6


def test_nothing_is_judged_before_its_time() -> None:
    scorecard = Scorecard()
    _run(scorecard, 1.0)
    assert scorecard.mean(0.5) is not None
    assert scorecard.mean(2.0) is None


def test_a_moving_camera_does_not_count_as_motion_of_the_hands() -> None:
    scorecard = Scorecard()
    still = hands_at(0.0)
    for index in range(40):
        time_s = index / FPS
        world_from_cam = np.eye(4)
        world_from_cam[0, 3] = 0.3 * time_s
        joints = (still - world_from_cam[:3, 3]).astype(np.float32)
        seen = HandsObservation(joints, np.zeros((2, 21, 2), np.float32), np.ones(2, np.float32), index, time_s, world_from_cam)
        futures = futures_at(time_s, samples=2)
        held = replace(futures, joints_cam_m=np.broadcast_to(joints, futures.joints_cam_m.shape).copy())
        scorecard.add(seen, held)
    mean = scorecard.mean(0.5)
    assert mean is not None
    assert mean == pytest.approx((0, 0, 0), abs=0.05)


def test_a_hand_that_was_not_there_is_not_judged() -> None:
    scorecard = Scorecard()
    for index in range(30):
        observation = observation_at(index / FPS)
        joints = observation.joints_cam_m.copy()
        joints[0] = np.nan
        futures = futures_at(index / FPS, samples=2)
        scorecard.add(replace(observation, joints_cam_m=joints), futures)
    mean = scorecard.mean(0.5)
    assert mean is not None
    assert mean[0] == pytest.approx(0, abs=0.1)
    assert np.isfinite(mean[2])


def test_a_loop_drops_what_is_not_yet_due_and_the_curve_goes_on() -> None:
    scorecard = Scorecard()
    _run(scorecard, 1.0)
    before = len(scorecard.scores[0.5])
    _run(scorecard, 1.0)
    times_s = [score.time_s for score in scorecard.scores[0.5]]
    assert len(times_s) == 2 * before
    assert (np.diff(times_s) > 0).all()
    mean = scorecard.mean(0.5)
    assert mean is not None
    assert mean[0] == pytest.approx(0, abs=0.1)
