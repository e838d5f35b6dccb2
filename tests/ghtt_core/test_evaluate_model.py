"""The batched evaluation against the streaming predictor that users run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.baselines.forecasters import TrainingWindows
from ghtt_core.checkpoint import save_checkpoint
from ghtt_core.evaluate.model import (
    CascadeForecaster,
    EncodedClips,
    Model,
    PoseBlockForecaster,
    recognise,
    refine,
    refine_newest,
)
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.packets import HandsObservation, Prediction
from ghtt_core.runtime import FRAME_RATE_HZ, IMAGINE_INPUTS, MAX_CLIPS, OBSERVE_INPUTS, OBSERVE_OUTPUTS, ModelSpec
from ghtt_core.skeleton import HANDS, JOINTS
from ghtt_core.streaming import Predictor, PredictorOptions

CLIPS = 3
ACTIONS = ("pour", "stir", "rest")


class EagerRuntime:
    """A runtime around the torch module."""

    description = "torch, in the test"

    def __init__(self, model: Model) -> None:
        self._network = model.network
        self.spec: ModelSpec = model.spec

    def observe(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        with torch.inference_mode():
            outputs = self._network.observe(*(torch.from_numpy(inputs[name]) for name in OBSERVE_INPUTS))
        return {name: value.numpy() for name, value in zip(OBSERVE_OUTPUTS, outputs, strict=True)}

    def imagine(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        with torch.inference_mode():
            return {"futures": self._network.imagine(*(torch.from_numpy(inputs[name]) for name in IMAGINE_INPUTS)).numpy()}

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    torch.manual_seed(0)
    network = GHTT(GHTTConfig("tiny", width=32, heads=2, feedforward=32, encoder_layers=1, decoder_layers=1), ACTIONS)
    network.action.class_text.normal_()
    for layer in (network.pose.head[-1], network.action.embed_placement[-1]):
        torch.nn.init.xavier_uniform_(layer.weight)  # zero before training
    network.action.readout.weight.normal_(std=0.1)
    network.pose.feature_std.fill_(0.2)
    path: Path = tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors"
    save_checkpoint(path, network, default_temperature=2.0)
    return Model.load(path)


@pytest.fixture(scope="module")
def motion() -> np.ndarray:
    """(48, 2, 21, 3): two rigid hands that wander; their sizes stay, so that the clip's and the stream's mean are the same."""
    rng = np.random.default_rng(0)
    hands = rng.normal(0.0, 0.04, (HANDS, JOINTS, 3))
    path = np.cumsum(rng.normal(0.0, 0.004, (CLIPS * 16, HANDS, 1, 3)), axis=0)
    return (hands + path + [0.0, 0.0, 0.5]).astype(np.float32)


@pytest.fixture(scope="module")
def streamed(model: Model, motion: np.ndarray) -> Prediction:
    predictor = Predictor(EagerRuntime(model), PredictorOptions(samples=5, horizon_s=64 / 30))
    for index, joints in enumerate(motion):
        observation = HandsObservation(
            joints, np.zeros((HANDS, JOINTS, 2), np.float32), np.ones(HANDS, np.float32), index, index / FRAME_RATE_HZ
        )
        prediction = predictor.step(observation, with_futures=index == len(motion) - 1)
    return prediction


def _windows(frames: int) -> TrainingWindows:
    return TrainingWindows(np.zeros((1, 16, 2, 21, 3)), np.zeros((1, frames, 2, 21, 3)), np.zeros(1, dtype=np.intp))


def test_futures_are_those_of_the_streaming_predictor(model: Model, motion: np.ndarray, streamed: Prediction) -> None:
    forecaster = CascadeForecaster(model)
    forecaster.fit(_windows(64))
    futures = forecaster.forecast(np.stack([motion, motion]), 5)
    assert streamed.futures is not None
    assert futures.shape == (2, 5, 64, HANDS, JOINTS, 3)
    np.testing.assert_allclose(futures[1], streamed.futures.joints_cam_m, atol=1e-4)


def test_refined_poses_and_actions_are_those_of_the_streaming_predictor(
    model: Model, motion: np.ndarray, streamed: Prediction
) -> None:
    np.testing.assert_allclose(refine(model, motion[None, -16:])[0, -1], streamed.refined_cam_m, atol=1e-4)
    history = np.full((1, MAX_CLIPS * 16, HANDS, JOINTS, 3), np.nan, np.float32)
    history[0, -len(motion) :] = motion
    np.testing.assert_allclose(recognise(model, history)[0], streamed.action_prob, atol=1e-4)


@pytest.mark.parametrize("kind", [CascadeForecaster, PoseBlockForecaster])
def test_a_shorter_forecast_is_the_beginning_of_a_longer_one(
    kind: type[CascadeForecaster | PoseBlockForecaster], model: Model, motion: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also beyond the clips that are imagined at run time, and where the horizon is no whole clip."""
    # Joint limits see one frame at a time; on an untrained model's short bones they would enlarge what rounding leaves.
    monkeypatch.setattr("ghtt_core.evaluate.model.with_joint_limits", lambda joints_m: joints_m)
    longest = kind(model)
    longest.fit(_windows(96))
    futures = longest.forecast(motion[None, -16:], 2)
    for frames in (64, 32, 20):
        shorter = kind(model)
        shorter.fit(_windows(frames))
        np.testing.assert_allclose(shorter.forecast(motion[None, -16:], 2), futures[:, :, :frames], atol=1e-6)


