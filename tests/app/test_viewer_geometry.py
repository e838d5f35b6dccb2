import numpy as np
import pytest
from motion_fixture import futures_at, hands_at

from app.viewer.geometry import (
    BONE_RADII_M,
    BONES_PER_FRAME,
    BONES_PER_HAND,
    CapsuleMesh,
    bone_ends,
    disc,
    fading_grid,
    frustum,
    pose_at,
    to_scene,
    trails,
)


def test_the_scene_has_z_up_and_y_away_from_the_camera() -> None:
    up_right_far_cam = np.array([0.1, -0.2, 0.5])
    assert to_scene(up_right_far_cam) == pytest.approx([0.1, 0.5, 0.2])


def test_bones_join_their_joints() -> None:
    hands = hands_at(0.3)
    ends = bone_ends(hands)
    assert ends.shape == (BONES_PER_FRAME, 2, 3)
    np.testing.assert_allclose(ends[0], to_scene(hands[0, [0, 1]]))
    np.testing.assert_allclose(ends[BONES_PER_HAND + 3], to_scene(hands[1, [3, 4]]))


def test_a_missing_hand_collapses_and_the_other_stays() -> None:
    hands = hands_at(0.3)
    hands[0] = np.nan
    ends = bone_ends(hands)
    assert (ends[:BONES_PER_HAND] == 0).all()
    assert (np.linalg.norm(ends[BONES_PER_HAND:, 1] - ends[BONES_PER_HAND:, 0], axis=1) > 0).all()


def test_trails_follow_the_joint_through_time() -> None:
    futures = futures_at(0.0, samples=3)
    at_s = np.array([0.5, 1.0, 1.5], np.float32)
    paths = trails(futures.joints_cam_m, futures.offset_s, (8,), at_s)
    assert paths.shape == (3, 2, 1, 2, 2, 3)
    for step, time_s in enumerate((0.5, 1.0)):
        np.testing.assert_allclose(paths[0, 1, 0, step, 0], to_scene(hands_at(time_s)[1, 8]), atol=1e-4)
        np.testing.assert_allclose(paths[0, 1, 0, step, 1], to_scene(hands_at(time_s + 0.5)[1, 8]), atol=1e-4)


def test_trails_of_a_missing_hand_are_finite() -> None:
    futures = futures_at(0.0, samples=3)
    joints = futures.joints_cam_m.copy()
    joints[:, :, 0] = np.nan
    paths = trails(joints, futures.offset_s, (0, 8), np.linspace(0.1, 3.0, 7, dtype=np.float32))
    assert np.isfinite(paths).all()
    assert (paths[:, 0] == 0).all()
    np.testing.assert_allclose(paths[:, 1, :, -1, 0], paths[:, 1, :, -1, 1])


def test_a_pose_between_two_steps_is_interpolated() -> None:
    futures = futures_at(0.0, samples=2)
    pose = pose_at(futures.joints_cam_m, futures.offset_s, 0.75)
    np.testing.assert_allclose(pose[0], hands_at(0.75), atol=1e-4)
    np.testing.assert_allclose(pose_at(futures.joints_cam_m, futures.offset_s, 99.0), futures.joints_cam_m[:, -1])


def test_capsule_vertices_lie_a_radius_from_their_bone() -> None:
    rng = np.random.default_rng(3)
    ends = rng.normal(0, 0.1, (5, 2, 3)).astype(np.float32)
    radius = np.linspace(0.004, 0.02, 5, dtype=np.float32)
    mesh = CapsuleMesh.build(5)
    position, normal = mesh.place(ends, radius)
    vertices = position.reshape(5, -1, 3)
    start, axis = ends[:, None, 0], ends[:, None, 1] - ends[:, None, 0]
    along = np.clip(((vertices - start) * axis).sum(-1) / (axis**2).sum(-1), 0, 1)
    distance = np.linalg.norm(vertices - start - along[..., None] * axis, axis=-1)
    np.testing.assert_allclose(distance, np.repeat(radius[:, None], vertices.shape[1], axis=1), rtol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, rtol=1e-4)


def test_a_collapsed_capsule_has_no_size() -> None:
    mesh = CapsuleMesh.build(2)
    ends = np.zeros((2, 2, 3), np.float32)
    ends[1, 1] = 0.1
    position, normal = mesh.place(ends, np.full(2, 0.01, np.float32))
    first, second = position.reshape(2, -1, 3)
    assert (first == 0).all()
    assert np.ptp(second, axis=0).min() > 0.01
    assert np.isfinite(normal).all()


def test_capsule_faces_form_a_closed_surface() -> None:
    mesh = CapsuleMesh.build(3)
    assert mesh.faces.max() < 3 * len(mesh.normals)
    edges = np.concatenate([mesh.faces[:, pair] for pair in ((0, 1), (1, 2), (2, 0))])
    _, uses = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    rim = 2 * 3 * 10  # The innermost ring of each end has no width, so its edges need no second face.
    assert (uses == 2).sum() == len(uses) - rim


def test_the_frustum_has_the_shape_of_the_picture() -> None:
    ends = frustum(640, 480, 320.0, 0.1)
    assert ends.shape == (16, 3)
    rim = ends[8:]
    assert np.ptp(rim[:, 0]) / np.ptp(rim[:, 2]) == pytest.approx(640 / 480)
    np.testing.assert_allclose(rim[:, 1], 0.1, rtol=1e-5)


def test_the_grid_is_level_around_its_middle_and_fades_away() -> None:
    ends, strength = fading_grid(0.1, 0.7)
    assert (ends[:, 2] == 0).all()
    pieces = ends.reshape(-1, 2, 3)
    np.testing.assert_allclose(np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1), 0.1, atol=1e-6)
    reach = np.linalg.norm(ends, axis=1)
    assert strength[reach < 0.05].min() > 0.95
    assert (strength[reach >= 0.7] == 0).all()


def test_the_disc_is_whole() -> None:
    vertices, strength, faces = disc(0.5)
    corners = vertices[faces]
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
    assert area == pytest.approx(np.pi * 0.25, rel=0.01)
    assert strength.max() == 1.0
    assert strength.min() == 0.0


def test_fingers_grow_thinner_towards_their_tips() -> None:
    assert BONE_RADII_M.shape == (BONES_PER_FRAME,)
    for hand in range(2):
        index_finger = BONE_RADII_M[hand * BONES_PER_HAND + np.array([4, 5, 6, 7])]
        assert (np.diff(index_finger) < 0).all()
