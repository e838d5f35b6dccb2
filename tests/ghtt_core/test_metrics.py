"""Metrics against values worked out by hand and against SciPy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation
from sklearn.metrics import accuracy_score, confusion_matrix

from ghtt_core import metrics
from ghtt_core.skeleton import FINGERS, HANDS, JOINTS, MCPS


def random_joints(seed: int, *leading: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.05, (*leading, HANDS, JOINTS, 3))


def test_mpjpe_is_the_mean_joint_distance_in_millimetres() -> None:
    true = random_joints(0, 4)
    predicted = true.copy()
    predicted[:, 0] += [0.003, 0.0, 0.004]  # 5 mm on the left hand, 0 on the right
    assert metrics.mpjpe(predicted, true) == pytest.approx(2.5)
    assert metrics.mpjpe(predicted[:, :1], true[:, :1]) == pytest.approx(5.0)


def test_missing_joints_are_left_out_and_not_counted_as_zero() -> None:
    true = random_joints(1, 4)
    predicted = true + np.array([0.0, 0.010, 0.0])
    true[:, 0] = np.nan
    predicted[2, 1, 7] = np.nan
    for measure in (metrics.mpjpe, metrics.acceleration_error):
        assert np.isfinite(measure(predicted, true))
    assert metrics.mpjpe(predicted, true) == pytest.approx(10.0)
    assert np.isnan(metrics.mpjpe(predicted[:, :1], true[:, :1]))


def test_leading_axes_are_kept() -> None:
    true = random_joints(2, 3, 5, 8)
    predicted = true + random_joints(3, 3, 5, 8) * 0.1
    for measure in (metrics.mpjpe, metrics.mpjpe_ra, metrics.mpjpe_pa, metrics.acceleration_error):
        batched = measure(predicted, true)
        assert batched.shape == (3, 5)
        assert batched[1, 2] == pytest.approx(float(measure(predicted[1, 2], true[1, 2])))


def test_root_alignment_takes_away_position_and_size_but_not_rotation() -> None:
    true = random_joints(4, 6)
    assert metrics.mpjpe_ra(true * 1.7 + 0.4, true) == pytest.approx(0.0, abs=1e-9)
    turned = Rotation.from_euler("z", 90, degrees=True).apply(true.reshape(-1, 3)).reshape(true.shape)
    local = true - true[..., :1, :]
    by_hand = np.sqrt(2.0) * np.linalg.norm(local[..., :2], axis=-1).mean() * 1000.0  # a quarter turn moves r by r * sqrt(2)
    assert metrics.mpjpe_ra(turned, true) == pytest.approx(by_hand)


def test_root_aligned_error_is_in_the_scale_of_the_truth() -> None:
    true = random_joints(5, 1)
    true[:, :, 0] = 0.0
    predicted = true.copy()
    predicted[:, :, 4, 0] += 0.042  # the thumb's tip alone: 42 / 21 joints = 2 mm, and palms stay equal
    assert metrics.mpjpe_ra(predicted * 3.0, true) == pytest.approx(2.0)


def test_procrustes_error_agrees_with_scipy() -> None:
    rng = np.random.default_rng(6)
    true = rng.normal(size=(1, 1, JOINTS, 3))
    predicted = rng.normal(size=(1, 1, JOINTS, 3))
    # SciPy reflects where that fits better and ours must not, so compare on a pair that needs no reflection.
    predicted = 0.4 * predicted + Rotation.random(random_state=1).apply(true.reshape(-1, 3)).reshape(true.shape)
    reference, aligned, _ = procrustes(true[0, 0], predicted[0, 0])
    size = np.linalg.norm(true[0, 0] - true[0, 0].mean(axis=0))  # SciPy scales the reference to unit norm
    expected = np.linalg.norm(reference - aligned, axis=-1).mean() * size * 1000.0
    assert metrics.mpjpe_pa(predicted, true) == pytest.approx(expected)


def test_procrustes_error_keeps_a_mirrored_hand_wrong() -> None:
    true = random_joints(7, 3)
    assert metrics.mpjpe_pa(true * [-1.0, 1.0, 1.0], true) > 5.0


def test_procrustes_error_of_a_mirrored_hand_agrees_with_the_best_rotation_of_scipy() -> None:
    true = random_joints(17, 1)
    mirrored = true * [-1.0, 1.0, 1.0]
    distances = []
    for hand, image in zip(true[0], mirrored[0], strict=True):
        wanted, source = hand - hand.mean(axis=0), image - image.mean(axis=0)
        turned = Rotation.align_vectors(wanted, source)[0].apply(source)
        scale = (wanted * turned).sum() / np.square(turned).sum()
        distances.append(np.linalg.norm(scale * turned - wanted, axis=-1))
    assert metrics.mpjpe_pa(mirrored, true) == pytest.approx(1000.0 * np.mean(distances))


def test_procrustes_fits_the_joints_that_both_sides_have() -> None:
    true = random_joints(18, 1)
    moved = 1.3 * true + 0.2
    true[..., 3, :], moved[..., 7, :] = np.nan, np.nan
    assert metrics.mpjpe_pa(moved, true) == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.2, 5.0), hidden=st.integers(0, 17))
def test_procrustes_error_ignores_any_similarity_transform(seed: int, scale: float, hidden: int) -> None:
    true = random_joints(seed, 2)
    moved = scale * Rotation.random(random_state=seed).apply(true.reshape(-1, 3)).reshape(true.shape) + 0.3
    moved[..., :hidden, :] = np.nan
    assert metrics.mpjpe_pa(moved, true) == pytest.approx(0.0, abs=1e-6)


def test_procrustes_needs_three_joints() -> None:
    true = random_joints(8, 1)
    true[..., 2:, :] = np.nan
    assert np.isnan(metrics.mpjpe_pa(true, true))


def test_smoothness_of_known_polynomials() -> None:
    time_s = np.arange(12) / 30.0
    motion = np.zeros((12, HANDS, JOINTS, 3))
    motion[..., 0] = (0.5 * 9.0 * time_s**2)[:, None, None]  # 9 m/s^2 = 9000 / 900 = 10 mm per frame^2
    assert metrics.acceleration(motion) == pytest.approx(10.0)
    assert metrics.jitter(motion, 30.0) == pytest.approx(0.0, abs=1e-6)
    assert metrics.acceleration_error(np.zeros_like(motion), motion) == pytest.approx(10.0)
    assert metrics.acceleration_error(motion + 3.0 + time_s[:, None, None, None], motion) == pytest.approx(0.0, abs=1e-6)
    motion[..., 1] = (time_s**3 / 6.0 * 7.0)[:, None, None]
    assert metrics.jitter(motion, 30.0) == pytest.approx(7.0)


def test_a_gap_takes_out_the_accelerations_that_touch_it() -> None:
    motion = np.zeros((9, HANDS, JOINTS, 3))
    motion[4] = np.nan
    motion[0, :, :, 2] = 0.006  # seen only by the difference centred at frame 1; with 3..5 gone, 1, 2, 6 and 7 remain
    assert metrics.acceleration(motion) == pytest.approx(6.0 / 4.0)


def straight_futures() -> tuple[np.ndarray, np.ndarray]:
    """Two futures off by 10 mm and by 0, 8, 16, 24 mm; the truth rests."""
    true = np.zeros((4, HANDS, JOINTS, 3))
    futures = np.zeros((2, 4, HANDS, JOINTS, 3))
    futures[0, ..., 0] = 0.010
    futures[1, ..., 1] = (np.arange(4) * 0.008)[:, None, None]
    return futures, true


def test_ade_and_fde_by_hand() -> None:
    errors = metrics.ade_fde(*straight_futures())
    assert errors.best_ade == pytest.approx(10.0)  # 10 against (0 + 8 + 16 + 24) / 4 = 12
    assert errors.best_fde == pytest.approx(10.0)
    assert errors.mean_ade == pytest.approx(11.0)
    assert errors.mean_fde == pytest.approx(17.0)
    assert errors.first_ade == pytest.approx(10.0)
    assert errors.first_fde == pytest.approx(10.0)
    flipped = metrics.ade_fde(straight_futures()[0][::-1], straight_futures()[1])
    assert flipped.first_ade == pytest.approx(12.0)
    assert flipped.first_fde == pytest.approx(24.0)


def test_the_mean_over_samples_is_no_median() -> None:
    true = np.zeros((2, HANDS, JOINTS, 3))
    futures = np.zeros((3, 2, HANDS, JOINTS, 3))
    futures[2] += [0.006, 0.0, 0.0]
    futures[2, 1] += [0.006, 0.0, 0.0]  # 6 and 12 mm off
    errors = metrics.ade_fde(futures, true)
    assert errors.mean_ade == pytest.approx(3.0)
    assert errors.mean_fde == pytest.approx(4.0)


def test_best_of_k_is_picked_per_window_and_never_mixes_samples() -> None:
    futures, true = straight_futures()
    futures[0, :2], futures[0, 2:] = 0.0, 0.5  # each sample is perfect in one half and far off in the other
    futures[1, :2], futures[1, 2:] = 0.5, 0.0
    errors = metrics.ade_fde(futures, true)
    assert errors.best_ade == pytest.approx(500.0 * np.sqrt(3.0) / 2.0)
    assert errors.best_fde == pytest.approx(0.0)
    batch = metrics.ade_fde(np.stack([futures, straight_futures()[0]]), np.stack([true, true]))
    assert batch.best_ade == pytest.approx([500.0 * np.sqrt(3.0) / 2.0, 10.0])


def test_error_over_horizon_is_the_best_at_each_frame() -> None:
    assert metrics.error_over_horizon(*straight_futures()) == pytest.approx([0.0, 8.0, 10.0, 10.0])


def test_a_hand_missing_in_the_truth_does_not_count() -> None:
    futures, true = straight_futures()
    futures[:, :, 0] += 1.0
    true[:, 0] = np.nan
    assert metrics.ade_fde(futures, true).best_ade == pytest.approx(10.0)


def test_apd_by_hand() -> None:
    futures = np.zeros((3, 5, HANDS, JOINTS, 3))
    futures[1, ..., 0] = 0.010
    futures[2, ..., 0] = 0.040
    assert metrics.apd(futures) == pytest.approx((10.0 + 40.0 + 30.0) / 3.0)
    assert metrics.apd(np.stack([futures, futures * 2.0])) == pytest.approx([80.0 / 3.0, 160.0 / 3.0])
    assert metrics.apd(futures[:1]) == 0.0


def test_multi_modal_errors_use_the_futures_of_similar_windows() -> None:
    last = np.zeros((3, 1, JOINTS, 3))
    last[1] += 0.001  # sqrt(3) mm from the first: similar
    last[2] += 1.0
    true = np.zeros((3, 4, 1, JOINTS, 3))
    true[1, ..., 0] = 0.020
    futures = np.zeros((3, 1, 4, 1, JOINTS, 3))
    average, final = metrics.mmade_mmfde(futures, true, last, threshold_mm=2.0)
    assert average == pytest.approx([10.0, 10.0, 0.0])  # each of the similar pair: (0 + 20) / 2
    assert final == pytest.approx([10.0, 10.0, 0.0])
    alone, _ = metrics.mmade_mmfde(futures, true, last, threshold_mm=0.1)
    assert alone == pytest.approx([0.0, 20.0, 0.0])


def test_multi_modal_errors_are_those_of_the_best_sample_for_each_future() -> None:
    last, true = np.zeros((2, 1, JOINTS, 3)), np.zeros((2, 4, 1, JOINTS, 3))
    true[1, ..., 0] = 0.020
    futures = np.zeros((2, 2, 4, 1, JOINTS, 3))
    futures[:, 1, ..., 0] = 0.020  # one sample for each of the two futures
    futures[:, 1, 3, ..., 0] = 0.024  # but 4 mm off at the end
    average, final = metrics.mmade_mmfde(futures, true, last, threshold_mm=2.0)
    assert average == pytest.approx([0.5, 0.5])  # (0 + 1) / 2
    assert final == pytest.approx([2.0, 2.0])  # (0 + 4) / 2


def test_cmd_compares_with_the_mean_motion_of_all_frames() -> None:
    true = np.zeros((1, 3, HANDS, JOINTS, 3))
    true[:, 1:, ..., 1] = 0.030  # moves 30 and 0: 15 a frame
    assert metrics.cmd(true[:, None], true) == pytest.approx(2 * 15.0 + 1 * 15.0)


def test_cmd_by_hand() -> None:
    true = np.zeros((1, 4, HANDS, JOINTS, 3))
    true[..., 0] = (np.arange(4) * 0.010)[:, None, None]  # 10 mm a frame
    still = np.zeros((1, 2, 4, HANDS, JOINTS, 3))
    assert metrics.cmd(still, true) == pytest.approx((3 + 2 + 1) * 10.0)
    assert metrics.cmd(true[:, None], true) == pytest.approx(0.0)
    late = still.copy()
    late[:, :, 3, :, :, 0] = 0.040  # moves 0, 0, 40: gaps 10, 10, 30 with weights 3, 2, 1
    assert metrics.cmd(late, true) == pytest.approx(3 * 10.0 + 2 * 10.0 + 30.0)


def test_fid_agrees_with_the_matrix_square_root_of_scipy() -> None:
    rng = np.random.default_rng(9)
    first = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6))
    second = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) + 0.5
    cov1, cov2 = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = np.real(sqrtm(cov1 @ cov2))
    expected = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2) + np.trace(cov1 + cov2 - 2.0 * root)
    assert metrics.fid(first, second) == pytest.approx(expected, rel=1e-6)
    assert metrics.fid(first, first) == pytest.approx(0.0, abs=1e-8)
    assert metrics.fid(first, first + 2.0) == pytest.approx(6 * 4.0)


def test_fid_of_two_lines() -> None:
    first = np.array([[0.0], [2.0]])  # variance 2
    second = np.array([[0.0], [4.0]])  # variance 8
    assert metrics.fid(first, second) == pytest.approx(1.0 + (np.sqrt(8.0) - np.sqrt(2.0)) ** 2)


def test_recognition_counts_agree_with_sklearn() -> None:
    rng = np.random.default_rng(10)
    probabilities = rng.dirichlet(np.ones(5), 300)
    labels = rng.integers(0, 5, 300)
    predicted = probabilities.argmax(axis=1)
    assert metrics.top1(probabilities, labels) == pytest.approx(accuracy_score(labels, predicted))
    np.testing.assert_array_equal(metrics.confusion(predicted, labels, 5), confusion_matrix(labels, predicted, labels=range(5)))


def test_calibration_error_by_hand() -> None:
    sure = np.array([[0.95, 0.05]] * 4 + [[0.35, 0.65]] * 2)
    labels = np.array([0, 0, 0, 1, 1, 0])  # 0.95 and right in 3 of 4; 0.65 and right in 1 of 2
    assert metrics.expected_calibration_error(sure, labels, bins=10) == pytest.approx((4 * 0.20 + 2 * 0.15) / 6)
    assert metrics.expected_calibration_error(np.eye(2)[labels], labels) == 0.0


def test_doubt_and_overconfidence_do_not_cancel_out() -> None:
    sure = np.array([[0.95, 0.05]] * 2 + [[0.35, 0.65]] * 2)
    labels = np.array([0, 1, 1, 1])  # 0.95 and right in 1 of 2; 0.65 and right in 2 of 2
    assert metrics.expected_calibration_error(sure, labels, bins=10) == pytest.approx((2 * 0.45 + 2 * 0.35) / 4)


def test_fifteen_bins_are_the_rule() -> None:
    rng = np.random.default_rng(11)
    probabilities = rng.dirichlet(np.ones(3), 200)
    labels = (probabilities.cumsum(axis=1) > rng.random((200, 1))).argmax(axis=1)  # calibrated, so that gaps have both signs
    by_bins = [metrics.expected_calibration_error(probabilities, labels, bins) for bins in (14, 15, 16)]
    assert metrics.expected_calibration_error(probabilities, labels) == by_bins[1]
    assert len(set(by_bins)) == 3


def test_bins_that_hold_no_window_are_marked_empty() -> None:
    diagram = metrics.reliability(np.array([[0.7, 0.3], [0.25, 0.75]]), np.array([0, 0]), bins=4)
    assert diagram.count.tolist() == [0, 0, 2, 0]  # a border belongs to the bin below it
    assert np.isnan(diagram.accuracy[[0, 1, 3]]).all()
    assert diagram.accuracy[2] == 0.5
    assert diagram.confidence[2] == pytest.approx(0.725)


def straight_hand(bend_deg: dict[str, float] | None = None) -> np.ndarray:
    """(2, 21, 3): open hands, fingers along y, palms towards z, index to the +x of the right hand; bends about the x axis.

    The thumb's three bones lie on a line too; `thumb_mp` and `thumb_ip` bend the second and the third.
    """
    bend_deg = bend_deg or {}
    hand = np.zeros((JOINTS, 3))
    for finger, (name, joints) in enumerate(FINGERS.items()):
        hand[joints[0]] = [0.04 - 0.02 * finger, 0.08, 0.0]
        angle = 0.0
        kinds = ("", "thumb_mp", "thumb_ip") if name == "thumb" else ("mcp", "pip", "dip")
        for joint, kind in zip(joints[1:], kinds, strict=True):
            angle += np.radians(bend_deg.get(kind, 0.0))
            hand[joint] = hand[joint - 1] + 0.03 * np.array([0.0, np.cos(angle), np.sin(angle)])
    mirrored = hand * [-1.0, 1.0, 1.0]
    return np.stack([mirrored, hand])


def test_flexion_is_signed_and_the_same_for_both_hands() -> None:
    wanted = {"mcp": 15.0, "pip": 70.0, "dip": -20.0, "thumb_mp": 25.0, "thumb_ip": 40.0}
    bends = metrics.finger_flexion(straight_hand(wanted))
    for kind, degrees in wanted.items():
        assert bends[kind].shape == (2, 1 if "thumb" in kind else 4)
        np.testing.assert_allclose(bends[kind], degrees, atol=1e-6, err_msg=kind)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("mcp", -60.0, 110.0), ("pip", -25.0, 130.0), ("dip", -35.0, 110.0), ("thumb_mp", None, 90.0), ("thumb_ip", None, 110.0)],
)
def test_every_joint_has_its_own_range(kind: str, low: float | None, high: float) -> None:
    borders = [(high, 1.0)] if low is None else [(high, 1.0), (low, -1.0)]
    for border, outwards in borders:
        np.testing.assert_array_equal(metrics.within_joint_limits(straight_hand({kind: border - 0.5 * outwards})), 1.0)
        np.testing.assert_array_equal(metrics.within_joint_limits(straight_hand({kind: border + 0.5 * outwards})), 0.0)


def test_joint_limits_tell_a_fist_from_a_broken_finger() -> None:
    fist = straight_hand({"mcp": 85.0, "pip": 95.0, "dip": 60.0})
    broken = straight_hand({"pip": -60.0})
    both = np.stack([fist, broken])
    both[0, 0] = np.nan
    np.testing.assert_array_equal(metrics.within_joint_limits(both), [[np.nan, 1.0], [0.0, 0.0]])


def test_bone_deviation_is_in_percent_of_the_reference() -> None:
    hands = straight_hand({"pip": 30.0})
    reference = metrics.bone_lengths(hands)
    assert reference.shape == (2, 20)
    np.testing.assert_allclose(metrics.bone_length_deviation(hands * 1.03, reference), 3.0)
    np.testing.assert_allclose(metrics.bone_length_deviation(hands, reference), 0.0, atol=1e-9)


def test_palm_size_is_the_mean_wrist_to_mcp_distance() -> None:
    hand = np.zeros((JOINTS, 3))
    hand[list(MCPS), 1] = [0.08, 0.09, 0.10, 0.11]
    assert metrics.palm_size(hand) == pytest.approx(0.095)


def test_a_hand_collapsed_to_a_point_is_out_of_range() -> None:
    np.testing.assert_array_equal(metrics.within_joint_limits(np.zeros((1, 2, JOINTS, 3))), [[0.0, 0.0]])
