"""`imagine` in 8 bits, for CPUs: kept only where the futures stay what they are.

Weights are quantised per output channel when exporting, activations at run time. On trained checkpoints this moves futures by
a tenth of a millimetre and takes a good third off their time. `observe` stays in float32: its refined poses would move by
millimetres at the worst frames.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic

from ghtt_core.features import HandFrames, joints_from_features
from ghtt_core.runtime import IMAGINE_INPUTS, IMAGINE_OUTPUTS, OBSERVE_OUTPUTS, Arrays
from ghtt_core.skeleton import HANDS, MEAN_HAND_SIZE_M

TOLERANCE_M = 0.0005
"""Mean distance over all joints, samples and times by which 8 bits may move the futures."""
INT8_NAME = "imagine_int8.onnx"


def quantize_imagine(folder: Path, examples: list[tuple[Arrays, Arrays]]) -> bool:
    """Write `imagine_int8.onnx` beside `imagine.onnx` if the futures of the examples stay within `TOLERANCE_M`.

    Args:
        folder: Where `observe.onnx` and `imagine.onnx` are.
        examples: Inputs of `observe`, and what `imagine` takes beside its outputs.

    Returns:
        Whether it was written.
    """
    quantized = folder / INT8_NAME
    with tempfile.TemporaryDirectory() as scratch:
        simplified = Path(scratch) / "imagine.onnx"
        # The quantiser sees weights only where nothing but a constant feeds a product: ONNX Runtime's own folding gets there.
        _session(folder / "imagine.onnx", simplified)
        model = onnx.load(simplified)
        del model.graph.value_info[:]
        onnx.save(model, simplified)
        # Unsigned weights: products of unsigned activations with signed ones saturate on CPUs without VNNI.
        quantize_dynamic(
            simplified, quantized, per_channel=True, weight_type=QuantType.QUInt8, extra_options={"MatMulConstBOnly": True}
        )
    observe, exact, approximate = (_session(folder / name) for name in ("observe.onnx", "imagine.onnx", INT8_NAME))
    distances_m = []
    for inputs, extra in examples:
        seen = dict(zip(OBSERVE_OUTPUTS, observe.run(list(OBSERVE_OUTPUTS), dict(inputs)), strict=True))
        feeds = {name: (seen | dict(extra))[name] for name in IMAGINE_INPUTS}
        first, second = (_joints_m(session.run(list(IMAGINE_OUTPUTS), feeds)[0]) for session in (exact, approximate))
        distances_m.append(np.linalg.norm(first - second, axis=-1).mean())
    if np.mean(distances_m) > TOLERANCE_M:
        quantized.unlink()
        return False
    return True


def _session(path: Path, simplified: Path | None = None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if simplified is not None:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(simplified)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _joints_m(futures: NDArray[np.float32]) -> NDArray[np.float64]:
    """Futures as joints of hands of mean size that start at the origin."""
    origin = HandFrames(np.broadcast_to(np.eye(3), (HANDS, 3, 3)), np.zeros((HANDS, 3)))
    joints: NDArray[np.float64] = joints_from_features(futures.astype(np.float64), np.full(HANDS, MEAN_HAND_SIZE_M), origin)
    return joints
