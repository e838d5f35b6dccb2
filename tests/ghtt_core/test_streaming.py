from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ghtt_core.anatomy import with_joint_limits
from ghtt_core.errors import UserError
from ghtt_core.features import (
    HandFrames,
    bone_lengths,
    features_from_joints,
    hand_size,
    joints_from_features,
    with_bone_lengths,
)
from ghtt_core.fusion import follow
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.packets import HandsObservation
from ghtt_core.placement import PLACEMENT, placements
from ghtt_core.runtime import ModelSpec
from ghtt_core.skeleton import PALM_TEMPLATE
from ghtt_core.streaming import HOLD_S, Predictor, PredictorOptions
from trt_engines.torch_runtime import TorchRuntime

ACTIONS = ("pour", "cut", "open")
CONFIG = GHTTConfig(
    "tiny", width=32, heads=2, feedforward=48, encoder_layers=2, decoder_layers=2, future_clips=2, text_width=16
)
SPEC = ModelSpec("tiny", "0" * 64, 32, 2, ACTIONS, np.array(PALM_TEMPLATE), default_temperature=0.5)
OPTIONS = PredictorOptions(samples=4, horizon_s=1.0)
HAND = np.random.default_rng(4).normal(0, 0.04, (2, 21, 3))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = GHTT(CONFIG, ACTIONS).eval()
    torch.nn.init.normal_(model.action.class_text)
    for layer in (model.pose.head[-1], model.action.embed_placement[-1]):
        torch.nn.init.xavier_uniform_(layer.weight)  # zero before training
    # Features near those of hands: small steps, and a rotation near the identity.
    model.pose.feature_std.fill_(0.02)
    model.pose.feature_mean[:126] = torch.randn(126, generator=torch.Generator().manual_seed(1))
    model.pose.feature_mean[126:144] = torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0, 0]).repeat(2)
    return model


@pytest.fixture
def runtime(model):
    return TorchRuntime(model, SPEC)


def joints_at(time_s):
    """A hand of constant shape that turns and drifts."""
    turn = Rotation.from_rotvec([0.4 * np.sin(time_s), 0.3 * time_s, 0.2]).as_matrix()
    return HAND @ turn.T + np.array([[-0.1, 0.02 * np.sin(3 * time_s), 0.4], [0.1, 0.05 * time_s, 0.45]])[:, None]


def observation(index, time_s=None, missing=(), world_from_cam=None):
    time_s = index / 30 if time_s is None else time_s
    world_from_cam = np.eye(4) if world_from_cam is None else world_from_cam
    joints = ((joints_at(time_s) - world_from_cam[:3, 3]) @ world_from_cam[:3, :3]).astype(np.float32)
    joints[list(missing)] = np.nan
    confidence = np.isfinite(joints[:, 0, 0]).astype(np.float32)
    return HandsObservation(joints, np.zeros((2, 21, 2), np.float32), confidence, index, time_s, world_from_cam)


def run(predictor, observations, with_futures=True):
    return [predictor.step(seen, with_futures=with_futures) for seen in observations]


def batch_answer(model, last, clips):
    """Refined newest pose, probabilities and the deterministic future at frame `last`, computed without any streaming."""
    joints = np.stack([joints_at(index / 30) for index in range(last + 1)])
    size_m = hand_size(joints[0])
    ends = [last - 16 * back for back in reversed(range(clips))]
    windows = np.stack([joints[end - 15 : end + 1] for end in ends])
    features = features_from_joints(windows, np.broadcast_to(size_m, (clips, 2)))
    values, visible = (torch.from_numpy(np.asarray(part, np.float32)) for part in (features.values, features.visible))
    with torch.inference_mode():
        nothing = torch.zeros(clips, 15, CONFIG.width), torch.zeros(clips, 15)
        mid_levels = model.observe(values, visible, *nothing, torch.zeros(clips, 16, PLACEMENT))[1]
        placement = torch.zeros(1, 16, PLACEMENT)
        ends_m = HandFrames(features.frames.rotation[:, -1], features.frames.position[:, -1])
        placement[0, -clips:] = torch.from_numpy(placements(ends_m, np.ones((clips, 2), bool)))
        past_m, past_valid = torch.zeros(1, 15, CONFIG.width), torch.zeros(1, 15)
        if clips > 1:
            past_m[0, 1 - clips :], past_valid[0, 1 - clips :] = mid_levels[:-1], 1.0
        refined, *latents, logits = model.observe(values[-1:], visible[-1:], past_m, past_valid, placement)
        zeros = torch.zeros(1, CONFIG.width)
        clip_valid = torch.cat((past_valid, torch.ones(1, 1)), dim=1)
        future = model.imagine(refined, *latents, clip_valid, zeros, zeros, torch.ones(1), torch.zeros(1, len(ACTIONS)))
    newest = features_from_joints(windows[-1], size_m)
    bones_m = bone_lengths(joints[0])
    refined_m = with_bone_lengths(follow(refined[0].double().numpy(), size_m, newest)[-1], bones_m)
    anchor = features_from_joints(refined_m[None], size_m).frames.at(0)
    future_m = joints_from_features(future[0].double().numpy(), size_m, HandFrames(anchor.rotation, anchor.position))
    return refined_m, torch.softmax(logits[0], 0).numpy(), with_joint_limits(with_bone_lengths(future_m, bones_m))


