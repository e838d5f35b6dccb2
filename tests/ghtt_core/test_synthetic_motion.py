import numpy as np
import pytest

from ghtt_core.skeleton import BONES
from ghtt_core.synthetic import generate_motion
from ghtt_core.synthetic.actions import EPISODES
from ghtt_core.synthetic.grasp import FINGER_RADIUS_M, close_on
from ghtt_core.synthetic.kinematics import ANGLE_HIGH, ANGLE_LOW, finger_bones, random_shape, wrist_rotation
from ghtt_core.synthetic.objects import random_thing


@pytest.fixture(scope="module")
def motion():
    return generate_motion(3, 40.0)


def test_a_seed_fixes_the_motion_and_another_changes_it(motion):
    again = generate_motion(3, 40.0)
    assert np.array_equal(motion.sequence.joints_m, again.sequence.joints_m)
    assert np.array_equal(motion.world_from_cam, again.world_from_cam)
    assert not np.allclose(motion.sequence.joints_m, generate_motion(4, 40.0).sequence.joints_m)


@pytest.mark.parametrize("name", sorted(EPISODES))
def test_every_programme_plays_and_labels_its_action(name):
    sequence = generate_motion(11, 12.0, episodes=[name]).sequence
    assert sequence.joints_m.shape == (360, 2, 21, 3)
    assert np.isfinite(sequence.joints_m).all()
    wanted = "stir" if name == "prepare" else name
    assert wanted in {segment.action for segment in sequence.segments}
    assert all(0 <= segment.start < segment.end <= 360 for segment in sequence.segments)


def test_bones_keep_their_length_and_both_hands_share_a_shape(motion):
    joints = motion.sequence.joints_m.astype(np.float64)
    a, b = np.array(BONES).T
    lengths = np.linalg.norm(joints[:, :, a] - joints[:, :, b], axis=-1)
    assert np.ptp(lengths, axis=(0, 1)).max() < 1e-5


def test_motion_is_smooth_above_the_table_and_within_joint_limits(motion):
    joints = motion.sequence.joints_m.astype(np.float64)
    speed = np.linalg.norm(np.diff(joints[:, :, 0], axis=0), axis=-1) * motion.sequence.fps
    acceleration = np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1)
    assert 0.01 < np.median(speed) < 0.3
    assert speed.max() < 2.0
    assert acceleration.max() < 0.06
    assert joints[..., 2].min() > 0.0
    assert (motion.angles_rad >= ANGLE_LOW - 1e-9).all()
    assert (motion.angles_rad <= ANGLE_HIGH + 1e-9).all()


def test_the_camera_is_rigid_gentle_and_sees_the_hands(motion):
    rotation = motion.world_from_cam[:, :3, :3]
    assert np.allclose(rotation @ rotation.transpose(0, 2, 1), np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(rotation), 1.0)
    cam_from_world = np.linalg.inv(motion.world_from_cam)
    wrist = np.einsum("tij,thj->thi", cam_from_world[:, :3, :3], motion.sequence.joints_m[:, :, 9])
    wrist += cam_from_world[:, None, :3, 3]
    assert ((wrist[..., 2] > 0.15) & (wrist[..., 2] < 0.8)).mean() > 0.98
    assert (np.abs(wrist[..., :2] / wrist[..., 2:]) < 0.75).all(axis=-1).mean() > 0.9


def test_a_held_thing_moves_with_its_hand():
    motion = generate_motion(5, 12.0, episodes=["hold"])
    (thing,) = motion.objects[:1]
    held = np.flatnonzero(thing.held_by >= 0)[12:-12]
    hand = thing.held_by[held[0]]
    palm = motion.sequence.joints_m[held, hand, 9]
    gap = np.linalg.norm(thing.world_from_object[held, :3, 3] - palm, axis=-1)
    assert np.ptp(gap) < 1e-3
    assert gap.max() < 0.16
    assert np.abs(np.diff(thing.world_from_object[:, :3, 3], axis=0)).max() < 0.06


def test_fingers_close_until_they_touch():
    rng = np.random.default_rng(0)
    shape = random_shape(rng)
    cup = random_thing("cup", rng)
    grip = np.eye(4)
    grip[:3, :3] = ((0, 0, -1), (1, 0, 0), (0, -1, 0))
    grip[:3, 3] = (0.0, 0.08, -cup.size_m[0] / 2 - 0.015)
    joints, _ = finger_bones(shape, close_on(shape, cup, grip))
    tips = (joints[[8, 12, 16]] - grip[:3, 3]) @ grip[:3, :3]
    gap = cup.distance_m(tips) - FINGER_RADIUS_M[1:4] * shape.girth
    assert (gap > -0.004).all()
    assert (gap < 0.03).all()


def test_the_identity_is_a_right_hand_palm_down():
    joints, rotations = finger_bones(random_shape(np.random.default_rng(1)), np.zeros(17))
    assert joints[12, 1] > 0.15
    assert joints[4, 0] < joints[20, 0]
    assert np.allclose(rotations @ rotations.swapaxes(-1, -2), np.eye(3), atol=1e-12)
    thumb_up = wrist_rotation(np.array((0.0, 0.0, np.pi / 2)))
    assert np.allclose(thumb_up @ (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    bent = np.zeros(17)
    bent[4] = 1.0
    assert finger_bones(random_shape(np.random.default_rng(1)), bent)[0][12, 2] < -0.02
