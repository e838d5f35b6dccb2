"""Checkpoints: safetensors with everything in their metadata that is needed to run them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ghtt_core.errors import UserError
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.runtime import ModelSpec
from ghtt_core.skeleton import PALM_TEMPLATE

FORMAT = "ghtt-checkpoint-1"


def save_checkpoint(path: Path, model: GHTT, *, default_temperature: float = 1.0, card: dict[str, Any] | None = None) -> None:
    """Write a checkpoint; `card` is the model card: data, licences, command, metrics."""
    metadata = {
        "format": FORMAT,
        "config": json.dumps(model.config.as_dict()),
        "action_names": json.dumps(list(model.action_names)),
        "palm_template": json.dumps(PALM_TEMPLATE),
        "default_temperature": json.dumps(default_temperature),
        "card": json.dumps(card or {}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, partial, metadata)
    partial.replace(path)


def read_spec(path: Path) -> tuple[ModelSpec, GHTTConfig, dict[str, Any]]:
    """A checkpoint's description, its sizes and its model card, without its tensors.

    Raises:
        UserError: The file is missing or is not a G-HTT checkpoint.
    """
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise UserError(f"There is no checkpoint at {path}.") from error
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is not a safetensors checkpoint ({error}).") from error
    if metadata.get("format") != FORMAT:
        raise UserError(
            f"{path} is not a G-HTT checkpoint of this version (format {metadata.get('format')!r}, need {FORMAT!r})."
        )
    try:
        config = GHTTConfig(**json.loads(metadata["config"]))
        spec = ModelSpec(
            name=f"{config.name} {path.stem}",
            sha256=sha256,
            width=config.width,
            future_clips=config.future_clips,
            action_names=tuple(str(name) for name in json.loads(metadata["action_names"])),
            palm_template=np.array(json.loads(metadata["palm_template"]), np.float64).reshape(5, 3),
            default_temperature=float(json.loads(metadata["default_temperature"])),
        )
        return spec, config, json.loads(metadata["card"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"The checkpoint {path} has damaged metadata: {error}.") from error


def load_checkpoint(path: Path) -> tuple[GHTT, ModelSpec, dict[str, Any]]:
    """The model in evaluation mode, its description and its card.

    Raises:
        UserError: The file is missing, is not a G-HTT checkpoint, or its tensors do not fit its configuration.
    """
    from safetensors.torch import load_file

    spec, config, card = read_spec(path)
    model = GHTT(config, spec.action_names)
    try:
        model.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"The tensors in {path} do not fit its configuration {config.name!r}.") from error
    return model.eval(), spec, card
