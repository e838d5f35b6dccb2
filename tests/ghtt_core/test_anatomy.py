"""Joints that bend too far are bent back, and nothing else changes."""

import numpy as np
import pytest

from ghtt_core.anatomy import FLEXION_LIMITS_DEG, long_finger_bends, with_joint_limits
from ghtt_core.features import bone_lengths
from ghtt_core.metrics import within_joint_limits
from ghtt_core.skeleton import FINGERS, FINGERTIPS, JOINTS, PALM
from ghtt_core.synthetic import generate_motion


@pytest.fixture(scope="module")
def hands() -> np.ndarray:
    """(T, 2, 21, 3) hands at work, all within their range."""
    joints_m = generate_motion(3, 8.0).sequence.joints_m.astype(np.float64)
    return joints_m[(within_joint_limits(joints_m) == 1.0).all(axis=1)]


@pytest.fixture(scope="module")
def wild(hands: np.ndarray) -> np.ndarray:
    """The same with joints out of place across the palm's axis, so that fingers bend every way."""
    axis = hands[:, :, FINGERS["index"][0]] - hands[:, :, FINGERS["little"][0]]
    axis = (axis / np.linalg.norm(axis, axis=-1, keepdims=True))[:, :, None]
    shift = np.random.default_rng(0).normal(0.0, 0.012, hands.shape)
    shaken = hands + shift - (shift * axis).sum(axis=-1, keepdims=True) * axis
    shaken[:, :, list(PALM)] = hands[:, :, list(PALM)]
    return shaken


def test_every_joint_comes_back_to_its_range_on_bones_of_the_same_length(wild: np.ndarray) -> None:
    limited = with_joint_limits(wild)
    bends, before = np.degrees(long_finger_bends(limited)), np.degrees(long_finger_bends(wild))
    low, high = np.array([FLEXION_LIMITS_DEG[kind] for kind in ("mcp", "pip", "dip")]).T
    beyond = (before < low) | (before > high)
    assert beyond[..., 1:].mean(axis=(0, 1, 2)).min() > 0.01
    assert ((bends >= low) & (bends <= high)).all()
    np.testing.assert_allclose(bends[~beyond], before[~beyond], atol=0.11)
    np.testing.assert_allclose(bone_lengths(limited), bone_lengths(wild), atol=1e-9)
    kept = [*PALM, *FINGERS["thumb"]]
    np.testing.assert_array_equal(limited[:, :, kept], wild[:, :, kept])


def test_a_joint_turns_no_further_than_it_must(wild: np.ndarray) -> None:
    bends = np.degrees(long_finger_bends(with_joint_limits(wild)))
    pip = np.degrees(long_finger_bends(wild))[..., 1]
    low = FLEXION_LIMITS_DEG["pip"][0]
    np.testing.assert_allclose(bends[..., 1][pip < low], low + 0.1, atol=1e-6)


def test_hands_in_range_and_missing_ones_stay_as_they_are(hands: np.ndarray, wild: np.ndarray) -> None:
    np.testing.assert_array_equal(with_joint_limits(hands), hands)
    mixed = np.stack([hands[0], wild[0]]).astype(np.float32)
    mixed[1, 0] = np.nan
    limited = with_joint_limits(mixed)
    assert limited.dtype == np.float32
    np.testing.assert_array_equal(limited[0], mixed[0])
    assert np.isnan(limited[1, 0]).all()
    assert within_joint_limits(limited)[1, 1] in (0.0, 1.0)  # the thumb is not looked at
    assert with_joint_limits(np.zeros((2, JOINTS, 3))).shape == (2, JOINTS, 3)


def test_what_lies_beyond_a_joint_moves_along(hands: np.ndarray) -> None:
    broken = hands[:1].copy()
    index = list(FINGERS["index"])
    # The last bone folded back onto the back of the finger.
    tip, dip, pip = broken[0, 1, index[3]], broken[0, 1, index[2]], broken[0, 1, index[1]]
    across = broken[0, 1, FINGERS["index"][0]] - broken[0, 1, FINGERS["little"][0]]
    back = np.cross(dip - pip, across / np.linalg.norm(across))
    broken[0, 1, index[3]] = dip + back / np.linalg.norm(back) * np.linalg.norm(tip - dip)
    limited = with_joint_limits(broken)
    moved = np.linalg.norm(limited - broken, axis=-1)[0, 1]
    assert moved[FINGERTIPS[1]] > 0.005
    assert np.flatnonzero(moved > 1e-9).tolist() == [FINGERTIPS[1]]
