"""Left and right by evidence over time, on hands drawn here."""

import numpy as np
import pytest

from estimators.detections import HandDetection
from estimators.slots import Slots
from ghtt_core.skeleton import LEFT, RIGHT

SIZE = (640, 480)


def hand(track, x, y, *, forearm_x, left_probability=0.5):
    """A hand at (x, y) whose forearm comes from forearm_x at the picture's lower edge."""
    along = np.array([x - forearm_x, y - SIZE[1]], float)
    along /= np.linalg.norm(along)
    joints = np.array([x, y]) + np.linspace(-0.6, 0.6, 21)[:, None] * np.array([-along[1], along[0]]) * 40 + along * 60
    joints[0] = (x, y)
    return HandDetection(joints, np.zeros((21, 3)), left_probability, 0.9, track)


def play(slots, frames):
    """The slot of each track, frame by frame."""
    return [{d.track: h for h, d in slots.name(hands, SIZE, i / 30).items()} for i, hands in enumerate(frames)]


def pair(left_label, right_label):
    return [
        hand(0, 220, 300, forearm_x=120, left_probability=left_label),
        hand(1, 420, 300, forearm_x=520, left_probability=right_label),
    ]


@pytest.mark.parametrize("labels", [(0.9, 0.1), (0.9, 0.9), (0.1, 0.1), (0.5, 0.5)])
def test_two_hands_are_never_two_of_a_kind_whatever_the_labels(labels):
    slots = Slots()
    named = play(slots, [pair(*labels)] * 20)
    assert all(sorted(frame.values()) == [LEFT, RIGHT] for frame in named)
    assert named[-1] == {0: LEFT, 1: RIGHT}
    assert slots.conflicts == (20 if labels in ((0.9, 0.9), (0.1, 0.1)) else slots.conflicts)


def test_labels_that_flicker_swap_nothing():
    rng = np.random.default_rng(0)
    slots = Slots()
    named = play(slots, [pair(*rng.uniform(0.05, 0.95, 2)) for _ in range(200)])
    assert all(frame == {0: LEFT, 1: RIGHT} for frame in named)
    assert slots.swaps == 0


def test_hands_that_cross_keep_their_names():
    frames = []
    for step in range(30):
        shift = 8 * step
        frames.append(
            [
                hand(0, 200 + shift, 300, forearm_x=120, left_probability=0.8),
                hand(1, 440 - shift, 300, forearm_x=520, left_probability=0.2),
            ]
        )
    slots = Slots()
    assert all(frame == {0: LEFT, 1: RIGHT} for frame in play(slots, frames))
    assert slots.swaps == 0


def test_a_wrong_first_name_is_corrected_once_and_counted():
    lone_right = [[hand(1, 330, 300, forearm_x=330, left_probability=0.97)]] * 5
    slots = Slots()
    assert play(slots, lone_right)[-1] == {1: LEFT}
    both = [[hand(1, 420, 300, forearm_x=520, left_probability=0.2), hand(0, 220, 300, forearm_x=100)]] * 30
    named = play(slots, both)
    assert named[-1] == {0: LEFT, 1: RIGHT}
    assert slots.swaps == 1


def test_a_hand_that_comes_back_is_known_by_its_place():
    slots = Slots()
    play(slots, [pair(0.9, 0.1)] * 10)
    again = slots.name([hand(7, 425, 300, forearm_x=515, left_probability=0.6)], SIZE, 0.6)
    assert list(again) == [RIGHT]


def test_before_a_camera_that_faces_the_person_labels_outweigh_places():
    slots = Slots()
    named = play(slots, [pair(0.02, 0.98)] * 240)
    assert named[-1] == {0: RIGHT, 1: LEFT}
    assert slots.swaps == 1


def test_a_hand_does_not_leap_to_where_another_appears():
    slots = Slots()
    play(slots, [[hand(0, 600, 400, forearm_x=630, left_probability=0.1)]] * 10)
    entered = slots.name([hand(1, 330, 330, forearm_x=330, left_probability=0.2)], SIZE, 11 / 30)
    assert list(entered) == [LEFT]
