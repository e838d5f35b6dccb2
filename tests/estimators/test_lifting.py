"""Lifting against synthetic projections of a known hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.depth_net import view_rotations
from estimators.intrinsics import IntrinsicsChoice
from estimators.lifting import is_possible, lift
from ghtt_core.features import hand_size
from ghtt_core.skeleton import MCPS
from ghtt_core.synthetic import generate_motion

INTRINSICS = IntrinsicsChoice(fov_deg=80).for_size(640, 480)


def open_hand():
    """A flat right hand of size 0.09 m about its palm centre, fingers up."""
    joints = np.zeros((21, 3))
    for finger, x in enumerate((-0.045, -0.025, 0.0, 0.022, 0.042)):
        for segment in range(4):
            joints[1 + 4 * finger + segment] = (x * (1 + 0.1 * segment), -0.085 - 0.028 * segment, -0.004 * segment)
    return joints - joints.mean(axis=0)


@given(x=st.floats(-0.2, 0.2), y=st.floats(-0.12, 0.12), z=st.floats(0.25, 1.0), angle=st.floats(-1, 1))
def test_lifting_recovers_the_pose_it_was_projected_from(x, y, z, angle):
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    centre = np.array([x, y, z])
    shape_seen = open_hand() @ turn.T
    joints = shape_seen @ view_rotations(centre[:2] / z).T + centre
    lifted = lift(INTRINSICS.project(joints), shape_seen, INTRINSICS)
    assert lifted is not None
    assert np.linalg.norm(lifted - joints, axis=1).mean() < 0.02 * z


def at_depth(depth_m):
    return open_hand() + np.array([0.0, 0.0, depth_m])


def test_a_known_hand_size_sets_the_depth():
    small = lift(INTRINSICS.project(at_depth(0.5)), open_hand(), INTRINSICS, size_m=hand_size(open_hand()) / 2)
    assert small is not None
    assert small[:, 2].mean() == pytest.approx(0.25, rel=0.02)
    assert hand_size(small) == pytest.approx(hand_size(open_hand()) / 2)


@pytest.mark.parametrize("depth_m", [0.06, 4.0])
def test_a_depth_no_hand_has_gives_no_pose(depth_m):
    assert lift(INTRINSICS.project(at_depth(depth_m)), open_hand(), INTRINSICS) is None


def test_landmarks_all_in_one_point_give_no_pose():
    assert lift(np.full((21, 2), 300.0), open_hand(), INTRINSICS) is None


def test_missing_landmarks_give_no_pose():
    px = np.full((21, 2), np.nan)
    assert lift(px, open_hand(), INTRINSICS) is None
    assert lift(INTRINSICS.project(at_depth(0.5)), np.zeros((21, 3)), INTRINSICS) is None


def test_every_persons_hand_is_possible_and_a_collapsed_or_torn_one_is_not():
    for seed in range(4):
        for pose in generate_motion(seed, 2.0).sequence.joints_m[::20].reshape(-1, 21, 3).astype(np.float64):
            size_m = float(hand_size(pose))
            assert is_possible(pose, 0.8 * size_m)
            assert is_possible(pose, 1.2 * size_m)
    across = pose[MCPS[-1]] - pose[MCPS[0]]
    across /= np.linalg.norm(across)
    flat = pose - 0.98 * ((pose - pose[0]) @ across)[:, None] * across
    torn = pose.copy()
    torn[8] = torn[7] + 6 * (torn[8] - torn[7])
    fallen_together = pose.copy()
    fallen_together[12] = fallen_together[11]
    assert not any(is_possible(bad, size_m) for bad in (flat, torn, fallen_together, np.full((21, 3), np.nan)))
