"""G-HTT on torch: the reference that every other backend is held against."""

from pathlib import Path

import torch

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.model.ghtt import GHTT
from ghtt_core.runtime import IMAGINE_INPUTS, OBSERVE_INPUTS, OBSERVE_OUTPUTS, Arrays, ModelSpec
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

    @property
    def spec(self) -> ModelSpec:
        """The checkpoint behind it."""
        return self._spec

    @property
    def description(self) -> str:
        """Backend, device and precision in a few words."""
        return f"torch {torch.__version__.split('+')[0]} ({self._device.type.upper()}, float32)"

    def observe(self, inputs: Arrays) -> Arrays:
        """Refine and recognise: `OBSERVE_INPUTS` to `OBSERVE_OUTPUTS`."""
        with torch.inference_mode():
            outputs = self._model.observe(*self._upload(inputs, OBSERVE_INPUTS))
            return {name: output.cpu().numpy() for name, output in zip(OBSERVE_OUTPUTS, outputs, strict=True)}

    def imagine(self, inputs: Arrays) -> Arrays:
        """Draw futures: `IMAGINE_INPUTS` to `IMAGINE_OUTPUTS`."""
        with torch.inference_mode():
            return {"futures": self._model.imagine(*self._upload(inputs, IMAGINE_INPUTS)).cpu().numpy()}

    def close(self) -> None:
        """Free the module."""
        del self._model

    def _upload(self, inputs: Arrays, names: tuple[str, ...]) -> list[torch.Tensor]:
        return [torch.from_numpy(inputs[name]).to(self._device, torch.float32) for name in names]


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
