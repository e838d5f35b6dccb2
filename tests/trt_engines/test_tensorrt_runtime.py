"""The TensorRT backend on a card that exists in memory alone: what it computes, and what is said where it cannot run."""

import re

import numpy as np
import pytest
from fake_gpu import FakeCard, Result, _Builder, install_driver, install_package

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.runtime import IMAGINE_INPUTS, OBSERVE_OUTPUTS
from trt_engines import exported as exported_module
from trt_engines import select, tensorrt_package
from trt_engines.engine_build import EngineTarget, engine_entry
from trt_engines.select import load_runtime
from trt_engines.tensorrt_runtime import TensorRtRuntime
from trt_engines.torch_runtime import TorchRuntime


@pytest.fixture(autouse=True)
def fresh_package():
    tensorrt_package.tensorrt_package.cache_clear()
    yield
    tensorrt_package.tensorrt_package.cache_clear()


@pytest.fixture
def exports(exported, monkeypatch):
    monkeypatch.setattr(select, "exported_model", lambda checkpoint, progress: exported)


@pytest.mark.parametrize("name", ["tensorrt", "tensorrt_rtx"])
def test_it_gives_what_torch_gives_and_gives_the_card_back(monkeypatch, checkpoint, exported, make_inputs, name):
    card = install_driver(monkeypatch)
    install_package(monkeypatch, card, name)
    model, spec, _ = load_checkpoint(checkpoint)
    reference, runtime = TorchRuntime(model, spec), TensorRtRuntime(exported, precision="fp32", progress=print)
    assert runtime.description == f"{name} 0.0 (Fake RTX, fp32)"
    assert runtime.spec.sha256 == spec.sha256
    for seed, samples in enumerate((20, 1, 150, 20)):  # 150 are drawn in several runs; 20 again after others
        inputs, extra = make_inputs(seed, samples)
        expected, seen = reference.observe(inputs), runtime.observe(inputs)
        for output in OBSERVE_OUTPUTS:
            np.testing.assert_allclose(seen[output], expected[output], atol=1e-4, err_msg=output)
        latents = {key: expected[key] for key in expected if key in IMAGINE_INPUTS}
        futures = runtime.imagine(latents | extra)["futures"]
        np.testing.assert_allclose(futures, reference.imagine(latents | extra)["futures"], atol=1e-4)
    # Four times observe, and imagine in 1 + 1 + 3 + 1 runs; tensorrt_rtx captures by itself.
    assert card.launches == (0 if name == "tensorrt_rtx" else 10)
    runtime.close()
    assert not card.blocks


class DynamicLibNotFoundError(RuntimeError):
    """As cuda-bindings calls it."""


def raising(error):
    def function(*arguments):
        raise error

    return function


class _BuilderThatFails(_Builder):
    def build_serialized_network(self, network, config):
        return None


FAULTS = {
    "no driver": ({"cuInit": raising(DynamicLibNotFoundError("libcuda"))}, {}, "no NVIDIA driver is installed"),
    "an old driver": ({"cuInit": raising(RuntimeError("cuFoo"))}, {}, r"the NVIDIA driver is too old \(cuFoo\)"),
    "a driver too old for TensorRT": ({}, {"Builder": raising(TypeError())}, "tensorrt 0.0 does not start; is the driver"),
    "no card": ({"cuDeviceGetCount": lambda: (Result.CUDA_SUCCESS, 0)}, {}, "no NVIDIA card was found"),
    "a failing build": ({}, {"Builder": _BuilderThatFails}, r"tensorrt 0.0 could not build observe \(no reason given\)"),
    "a failing driver": (
        {"cuStreamCreate": lambda flags: (Result.CUDA_ERROR_ILLEGAL_ADDRESS,)},
        {},
        r"the NVIDIA driver failed in cuStreamCreate \(CUDA_ERROR_ILLEGAL_ADDRESS\)",
    ),
}


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_one_sentence_with_what_runs_instead(monkeypatch, checkpoint, fault):
    functions, parts, reason = FAULTS[fault]
    install_package(monkeypatch, install_driver(monkeypatch, **functions), **parts)
    expect_onnx_runtime(checkpoint, reason)


@pytest.mark.usefixtures("exports")
def test_without_a_package_it_is_said(monkeypatch, checkpoint):
    install_package(monkeypatch, install_driver(monkeypatch), name="none")
    expect_onnx_runtime(checkpoint, r"no TensorRT package is installed \(requirements-gpu.txt\)")


@pytest.mark.usefixtures("exports")
def test_a_card_that_the_package_does_not_support_is_said(monkeypatch, checkpoint):
    install_package(monkeypatch, install_driver(monkeypatch, FakeCard((6, 1))), "tensorrt_rtx")
    expect_onnx_runtime(checkpoint, "tensorrt_rtx 0.0 does not support compute capability 6.1, only 7.5, 8.6")


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize("memory_bytes", [1000, 400_000])
def test_too_little_memory_is_said_and_what_was_taken_is_given_back(monkeypatch, checkpoint, memory_bytes):
    card = install_driver(monkeypatch, FakeCard(memory_bytes=memory_bytes))
    install_package(monkeypatch, card)
    expect_onnx_runtime(checkpoint, "the card has too little free memory")
    assert not card.blocks


def expect_onnx_runtime(checkpoint, reason):
    said = []
    runtime = load_runtime(checkpoint, progress=said.append)
    assert runtime.description.startswith("ONNX Runtime")

    assert re.fullmatch(rf"TensorRT is not used: {reason}.*; ONNX Runtime .* runs instead\.", said[-1]), said
    runtime.close()


def test_a_damaged_engine_is_built_again_and_that_is_said(monkeypatch, exported):
    card = install_driver(monkeypatch)
    install_package(monkeypatch, card)
    said = []
    TensorRtRuntime(exported, progress=said.append).close()
    TensorRtRuntime(exported, progress=said.append).close()
    assert said == ["Building TensorRT engines for compute capability 8.6 in fp16 (once)."]
    package = tensorrt_package.tensorrt_package()
    plan = engine_entry(exported, package, EngineTarget("8.6", "Fake RTX", "fp16")) / "observe.plan"
    plan.write_bytes(plan.read_bytes()[:1000])
    TensorRtRuntime(exported, progress=said.append).close()
    assert said[1:] == [
        "Building TensorRT engines for compute capability 8.6 in fp16 (again, because what was kept is damaged)."
    ]


def test_an_engine_belongs_to_checkpoint_card_version_and_precision(monkeypatch, exported):
    install_package(monkeypatch, FakeCard())
    package, target = tensorrt_package.tensorrt_package(), EngineTarget("8.6", "RTX 3090", "fp16")
    entries = {engine_entry(exported, package, target)}
    entries.add(engine_entry(exported, package, EngineTarget("8.9", "RTX 3090", "fp16")))
    entries.add(engine_entry(exported, package, EngineTarget("8.6", "RTX A6000", "fp16")))
    entries.add(engine_entry(exported, package, EngineTarget("8.6", "RTX 3090", "bf16")))
    entries.add(engine_entry(exported_module.exported_in(exported.observe.parent, "another"), package, target))
    monkeypatch.setattr(package.module, "__version__", "0.1")
    entries.add(engine_entry(exported, package, target))
    assert len(entries) == 6
