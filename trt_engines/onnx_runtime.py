"""G-HTT on ONNX Runtime: the default where there is no NVIDIA card."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from ghtt_core.cores import half_of_the_cores
from ghtt_core.runtime import IMAGINE_INPUTS, IMAGINE_OUTPUTS, OBSERVE_INPUTS, OBSERVE_OUTPUTS, Arrays, ModelSpec
from trt_engines.errors import BackendUnavailableError
from trt_engines.exported import ExportedModel
from trt_engines.spec_metadata import from_metadata


class OnnxRuntime:
    """A `ghtt_core.runtime.Runtime` on ONNX Runtime's CPU or CUDA provider."""

    def __init__(self, model: ExportedModel, *, threads: int | None = None, cuda: bool = False, int8: bool = True) -> None:
        """Load both graphs.

        Args:
            model: The exported graphs.
            threads: CPU threads; half of the cores if omitted, so that the estimator keeps the other half.
            cuda: Run on the CUDA provider.
            int8: On the CPU, draw futures in 8 bits where the export found them unchanged by it.

        Raises:
            BackendUnavailableError: `cuda` is asked for and does not bind, or a graph does not load.
        """
        self._threads = threads or half_of_the_cores()
        self._observe = _open(model.observe, self._threads, cuda)
        imagine = model.imagine_int8 if int8 and not cuda else None
        self._imagine = _open(imagine or model.imagine, self._threads, cuda)
        self._precision = "float32, futures in int8" if imagine else "float32"
        self._spec = from_metadata(self._observe.get_modelmeta().custom_metadata_map)
        self._device = "CUDA" if cuda else f"CPU, {self._threads} thread{'s' if self._threads > 1 else ''}"

    @property
    def spec(self) -> ModelSpec:
        """The checkpoint behind it."""
        return self._spec

    @property
    def description(self) -> str:
        """Backend, device and precision in a few words."""
        return f"ONNX Runtime {onnxruntime.__version__} ({self._device}, {self._precision})"

    def observe(self, inputs: Arrays) -> Arrays:
        """Refine and recognise: `OBSERVE_INPUTS` to `OBSERVE_OUTPUTS`."""
        return _run(self._observe, inputs, OBSERVE_INPUTS, OBSERVE_OUTPUTS)

    def imagine(self, inputs: Arrays) -> Arrays:
        """Draw futures: `IMAGINE_INPUTS` to `IMAGINE_OUTPUTS`."""
        return _run(self._imagine, inputs, IMAGINE_INPUTS, IMAGINE_OUTPUTS)

    def close(self) -> None:
        """Free the sessions."""
        del self._observe, self._imagine


def cuda_reason() -> str | None:
    """Why the CUDA provider is out of the question, or None if it is worth trying."""
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return None
    return "the installed onnxruntime has no CUDA provider"


def _open(path: Path, threads: int, cuda: bool) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning workers would take the estimator's cores between two steps.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if cuda else ["CPUExecutionProvider"]
    try:
        session = onnxruntime.InferenceSession(path, options, providers=providers)
    except Exception as error:
        # ONNX Runtime's exceptions share no public base class.
        raise BackendUnavailableError(f"ONNX Runtime cannot load {path.name} ({str(error).splitlines()[0]})") from error
    if cuda and "CUDAExecutionProvider" not in session.get_providers():
        raise BackendUnavailableError("ONNX Runtime's CUDA provider did not bind (CUDA or cuDNN libraries are missing)")
    return session


def _run(session: Any, inputs: Arrays, names: Sequence[str], outputs: Sequence[str]) -> Arrays:
    feeds = {name: np.ascontiguousarray(inputs[name], np.float32) for name in names}
    return dict(zip(outputs, session.run(list(outputs), feeds), strict=True))