def test_what_was_forecast_is_not_forecast_again(model: Model, motion: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    forecaster = CascadeForecaster(model)
    forecaster.fit(_windows(64))
    known = forecaster.forecast(np.stack([motion[:16], motion[16:32]]), 3)
    asked: list[int] = []
    features = forecaster._features

    def counted(clips: EncodedClips, samples: int, count: int) -> torch.Tensor:
        asked.append(len(clips.m_mean))
        return features(clips, samples, count)

    monkeypatch.setattr(forecaster, "_features", counted)
    forecaster.fit(_windows(32))
    again = forecaster.forecast(np.stack([motion[16:32], motion[32:48], motion[:16]]), 3)
    assert asked == [1]
    np.testing.assert_array_equal(again[[2, 0]], known[:, :, :32])
    forecaster.forecast(motion[None, :16], 4)
    forecaster.fit(_windows(96))
    forecaster.forecast(motion[None, :16], 3)
    assert asked == [1, 1, 1]


def test_histories_of_different_lengths_are_each_recognised_as_if_alone(model: Model, motion: np.ndarray) -> None:
    histories = np.full((3, 64, HANDS, JOINTS, 3), np.nan, np.float32)
    for history, frames in zip(histories, (48, 16, 30), strict=True):
        history[-frames:] = motion[-frames:]
    together = recognise(model, histories)
    for history, probabilities in zip(histories, together, strict=True):
        np.testing.assert_allclose(recognise(model, history[None])[0], probabilities, atol=1e-5)


def test_the_newest_pose_is_the_last_of_the_refined_clip_however_much_is_hidden(model: Model, motion: np.ndarray) -> None:
    clips = np.stack([motion[start : start + 16] for start in range(0, 32, 8)])
    clips[0, 10:, 0] = np.nan
    clips[1, :5, 1] = np.nan
    clips[2, :, 0] = np.nan
    np.testing.assert_array_equal(refine_newest(model, clips), refine(model, clips)[:, -1])


def test_p_alone_agrees_with_the_cascade_on_the_first_clip_only(model: Model, motion: np.ndarray) -> None:
    cascade, alone = CascadeForecaster(model), PoseBlockForecaster(model)
    cascade.fit(_windows(32))
    alone.fit(_windows(32))
    one, other = cascade.forecast(motion[None, -16:], 4), alone.forecast(motion[None, -16:], 4)
    np.testing.assert_allclose(one[:, :, :16], other[:, :, :16], atol=1e-6)
    assert np.abs(one[:, :, 16:] - other[:, :, 16:]).max() > 1e-4


def test_a_hand_that_was_never_seen_gets_no_future(model: Model, motion: np.ndarray) -> None:
    lonely = motion[None, -16:].copy()
    lonely[:, :, 0] = np.nan
    for forecaster in (CascadeForecaster(model), PoseBlockForecaster(model)):
        forecaster.fit(_windows(32))
        futures = forecaster.forecast(lonely, 3)
        assert np.isnan(futures[:, :, :, 0]).all()
        assert np.isfinite(futures[:, :, :, 1]).all()
