import numpy as np
import pytest
from motion_fixture import hands_at, observation_at

from app.gui.compare import Comparison, JitterMeter
from ghtt_core.packets import HandsObservation

FPS = 30


def test_jitter_is_the_acceleration_per_frame() -> None:
    meter = JitterMeter()
    acceleration = 3.0
    for index in range(30):
        time_s = index / FPS
        joints = np.zeros((2, 21, 3), np.float32)
        joints[..., 0] = acceleration * time_s**2 / 2
        meter.add(time_s, joints)
    assert meter.mean_mm == pytest.approx(1000 * acceleration / FPS**2, rel=0.01)


def test_an_even_motion_has_no_jitter_whatever_the_frame_rate() -> None:
    meter = JitterMeter()
    for time_s in (0.0, 0.033, 0.05, 0.1, 0.12, 0.2):
        meter.add(time_s, np.full((2, 21, 3), 0.5 * time_s, np.float32))
    assert meter.mean_mm == pytest.approx(0, abs=0.01)


def test_a_gap_is_not_taken_for_a_jump() -> None:
    meter = JitterMeter()
    for time_s, x in ((0.0, 0.0), (0.03, 0.0), (0.06, 0.0), (3.0, 9.0)):
        meter.add(time_s, np.full((2, 21, 3), x, np.float32))
    assert meter.mean_mm == pytest.approx(0)


def test_a_missing_hand_leaves_the_other_measured() -> None:
    meter = JitterMeter()
    for index in range(10):
        joints = hands_at(index / FPS)
        joints[0] = np.nan
        meter.add(index / FPS, joints)
    assert meter.mean_mm > 0


def test_filtering_calms_a_trembling_estimator() -> None:
    rng = np.random.default_rng(2)
    comparison = Comparison()
    for index in range(60):
        time_s = index / FPS
        noisy = hands_at(time_s) + rng.normal(0, 0.004, (2, 21, 3)).astype(np.float32)
        clean = observation_at(time_s)
        comparison.add(HandsObservation(noisy, clean.joints_px, clean.confidence, index, time_s), hands_at(time_s))
    raw, smooth, refined = (_jitter(comparison, method) for method in ("raw", "One-Euro", "G-HTT"))
    assert refined < smooth < raw


def _jitter(comparison: Comparison, method: str) -> float:
    return float(comparison.caption(method).split(":")[1].split()[0])


def test_a_method_without_a_measurement_has_a_bare_caption() -> None:
    assert Comparison().caption("raw") == "raw"


def test_a_seek_back_begins_anew() -> None:
    comparison = Comparison()
    for index in range(5):
        comparison.add(observation_at(index / FPS), hands_at(index / FPS))
    comparison.add(observation_at(0.0), None)
    assert comparison.caption("raw") == "raw"
    assert np.isnan(comparison.joints["G-HTT"]).all()
