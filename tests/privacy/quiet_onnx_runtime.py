"""Open an ONNX Runtime session as `trt_engines` does, and give whatever it does on the side a moment."""

import time

import onnx
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

from trt_engines.onnx_runtime import onnxruntime  # type: ignore[attr-defined]

one = [make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
graph = make_graph([make_node("Neg", ["x"], ["y"])], "graph", one[:1], one[1:])
model = make_model(graph, ir_version=10, opset_imports=[make_opsetid("", 18)])
session = onnxruntime.InferenceSession(model.SerializeToString())
time.sleep(1.0)
print("ran", len(session.get_outputs()))
