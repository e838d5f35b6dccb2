"""Which of many futures is meant: a cheap look at all of them, so that only the nearest need be decoded.

Best-of-K training (Guzman-Rivera et al., "Multiple Choice Learning", NeurIPS 2012) wants K futures a window, of which all but
one are thrown away. Here a small network reads the coarse course of the hands off the latents. It says which of the K
latents lies nearest to what happened, that one is decoded, and the course itself pulls the latents of different strata apart.
It is no part of the checkpoint.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ghtt_core.features import HandFrames
from ghtt_core.skeleton import HANDS
from ghtt_core.train.losses import METRES

JOINTS = (0, 4, 8, 20)
"""Wrist, and the tips of thumb, index and little finger: where a hand is and how it is held."""
STEP = 4
"""Every fourth frame."""
LOSERS = 0.02
"""Share of the mean over all K in the loss: a stratum that never wins is drawn to where it may."""
FINAL = 0.25
"""Weight of the last frame beside the mean over all frames."""


def coarse_course(future_m: NDArray[np.float32], anchor: HandFrames) -> NDArray[np.float32]:
    """(B, T, 2, 21, 3) to (B, T / 4, 2, 4, 3): some joints of some frames, seen from each hand's anchor, in `METRES`."""
    some = future_m[:, STEP - 1 :: STEP][:, :, :, list(JOINTS)]
    return np.asarray((some - anchor.position[:, None, :, None]) @ anchor.rotation[:, None] / METRES, np.float32)


class Plan(nn.Module):
    """Latents to coarse courses."""

    def __init__(self, width: int, frames: int) -> None:
        super().__init__()
        self.shape = (frames // STEP, HANDS, len(JOINTS), 3)
        hidden = 256
        self.layers = nn.Sequential(
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, int(np.prod(self.shape))),
        )

    def forward(self, latents: Tensor, course: Tensor) -> tuple[Tensor, Tensor]:
        """Hold K latents against what happened.

        Args:
            latents: (B, K, width).
            course: (B, frames, 2, joints, 3), NaN where unknown.

        Returns:
            (B,) the loss, and (B,) which of the K came nearest.
        """
        planned = self.layers(latents).unflatten(-1, self.shape)
        known = course.isfinite().all(dim=-1)[:, None]
        offset = torch.where(known[..., None], planned - torch.nan_to_num(course)[:, None], 0.0)
        distance = torch.where(known, (offset.square().sum(dim=-1) + 1e-10).sqrt(), 0.0)  # (B, K, frames, 2, joints)
        final = _mean(distance[:, :, -1:], known[:, :, -1:])
        error = _mean(distance, known) + FINAL * final
        nearest = error.min(dim=1)
        return nearest.values + LOSERS * error.mean(dim=1), nearest.indices


def _mean(distance: Tensor, known: Tensor) -> Tensor:
    """(B, K, ...) to (B, K) over what is known, 0 where nothing is."""
    count: Tensor = known.flatten(2).sum(dim=2).clamp(min=1)
    return distance.flatten(2).sum(dim=2) / count


def picked(latents: Tensor, index: Tensor) -> Tensor:
    """(B, K, d) and (B,) to the picked (B, d)."""
    return latents[torch.arange(len(latents), device=latents.device), index]
