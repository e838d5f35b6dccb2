"""Joints to features and back: exact, invariant, and the same in NumPy and torch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.features import (
    LOCAL,
    RELATIVE,
    VELOCITY,
    HandFrames,
    bone_lengths,
    features_from_joints,
    hand_size,
    joints_from_features,
    with_bone_lengths,
)
from ghtt_core.fusion import follow, follow_both_ways
from ghtt_core.metrics import acceleration_error
from ghtt_core.skeleton import BONES, LEFT, RIGHT
from ghtt_core.synthetic.motion import generate_motion

FRAMES = 64
seeds = st.integers(0, 10_000)


def motion(seed, frames=FRAMES):
    """Two hands of a made-up person at work: stiff palms, so that the features describe them exactly."""
    return generate_motion(seed, frames / 30).sequence.joints_m.astype(np.float64)


def sizes_of(joints_m):
    return np.nanmean(hand_size(joints_m), axis=-2)


def rigid(seed):
    rng = np.random.default_rng(seed)
    return Rotation.random(rng=rng).as_matrix(), rng.uniform(-2, 2, 3)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_joints_come_back_over_64_frames(seed):
    joints_m = motion(seed).astype(np.float32)
    size_m = sizes_of(joints_m)
    features = features_from_joints(joints_m, size_m)
    back_m = joints_from_features(features.values, size_m, features.frames.at(0), first_moves=False)
    assert features.values.dtype == np.float32
    assert np.abs(back_m - joints_m).max() < 1e-4


@settings(max_examples=20, deadline=None)
@given(seeds, seeds)
def test_a_rigid_motion_of_the_camera_changes_nothing(seed, camera):
    joints_m = motion(seed)
    rotation, shift_m = rigid(camera)
    size_m = sizes_of(joints_m)
    still, moved = (features_from_joints(one, size_m).values for one in (joints_m, joints_m @ rotation.T + shift_m))
    np.testing.assert_allclose(moved, still, atol=1e-8)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_mirror_swaps_the_hands(seed):
    joints_m = motion(seed, 16)
    mirrored_m = joints_m[:, ::-1] * [-1.0, 1.0, 1.0]
    plain, swapped = (features_from_joints(one, sizes_of(one)).values for one in (joints_m, mirrored_m))
    local, other = (values[:, LOCAL].reshape(-1, 2, 21, 3) for values in (plain, swapped))
    np.testing.assert_allclose(other, local[:, ::-1] * [-1.0, 1.0, 1.0], rtol=0, atol=1e-6)
    # Steps mirror in x; the first two columns of M R M are (r00, -r10, -r20) and (-r01, r11, r21).
    sign = np.array([1, -1, -1, -1, 1, 1, -1, 1, 1.0])
    steps, others = (values[:, VELOCITY].reshape(-1, 2, 9) for values in (plain, swapped))
    np.testing.assert_allclose(others, steps[:, ::-1] * sign, rtol=0, atol=1e-6)


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_numpy_and_torch_agree(seed):
    joints_m = motion(seed, 16).astype(np.float32)
    joints_m[3:6, LEFT] = np.nan
    size_m = sizes_of(joints_m)
    ours = features_from_joints(joints_m, size_m)
    theirs = features_from_joints(torch.from_numpy(joints_m), torch.from_numpy(size_m))
    np.testing.assert_allclose(theirs.values.numpy(), ours.values, atol=2e-5)
    np.testing.assert_array_equal(theirs.mask.numpy(), ours.mask)
    back = joints_from_features(ours.values, size_m, ours.frames.at(0), first_moves=False)
    anchor = HandFrames(*(torch.from_numpy(part) for part in (ours.frames.at(0).rotation, ours.frames.at(0).position)))
    torch_back = joints_from_features(torch.from_numpy(ours.values), torch.from_numpy(size_m), anchor, first_moves=False)
    np.testing.assert_allclose(torch_back.numpy(), back, atol=1e-4)


def test_a_missing_hand_stays_missing_and_the_other_is_untouched():
    joints_m = motion(1, 16)
    whole = features_from_joints(joints_m, sizes_of(joints_m))
    lost_m = joints_m.copy()
    lost_m[:, LEFT] = np.nan
    half = features_from_joints(lost_m, sizes_of(joints_m))
    assert not half.visible[:, LEFT].any()
    assert half.visible[:, RIGHT].all()
    assert not half.mask[:, RELATIVE].any()
    np.testing.assert_array_equal(half.values[:, 63:126], whole.values[:, 63:126])
    assert (half.values[:, :63] == 0).all()
    placed = follow_both_ways(half.values, sizes_of(joints_m), UNCHANGED_BONES, half)
    assert np.isnan(placed[:, LEFT]).all()
    assert np.isfinite(placed[:, RIGHT]).all()


def test_velocities_chain_exactly_across_a_gap():
    joints_m = motion(2, 16)
    size_m = sizes_of(joints_m)
    whole = features_from_joints(joints_m, size_m)
    gapped_m = joints_m.copy()
    gapped_m[5:9, RIGHT] = np.nan
    gapped = features_from_joints(gapped_m, size_m)
    assert gapped.velocity_spans_gap[:, RIGHT].nonzero()[0].tolist() == [9]
    # Standing still through the gap and then making up for it leads to the same place.
    values = gapped.values.copy()
    values[5:9, 135:144] = [1, 0, 0, 0, 1, 0, 0, 0, 0]
    values[5:9, 63:126] = whole.values[5:9, 63:126]
    back_m = joints_from_features(values, size_m, whole.frames.at(0), first_moves=False)
    np.testing.assert_allclose(back_m[9:, RIGHT], joints_m[9:, RIGHT], rtol=0, atol=1e-6)


def test_the_first_frame_of_a_clip_has_no_velocity():
    joints_m = motion(3, 16)
    first = features_from_joints(joints_m, sizes_of(joints_m)).values[0, VELOCITY].reshape(2, 9)
    np.testing.assert_allclose(first, np.tile([1, 0, 0, 0, 1, 0, 0, 0, 0], (2, 1)))


UNCHANGED_BONES = np.full((2, len(BONES)), np.nan)


@pytest.mark.parametrize("hidden", [slice(0, 0), slice(0, 5), slice(11, 16)])
def test_a_clip_is_placed_where_the_hands_were_seen(hidden):
    """With exact features the hidden frames come out exactly; only the fingers' own motion is smoothed."""
    joints_m = motion(4, 16)
    size_m = sizes_of(joints_m)
    exact = features_from_joints(joints_m, size_m)
    stiff = exact.values.copy()
    stiff[:, LOCAL] = stiff[:1, LOCAL]
    stiff_m = joints_from_features(stiff, size_m, exact.frames.at(0), first_moves=False)
    for values, true_m, tolerance_m in ((stiff, stiff_m, 1e-6), (exact.values, joints_m, 0.01)):
        seen_m = true_m.copy()
        seen_m[hidden] = np.nan
        placed_m = follow_both_ways(values, size_m, UNCHANGED_BONES, features_from_joints(seen_m, size_m))
        np.testing.assert_allclose(placed_m, true_m, rtol=0, atol=tolerance_m)


