"""A card and a TensorRT that exist in memory alone: the card's addresses are the host's, engines are run by ONNX Runtime.

They stand at the boundary, in place of `cuda.bindings.driver` and `tensorrt`, so that everything between runs as on a card.
"""

import ctypes
import sys
import types
from collections.abc import Callable
from enum import Enum

import numpy as np
import onnx
import onnxruntime


class Result(Enum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_NO_DEVICE = 100
    CUDA_ERROR_ILLEGAL_ADDRESS = 700
    CUDA_ERROR_SYSTEM_DRIVER_MISMATCH = 803


class FakeCard:
    """What the driver knows: memory that is taken, work that is being captured, graphs that were launched."""

    def __init__(self, capability: tuple[int, int] = (8, 6), memory_bytes: int = 1 << 30) -> None:
        self.capability, self.memory_bytes = capability, memory_bytes
        self.blocks: dict[int, ctypes.Array] = {}
        self.captured: list[Callable[[], object]] | None = None
        self.launches = 0

    def do(self, work: Callable[[], object]) -> None:
        """Run now, or note for the graph."""
        if self.captured is None:
            work()
        else:
            self.captured.append(work)

    def allocate(self, size: int, *_: object) -> tuple[object, ...]:
        if sum(map(len, self.blocks.values())) + size > self.memory_bytes:
            return (Result.CUDA_ERROR_OUT_OF_MEMORY, None)
        block = (ctypes.c_byte * size)()
        self.blocks[ctypes.addressof(block)] = block
        return (Result.CUDA_SUCCESS, ctypes.addressof(block))

    def free(self, address: int) -> tuple[object, ...]:
        del self.blocks[address]
        return (Result.CUDA_SUCCESS,)

    def copy(self, target: int, source: int, size: int, stream: int) -> tuple[object, ...]:
        self.do(lambda: ctypes.memmove(target, source, size))
        return (Result.CUDA_SUCCESS,)

    def begin(self, stream: int, mode: object) -> tuple[object, ...]:
        self.captured = []
        return (Result.CUDA_SUCCESS,)

    def end(self, stream: int) -> tuple[object, ...]:
        graph, self.captured = self.captured, None
        return (Result.CUDA_SUCCESS, graph)

    def launch(self, graph: list[Callable[[], object]], stream: int) -> tuple[object, ...]:
        self.launches += 1
        for work in graph:
            work()
        return (Result.CUDA_SUCCESS,)


def install_driver(monkeypatch, card: FakeCard | None = None, **functions: Callable[..., object]) -> FakeCard:
    """Put a driver with one card in place of `cuda.bindings.driver`; `functions` replace some of its own."""
    card = card or FakeCard()

    def fine(*_: object) -> tuple[object, ...]:
        return (Result.CUDA_SUCCESS,)

    def answers(value: object) -> Callable[..., tuple[object, ...]]:
        return lambda *_: (Result.CUDA_SUCCESS, value)

    driver = types.ModuleType("driver")
    vars(driver).update(
        CUresult=Result,
        CUdevice_attribute=Enum(
            "Attribute",
            ["CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR", "CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR"],
            start=0,
        ),
        CUstreamCaptureMode=Enum("Mode", ["CU_STREAM_CAPTURE_MODE_THREAD_LOCAL"]),
        cuDeviceGetAttribute=lambda which, device: (Result.CUDA_SUCCESS, card.capability[which.value]),
        cuDeviceGetName=answers(b"Fake RTX" + bytes(120)),
        cuMemAlloc=card.allocate,
        cuMemHostAlloc=card.allocate,
        cuMemFree=card.free,
        cuMemFreeHost=card.free,
        cuMemcpyHtoDAsync=card.copy,
        cuMemcpyDtoHAsync=card.copy,
        cuStreamBeginCapture=card.begin,
        cuStreamEndCapture=card.end,
        cuGraphInstantiate=lambda graph, flags: (Result.CUDA_SUCCESS, graph),
        cuGraphLaunch=card.launch,
        cuDeviceGetCount=answers(1),
        **{name: answers(0) for name in ("cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuStreamCreate")},
        **dict.fromkeys(("cuInit", "cuCtxSetCurrent", "cuStreamSynchronize", "cuStreamDestroy"), fine),
        **dict.fromkeys(("cuGraphDestroy", "cuGraphExecDestroy"), fine),
    )
    vars(driver).update(functions)
    bindings = types.ModuleType("cuda.bindings")
    bindings.driver = driver
    monkeypatch.setitem(sys.modules, "cuda", types.ModuleType("cuda"))
    monkeypatch.setitem(sys.modules, "cuda.bindings", bindings)
    return card


class _Logger:
    Severity = Enum("Severity", ["INTERNAL_ERROR", "ERROR", "WARNING", "INFO", "VERBOSE"])


class _Settings:
    """A builder's config, network or profile: takes every setting."""

    def __init__(self) -> None:
        self.graph = onnx.ModelProto()

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith(("set_", "clear_", "add_")):
            return lambda *arguments: None
        raise AttributeError(name)

    @property
    def num_inputs(self) -> int:
        return len(self.graph.graph.input)

    def get_input(self, index: int) -> object:
        value = self.graph.graph.input[index]
        return types.SimpleNamespace(name=value.name, shape=_shape(value))


class _Builder:
    def __init__(self, logger: object) -> None:
        pass

    def create_network(self, flags: int) -> _Settings:
        return _Settings()

    def create_builder_config(self) -> _Settings:
        return _Settings()

    create_optimization_profile = create_builder_config

    def build_serialized_network(self, network: _Settings, config: _Settings) -> bytes | None:
        return network.graph.SerializeToString()


class _Parser:
    def __init__(self, network: _Settings, logger: object) -> None:
        self._network = network

    def parse(self, data: bytes) -> bool:
        self._network.graph.ParseFromString(data)
        return True


class _Engine:
    def __init__(self, plan: bytes, card: FakeCard) -> None:
        self._graph = onnx.load_from_string(plan).graph
        self._values = [*self._graph.input, *self._graph.output]
        self._plan, self._card = plan, card
        self.num_io_tensors = len(self._values)

    def get_tensor_name(self, index: int) -> str:
        return self._values[index].name

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return next(_shape(value) for value in self._values if value.name == name)

    def get_tensor_mode(self, name: str) -> str:
        return "input" if any(value.name == name for value in self._graph.input) else "output"

    def create_runtime_config(self) -> object:
        return types.SimpleNamespace()

    def create_execution_context(self, config: object = None) -> "_Context":
        return _Context(self, self._plan, self._card)


class _Context:
    def __init__(self, engine: _Engine, plan: bytes, card: FakeCard) -> None:
        self._engine, self._card = engine, card
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(plan, options, providers=["CPUExecutionProvider"])
        self._addresses: dict[str, int] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}

    def set_tensor_address(self, name: str, address: int) -> None:
        self._addresses[name] = address

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> None:
        self._shapes[name] = shape

    def execute_async_v3(self, stream: int) -> bool:
        shapes = dict(self._shapes)
        self._card.do(lambda: self._run(shapes))
        return True

    def _run(self, shapes: dict[str, tuple[int, ...]]) -> None:
        feeds = {}
        for value in self._session.get_inputs():
            shape = shapes.get(value.name) or self._engine.get_tensor_shape(value.name)
            feeds[value.name] = _at(self._addresses[value.name], shape).copy()
        names = [value.name for value in self._session.get_outputs()]
        for name, values in zip(names, self._session.run(names, feeds), strict=True):
            _at(self._addresses[name], values.shape)[...] = values


