"""Where the hands are, as the camera sees them: for the running program, for tests of a model and for its training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ghtt_core.features import HandFrames, features_from_joints
from ghtt_core.motion import MotionSequence, at_rate
from ghtt_core.placement import PLACEMENT, placements, seen_from
from ghtt_core.train import places
from ghtt_core.train.augment import mirrored
from ghtt_core.train.places import Places, seen_placements
from ghtt_core.train.pose import window_sizes
from tests.ghtt_core.small_motions import motion

HALF = PLACEMENT // 2


def rigid(seed: int) -> tuple[np.ndarray, np.ndarray]:
    return Rotation.random(random_state=seed).as_matrix(), np.random.default_rng(seed).normal(0, 0.3, 3)


def hands(seed: int, *lead: int) -> HandFrames:
    rotation = Rotation.random(2 * int(np.prod(lead)), random_state=seed).as_matrix()
    return HandFrames(rotation.reshape(*lead, 2, 3, 3), np.random.default_rng(seed).normal(0, 0.3, (*lead, 2, 3)))


def test_what_a_camera_sees_moves_with_it() -> None:
    camera, there = rigid(0), hands(1, 5)
    turn, shift = rigid(2)
    moved = HandFrames(turn @ there.rotation, there.position @ turn.T + shift)
    seen, again = seen_from(camera, there), seen_from((turn @ camera[0], turn @ camera[1] + shift), moved)
    np.testing.assert_allclose(again.rotation, seen.rotation, atol=1e-12)
    np.testing.assert_allclose(again.position, seen.position, atol=1e-12)
    np.testing.assert_allclose(camera[0] @ seen.position[3, 1] + camera[1], there.position[3, 1], atol=1e-12)


def test_a_hand_that_was_not_seen_is_nowhere_and_torch_agrees() -> None:
    there, seen = hands(3, 4), np.array([[True, True], [True, False], [False, True], [False, False]])
    values = placements(there, seen)
    assert values.shape == (4, PLACEMENT)
    assert np.array_equal(values.reshape(4, 2, HALF).any(axis=-1), seen)
    in_torch = HandFrames(torch.from_numpy(there.rotation), torch.from_numpy(there.position))
    np.testing.assert_allclose(placements(in_torch, torch.from_numpy(seen)).numpy(), values, atol=1e-12)


@pytest.fixture
def exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No camera is turned, shifted or forgotten."""
    for name in ("TURN_DEG", "SHIFT_M", "UNKNOWN"):
        monkeypatch.setattr(places, name, 0.0)


@pytest.mark.usefixtures("exactly")
@pytest.mark.parametrize("flip", [False, True])
def test_training_sees_what_the_program_sees_also_in_a_mirror(flip: bool) -> None:
    turn, position = rigid(4)
    pose = np.eye(4, dtype=np.float32)[None]
    pose[0, :3, :3], pose[0, :3, 3] = turn, position
    still_m = motion(32, 0)[None].astype(np.float32)
    seen_m = ((still_m - position) @ turn).astype(np.float32)
    if flip:
        still_m, seen_m = mirrored(still_m), mirrored(seen_m)
    sizes = window_sizes(still_m)
    ends = Places.of(features_from_joints(still_m.reshape(1, 2, 16, 2, 21, 3), np.repeat(sizes[:, None], 2, axis=1)))
    both, rng = np.ones((1, 2), np.bool_), np.random.default_rng(0)
    given = seen_placements(ends, both, pose, np.array([flip]), rng)
    expected = placements(features_from_joints(seen_m[:, 16:], sizes).frames.at(-1), both)
    np.testing.assert_allclose(given[:, 1], expected, atol=1e-5)
    assert not seen_placements(ends, np.array([[False, True]]), pose, np.array([flip]), rng)[:, 0].any()


def test_the_placement_is_unknown_without_a_camera_and_now_and_then_with_one() -> None:
    ends = Places(hands(5, 500, 2), np.ones((500, 2, 2), np.bool_))
    cameras = np.tile(np.eye(4, dtype=np.float32), (500, 1, 1))
    cameras[:100] = np.nan
    given = seen_placements(ends, np.ones((500, 2), np.bool_), cameras, np.zeros(500, np.bool_), np.random.default_rng(0))
    assert np.isfinite(given).all()
    unknown = ~given.any(axis=(1, 2))
    assert unknown[:100].all()
    assert 0.1 < unknown[100:].mean() < 0.3


def test_a_sequence_is_seen_from_its_camera_at_any_rate() -> None:
    turn, position = rigid(6)
    cameras = np.tile(np.eye(4), (40, 1, 1))
    cameras[20:, :3, :3], cameras[20:, :3, 3] = turn, position
    sequence = MotionSequence(motion(40, 0).astype(np.float32), 60.0, "a", "a", world_from_cam=cameras)
    np.testing.assert_allclose(sequence.as_seen(sequence.joints_m, 19), sequence.joints_m)
    np.testing.assert_allclose(sequence.as_seen(sequence.joints_m, 20) @ turn.T + position, sequence.joints_m, atol=1e-6)
    half = at_rate(sequence, 30.0)
    assert half.world_from_cam is not None
    np.testing.assert_array_equal(half.world_from_cam, cameras[::2])
    assert replace(sequence, world_from_cam=None).as_seen(sequence.joints_m, 30) is sequence.joints_m
    with pytest.raises(ValueError, match="world_from_cam"):
        replace(sequence, world_from_cam=cameras[1:])
