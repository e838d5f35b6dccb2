"""What a checkpoint is set beside in the tables: flat models, recognisers, and heads for other actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ghtt_core.baselines.flat import FORMAT, FlatModel, load_flat
from ghtt_core.checkpoint import read_spec
from ghtt_core.evaluate.model import EncodedClips, Model, SampledForecaster, noise
from ghtt_core.evaluate.tables import SEED
from ghtt_core.model.pose_block import reparametrise
from ghtt_core.runtime import CLIP_FRAMES
from ghtt_core.skeleton import PALM_TEMPLATE
from ghtt_core.weights import read_metadata

FLAT_MODEL = "flat model"
"""How its rows begin."""
RECOGNISER = "recogniser"
"""The `block` that the card of a checkpoint trained for recognition alone names."""


class FlatForecaster(SampledForecaster):
    """The flat model: all frames from one latent."""

    def __init__(self, model: FlatModel, temperature: float, seed: int = 0, name: str = FLAT_MODEL) -> None:
        super().__init__(model, np.array(PALM_TEMPLATE), name)
        self.model, self.temperature, self.seed = model, temperature, seed

    def _features(self, clips: EncodedClips, samples: int, count: int) -> Tensor:
        drawn = noise(samples, clips.m_mean.shape[1], self.seed)[0].repeat(len(clips.m_mean), 1)
        m_mean, m_logvar, m_skip, last = (
            part.repeat_interleave(samples, dim=0)
            for part in (clips.m_mean, clips.m_logvar, clips.m_skip, clips.refined[:, -1])
        )
        m = reparametrise(m_mean, m_logvar, self.temperature * drawn)
        # As in the cascade: as many frames as it is trained for, and those beyond from a longer query.
        frames, usual = count * CLIP_FRAMES, self.model.frames
        coming = self.model.decode(m, m_skip, last)[:, :frames]
        if frames <= usual:
            return coming
        return torch.cat((coming, self.model.decode(m, m_skip, last, frames)[:, usual:]), dim=1)


@dataclass(frozen=True, slots=True)
class Companions:
    """What the tables show beside the checkpoints that are measured.

    Attributes:
        flat: Flat models, for the forecasts.
        recognisers: Named models for the recognition alone: trained for it alone, or with a head for other actions.
        trained: What each was given of training, a phrase each, for a comparison is worth no more than its budgets.
    """

    flat: Sequence[FlatForecaster] = ()
    recognisers: Sequence[tuple[str, Model]] = ()
    trained: Sequence[str] = ()


def load_companions(paths: Sequence[Path], seed: int) -> Companions:
    """Flat models, recognisers and G-HTT checkpoints from their files, told apart by what they hold.

    Raises:
        UserError: A file is missing or is none of them.
    """
    flat: list[FlatForecaster] = []
    recognisers: list[tuple[str, Model]] = []
    trained: list[str] = []
    for path in paths:
        if read_metadata(path).get("format") == FORMAT:
            model, temperature, card = load_flat(path)
            name = _named(FLAT_MODEL, card)
            flat.append(FlatForecaster(model, temperature, seed, name))
        else:
            card = read_spec(path)[2]
            name = _named("recognition only", card) if card.get("block") == RECOGNISER else f"G-HTT {path.stem}"
            recognisers.append((name, Model.load(path, seed=seed)))
        trained.append(f"{name} ({_data(card)}): {card.get('step', '?')} steps of {_setting(card, 'batch')}")
    return Companions(flat, recognisers, trained)


def _named(kind: str, card: dict[str, Any]) -> str:
    """With the seed of its training, so that several can stand side by side."""
    seed = _setting(card, "seed")
    return kind if seed == "?" else f"{kind}{SEED}{seed}"


def _setting(card: dict[str, Any], name: str) -> str:
    settings = card.get("settings")
    return str(settings.get(name, "?")) if isinstance(settings, dict) else "?"


def _data(card: dict[str, Any]) -> str:
    return ", ".join(str(name).partition("@")[0] for name in card.get("data", ())) or "data not recorded"