def install_package(monkeypatch, card: FakeCard, name: str = "tensorrt", **parts: object) -> None:
    """Put a TensorRT that builds and runs on the card in place of the packages; `parts` replace some of the module's own."""
    module = types.ModuleType(name)
    vars(module).update(
        __version__="0.0",
        Builder=_Builder,
        OnnxParser=_Parser,
        Runtime=lambda logger: types.SimpleNamespace(deserialize_cuda_engine=lambda plan: _Engine(plan, card)),
        NetworkDefinitionCreationFlag=types.SimpleNamespace(STRONGLY_TYPED=0),
        MemoryPoolType=types.SimpleNamespace(WORKSPACE=0),
        BuilderFlag=types.SimpleNamespace(TF32=0),
        TensorIOMode=types.SimpleNamespace(INPUT="input"),
        CudaGraphStrategy=types.SimpleNamespace(WHOLE_GRAPH_CAPTURE=1),
        ComputeCapability=types.SimpleNamespace(SM75=1, SM86=2),
        ILogger=_Logger,
    )
    vars(module).update(parts)
    for each in ("tensorrt", "tensorrt_rtx"):
        monkeypatch.setitem(sys.modules, each, module if each == name else None)


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(-1 if axis.dim_param else axis.dim_value for axis in value.type.tensor_type.shape.dim)


def _at(address: int, shape: tuple[int, ...]) -> np.ndarray:
    block = (ctypes.c_float * int(np.prod(shape))).from_address(address)
    return np.ctypeslib.as_array(block).reshape(shape)