def test_in_a_gap_the_hand_goes_from_where_it_was_seen_to_where_it_was_seen_again():
    """Nearer to the truth than a straight line, whatever the model says; outside the gap the person's bones are kept."""
    joints_m = motion(4, 16)
    size_m = sizes_of(joints_m)
    seen_m = joints_m.copy()
    seen_m[6:11, RIGHT] = np.nan
    seen = features_from_joints(seen_m, size_m)
    nonsense = np.random.default_rng(0).normal(size=seen.values.shape)
    placed_m = follow_both_ways(nonsense, size_m, bone_lengths(joints_m[0]), seen)
    error_m, straight_m = (np.linalg.norm(one - joints_m, axis=-1)[6:11, RIGHT].mean() for one in (placed_m, fill_gaps(seen_m)))
    assert error_m < 0.9 * straight_m
    kept_m = np.delete(bone_lengths(placed_m)[:, RIGHT], slice(6, 11), axis=0)
    np.testing.assert_allclose(kept_m, np.broadcast_to(bone_lengths(joints_m[0, RIGHT]), kept_m.shape), atol=1e-6)


def test_following_knows_nothing_of_what_comes_later():
    joints_m = motion(5, 16)
    size_m = sizes_of(joints_m)
    values = features_from_joints(joints_m, size_m).values
    later_m = joints_m.copy()
    later_m[:4], later_m[9:] = np.nan, np.nan
    followed_m = follow(values, size_m, features_from_joints(later_m, size_m))
    assert np.isnan(followed_m[:4]).all()
    assert np.isfinite(followed_m[4:]).all()
    later_m[9:] = joints_m[9:] + 0.1
    np.testing.assert_array_equal(follow(values, size_m, features_from_joints(later_m, size_m))[:9], followed_m[:9])


def test_jitter_of_what_was_seen_is_damped():
    joints_m = motion(6, 16)
    size_m = sizes_of(joints_m)
    values = features_from_joints(joints_m, size_m).values
    shaken_m = joints_m + np.random.default_rng(0).normal(0, 0.01, (16, 2, 1, 3))
    followed_m = follow(values, size_m, features_from_joints(shaken_m, size_m))
    assert acceleration_error(followed_m, joints_m) < 0.4 * acceleration_error(shaken_m, joints_m)


@given(seeds)
@settings(max_examples=5, deadline=None)
def test_bones_take_the_lengths_they_are_given(seed):
    joints_m = motion(seed, 4)
    own_m = bone_lengths(joints_m)
    np.testing.assert_allclose(with_bone_lengths(joints_m, own_m), joints_m, atol=1e-9)
    wanted_m = own_m[:1] * np.random.default_rng(seed).uniform(0.8, 1.2, own_m[:1].shape)
    longer_m = with_bone_lengths(joints_m, wanted_m)
    np.testing.assert_allclose(bone_lengths(longer_m), np.broadcast_to(wanted_m, own_m.shape), atol=1e-9)
    np.testing.assert_array_equal(longer_m[..., 0, :], joints_m[..., 0, :])
