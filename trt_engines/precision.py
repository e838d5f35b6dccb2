"""Half precision where the work is: matrix products in float16 or bfloat16, all else in float32 (ONNX graphs)."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ghtt_core.runtime import FEATURES

PRECISIONS = ("fp16", "bf16", "fp32")
_TYPES = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}


def lower_precision(model: onnx.ModelProto, precision: str) -> onnx.ModelProto:
    """A copy of a float32 graph whose matrix products, and the softmax between them, take and give the lower precision.

    Norms and sums stay in float32, so that the rounding does not grow with depth; in bfloat16, which has three decimal
    digits, so does the last product, whose output are the features. Compilers fuse the casts into the products.

    Args:
        model: A graph from `trt_engines.export`.
        precision: One of `PRECISIONS`; "fp32" changes nothing.
    """
    lowered = onnx.ModelProto()
    lowered.CopyFrom(model)
    if precision == "fp32":
        return lowered
    rewriter = _Rewriter(lowered.graph, _TYPES[precision])
    for node in list(lowered.graph.node):
        rewriter.take(node)
    del lowered.graph.node[:]
    lowered.graph.node.extend(rewriter.nodes)
    lowered.graph.initializer.extend(rewriter.weights)
    _drop_unused_weights(lowered.graph)
    return lowered


class _Rewriter:
    def __init__(self, graph: onnx.GraphProto, type_: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._type = type_
        self._features_stay = type_ == TensorProto.BFLOAT16
        self._initializers = {weight.name: weight for weight in graph.initializer}
        self._transposed = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Transpose"}
        self._lowered: dict[str, str] = {}

    def take(self, node: onnx.NodeProto) -> None:
        """Append a node, between casts where it is a product."""
        if node.op_type not in ("MatMul", "Gemm", "Softmax") or (self._features_stay and self._makes_features(node)):
            self.nodes.append(node)
            return
        product = onnx.NodeProto()
        product.CopyFrom(node)
        for index, name in enumerate(node.input):
            product.input[index] = self._low(name)
        low = product.output[0] = self._lowered[node.output[0]] = f"{node.output[0]}_low"
        self.nodes += [product, helper.make_node("Cast", [low], [node.output[0]], to=TensorProto.FLOAT)]

    def _makes_features(self, node: onnx.NodeProto) -> bool:
        name = node.input[-1]
        weight = self._initializers.get(self._transposed.get(name, name))
        return weight is not None and FEATURES in weight.dims

    def _low(self, name: str) -> str:
        if name not in self._lowered:
            low = self._lowered[name] = f"{name}_low_input"
            if name in self._initializers:
                array = numpy_helper.to_array(self._initializers[name]).astype(np.float32)
                self.weights.append(_tensor(low, array, self._type))
            else:
                self.nodes.append(helper.make_node("Cast", [name], [low], to=self._type))
        return self._lowered[name]


def _tensor(name: str, array: np.ndarray, type_: int) -> onnx.TensorProto:
    dtype = helper.tensor_dtype_to_np_dtype(type_)
    return numpy_helper.from_array(array.astype(dtype), name)


def _drop_unused_weights(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    kept = [weight for weight in graph.initializer if weight.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
