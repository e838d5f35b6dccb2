"""What makes a hand believed less, and what the weighing of rendered hands finds."""

import re
from dataclasses import replace

import numpy as np
import pytest
from real_hands import load

from estimators.confidence import Confidence
from estimators.detections import HandDetection
from estimators.train_confidence import main, signs_of
from ghtt_core.skeleton import LEFT, RIGHT
from ghtt_core.synthetic.__main__ import main as render


@pytest.fixture
def hand():
    """A left hand that the network is sure of."""
    joints_px = np.random.default_rng(0).uniform(100, 200, (21, 2))
    return HandDetection(joints_px, np.zeros((21, 3)), 0.98, 0.99, 1)


def believed(hand, slot=LEFT, *, trembling_px=0.0, frames=5, step_s=1 / 30):
    rng, confidence = np.random.default_rng(1), Confidence()
    shaken = [replace(hand, joints_px=hand.joints_px + rng.normal(0, trembling_px, (21, 2))) for _ in range(frames)]
    return [confidence(one, slot, index * step_s) for index, one in enumerate(shaken)][-1]


def test_a_sure_steady_hand_of_its_side_is_believed(hand):
    assert believed(hand) > 0.95


def test_each_sign_of_doubt_counts(hand):
    sure = believed(hand)
    assert believed(replace(hand, presence=0.6)) < sure
    assert believed(hand, trembling_px=3.0) < sure
    assert believed(hand, RIGHT) < sure
    assert believed(replace(hand, presence=0.6), RIGHT, trembling_px=3.0) < 0.2


def test_moving_as_a_whole_is_no_trembling(hand):
    confidence = Confidence()
    moved = [confidence(replace(hand, joints_px=hand.joints_px + 9.0 * index), LEFT, index / 30) for index in range(5)]
    assert moved[-1] == pytest.approx(believed(hand))


def test_what_changed_while_it_was_away_is_no_trembling(hand):
    first = believed(hand, frames=1)
    assert believed(hand, trembling_px=30.0, step_s=1.0) == pytest.approx(first)


def test_real_hands_in_plain_view_are_believed_and_doubtful_ones_less():
    frames, _ = load("selfie open")
    confidence = Confidence()
    sides = [RIGHT if hands[0].left_probability < 0.5 else LEFT for hands in frames]
    steady = [confidence(hands[0], side, i / 30) for i, (hands, side) in enumerate(zip(frames, sides, strict=True))]
    assert np.median(steady) > 0.8


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered")
    paths = [folder / f"clip_{seed}.mp4" for seed in (101, 102)]
    for seed, path in zip(("101", "102"), paths, strict=True):
        assert render(["render", "--seconds", "0.6", "--seed", seed, "--size", "320x240", "--out", str(path)]) == 0
    return paths


def test_signs_are_gathered_where_there_is_a_hand(clips):
    signs, sound = signs_of(clips[0])
    assert signs.shape == (len(sound), 3)
    assert 20 < len(sound) <= 2 * 18
    assert np.isfinite(signs).all()
    assert sound.mean() > 0.5


def test_weights_are_fitted_and_judged_on_other_clips(clips, capsys, monkeypatch):
    rng = np.random.default_rng(0)

    def made_up(path):
        signs = rng.uniform(-4, 0, (400, 3))
        return signs, rng.random(400) < 1 / (1 + np.exp(signs @ [1.0, 0.5, 0.0] + 3.0))

    monkeypatch.setattr("estimators.train_confidence.signs_of", made_up)
    assert main([str(path) for path in clips]) == 0
    told = capsys.readouterr().out
    fitted = [float(number) for number in re.findall(r"-?\d+\.\d\d", told)[:4]]
    assert fitted == pytest.approx([-3.0, -1.0, -0.5, 0.0], abs=0.5)
    assert float(told.split()[-1]) < 0.1


def test_one_clip_cannot_judge_itself(tmp_path, capsys):
    assert main([str(tmp_path / "clip.mp4")]) == 2
    assert "at least two" in capsys.readouterr().err
