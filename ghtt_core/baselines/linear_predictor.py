"""A forecaster of linear layers only, in the manner of siMLPe.

Source: Guo et al., Back to MLP: A Simple Baseline for Human Motion Prediction, WACV 2023: a discrete cosine transform over
time, linear layers that mix time or joints, layer normalisation and residuals, no activation; trained on position and velocity.
Here one network serves both hands (in the palm's frame, left ones mirrored), and the observed clip is padded with its last pose
to reach horizons longer than itself (Mao et al., ICCV 2019).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct
from torch import Tensor, nn

from ghtt_core.baselines.forecasters import TrainingWindows
from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.baselines.hand_space import HandSpace
from ghtt_core.skeleton import JOINTS

Array = NDArray[np.floating]
_CHANNELS = JOINTS * 3


class _Block(nn.Module):
    """One linear layer over time, normalised, with a residual."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.mix = nn.Linear(frames, frames)
        self.norm = nn.LayerNorm(_CHANNELS)

    def forward(self, motion: Tensor) -> Tensor:
        mixed: Tensor = self.norm(self.mix(motion.mT).mT)
        return motion + mixed


class _Network(nn.Module):
    """(B, C, 63) observed joints relative to the last pose, to the (B, T, 63) that follow, relative to it too."""

    def __init__(self, observed: int, horizon: int, blocks: int) -> None:
        super().__init__()
        self.horizon = horizon
        frames = observed + horizon
        self.register_buffer("cosines", torch.tensor(dct(np.eye(frames), axis=0, norm="ortho"), dtype=torch.float32))
        self.enter = nn.Linear(_CHANNELS, _CHANNELS)
        self.blocks = nn.Sequential(*(_Block(frames) for _ in range(blocks)))
        self.leave = nn.Linear(_CHANNELS, _CHANNELS)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, clip: Tensor) -> Tensor:
        padded = nn.functional.pad(clip, (0, 0, 0, self.horizon))
        cosines = self.get_buffer("cosines")
        motion: Tensor = self.leave(self.blocks(self.enter(cosines @ padded)))
        return (cosines.mT @ motion)[:, -self.horizon :]


class LinearPredictor:
    """The forecaster; one deterministic future.

    Args:
        steps: Training steps.
        blocks: Temporal layers.
        batch: Hands per step.
        seed: Of the weights and the order of the hands.
    """

    name = "linear (siMLPe-like)"
    learns = True

    def __init__(self, steps: int = 250, blocks: int = 4, batch: int = 64, seed: int = 0) -> None:
        self._steps, self._blocks, self._batch, self._seed = steps, blocks, batch, seed
        self._network: _Network | None = None

    def fit(self, training: TrainingWindows) -> None:
        """Train from scratch; the weights with the least error on a fifth of the sequences are kept.

        Once trained it is kept for shorter horizons, as the beginning of what it says.
        """
        self._frames = training.future_m.shape[1]
        if self._network is None or self._network.horizon < self._frames:
            self._network = self._trained(training)

    def _trained(self, training: TrainingWindows) -> _Network:
        torch.manual_seed(self._seed)
        filled = fill_gaps(training.observed_m)
        space = HandSpace.of(filled)
        clip, scale = self._normalised(space.enter(filled))
        last = space.enter(filled)[:, -1:]
        future = torch.from_numpy((space.enter(training.future_m) - last).reshape(len(last), -1, _CHANNELS).astype(np.float32))
        held_out = torch.from_numpy(training.sequence[space.window] % 5 == 0)
        checked = torch.nonzero(held_out)[:, 0]
        checked = checked[:: max(1, len(checked) // 500)]
        network = _Network(clip.shape[1], future.shape[1], self._blocks)
        optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=2e-3, total_steps=self._steps)
        train = torch.nonzero(~held_out)[:, 0]
        shuffle = torch.Generator().manual_seed(self._seed)
        best, kept = float("inf"), {}
        for step in range(1, self._steps + 1):
            batch = train[torch.randint(len(train), (self._batch,), generator=shuffle)]
            loss = _loss(network(clip[batch]), future[batch] / scale)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            if step % 50 == 0 or step == self._steps:
                with torch.no_grad():
                    error = float(_loss(network(clip[checked]), future[checked] / scale))
                if error < best:
                    best, kept = error, {name: value.clone() for name, value in network.state_dict().items()}
        network.load_state_dict(kept)
        return network

    def _normalised(self, hands_m: Array) -> tuple[Tensor, float]:
        """(M, C, 21, 3) to (M, C, 63) relative to the last pose, in units of a decimetre."""
        scale = 0.1
        relative = (hands_m - hands_m[:, -1:]) / scale
        return torch.from_numpy(relative.reshape(*relative.shape[:2], _CHANNELS).astype(np.float32)), scale

    def forecast(self, observed_m: Array, samples: int) -> Array:
        """See `Forecaster`."""
        if self._network is None:
            raise RuntimeError("the linear predictor was asked before it was fitted")
        filled = fill_gaps(observed_m)
        space = HandSpace.of(filled)
        hands = space.enter(filled)
        clip, scale = self._normalised(hands)
        with torch.inference_mode():
            motion = self._network(clip)[:, : self._frames].numpy() * scale
        return space.leave(hands[:, None, -1:] + motion.reshape(len(hands), 1, -1, JOINTS, 3))


def _loss(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean joint distance of positions and of velocities, over what is known."""
    known = torch.isfinite(true)
    error = torch.where(known, predicted - torch.nan_to_num(true), 0.0)
    joints = (*true.shape[:2], JOINTS, 3)
    position, weight = error.reshape(joints), known.reshape(joints).all(dim=-1).float()
    both = weight[:, 1:] * weight[:, :-1]
    return _mean_length(position, weight) + _mean_length(position.diff(dim=1), both)


def _mean_length(vectors: Tensor, weight: Tensor) -> Tensor:
    lengths: Tensor = (vectors.square().sum(dim=-1) + 1e-8).sqrt()
    return (lengths * weight).sum() / weight.sum().clamp(min=1.0)
