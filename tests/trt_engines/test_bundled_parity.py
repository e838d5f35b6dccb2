"""The bundled checkpoint on the demo clip's own motion: every backend present against torch."""

from pathlib import Path

import numpy as np
import pytest

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.packets import HandsObservation
from ghtt_core.streaming import Predictor, PredictorOptions
from trt_engines.export import export_graphs
from trt_engines.exported import exported_in
from trt_engines.onnx_runtime import OnnxRuntime
from trt_engines.select import DEFAULT_CHECKPOINT
from trt_engines.torch_runtime import TorchRuntime

TRUTH = Path(__file__).resolve().parents[2] / "assets" / "demo_truth.npz"
FRAMES = 90


@pytest.fixture(scope="module")
def observations():
    with np.load(TRUTH) as truth:
        joints, cameras, fps = truth["joints_cam_m"][:FRAMES], truth["world_from_cam"][:FRAMES], float(truth["fps"])
    rng = np.random.default_rng(0)
    noisy = joints + rng.normal(0, 0.004, joints.shape)
    noisy[30:36, 1] = np.nan
    confidence, pixels = np.ones(2, np.float32), np.zeros((2, 21, 2), np.float32)
    return [
        HandsObservation(pose.astype(np.float32), pixels, confidence, index, index / fps, camera)
        for index, (pose, camera) in enumerate(zip(noisy, cameras, strict=True))
    ]


@pytest.fixture(scope="module")
def runtimes(tmp_path_factory):
    if not DEFAULT_CHECKPOINT.exists():
        pytest.skip("no checkpoint is bundled")
    model, spec, _ = load_checkpoint(DEFAULT_CHECKPOINT)
    folder = tmp_path_factory.mktemp("bundled")
    export_graphs(model, spec, folder)
    exported = exported_in(folder, "bundled")
    return TorchRuntime(model, spec), OnnxRuntime(exported, threads=1, int8=False), OnnxRuntime(exported, threads=1)


def predictions(runtime, observations):
    predictor = Predictor(runtime, PredictorOptions(samples=5, seed=3))
    return [predictor.step(seen, with_futures=seen.frame_index % 10 == 9) for seen in observations]


def test_every_backend_gives_what_torch_gives(runtimes, observations):
    reference, exact, quick = (predictions(runtime, observations) for runtime in runtimes)
    for expected, same, near in zip(reference, exact, quick, strict=True):
        np.testing.assert_allclose(same.refined_cam_m, expected.refined_cam_m, atol=1e-4)
        np.testing.assert_allclose(same.action_prob, expected.action_prob, atol=1e-4)
        np.testing.assert_array_equal(near.refined_cam_m, same.refined_cam_m)
        assert (expected.futures is None) == (same.futures is None)
        if expected.futures is not None:
            np.testing.assert_allclose(same.futures.joints_cam_m, expected.futures.joints_cam_m, atol=1e-4)
            distance_m = np.linalg.norm(near.futures.joints_cam_m - expected.futures.joints_cam_m, axis=-1)
            assert np.nanmean(distance_m) < 0.0005
    assert sum(prediction.futures is not None for prediction in reference) >= 5