@pytest.mark.parametrize(("last", "clips"), [(15, 1), (30, 1), (31, 2), (100, 6), (270, 16)])
def test_streaming_equals_the_batch_computation(model, runtime, last, clips):
    newest = run(Predictor(runtime, PredictorOptions(horizon_s=1.0, samples=2)), map(observation, range(last + 1)))[-1]
    refined_m, action_prob, future_m = batch_answer(model, last, clips)
    np.testing.assert_allclose(newest.refined_cam_m, refined_m, atol=1e-5)
    np.testing.assert_allclose(newest.action_prob, action_prob, atol=1e-4)
    np.testing.assert_allclose(newest.futures.joints_cam_m[0], future_m[:30], atol=1e-4)
    np.testing.assert_allclose(newest.futures.offset_s, (np.arange(30) + 1) / 30, rtol=1e-6)


def pose(index):
    """Of a moving camera that ends where the still one stands."""
    away = 39 - index
    world_from_cam = np.eye(4)
    world_from_cam[:3, :3] = Rotation.from_euler("xyz", [0.01 * away, -0.02 * away, 0.002 * away]).as_matrix()
    world_from_cam[:3, 3] = [0.01 * away, 0.0, 0.002 * away]
    return world_from_cam


def test_what_is_foretold_depends_on_the_newest_camera_alone(runtime):
    options = PredictorOptions(horizon_s=1.0, samples=3)
    still = run(Predictor(runtime, options), [observation(index) for index in range(40)])[-1]
    moving = run(Predictor(runtime, options), [observation(index, world_from_cam=pose(index)) for index in range(40)])[-1]
    np.testing.assert_allclose(moving.refined_cam_m, still.refined_cam_m, atol=1e-4)
    np.testing.assert_allclose(moving.futures.joints_cam_m, still.futures.joints_cam_m, atol=1e-3)
    np.testing.assert_allclose(moving.action_prob, still.action_prob, atol=1e-4)


def test_the_frame_that_stands_still_may_be_any(runtime):
    turn = np.eye(4)
    turn[:3, :3], turn[:3, 3] = Rotation.from_rotvec([0.5, -1.0, 2.0]).as_matrix(), [1.0, -2.0, 3.0]
    seen = [observation(index, world_from_cam=pose(index)) for index in range(40)]
    turned = [replace(one, world_from_cam=turn @ one.world_from_cam) for one in seen]
    one, other = (run(Predictor(runtime, OPTIONS), some)[-1] for some in (seen, turned))
    np.testing.assert_allclose(other.futures.joints_cam_m, one.futures.joints_cam_m, atol=1e-3)
    np.testing.assert_allclose(other.action_prob, one.action_prob, atol=1e-4)


def test_another_camera_sees_the_same_poses_refined_and_names_by_where_the_hands_are(runtime):
    upside_down = np.diag([-1.0, -1.0, 1.0, 1.0])
    turned = [observation(index, world_from_cam=upside_down) for index in range(40)]
    still, moved = (run(Predictor(runtime, OPTIONS), some)[-1] for some in (map(observation, range(40)), turned))
    np.testing.assert_allclose(moved.refined_cam_m * [-1, -1, 1], still.refined_cam_m, atol=1e-5)
    assert np.abs(moved.action_prob - still.action_prob).max() > 1e-2


def test_before_a_full_clip_poses_are_refined_but_nothing_is_named_or_imagined(runtime):
    predictions = run(Predictor(runtime, OPTIONS), map(observation, range(17)))
    for prediction in predictions[:15]:
        assert np.isfinite(prediction.refined_cam_m).all()
        assert np.isnan(prediction.action_prob).all()
        assert prediction.futures is None
    for prediction in predictions[15:]:
        assert prediction.action_prob.sum() == pytest.approx(1, abs=1e-5)
        assert np.isfinite(prediction.futures.joints_cam_m).all()


def test_only_the_hand_that_was_seen_gets_a_pose_and_a_future(runtime):
    newest = run(Predictor(runtime, OPTIONS), [observation(index, missing=[0]) for index in range(20)])[-1]
    assert np.isnan(newest.refined_cam_m[0]).all()
    assert np.isfinite(newest.refined_cam_m[1]).all()
    assert np.isnan(newest.futures.joints_cam_m[:, :, 0]).all()
    assert np.isfinite(newest.futures.joints_cam_m[:, :, 1]).all()


