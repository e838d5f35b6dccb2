"""The camera's motion from textured walls seen from known places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from estimators.camera_motion import CameraMotion, fit_step
from estimators.intrinsics import IntrinsicsChoice
from estimators.opencv import cv2

SIZE = (320, 240)
INTRINSICS = IntrinsicsChoice(fov_deg=80).for_size(*SIZE)


@pytest.fixture(scope="module")
def wall():
    noise = np.random.default_rng(3).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    return cv2.GaussianBlur(cv2.resize(noise, (960, 720), interpolation=cv2.INTER_CUBIC), (0, 0), 2)


def turn(yaw, pitch, roll):
    """world_from_cam of a camera turned by these degrees."""
    matrix, _ = cv2.Rodrigues(np.radians(np.array([pitch, yaw, roll], np.float64)))
    return matrix


def view(wall, world_from_cam):
    """What a camera at the origin sees of a wall at infinity, straight ahead in the world."""
    wall_matrix = np.array([[INTRINSICS.fx, 0, 480], [0, INTRINSICS.fy, 360], [0, 0, 1.0]])
    picture_from_wall = INTRINSICS.matrix @ world_from_cam.T @ np.linalg.inv(wall_matrix)
    return cv2.warpPerspective(wall, picture_from_wall, SIZE)


def degrees_between(a, b):
    return np.degrees(np.arccos(np.clip((np.trace(a[:3, :3].T @ b) - 1) / 2, -1, 1)))


def hand_at(x, y):
    rng = np.random.default_rng(1)
    return rng.uniform(-25, 25, (21, 2)) + np.array([x, y])


def test_known_turns_are_found(wall):
    motion = CameraMotion(INTRINSICS)
    for step in range(31):
        truth = turn(12 * np.sin(step / 8), 6 * np.sin(step / 5), 4 * np.sin(step / 11))
        found = motion.update(view(wall, truth), [], np.nan)
        assert degrees_between(found, truth) < 0.5


def test_a_moving_hand_does_not_turn_the_camera(wall):
    motion = CameraMotion(INTRINSICS)
    patch = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 255, (70, 70, 3)).astype(np.uint8), (0, 0), 2)
    for step in range(20):
        image = view(wall, turn(0, 0, 0)).copy()
        x, y = 40 + 6 * step, 120
        image[y - 35 : y + 35, x - 35 : x + 35] = patch
        found = motion.update(image, [hand_at(x, y)], 0.5)
    assert degrees_between(found, np.eye(3)) < 0.5


def test_a_blank_picture_leaves_the_camera_where_it_was(wall):
    motion = CameraMotion(INTRINSICS)
    motion.update(view(wall, turn(0, 0, 0)), [], np.nan)
    before = motion.update(view(wall, turn(2, 0, 0)), [np.full((21, 2), np.nan)], np.nan)
    blank = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    motion.update(blank, [], np.nan)
    after = motion.update(blank, [], np.nan)
    assert degrees_between(after, before[:3, :3]) < 1.5
    np.testing.assert_allclose(after[:3, :3] @ after[:3, :3].T, np.eye(3), atol=1e-9)


@given(
    turn_rad=arrays(np.float64, 3, elements=st.floats(-0.03, 0.03)),
    shift_m=arrays(np.float64, 3, elements=st.floats(-0.003, 0.003)),
)
def test_a_step_is_found_where_the_depths_are_right(turn_rad, shift_m):
    rng = np.random.default_rng(0)
    points_m = rng.uniform((-0.5, -0.4, 0.3), (0.5, 0.4, 1.0), (100, 3))
    rotation, _ = cv2.Rodrigues(turn_rad)
    seen = points_m @ rotation.T + shift_m
    rays = seen[:, :2] / seen[:, 2:]
    rays[:15] += rng.uniform(-0.2, 0.2, (15, 2))  # things that move by themselves
    step = fit_step(rays, points_m, np.ones(100), np.eye(4), 1e-3)
    assert degrees_between(step, rotation) < 0.1
    assert np.linalg.norm(step[:3, 3] - shift_m) < 1e-3 + 0.15 * np.linalg.norm(shift_m)
