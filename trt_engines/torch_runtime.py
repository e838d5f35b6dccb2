"""G-HTT on torch: the reference that every other backend is held against."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.model.ghtt import GHTT
from ghtt_core.runtime import IMAGINE_INPUTS, IMAGINE_OUTPUTS, OBSERVE_INPUTS, OBSERVE_OUTPUTS, Arrays, ModelSpec
from trt_engines.errors import BackendUnavailableError


class TorchRuntime:
    """A `ghtt_core.runtime.Runtime` that runs the module as it was trained, in float32."""

    def __init__(self, model: GHTT, spec: ModelSpec, *, device: str = "cpu", threads: int | None = None) -> None:
        """Take over a module.

        Args:
            model: In evaluation mode.
            spec: The checkpoint it comes from.
            device: "cpu" or "cuda".
            threads: CPU threads; torch's own choice if omitted.

        Raises:
            BackendUnavailableError: There is no such device, or its memory does not suffice.
        """
        if device == "cuda" and not torch.cuda.is_available():
            raise BackendUnavailableError("torch finds no CUDA device")
        if threads is not None:
            torch.set_num_threads(threads)
        try:
            self._model = model.eval().requires_grad_(False).to(device)
        except torch.cuda.OutOfMemoryError as error:
            raise BackendUnavailableError("the card has too little free memory") from error
        self._spec = spec
        self._device = torch.device(device)
        self._captured: dict[tuple[object, ...], _CapturedGraph] = {}
        self._lock = threading.Lock()

    @property
    def spec(self) -> ModelSpec:
        """The checkpoint behind it."""
        return self._spec

    @property
    def description(self) -> str:
        """Backend, device and precision in a few words."""
        threads = torch.get_num_threads()
        where = "CUDA" if self._device.type == "cuda" else f"CPU, {threads} thread{'s' if threads > 1 else ''}"
        return f"torch {torch.__version__.split('+')[0]} ({where}, float32)"

    def observe(self, inputs: Arrays) -> Arrays:
        """Refine and recognise: `OBSERVE_INPUTS` to `OBSERVE_OUTPUTS`."""
        return dict(zip(OBSERVE_OUTPUTS, self._run(self._model.observe, inputs, OBSERVE_INPUTS), strict=True))

    def imagine(self, inputs: Arrays) -> Arrays:
        """Draw futures: `IMAGINE_INPUTS` to `IMAGINE_OUTPUTS`."""
        return dict(zip(IMAGINE_OUTPUTS, self._run(self._model.imagine, inputs, IMAGINE_INPUTS), strict=True))

    def close(self) -> None:
        """Free the module."""
        del self._model
        self._captured.clear()

    def _run(self, graph: Callable[..., object], inputs: Arrays, names: Sequence[str]) -> list[NDArray[np.float32]]:
        given = [torch.from_numpy(inputs[name]).float() for name in names]
        with torch.inference_mode():
            if self._device.type == "cpu":
                return [output.numpy() for output in _as_tuple(graph(*given))]
            with self._lock:
                key = (graph.__name__, *(tensor.shape for tensor in given))
                if key not in self._captured:
                    self._captured[key] = _CapturedGraph(graph, [tensor.to(self._device) for tensor in given])
                return [output.cpu().numpy() for output in self._captured[key].replay(given)]


class _CapturedGraph:
    """A module's kernels for one set of input shapes, recorded as a CUDA graph: one launch instead of hundreds.

    Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
    """

    def __init__(self, function: Callable[..., object], inputs: list[Tensor]) -> None:
        self._inputs = inputs
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # libraries allocate at their first runs, which must not be recorded
            for _ in range(3):
                function(*inputs)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._outputs = _as_tuple(function(*inputs))

    def replay(self, inputs: list[Tensor]) -> tuple[Tensor, ...]:
        """Run on new inputs; the outputs are overwritten by the next run."""
        for held, given in zip(self._inputs, inputs, strict=True):
            held.copy_(given)
        self._graph.replay()
        return self._outputs


def _as_tuple(outputs: object) -> tuple[Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)


def torch_runtime(checkpoint: Path, threads: int | None) -> TorchRuntime:
    """The checkpoint on CUDA where there is a card with enough memory, else on the CPU.

    Raises:
        UserError: The checkpoint cannot be used.
    """
    model, spec, _ = load_checkpoint(checkpoint)
    if torch.cuda.is_available():
        try:
            return TorchRuntime(model, spec, device="cuda", threads=threads)
        except BackendUnavailableError:
            model = model.cpu()
    return TorchRuntime(model, spec, threads=threads)
