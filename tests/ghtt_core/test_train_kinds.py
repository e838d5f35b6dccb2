"""Kinds of futures: what they are, which one is meant, and how they are numbered."""

import numpy as np
import pytest
import torch

from ghtt_core.courses import JOINTS
from ghtt_core.features import features_from_joints, hand_size
from ghtt_core.model.config import GHTTConfig
from ghtt_core.sampling import STRATA, sampling_noise, stratum_centres
from ghtt_core.synthetic.motion import generate_motion
from ghtt_core.train.augment import mixed_noise
from ghtt_core.train.kinds import Kinds, coarse_course, mean_courses
from ghtt_core.train.losses import METRES
from ghtt_core.train.mix import DataMix
from ghtt_core.train.pose import PoseTask
from ghtt_core.train.store import MotionStore

SHAPE = (4, 2, len(JOINTS), 3)
TINY = GHTTConfig("tiny", width=32, heads=2, feedforward=48, encoder_layers=1, decoder_layers=1)


def courses(seed: int, number: int = 400) -> np.ndarray:
    """Hands that move steadily, each its own way: (N, 4, 2, 4, 3)."""
    rng = np.random.default_rng(seed)
    way = rng.normal(0.0, 1.0, (number, 1, 2, 1, 3)) * np.linspace(0.25, 1.0, 4)[:, None, None, None]
    return (way + rng.normal(0.0, 0.02, (number, *SHAPE))).astype(np.float32)


def test_the_course_is_seen_from_the_hand_and_does_not_depend_on_the_camera() -> None:
    joints_m = generate_motion(3, 2.0).sequence.joints_m[None, :32]
    turned_m = joints_m @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]], np.float32) + np.float32(0.3)
    found = [coarse_course(motion_m[:, 16:], motion_m[:, 15]) for motion_m in (joints_m, turned_m)]
    assert found[0].shape == (1, *SHAPE)
    np.testing.assert_allclose(found[0], found[1], atol=1e-3)
    moved_m = np.linalg.norm((joints_m[0, 31] - joints_m[0, 15])[:, list(JOINTS)], axis=-1)
    np.testing.assert_allclose(np.linalg.norm(found[0][0, -1], axis=-1) * METRES, moved_m, atol=1e-5)


def test_what_is_decoded_and_what_was_measured_have_the_same_course() -> None:
    joints_m = generate_motion(4, 2.0).sequence.joints_m[None, :32].astype(np.float32)
    size_m = hand_size(joints_m[:, 15])
    features = features_from_joints(joints_m, size_m)
    values = torch.from_numpy(np.asarray(features.values, np.float32))
    decoded = mean_courses([values[:, 16:]], values[:, 15], torch.from_numpy(size_m))
    measured = coarse_course(joints_m[:, 16:], joints_m[:, 15])
    np.testing.assert_allclose(decoded, measured, atol=0.02)


def test_the_kinds_cover_what_they_were_found_in_and_unknown_hands_do_not_count() -> None:
    course = courses(0)
    course[:150, :, 0], course[150:300, :, 1] = np.nan, np.nan
    kinds = Kinds.fit([course])
    stratum = kinds.nearest(course, np.zeros(len(course), np.int64))[:, 0]
    assert len(np.unique(stratum)) > 0.6 * STRATA
    apart, still = (np.nanmean(np.linalg.norm(course - one, axis=-1)) for one in (kinds.centres[0][stratum], 0.0))
    assert apart < 0.65 * still
    one_hand = course[300:].copy()
    one_hand[:, :, 0] = np.nan
    known = kinds.nearest(one_hand, np.zeros(100, np.int64))[:, 0]
    lengths = np.linalg.norm(one_hand[:, None, :, 1] - kinds.centres[:, :, :, 1], axis=-1)
    np.testing.assert_array_equal(known, (lengths.mean(axis=(2, 3)) + 0.25 * lengths[:, :, -1].mean(axis=2)).argmin(axis=1))


def test_every_data_set_has_kinds_of_its_own_which_are_numbered_alike() -> None:
    small, large = courses(1), courses(2) * 5
    kinds = Kinds.fit([small, large])
    sizes = np.linalg.norm(kinds.centres, axis=-1).mean(axis=(1, 2, 3, 4))
    assert sizes[1] > 3 * sizes[0]
    mixed, which = np.concatenate([small[:50], large[:50]]), np.repeat([0, 1], 50)
    np.testing.assert_array_equal(kinds.nearest(mixed, which)[50:], kinds.nearest(large[:50], np.ones(50, np.int64)))
    alike = np.linalg.norm(5 * kinds.centres[0] - kinds.centres[1], axis=-1).mean()
    mixed_up = np.linalg.norm(5 * np.roll(kinds.centres[0], 1, axis=0) - kinds.centres[1], axis=-1).mean()
    assert alike < mixed_up


def test_kinds_take_the_numbers_of_the_strata_that_resemble_them() -> None:
    kinds = Kinds.fit([courses(3)])
    order = np.random.default_rng(0).permutation(STRATA)
    strata = [kinds.centres[0][order, :2] + np.float32(0.01)]  # a model that foretells half as far
    np.testing.assert_array_equal(kinds.numbered_as(strata).centres[0], kinds.centres[0][order])


def test_a_window_gets_the_noise_of_its_kind() -> None:
    store = MotionStore([generate_motion(seed, 12.0).sequence for seed in range(2)])
    task = PoseTask(TINY, DataMix([(store, 1.0)]), [], mixed_noise)
    rng = np.random.default_rng(5)
    drawn = task._draw(task.train, rng, 32)
    np.testing.assert_array_equal(drawn.store, 0)
    batch = task.batch(np.random.default_rng(5), 32)
    _, course = task._arrays(drawn, rng)
    away = np.linalg.norm(batch["noise"][:, None] - stratum_centres(TINY.width)[0], axis=-1)
    np.testing.assert_array_equal(away.argmin(axis=1), task.kinds.nearest(course, drawn.store)[:, 0])
    assert course.shape == (32, TINY.future_clips * 4, 2, len(JOINTS), 3)


@pytest.mark.parametrize("width", [8, 64])
def test_noise_is_drawn_around_the_centres(width: int) -> None:
    drawn = np.mean([sampling_noise(width, 1 + STRATA, np.random.default_rng(seed))[:, 1:] for seed in range(300)], axis=0)
    np.testing.assert_allclose(drawn, stratum_centres(width), atol=0.15)
