import numpy as np
import onnx
import onnxruntime
import pytest

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.runtime import IMAGINE_INPUTS, IMAGINE_OUTPUTS, OBSERVE_INPUTS, OBSERVE_OUTPUTS
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
    runtime = OnnxRuntime(exported, threads=1)
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
    types = {weight.name: weight.data_type for weight in lowered.graph.initializer}
    full = [
        node for node in lowered.graph.node
        if node.op_type in ("MatMul", "Gemm") and any(types.get(name) == onnx.TensorProto.FLOAT for name in node.input)
    ]  # fmt: skip
    assert len(full) == (0 if precision == "fp16" else 2)


def _imagine_inputs(reference, inputs, extra):
    seen = reference.observe(inputs)
    return {name: seen[name] for name in seen if name in IMAGINE_INPUTS} | extra
