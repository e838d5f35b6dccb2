"""The depth network and the steadied hand, on generated hands that it was not trained on."""

import numpy as np
import pytest

from estimators.depth import SteadyHand
from estimators.depth_net import load_depth_net, straight_view, view_rotations
from estimators.intrinsics import IntrinsicsChoice
from estimators.lifting import lift
from ghtt_core.features import hand_size
from ghtt_core.synthetic import generate_motion

INTRINSICS = IntrinsicsChoice(fov_deg=80).for_size(640, 480)


@pytest.fixture(scope="module")
def seen():
    """(T, 2, 21, 3) joints of a person in the head camera's frame, 30 Hz."""
    motion = generate_motion(7, 6.0)
    pose = motion.world_from_cam[:, None]
    return (motion.sequence.joints_m.astype(np.float64) - pose[..., None, :3, 3]) @ pose[..., :3, :3]


def rays_of(joints):
    return joints[..., :2] / joints[..., 2:]


def wrist_aligned_error(found, truth):
    return np.linalg.norm((found - found[:1]) - (truth - truth[:1]), axis=-1).mean()


@pytest.mark.parametrize("hand", [0, 1])
def test_joints_come_back_from_their_rays_alone(seen, hand):
    truth = seen[:, hand]
    steady = SteadyHand(load_depth_net())
    size_m = hand_size(truth[0])
    found = np.stack([steady.place(rays_of(joints), hand, size_m, 1.0, i / 30) for i, joints in enumerate(truth)])
    np.testing.assert_allclose(rays_of(found), rays_of(truth), atol=1e-6)
    assert np.mean([wrist_aligned_error(f, t) for f, t in zip(found, truth, strict=True)]) < 0.02
    assert abs(found[..., 2].mean() / truth[..., 2].mean() - 1) < 0.08


def test_it_beats_a_flat_hand(seen):
    truth = seen[::10, 1]
    flat = truth - truth.mean(axis=1, keepdims=True)
    flat[..., 2] = 0
    steady = SteadyHand(load_depth_net())
    ours = [wrist_aligned_error(steady.place(rays_of(t), 1, hand_size(t), 1.0, float(i)), t) for i, t in enumerate(truth)]
    lifted = [lift(INTRINSICS.project(t), f, INTRINSICS, size_m=hand_size(t)) for f, t in zip(flat, truth, strict=True)]
    theirs = [wrist_aligned_error(f, t) for f, t in zip(lifted, truth, strict=True) if f is not None]
    assert np.mean(ours) < 0.7 * np.mean(theirs)


def test_a_left_hand_is_the_mirror_image_of_a_right_one(seen):
    right = seen[::20, 1]
    left = right * np.array([-1, 1, 1])
    net = load_depth_net()
    of_right = net(straight_view(rays_of(right), np.zeros(len(right), bool)).features)
    of_left = net(straight_view(rays_of(left), np.ones(len(left), bool)).features)
    for a, b in zip(of_right, of_left, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_trembling_landmarks_do_not_shake_the_distance(seen):
    truth = seen[0, 1]
    rng = np.random.default_rng(0)
    steady, plain = SteadyHand(load_depth_net()), []
    calm = []
    for i in range(60):
        rays = rays_of(truth) + rng.normal(0, 0.003, (21, 2))
        calm.append(steady.place(rays, 1, 0.09, 0.95, i / 30)[:, 2].mean())
        plain.append(SteadyHand(load_depth_net()).place(rays, 1, 0.09, 0.95, 0.0)[:, 2].mean())
    assert np.std(calm[20:]) < 0.6 * np.std(plain[20:])


def test_one_wild_frame_is_passed_over_and_a_lasting_change_is_believed(seen):
    truth = seen[0, 1]
    steady = SteadyHand(load_depth_net())
    centre = rays_of(truth).mean(axis=0)
    depths_m = []
    for i in range(60):
        scale = 2.0 if i == 10 or i >= 20 else 1.0
        depths_m.append(steady.place(centre + (rays_of(truth) - centre) * scale, 1, 0.09, 1.0, i / 30)[:, 2].mean())
    assert depths_m[10] == pytest.approx(depths_m[9], rel=0.05)
    assert depths_m[-1] == pytest.approx(depths_m[9] / 2, rel=0.15)


def test_unsure_landmarks_that_shrink_do_not_send_the_hand_away(seen):
    truth = seen[0, 1]
    centre = rays_of(truth).mean(axis=0)
    shrunk = centre + (rays_of(truth) - centre) * 0.5

    def depth_after(presence):
        steady = SteadyHand(load_depth_net())
        placed = [steady.place(rays_of(truth), 1, 0.09, 1.0, i / 30) for i in range(30)]
        placed += [steady.place(shrunk, 1, 0.09, presence, 1 + i / 30) for i in range(10)]
        return placed[-1][:, 2].mean() / placed[29][:, 2].mean()

    assert depth_after(0.4) < 1.15
    assert depth_after(1.0) > 1.3


def test_a_hand_keeps_its_distance_at_any_frame_rate(seen):
    rays = rays_of(seen[0, 1])
    depths_m = []
    for fps in (15, 30, 60):
        steady = SteadyHand(load_depth_net())
        placed = [steady.place(rays, 1, 0.09, 1.0, i / fps) for i in range(3 * fps)]
        depths_m.append(placed[-1][:, 2].mean())
    assert max(depths_m) < 1.02 * min(depths_m)


def test_view_rotations_turn_the_axis_to_the_ray():
    centres = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    turns = view_rotations(centres)
    wanted = np.concatenate((centres, np.ones((50, 1))), axis=1)
    np.testing.assert_allclose(turns[:, :, 2], wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-12)
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (50, 3, 3)), atol=1e-12)
