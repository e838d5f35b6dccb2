"""Files of weights: safetensors, never pickles, whose metadata say what they are."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ghtt_core.errors import UserError


def write_weights(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors, such as a module's `state_dict()`; a file that is already there is replaced when the new one is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial, dict(metadata))
    partial.replace(path)


def read_metadata(path: Path, kind: str = "checkpoint") -> dict[str, str]:
    """What a file says of itself, without its tensors; its "format" tells what it is.

    Args:
        path: The file.
        kind: What it should be, for people.

    Raises:
        UserError: It is missing, or no safetensors file.
    """
    try:
        with safe_open(path, "np") as file:
            return file.metadata() or {}
    except FileNotFoundError as error:
        raise UserError(f"There is no {kind} at {path}.") from error
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is not a safetensors {kind} ({error}).") from error
