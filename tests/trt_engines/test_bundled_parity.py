"""The bundled checkpoint on the demo clip's own motion: every backend present against torch."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.packets import HandsObservation
from ghtt_core.streaming import Predictor, PredictorOptions
from trt_engines.errors import BackendUnavailableError
from trt_engines.export import export_graphs
from trt_engines.exported import exported_in
from trt_engines.onnx_runtime import OnnxRuntime, cuda_reason
from trt_engines.precision import lower_precision
from trt_engines.select import DEFAULT_CHECKPOINT
from trt_engines.tensorrt_runtime import TensorRtRuntime
from trt_engines.torch_runtime import TorchRuntime

TRUTH = Path(__file__).resolve().parents[2] / "assets" / "demo_truth.npz"
FRAMES = 150


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
def reference():
    if not DEFAULT_CHECKPOINT.exists():
        pytest.skip("no checkpoint is bundled")
    model, spec, _ = load_checkpoint(DEFAULT_CHECKPOINT)
    return TorchRuntime(model, spec)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, reference):
    model, spec, _ = load_checkpoint(DEFAULT_CHECKPOINT)
    folder = tmp_path_factory.mktemp("bundled")
    export_graphs(model, spec, folder)
    return exported_in(folder, "bundled")


@pytest.fixture(scope="module")
def expected(reference, observations):
    return predictions(reference, observations)


def predictions(runtime, observations):
    predictor = Predictor(runtime, PredictorOptions(samples=5, seed=3))
    return [predictor.step(seen, with_futures=seen.frame_index % 10 == 9) for seen in observations]


def runtimes_here(exported):
    """Every float32 backend that this machine can run, but for the reference."""
    yield OnnxRuntime(exported, threads=1, int8=False)
    if cuda_reason() is None:
        yield OnnxRuntime(exported, cuda=True)
    try:
        yield TensorRtRuntime(exported, precision="fp32", progress=print)
    except BackendUnavailableError as error:
        print(f"TensorRT is left out: {error}")


def test_every_backend_gives_what_torch_gives(exported, expected, observations):
    for runtime in runtimes_here(exported):
        for want, got in zip(expected, predictions(runtime, observations), strict=True):
            np.testing.assert_allclose(got.refined_cam_m, want.refined_cam_m, atol=1e-4)
            np.testing.assert_allclose(got.action_prob, want.action_prob, atol=1e-4)
            assert (want.futures is None) == (got.futures is None)
            if want.futures is not None:
                np.testing.assert_allclose(got.futures.joints_cam_m, want.futures.joints_cam_m, atol=1e-4)
        runtime.close()
    assert sum(prediction.futures is not None for prediction in expected) >= 10


def test_8_bits_are_used_only_where_futures_stay(exported, expected, observations):
    runtime = OnnxRuntime(exported, threads=1)
    for want, got in zip(expected, predictions(runtime, observations), strict=True):
        np.testing.assert_allclose(got.refined_cam_m, want.refined_cam_m, atol=1e-4)
        if want.futures is not None:
            assert np.nanmean(distance_m(want.futures.joints_cam_m, got.futures.joints_cam_m)) < 0.0005
    runtime.close()


def test_half_precision_moves_joints_by_less_than_half_a_millimetre(exported, expected, observations, tmp_path):
    """The graphs that TensorRT gets by default, run where every machine can run them."""
    for path in (exported.observe, exported.imagine):
        onnx.save(lower_precision(onnx.load(path), "fp16"), tmp_path / path.name)
    got = predictions(OnnxRuntime(exported_in(tmp_path, "half"), threads=1), observations)
    apart_m = np.stack([distance_m(want.refined_cam_m, half.refined_cam_m) for want, half in zip(expected, got, strict=True)])
    assert np.nanmax(apart_m) < 0.0005
    pairs = [(want, half) for want, half in zip(expected, got, strict=True) if np.isfinite(want.action_prob).all()]
    assert len(pairs) > 100
    assert np.mean([want.action_prob.argmax() == half.action_prob.argmax() for want, half in pairs]) >= 0.99
    futures = [(want.futures, half.futures) for want, half in pairs if want.futures is not None]
    assert np.nanmean([distance_m(want.joints_cam_m, half.joints_cam_m) for want, half in futures]) < 0.0005


def distance_m(first, second):
    return np.linalg.norm(first - second, axis=-1)
