"""Checkpoints: safetensors with everything in their metadata that is needed to run them."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from ghtt_core.errors import UserError
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.runtime import ModelSpec
from ghtt_core.skeleton import PALM_TEMPLATE
from ghtt_core.untrusted import names, require_printable
from ghtt_core.weights import read_metadata, write_weights

FORMAT = "ghtt-checkpoint-4"
_OLDER_FORMATS = {
    "ghtt-checkpoint-3": ("action.readout.",),
    "ghtt-checkpoint-2": ("action.readout.", "action.embed_placement."),
    "ghtt-checkpoint-1": ("action.readout.", "action.embed_placement.", "action.class_bias"),
}
"""Without tensors of these names, which change nothing as a new model has them."""
_METADATA = ("config", "action_names", "palm_template", "default_temperature", "card")
_MAX_CLASSES = 10_000
_MAX_TEMPERATURE = 100.0


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
    write_weights(path, model.state_dict(), metadata)


def read_spec(path: Path) -> tuple[ModelSpec, GHTTConfig, dict[str, Any]]:
    """A checkpoint's description, its sizes and its model card, without its tensors.

    Raises:
        UserError: The file is missing or is not a G-HTT checkpoint.
    """
    metadata = read_metadata(path)
    try:
        with path.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} is not a safetensors checkpoint ({error}).") from error
    if metadata.get("format") not in (FORMAT, *_OLDER_FORMATS):
        raise UserError(
            f"{path} is not a G-HTT checkpoint of this version (format {metadata.get('format')!r}, need {FORMAT!r})."
        )
    try:
        values = {key: json.loads(metadata[key]) for key in _METADATA}
        config = GHTTConfig(**values["config"])
        require_printable((str(config.name),))
        palm_template = np.array(values["palm_template"], np.float64).reshape(5, 3)
        temperature = float(values["default_temperature"])
        fine = np.isfinite(palm_template).all() and 0 <= temperature <= _MAX_TEMPERATURE and isinstance(values["card"], dict)
        if not fine:
            raise ValueError("the palm template, the temperature or the model card cannot be used")
        spec = ModelSpec(
            name=f"{config.name} {path.stem}",
            sha256=sha256,
            width=config.width,
            future_clips=config.future_clips,
            action_names=names(values["action_names"], _MAX_CLASSES),
            palm_template=palm_template,
            default_temperature=temperature,
        )
        return spec, config, values["card"]
    except (KeyError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise UserError(f"The checkpoint {path} has damaged metadata: {error}.") from error


def load_checkpoint(path: Path) -> tuple[GHTT, ModelSpec, dict[str, Any]]:
    """The model in evaluation mode, its description and its card.

    Raises:
        UserError: The file is missing, is not a G-HTT checkpoint, or its tensors do not fit its configuration.
    """
    spec, config, card = read_spec(path)
    _require_room(path, config, len(spec.action_names))
    model = GHTT(config, spec.action_names)
    try:
        lacking = _OLDER_FORMATS.get(read_metadata(path)["format"], ())
        new = {name: value for name, value in model.state_dict().items() if name.startswith(lacking)} if lacking else {}
        model.load_state_dict(new | load_file(path))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise UserError(f"The tensors in {path} do not fit its configuration {config.name!r}.") from error
    return model.eval(), spec, card


def _require_room(path: Path, config: GHTTConfig, classes: int) -> None:
    """Check that a file holds about as many numbers as the network it describes: a small file may describe a huge one."""
    with safe_open(path, "np") as file:
        held = sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 (no mapping)
    attention, feedforward = 4 * config.width**2, 2 * config.width * config.feedforward
    encoder, decoder = attention + feedforward, 2 * attention + feedforward
    least = 2 * (config.encoder_layers * encoder + config.decoder_layers * decoder) + classes * config.text_width
    if held < least:
        raise UserError(
            f"The tensors in {path} do not fit its configuration {config.name!r}: that needs {least} numbers or more, "
            f"the file holds {held}."
        )
