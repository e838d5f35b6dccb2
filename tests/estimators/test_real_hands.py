"""Left and right on what the networks say about real pictures: from the head of a person at work, and in a mirror."""

from pathlib import Path

import numpy as np
import pytest
from real_hands import VIEWS, load

from estimators.annotated import Score, read_annotation
from estimators.base import EstimatorOptions
from estimators.intrinsics import IntrinsicsChoice
from estimators.observation import ObservationBuilder
from ghtt_core.packets import Frame
from ghtt_core.skeleton import RIGHT


def observations(view, *, mirror):
    frames, (width, height) = load(view)
    builder = ObservationBuilder(EstimatorOptions(IntrinsicsChoice(fov_deg=98), mirror=mirror, camera_motion=False))
    picture = np.zeros((height, width, 3), np.uint8)
    seen = [builder.build(Frame(picture, index, 0.0, index / 30), hands) for index, hands in enumerate(frames)]
    return seen, builder


@pytest.mark.parametrize("view", [view for view, (_, mirrored) in VIEWS.items() if not mirrored])
def test_first_person_hands_have_their_own_names(view):
    seen, builder = observations(view, mirror=False)
    clip, score = Path(VIEWS[view][0]).stem, Score()
    for frame, marks in read_annotation()[clip].items():  # what a person marked in it
        score.add(clip, frame, marks, seen[frame])
    assert score.found >= 15
    assert score.named == score.found
    assert (score.swaps, builder.slots.swaps) == (0, 0)


@pytest.mark.parametrize("view", [view for view, (_, mirrored) in VIEWS.items() if not mirrored])
def test_the_networks_own_labels_do_contradict_themselves_there(view):
    """Or the test above would show nothing: the labels alone call both hands the same in many frames."""
    _, builder = observations(view, mirror=False)
    assert builder.slots.conflicts > 10


@pytest.mark.parametrize("view", [view for view, (_, mirrored) in VIEWS.items() if mirrored])
def test_a_right_hand_in_the_mirror_is_the_right_hand(view):
    seen, builder = observations(view, mirror=True)
    visible = np.stack([observation.visible for observation in seen])
    assert visible[:, RIGHT].mean() > 0.8
    assert not visible[:, 1 - RIGHT].any()
    assert builder.slots.swaps == 0


def test_the_mirror_turns_the_networks_labels_round(monkeypatch):
    """Where a forearm comes from says the same in first person and in a mirrored selfie; a hand's looks say the contrary."""
    heard = {}
    for mirror in (False, True):
        frames, size = load("selfie open")
        builder = ObservationBuilder(EstimatorOptions(IntrinsicsChoice(), mirror=mirror, camera_motion=False))
        heard[mirror] = told = []

        def listen(hands, size, time_s, name=builder.slots.name, told=told):
            told.extend(hand.left_probability for hand in hands)
            return name(hands, size, time_s)

        monkeypatch.setattr(builder.slots, "name", listen)
        for index, hands in enumerate(frames[:20]):
            builder.build(Frame(np.zeros((size[1], size[0], 3), np.uint8), index, 0.0, index / 30), hands)
    assert len(heard[False]) >= 15
    np.testing.assert_allclose(np.add(heard[False], heard[True]), 1.0)
