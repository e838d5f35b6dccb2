import numpy as np
import torch

from ghtt_core.features import HandFrames, features_from_joints, hand_size
from ghtt_core.synthetic.motion import generate_motion
from ghtt_core.train.losses import METRES
from ghtt_core.train.plan import JOINTS, Plan, coarse_course, picked


def test_the_course_is_seen_from_the_anchor_and_does_not_depend_on_the_camera():
    joints_m = generate_motion(3, 2.0).sequence.joints_m[None, :32]
    turned_m = joints_m @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]], np.float32) + np.float32(0.3)
    courses = []
    for motion_m in (joints_m, turned_m):
        anchor = features_from_joints(motion_m[:, :16], hand_size(motion_m[:, 0])).frames.at(15)
        courses.append(coarse_course(motion_m[:, 16:], anchor))
    assert courses[0].shape == (1, 4, 2, len(JOINTS), 3)
    np.testing.assert_allclose(courses[0], courses[1], atol=1e-3)


def test_the_course_keeps_distances_in_its_unit():
    future_m = generate_motion(4, 2.0).sequence.joints_m[None, :16]
    origin = HandFrames(np.broadcast_to(np.eye(3), (1, 2, 3, 3)), np.zeros((1, 2, 3)))
    course = coarse_course(future_m, origin)
    np.testing.assert_allclose(course[0, -1] * METRES, future_m[0, 15][:, list(JOINTS)], atol=1e-6)


def test_the_nearest_of_many_is_found_and_unknown_hands_do_not_count():
    plan = Plan(width=8, frames=16)
    latents = torch.randn(6, 5, 8, generator=torch.Generator().manual_seed(0))
    wanted = torch.tensor([0, 3, 1, 4, 2, 2])
    with torch.no_grad():
        course = picked(plan.layers(latents).unflatten(-1, plan.shape), wanted)
    course[:, :, 0] = torch.nan
    _, nearest = plan(latents, course)
    assert nearest.tolist() == wanted.tolist()


def test_strata_part_ways_to_cover_two_futures():
    """Two things may follow the same past: each gets a latent of its own, where one future would lie between them."""
    torch.manual_seed(0)
    plan = Plan(width=4, frames=16)
    latents = torch.eye(4)[None, :2].expand(32, -1, -1)
    side = torch.where(torch.arange(32) % 2 == 0, 1.0, -1.0)
    course = side[:, None, None, None, None].expand(-1, *plan.shape).contiguous()
    optimizer = torch.optim.Adam(plan.parameters(), 1e-2)
    for _ in range(120):
        optimizer.zero_grad()
        plan(latents, course)[0].mean().backward()
        optimizer.step()
    loss, nearest = plan(latents, course)
    assert loss.mean() < 0.4  # a single future between the two is sqrt(3) * 1.25 off
    assert set(nearest[side > 0].tolist()).isdisjoint(nearest[side < 0].tolist())
