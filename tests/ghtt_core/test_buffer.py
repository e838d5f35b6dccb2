import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghtt_core.buffer import MAX_BRIDGE_S, MAX_STEP_S, Arrival, PoseBuffer
from ghtt_core.packets import HandsObservation

BASE = np.random.default_rng(0).normal((0, 0, 0.4), 0.05, (2, 21, 3))
VELOCITY = np.random.default_rng(1).normal(0, 0.3, (2, 21, 3))


def observe(time_s, joints_m, index=0, world_from_cam=None, missing=()):
    joints = np.asarray(joints_m, np.float32).copy()
    joints[list(missing)] = np.nan
    return HandsObservation(
        joints,
        np.zeros((2, 21, 2), np.float32),
        np.ones(2, np.float32),
        index,
        float(time_s),
        np.eye(4) if world_from_cam is None else world_from_cam,
    )


def moving(time_s):
    return BASE + VELOCITY * time_s


def filled(times_s, missing=lambda index: ()):
    buffer = PoseBuffer()
    for index, time_s in enumerate(times_s):
        buffer.append(observe(time_s, moving(time_s), index, missing=missing(index)))
    return buffer


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.002, 0.12), min_size=1, max_size=80), st.floats(0, 1e5))
def test_linear_motion_comes_back_exactly_whatever_the_frame_rate(steps_s, start_s):
    buffer = PoseBuffer()
    times_s = start_s + np.cumsum(steps_s)
    for time_s in times_s:
        buffer.append(observe(time_s, moving(time_s - start_s)))
    clip = buffer.clip()
    grid_s = times_s[-1] + (np.arange(16) - 15) / 30
    known = grid_s >= times_s[0]
    expected = np.stack([moving(time_s - start_s) for time_s in grid_s])
    np.testing.assert_allclose(clip[known], expected[known], atol=2e-5)
    # Before the first sighting there is nothing but what lies within the snapping tolerance of it.
    assert np.isnan(clip[grid_s < times_s[0] - 0.005]).all()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(0.01, 0.1), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_a_hand_is_there_exactly_where_sightings_are_near(frames):
    times_s = np.cumsum([step_s for step_s, _, _ in frames])
    buffer = filled(times_s, lambda index: [hand for hand in (0, 1) if not frames[index][1 + hand]])
    clip = buffer.clip()
    grid_s = times_s[-1] + (np.arange(16) - 15) / 30
    for hand in (0, 1):
        sightings_s = times_s[[frame[1 + hand] for frame in frames]]
        for time_s, pose in zip(grid_s, clip[:, hand], strict=True):
            assert np.isfinite(pose).all() or np.isnan(pose).all()
            if np.isfinite(pose).all():
                assert sightings_s.size
                assert np.abs(sightings_s - time_s).min() <= MAX_BRIDGE_S
        assert np.isfinite(clip[-1, hand]).all() == frames[-1][1 + hand]


def test_at_30_hz_the_clip_is_the_frames_themselves():
    times_s = np.arange(40) / 30
    clip = filled(times_s).clip()
    np.testing.assert_allclose(clip, np.stack([moving(time_s) for time_s in times_s[-16:]]), atol=1e-6)


def test_one_lost_frame_is_bridged_and_half_a_second_is_not():
    bridged = filled(np.arange(16) / 30, lambda index: [1] if index == 8 else []).clip()
    np.testing.assert_allclose(bridged[8], moving(8 / 30), atol=1e-6)
    lost = filled(np.arange(16) / 30, lambda index: [1] if 4 <= index < 12 else []).clip()
    assert np.isnan(lost[4:12, 1]).all()
    assert np.isfinite(lost[:, 0]).all()
    assert np.isfinite(lost[[3, 12], 1]).all()


def test_camera_motion_is_taken_out():
    buffer = PoseBuffer()
    still = moving(0.0)
    for index in range(20):
        angle, shift = 0.05 * index, np.array([0.01 * index, 0.0, -0.02 * index])
        world_from_cam = np.eye(4)
        world_from_cam[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        world_from_cam[:3, 3] = shift
        in_camera = (still - shift) @ world_from_cam[:3, :3]
        buffer.append(observe(index / 30, in_camera, index, world_from_cam))
    np.testing.assert_allclose(buffer.clip(), np.broadcast_to(still, (16, 2, 21, 3)), atol=1e-6)


@pytest.mark.parametrize("time_s", [1.0, 0.99, 1.0 - MAX_STEP_S, np.nan, np.inf])
def test_repeated_and_slightly_older_frames_change_nothing(time_s):
    buffer = filled(np.linspace(0.5, 1.0, 16))
    before = buffer.clip()
    assert buffer.append(observe(time_s, BASE * 2)) is Arrival.IGNORED
    np.testing.assert_array_equal(buffer.clip(), before)


@pytest.mark.parametrize("time_s", [5.0, 3.1, 0.9, 0.0])
def test_a_jump_in_time_begins_anew(time_s):
    buffer = filled(np.linspace(1.5, 2.0, 16))
    assert buffer.append(observe(time_s, BASE)) is Arrival.RESTARTED
    clip = buffer.clip()
    np.testing.assert_allclose(clip[-1], BASE, atol=1e-6)
    assert np.isnan(clip[:-1]).all()
    assert buffer.newest_s == time_s


def test_memory_stays_bounded():
    buffer = filled(np.arange(5000) / 240)
    assert buffer.newest_s - buffer.oldest_s < 1.0
    assert np.isfinite(buffer.clip()).all()


def test_an_empty_buffer_says_so():
    buffer = PoseBuffer()
    assert np.isnan(buffer.newest_s)
    with pytest.raises(ValueError, match="empty"):
        buffer.clip()