def test_a_lost_hand_is_held_for_a_moment_and_then_let_go(runtime):
    predictor = Predictor(runtime, OPTIONS)
    run(predictor, map(observation, range(20)))
    for index in range(20, 40):
        prediction = predictor.step(observation(index, missing=[1]), with_futures=False)
        assert np.isfinite(prediction.refined_cam_m[0]).all()
        assert np.isfinite(prediction.refined_cam_m[1]).all() == ((index - 19) / 30 <= HOLD_S + 1e-9)


def test_without_hands_there_is_nothing_to_say(runtime):
    for prediction in run(Predictor(runtime, OPTIONS), [observation(index, missing=[0, 1]) for index in range(40)]):
        assert np.isnan(prediction.refined_cam_m).all()
        assert np.isnan(prediction.action_prob).all()
        assert prediction.futures is None


def test_runs_repeat_and_seeds_differ_only_in_the_samples(runtime):
    def futures(seed):
        options = PredictorOptions(horizon_s=1.0, samples=5, seed=seed)
        return run(Predictor(runtime, options), map(observation, range(20)))[-1].futures.joints_cam_m

    first, again, other = futures(1), futures(1), futures(2)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[0], other[0])
    assert np.abs(first[1:] - other[1:]).max() > 1e-4
    assert np.abs(first[1:] - first[:1]).max() > 1e-4


def test_temperature_zero_makes_all_samples_the_deterministic_one(runtime):
    options = PredictorOptions(horizon_s=1.0, samples=4, temperature=0.0)
    futures = run(Predictor(runtime, options), map(observation, range(20)))[-1].futures.joints_cam_m
    np.testing.assert_allclose(futures, np.broadcast_to(futures[:1], futures.shape), atol=1e-6)


def test_a_condition_changes_the_futures_beyond_the_first_clip_alone(runtime):
    predictor = Predictor(runtime, PredictorOptions(horizon_s=1.0, samples=1))
    run(predictor, map(observation, range(19)))
    free = predictor.step(observation(19), with_futures=True).futures.joints_cam_m
    predictor.configure(replace(predictor.options, condition="cut"))
    predictor.step(observation(19), with_futures=True)
    bound = predictor.step(observation(20), with_futures=True).futures.joints_cam_m
    assert free.shape == bound.shape
    predictor.configure(replace(predictor.options, condition="open"))
    other = run(Predictor(runtime, predictor.options), map(observation, range(21)))[-1].futures.joints_cam_m
    np.testing.assert_allclose(other[:, :16], bound[:, :16], atol=1e-6)
    assert np.abs(other[:, 16:] - bound[:, 16:]).max() > 1e-5


def test_odd_time_stamps(runtime):
    predictor = Predictor(runtime, OPTIONS)
    before = run(predictor, map(observation, range(20)))[-1]
    repeated = predictor.step(observation(20, time_s=19 / 30), with_futures=True)
    np.testing.assert_array_equal(repeated.refined_cam_m, before.refined_cam_m)
    np.testing.assert_array_equal(repeated.action_prob, before.action_prob)
    assert repeated.frame_index == 20
    jumped = predictor.step(observation(21, time_s=90.0), with_futures=True)
    assert np.isfinite(jumped.refined_cam_m).all()
    assert np.isnan(jumped.action_prob).all()
    assert jumped.futures is None


def test_after_a_reset_a_run_repeats(runtime):
    predictor = Predictor(runtime, OPTIONS)
    first = run(predictor, map(observation, range(40)))[-1]
    predictor.reset()
    again = run(predictor, map(observation, range(40)))[-1]
    np.testing.assert_array_equal(first.refined_cam_m, again.refined_cam_m)
    np.testing.assert_array_equal(first.futures.joints_cam_m, again.futures.joints_cam_m)


@pytest.mark.parametrize("rate_hz", [10, 15, 24, 25, 60, 120])
def test_other_frame_rates_are_taken_to_the_models_own(runtime, rate_hz):
    count = 2 * rate_hz + 1
    other = run(Predictor(runtime, OPTIONS), [observation(index, time_s=index / rate_hz) for index in range(count)])[-1]
    own = run(Predictor(runtime, OPTIONS), map(observation, range(61)))[-1]
    np.testing.assert_allclose(other.refined_cam_m, own.refined_cam_m, atol=3e-3)
    np.testing.assert_allclose(other.action_prob, own.action_prob, atol=0.05)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samples": 0}, "0 samples"),
        ({"horizon_s": 9.0}, "9 s"),
        ({"horizon_s": float("nan")}, "nan s"),
        ({"temperature": -1.0}, "-1"),
        ({"seed": -3}, "-3"),
        ({"condition": "fly"}, "'fly'"),
    ],
)
def test_nonsense_options_are_one_sentence(runtime, changes, words):
    with pytest.raises(UserError, match=words):
        Predictor(runtime, OPTIONS).configure(replace(OPTIONS, **changes))
