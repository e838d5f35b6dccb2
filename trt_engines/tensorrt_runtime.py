"""G-HTT on TensorRT: one stream and one captured graph per engine, pinned buffers, no Python between the layers."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from ghtt_core.runtime import Arrays, ModelSpec
from trt_engines.cuda import Card, PinnedTensor, open_card
from trt_engines.engine_build import MAX_SAMPLES, EngineTarget, built_engines
from trt_engines.errors import BackendUnavailableError
from trt_engines.exported import ExportedModel, Progress
from trt_engines.spec_metadata import from_metadata
from trt_engines.tensorrt_package import TensorRt, tensorrt_package


class TensorRtRuntime:
    """A `ghtt_core.runtime.Runtime` on TensorRT. `observe` and `imagine` may run in two threads."""

    def __init__(self, model: ExportedModel, *, precision: str = "fp16", progress: Progress) -> None:
        """Build the engines, or find them built, and load them.

        Raises:
            BackendUnavailableError: There is no package, driver or card, or they do not fit each other.
        """
        package = tensorrt_package()
        card = open_card()
        folder = built_engines(model, package, EngineTarget(card.capability, card.name, precision), progress)
        self._observe = _Engine(folder / "observe.plan", package, card)
        try:
            self._imagine = _Engine(folder / "imagine.plan", package, card)
        except BackendUnavailableError:
            self._observe.close()
            raise
        metadata = onnx.load(model.observe, load_external_data=False).metadata_props
        self._spec = from_metadata({entry.key: entry.value for entry in metadata})
        self._description = f"{package.name} {package.version} ({card.name}, {precision})"

    @property
    def spec(self) -> ModelSpec:
        """The checkpoint behind it."""
        return self._spec

    @property
    def description(self) -> str:
        """Backend, device and precision in a few words."""
        return self._description

    def observe(self, inputs: Arrays) -> Arrays:
        """Refine and recognise: `OBSERVE_INPUTS` to `OBSERVE_OUTPUTS`."""
        return self._observe.run(inputs, 1)

    def imagine(self, inputs: Arrays) -> Arrays:
        """Draw futures: `IMAGINE_INPUTS` to `IMAGINE_OUTPUTS`."""
        samples = inputs["noise_m"].shape[0]
        parts = []
        for start in range(0, samples, MAX_SAMPLES):
            rows = slice(start, min(start + MAX_SAMPLES, samples))
            some = {**inputs, "noise_m": inputs["noise_m"][rows], "noise_alpha": inputs["noise_alpha"][rows]}
            parts.append(self._imagine.run(some, rows.stop - start)["futures"])
        return {"futures": parts[0] if len(parts) == 1 else np.concatenate(parts)}

    def close(self) -> None:
        """Free the engines."""
        self._observe.close()
        self._imagine.close()


class _Engine:
    """One graph on the card. Its buffers hold as many samples as the engine can draw at once."""

    def __init__(self, plan: Path, package: TensorRt, card: Card) -> None:
        trt = package.module
        try:
            runtime = trt.Runtime(package.logger)
        except (TypeError, RuntimeError) as error:  # the binding raises these where the driver is too old for it
            raise package.does_not_start() from error
        engine = runtime.deserialize_cuda_engine(plan.read_bytes())
        if engine is None:
            raise BackendUnavailableError(
                f"{package.name} {package.version} does not load the engine it built; is the driver too old?"
            )
        self._card, self._lock = card, threading.Lock()
        self._stream = card.call("cuStreamCreate", 0)
        # tensorrt_rtx finishes its kernels at the first run and captures by itself, which a capture from outside would break.
        self._captures_itself = package.is_rtx
        if package.is_rtx:
            config = engine.create_runtime_config()
            config.cuda_graph_strategy = trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
            self._context = engine.create_execution_context(config)
        else:
            self._context = engine.create_execution_context()
        self._keep = (runtime, engine)
        self._inputs: dict[str, PinnedTensor] = {}
        self._outputs: dict[str, PinnedTensor] = {}
        self._varies: set[str] = set()
        self._graphs: dict[int, Any] = {}
        self._set_samples = 0
        try:
            if self._context is None:
                raise BackendUnavailableError("the card has too little free memory")
            self._bind(engine, trt)
        except BackendUnavailableError:
            self.close()  # another backend will want the memory
            raise

    def _bind(self, engine: Any, trt: Any) -> None:
        """Give every input and output its buffers."""
        for index in range(engine.num_io_tensors):
            name = engine.get_tensor_name(index)
            shape = tuple(engine.get_tensor_shape(name))
            if shape[0] < 0:
                self._varies.add(name)
            tensor = PinnedTensor(self._card, (MAX_SAMPLES if shape[0] < 0 else shape[0], *shape[1:]))
            is_input = engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
            (self._inputs if is_input else self._outputs)[name] = tensor
            self._context.set_tensor_address(name, tensor.device_address)

    def run(self, inputs: Arrays, samples: int) -> Arrays:
        with self._lock:
            self._card.make_current()
            for name, tensor in self._inputs.items():
                np.copyto(tensor.host[: self._rows(name, tensor, samples)], inputs[name])
            if self._captures_itself:
                self._enqueue(samples)
            else:
                self._card.call("cuGraphLaunch", self._captured(samples), self._stream)
            self._card.call("cuStreamSynchronize", self._stream)
            return {name: tensor.host[: self._rows(name, tensor, samples)].copy() for name, tensor in self._outputs.items()}

    def close(self) -> None:
        self._card.make_current()
        for graph in self._graphs.values():
            self._card.call("cuGraphExecDestroy", graph)
        for tensor in (*self._inputs.values(), *self._outputs.values()):
            tensor.free()
        self._card.call("cuStreamDestroy", self._stream)
        del self._context, self._keep

    def _rows(self, name: str, tensor: PinnedTensor, samples: int) -> int:
        return samples if name in self._varies else tensor.host.shape[0]

    def _captured(self, samples: int) -> Any:
        """Copies in, kernels and copies out as one graph, captured at the first run with so many samples."""
        if samples not in self._graphs:
            self._enqueue(samples)  # the first run allocates, which must not be captured
            self._card.call("cuStreamSynchronize", self._stream)
            mode = self._card.driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
            self._card.call("cuStreamBeginCapture", self._stream, mode)
            self._enqueue(samples)
            graph = self._card.call("cuStreamEndCapture", self._stream)
            self._graphs[samples] = self._card.call("cuGraphInstantiate", graph, 0)
            self._card.call("cuGraphDestroy", graph)
        return self._graphs[samples]

    def _enqueue(self, samples: int) -> None:
        if samples != self._set_samples:
            for name in self._varies & self._inputs.keys():
                self._context.set_input_shape(name, (samples, *self._inputs[name].host.shape[1:]))
            self._set_samples = samples
        for name, tensor in self._inputs.items():
            tensor.upload(self._rows(name, tensor, samples), self._stream)
        if not self._context.execute_async_v3(int(self._stream)):
            raise BackendUnavailableError("TensorRT could not run the engine")
        for name, tensor in self._outputs.items():
            tensor.download(self._rows(name, tensor, samples), self._stream)
