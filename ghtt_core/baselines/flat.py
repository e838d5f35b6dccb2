"""The flat model: one transformer VAE that sees a clip and decodes all the frames to come at once.

The paper's ablation without the mid-level: encoder, head and losses are those of the pose block, but no action block is above
it, so nothing longer than the clip is seen and the whole future hangs on one latent.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ghtt_core.errors import UserError
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.layers import sinusoid
from ghtt_core.model.pose_block import LATENT_TOKENS, PoseBlock
from ghtt_core.runtime import CLIP_FRAMES
from ghtt_core.weights import read_metadata, write_weights

FORMAT = "ghtt-flat-1"


class FlatModel(PoseBlock):
    """A pose block whose decoder answers for all frames to come: `frames` of them, as many as G-HTT imagines."""

    def __init__(self, config: GHTTConfig) -> None:
        super().__init__(config)
        self.config = config
        self.frames = config.future_clips * CLIP_FRAMES

    def decode(self, m: Tensor, skip: Tensor | None = None, last: Tensor | None = None, frames: int | None = None) -> Tensor:
        """Predict what follows the clip that m encodes.

        Args:
            m: (B, d).
            skip: (B, 16, d) frame outputs of the encoder, or None to go by m alone.
            last: (B, 153) the clip's last frame, refined; given with `skip`.
            frames: How many; those that it is trained for if omitted.

        Returns:
            (B, frames, 153) features.
        """
        coming = torch.arange(self.frames if frames is None else frames, device=m.device)
        queries = sinusoid(LATENT_TOKENS + CLIP_FRAMES + coming, m.shape[1])[None]
        memory, position = m[:, None], torch.zeros_like(m[:1, None])
        if skip is not None:
            memory = torch.cat((memory, skip), dim=1)
            position = torch.cat((position, self.frame_position[:, LATENT_TOKENS:]), dim=1)
        return self._anchored(self._head(self.decoder(queries, memory, position)), last)


def save_flat(path: Path, model: FlatModel, temperature: float, card: dict[str, Any]) -> None:
    """Write a checkpoint with its sampling temperature and model card."""
    metadata = {
        "format": FORMAT,
        "config": json.dumps(model.config.as_dict()),
        "default_temperature": json.dumps(temperature),
        "card": json.dumps(card),
    }
    write_weights(path, model.state_dict(), metadata)


def load_flat(path: Path) -> tuple[FlatModel, float, dict[str, Any]]:
    """The model in evaluation mode, its sampling temperature and its card.

    Raises:
        UserError: The file is missing or is not a flat model.
    """
    metadata = read_metadata(path, "flat model")
    if metadata.get("format") != FORMAT:
        raise UserError(f"{path} is not a flat model of this version (format {metadata.get('format')!r}, need {FORMAT!r}).")
    try:
        model = FlatModel(GHTTConfig(**json.loads(metadata["config"])))
        model.load_state_dict(load_file(path))
        return model.eval(), float(json.loads(metadata["default_temperature"])), json.loads(metadata["card"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path} is not a flat model ({error}).") from error
