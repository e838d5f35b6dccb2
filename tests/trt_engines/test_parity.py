import numpy as np
import onnx
import onnxruntime
import pytest

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.features import HandFrames, joints_from_features
from ghtt_core.runtime import IMAGINE_INPUTS, IMAGINE_OUTPUTS, OBSERVE_INPUTS, OBSERVE_OUTPUTS
from trt_engines import quantize
from trt_engines.export import example_windows
from trt_engines.exported import exported_in
from trt_engines.onnx_runtime import OnnxRuntime
from trt_engines.precision import lower_precision
from trt_engines.spec_metadata import from_metadata
from trt_engines.torch_runtime import TorchRuntime


@pytest.fixture(scope="module")
def reference(checkpoint):
    model, spec, _ = load_checkpoint(checkpoint)
    return TorchRuntime(model, spec)


@pytest.fixture(scope="module")
def compiled(exported):
    runtime = OnnxRuntime(exported, threads=1, int8=False)
    yield runtime
    runtime.close()


@pytest.mark.parametrize(("seed", "samples", "past_clips"), [(0, 7, 6), (1, 1, 0), (2, 33, 15), (3, 20, 1), (4, 2, 9)])
def test_onnx_runtime_gives_what_torch_gives(reference, compiled, make_inputs, seed, samples, past_clips):
    inputs, extra = make_inputs(seed, samples, past_clips)
    expected, seen = reference.observe(inputs), compiled.observe(inputs)
    assert tuple(seen) == OBSERVE_OUTPUTS
    for name in OBSERVE_OUTPUTS:
        np.testing.assert_allclose(seen[name], expected[name], atol=1e-4, err_msg=name)
    latents = {name: expected[name] for name in OBSERVE_OUTPUTS if name in IMAGINE_INPUTS}
    futures = compiled.imagine(latents | extra)["futures"]
    assert futures.shape == (samples, 48, 153)
    np.testing.assert_allclose(futures, reference.imagine(latents | extra)["futures"], atol=1e-4)


def test_futures_in_8_bits_are_the_same_to_half_a_millimetre(checkpoint, exported, compiled):
    quick = OnnxRuntime(exported, threads=1)
    assert "int8" in quick.description
    assert "int8" not in compiled.description
    model, spec, _ = load_checkpoint(checkpoint)
    for inputs, extra in example_windows(model, spec, count=3):
        seen = compiled.observe(inputs)
        np.testing.assert_array_equal(quick.observe(inputs)["refined"], seen["refined"])
        latents = {name: seen[name] for name in OBSERVE_OUTPUTS if name in IMAGINE_INPUTS}
        futures = [joints_m(runtime.imagine(latents | extra)["futures"]) for runtime in (compiled, quick)]
        distance_m = np.linalg.norm(futures[0] - futures[1], axis=-1)
        assert 0 < distance_m.mean() < 0.0005


def test_8_bits_are_left_out_where_they_would_change_the_futures(checkpoint, exported, tmp_path, monkeypatch):
    for path in (exported.observe, exported.imagine):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    model, spec, _ = load_checkpoint(checkpoint)
    monkeypatch.setattr(quantize, "TOLERANCE_M", 1e-9)
    assert not quantize.quantize_imagine(tmp_path, example_windows(model, spec, count=1))
    assert exported_in(tmp_path, "key").imagine_int8 is None
    runtime = OnnxRuntime(exported_in(tmp_path, "key"), threads=1)
    assert runtime.description.endswith("float32)")


def joints_m(futures):
    origin = HandFrames(np.broadcast_to(np.eye(3), (2, 3, 3)), np.zeros((2, 3)))
    return joints_from_features(futures.astype(np.float64), np.full(2, 0.09), origin)


def test_a_graph_tells_its_checkpoint(reference, compiled):
    for field in ("name", "sha256", "width", "future_clips", "action_names", "default_temperature"):
        assert getattr(compiled.spec, field) == getattr(reference.spec, field)
    np.testing.assert_array_equal(compiled.spec.palm_template, reference.spec.palm_template)


def test_a_file_of_another_program_is_not_taken_for_ours():
    with pytest.raises(KeyError):
        from_metadata({"author": "somebody"})


def test_half_precision_stays_near_the_reference(exported, reference, make_inputs):
    """The graphs that TensorRT gets, run where every machine can run them."""
    for path, inputs_of, names, outputs in (
        (exported.observe, lambda seed: make_inputs(seed)[0], OBSERVE_INPUTS, OBSERVE_OUTPUTS),
        (exported.imagine, lambda seed: _imagine_inputs(reference, *make_inputs(seed)), IMAGINE_INPUTS, IMAGINE_OUTPUTS),
    ):
        lowered = lower_precision(onnx.load(path), "fp16")
        onnx.checker.check_model(lowered, full_check=True)
        session = onnxruntime.InferenceSession(lowered.SerializeToString(), providers=["CPUExecutionProvider"])
        for seed in range(4):
            inputs = inputs_of(seed)
            run = reference.observe if outputs is OBSERVE_OUTPUTS else reference.imagine
            got = session.run(list(outputs), {name: inputs[name] for name in names})
            for name, value in zip(outputs, got, strict=True):
                expected = run(inputs)[name]
                scale = 14.0 if name == "action_logits" else 1.0  # a cosine over 0.07
                np.testing.assert_allclose(value, expected, atol=0.02 * scale, err_msg=name)


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_every_product_is_lowered_but_what_makes_features_in_bfloat16(exported, precision):
    lowered = lower_precision(onnx.load(exported.imagine), precision)
    products = [node for node in lowered.graph.node if node.op_type in ("MatMul", "Gemm")]
    full = [node for node in products if not all("_low" in name for name in node.input)]
    assert len(products) > 10
    assert len(full) == (0 if precision == "fp16" else 2)


def _imagine_inputs(reference, inputs, extra):
    seen = reference.observe(inputs)
    return {name: seen[name] for name in seen if name in IMAGINE_INPUTS} | extra
