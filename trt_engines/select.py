"""Choose a backend: TensorRT, then ONNX Runtime, then torch; and say what runs instead, and why, where one does not."""

from collections.abc import Callable
from pathlib import Path

from ghtt_core.errors import UserError
from ghtt_core.runtime import Runtime
from trt_engines.errors import BackendUnavailableError
from trt_engines.exported import Progress, exported_model

BACKENDS = ("auto", "tensorrt", "onnxruntime", "torch")
DEFAULT_CHECKPOINT = Path(__file__).resolve().parent.parent / "assets" / "ghtt_small.safetensors"
_TITLES = {"tensorrt": "TensorRT", "onnxruntime": "ONNX Runtime", "torch": "torch"}


def load_runtime(
    checkpoint: Path | None = None,
    backend: str = "auto",
    *,
    threads: int | None = None,
    progress: Progress = lambda sentence: None,
) -> Runtime:
    """Load a checkpoint on a backend.

    Args:
        checkpoint: The bundled one if omitted.
        backend: One of `BACKENDS`; "auto" takes the first that runs here.
        threads: CPU threads for G-HTT; half of the cores if omitted.
        progress: Told, in one sentence each, about long work (an export, an engine build) and about backends that do not run.

    Raises:
        UserError: The checkpoint cannot be used, there is no such backend, or the one asked for does not run here.
    """
    path = DEFAULT_CHECKPOINT if checkpoint is None else checkpoint
    if backend not in BACKENDS:
        raise UserError(f"There is no backend named {backend!r}; choose one of: {', '.join(BACKENDS)}.")
    if not path.is_file():
        raise UserError(f"There is no checkpoint at {path}; name one with --checkpoint FILE.")
    if backend != "auto":
        try:
            return _LOADERS[backend](path, threads, progress)
        except BackendUnavailableError as error:
            raise UserError(f"{_TITLES[backend]} cannot run here: {error}; choose --backend auto to use what can.") from error
    reasons: list[str] = []
    for name, load in _LOADERS.items():
        try:
            runtime = load(path, threads, progress)
        except BackendUnavailableError as error:
            reasons.append(f"{_TITLES[name]} is not used: {error}")
            continue
        if reasons:
            progress(f"{'; '.join(reasons)}; {runtime.description} runs instead.")
        return runtime
    raise UserError(f"No backend runs here. {'; '.join(reasons)}.")


def _load_tensorrt(checkpoint: Path, threads: int | None, progress: Progress) -> Runtime:
    from trt_engines.cuda import open_card
    from trt_engines.tensorrt_package import tensorrt_package

    # What is missing shows before the export is paid for.
    tensorrt_package()
    open_card()
    from trt_engines.tensorrt_runtime import TensorRtRuntime

    return TensorRtRuntime(exported_model(checkpoint, progress), progress=progress)


def _load_onnxruntime(checkpoint: Path, threads: int | None, progress: Progress) -> Runtime:
    try:
        from trt_engines.onnx_runtime import OnnxRuntime, cuda_reason
    except ImportError as error:
        raise BackendUnavailableError(f"the package onnxruntime is not usable ({error})") from error
    model = exported_model(checkpoint, progress)
    if cuda_reason() is None:
        try:
            return OnnxRuntime(model, threads=threads, cuda=True)
        except BackendUnavailableError as error:
            progress(f"{str(error)[:1].upper()}{str(error)[1:]}; ONNX Runtime runs on the CPU instead.")
    return OnnxRuntime(model, threads=threads)


def _load_torch(checkpoint: Path, threads: int | None, progress: Progress) -> Runtime:
    try:
        from trt_engines.torch_runtime import torch_runtime
    except ImportError as error:
        raise BackendUnavailableError(f"the package torch is not usable ({error})") from error
    return torch_runtime(checkpoint, threads)


_LOADERS: dict[str, Callable[[Path, int | None, Progress], Runtime]] = {
    "tensorrt": _load_tensorrt,
    "onnxruntime": _load_onnxruntime,
    "torch": _load_torch,
}
