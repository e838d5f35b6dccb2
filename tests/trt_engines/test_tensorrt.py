import numpy as np
import pytest
from fake_gpu import Result, install_driver

from ghtt_core.errors import UserError
from trt_engines import build, cuda, tensorrt_package
from trt_engines import exported as exported_module
from trt_engines.engine_build import EngineTarget, built_engines, check_capability
from trt_engines.errors import BackendUnavailableError


@pytest.fixture(scope="module")
def rtx():
    pytest.importorskip("tensorrt_rtx", reason="the optional package tensorrt_rtx is not installed")
    package = tensorrt_package.tensorrt_package()
    if not package.is_rtx:
        pytest.skip("tensorrt is installed, which builds for the card in the machine alone")
    return package


def test_both_graphs_build_for_every_architecture_without_a_card(rtx, exported):
    assert {"7.5", "8.6", "8.9", "12.0"} <= set(rtx.capabilities())
    for capability in rtx.capabilities():
        folder = built_engines(exported, rtx, EngineTarget(capability, "", "fp16"), lambda sentence: None)
        for graph in ("observe", "imagine"):
            assert (folder / f"{graph}.plan").stat().st_size > 10_000


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_the_other_precisions_build(rtx, exported, precision):
    assert built_engines(exported, rtx, EngineTarget("8.6", "", precision), lambda sentence: None).is_dir()


def test_engines_are_kept_and_damaged_ones_built_again(rtx, exported):
    said = []
    target = EngineTarget("8.9", "", "fp16")
    folder = built_engines(exported, rtx, target, said.append)
    assert built_engines(exported, rtx, target, said.append) == folder
    assert len(said) == 1
    plan = folder / "imagine.plan"
    plan.write_bytes(plan.read_bytes()[:5000])
    assert built_engines(exported, rtx, target, said.append) == folder
    assert len(said) == 2
    assert plan.stat().st_size > 5000


@pytest.mark.parametrize(
    ("capability", "precision", "words"),
    [("9.0", "fp16", "does not support compute capability 9.0, only 7.5, 8.0"), ("7.5", "bf16", "not for 7.5")],
)
def test_what_cannot_be_built_is_said(rtx, exported, capability, precision, words):
    with pytest.raises(BackendUnavailableError, match=words):
        built_engines(exported, rtx, EngineTarget(capability, "", precision), lambda sentence: None)
    with pytest.raises(UserError, match=r"cannot build for device '5.0'; it can for: 7.5"):
        check_capability("5.0", rtx)


def test_the_command_line_builds(rtx, checkpoint, exported, monkeypatch, capsys):
    monkeypatch.setattr(build, "exported_model", lambda path, progress: exported)
    assert build.main(["--checkpoint", str(checkpoint), "--device", "8.6", "--precision", "fp32"]) == 0
    assert "8.6 fp32: " in capsys.readouterr().out
    assert build.main(["--checkpoint", "none.safetensors"]) == 2
    assert "no checkpoint at none.safetensors" in capsys.readouterr().err


@pytest.mark.gpu
def test_on_a_card_tensorrt_gives_what_torch_gives(checkpoint, exported, make_inputs):
    from ghtt_core.checkpoint import load_checkpoint
    from ghtt_core.runtime import IMAGINE_INPUTS
    from trt_engines.tensorrt_runtime import TensorRtRuntime
    from trt_engines.torch_runtime import TorchRuntime

    model, spec, _ = load_checkpoint(checkpoint)
    reference = TorchRuntime(model, spec)
    for precision, tolerance in (("fp32", 1e-3), ("fp16", 0.02)):
        runtime = TensorRtRuntime(exported, precision=precision, progress=print)
        for samples in (20, 1, 150, 20):
            inputs, extra = make_inputs(2, samples)
            expected, seen = reference.observe(inputs), runtime.observe(inputs)
            np.testing.assert_allclose(seen["refined"], expected["refined"], atol=tolerance)
            latents = {name: expected[name] for name in expected if name in IMAGINE_INPUTS}
            futures = runtime.imagine(latents | extra)["futures"]
            np.testing.assert_allclose(futures, reference.imagine(latents | extra)["futures"], atol=tolerance)
        runtime.close()


def raises(error):
    def function(*arguments):
        raise error

    return function


class DynamicLibNotFoundError(RuntimeError):
    """As cuda-bindings calls it."""


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        ({"cuInit": raises(DynamicLibNotFoundError("libcuda"))}, "no NVIDIA driver is installed"),
        ({"cuInit": raises(RuntimeError("cuFoo not found"))}, r"driver is too old \(cuFoo not found\)"),
        ({"cuInit": lambda flags: (Result.CUDA_ERROR_NO_DEVICE,)}, "no NVIDIA card was found"),
        ({"cuDeviceGetCount": lambda: (Result.CUDA_SUCCESS, 0)}, "no NVIDIA card was found"),
        ({"cuInit": lambda flags: (Result.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH,)}, "update the driver"),
        ({"cuDeviceGet": lambda index: (Result.CUDA_ERROR_OUT_OF_MEMORY,)}, "too little free memory"),
        ({"cuDeviceGet": lambda index: (Result.CUDA_ERROR_ILLEGAL_ADDRESS,)}, "failed in cuDeviceGet .CUDA_ERROR_ILLEGAL"),
    ],
)
def test_each_fault_of_driver_and_card_has_its_reason(monkeypatch, functions, reason):
    install_driver(monkeypatch, **functions)
    with pytest.raises(BackendUnavailableError, match=reason):
        cuda.open_card()


def test_a_package_that_does_not_import_says_why(monkeypatch):
    real = tensorrt_package.importlib.import_module

    def broken(name):
        if name == "tensorrt":
            raise OSError("libnvinfer.so.10: cannot open shared object file")
        if name == "tensorrt_rtx":
            raise ModuleNotFoundError("No module named 'tensorrt_rtx'", name="tensorrt_rtx")
        return real(name)

    monkeypatch.setattr(tensorrt_package.importlib, "import_module", broken)
    tensorrt_package.tensorrt_package.cache_clear()
    with pytest.raises(BackendUnavailableError, match=r"tensorrt does not import \(libnvinfer"):
        tensorrt_package.tensorrt_package()
    tensorrt_package.tensorrt_package.cache_clear()


def test_the_command_line_says_what_is_missing(monkeypatch, checkpoint, capsys):
    def missing():
        raise BackendUnavailableError("no TensorRT package is installed (requirements-gpu.txt)")

    monkeypatch.setattr(build, "tensorrt_package", missing)
    monkeypatch.setattr(exported_module, "_export", raises(AssertionError("exported for nothing")))
    assert build.main(["--checkpoint", str(checkpoint)]) == 2
    assert capsys.readouterr().err == (
        "TensorRT engines cannot be built: no TensorRT package is installed (requirements-gpu.txt).\n"
    )
