"""Training of what G-HTT is compared with: the flat model, and its own encoders for recognition alone.

Both are trained as G-HTT is, on the same windows, noise and losses, so that only what the ablation takes away is missing. The
flat model learns as the pose block does: the stratum of a future's kind learns from it, without the action block's choice among
several.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.baselines.flat import FlatModel, load_flat, save_flat
from ghtt_core.baselines.forecasters import ZeroVelocity
from ghtt_core.checkpoint import save_checkpoint
from ghtt_core.errors import UserError
from ghtt_core.evaluate.ablations import FlatForecaster
from ghtt_core.evaluate.forecast import ratios_to_zero, run_forecasts
from ghtt_core.evaluate.model import Model
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.features import features_from_joints
from ghtt_core.geometry import inverse, transform_points
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.motion import MotionSequence
from ghtt_core.runtime import CLIP_FRAMES
from ghtt_core.train.action import HISTORY_CLIPS, LEAST_FUTURE, TEXT_WEIGHT, recognition_metrics, spec_of
from ghtt_core.train.augment import Corrupt, as_estimated, vary
from ghtt_core.train.calibrate import TEMPERATURES
from ghtt_core.train.mix import DataMix
from ghtt_core.train.places import Places, seen_placements
from ghtt_core.train.pose import PoseLosses, PoseTask, window_sizes
from ghtt_core.train.store import MIN_SEEN, UNLABELLED, MotionStore, by_rarity

VALIDATION = EvaluationProtocol(windows=128, stride=CLIP_FRAMES // 2)


class FlatTask(PoseTask):
    """What the training loop needs to know about the flat model, which answers for whole futures in place of the next clip."""

    least_future = LEAST_FUTURE

    def __init__(
        self,
        config: GHTTConfig,
        train: DataMix,
        validation: Sequence[tuple[str, list[MotionSequence]]],
        corrupt: Corrupt,
    ) -> None:
        super().__init__(config, train, [], corrupt)
        self.frames = config.future_clips * CLIP_FRAMES
        self.sequences = validation

    def _new_block(self) -> FlatModel:
        return FlatModel(self.config)

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Forecast errors relative to zero velocity, by data set."""
        assert isinstance(module, PoseLosses)
        assert isinstance(module.block, FlatModel)
        metrics: dict[str, float] = {}
        for name, sequences in self.sequences:
            found = _forecast_ratios(FlatForecaster(module.block, 1.0), sequences)
            metrics |= {f"{name}/{key}": value for key, value in found.items()}
        return metrics

    @staticmethod
    def score(metrics: dict[str, float]) -> float:
        """Lower is better: the mean of the ratios."""
        return float(np.mean(list(metrics.values())))

    def save(self, module: nn.Module, path: Path, card: dict[str, Any]) -> None:
        """Write a checkpoint."""
        assert isinstance(module, PoseLosses)
        assert isinstance(module.block, FlatModel)
        save_flat(path, module.block, 1.0, card)


def _forecast_ratios(forecaster: FlatForecaster, sequences: Sequence[MotionSequence]) -> dict[str, float]:
    """Over the longer of four and two clips for which there are enough windows."""
    for horizon in (4 * CLIP_FRAMES, 2 * CLIP_FRAMES):
        runs = run_forecasts(sequences, (), (ZeroVelocity(), forecaster), VALIDATION, horizon)
        if runs:
            return ratios_to_zero(*runs)
    return {}


def calibrate_flat(path: Path, validation: Sequence[tuple[str, Sequence[MotionSequence]]]) -> None:
    """Fit the sampling temperature as G-HTT's is fitted, by the best-of-20 errors, and write it into the checkpoint."""
    model, _, card = load_flat(path)

    def error(temperature: float) -> float:
        found = (_forecast_ratios(FlatForecaster(model, temperature), sequences) for _, sequences in validation)
        best = [value for ratios in found for name, value in ratios.items() if name.startswith("best")]
        return float(np.mean(best or [temperature]))

    temperature = min(TEMPERATURES, key=error)
    fitted = {"sampling_temperature": temperature, "on": [name for name, _ in validation]}
    save_flat(path, model, temperature, {**card, "calibration": fitted})


class RecogniserLosses(nn.Module):
    """Both encoders of G-HTT under the losses of recognition alone."""

    def __init__(self, model: GHTT) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch from `RecogniserTask.batch`, and its parts."""
        block = self.model.action
        valid = batch["valid"]
        known = self.model.pose.encode(batch["features"][valid], batch["mask"][valid])[0]  # half of a history is empty, or more
        m = known.new_zeros(*valid.shape, known.shape[-1])
        m[valid] = known
        alpha = block.encode(m, valid, batch["placement"])[0]
        logits = block.logits(alpha)
        naming = functional.cross_entropy(logits, batch["label"], reduction="none")
        agreement = (alpha - block.class_latents()[batch["label"]]).abs().mean(dim=1)
        right = (logits.argmax(dim=1) == batch["label"]).float()
        return (naming + TEXT_WEIGHT * agreement).mean(), {"class": naming.detach().mean(), "top1": right.mean()}


class RecogniserTask:
    """What the training loop needs to know about recognition alone.

    Args:
        model: Its encoders are trained from where they stand; the standardisation of the features has to be there.
        text: (C, text_width) embeddings of the classes.
        train: Data sets with their shares.
        validation: Data sets to validate on.
        corrupt: Noise for motion that no estimator saw.

    Raises:
        UserError: There is nothing labelled to train on.
    """

    def __init__(
        self,
        model: GHTT,
        text: NDArray[np.float32],
        train: Sequence[tuple[str, list[MotionSequence], float]],
        validation: Sequence[tuple[str, list[MotionSequence]]],
        corrupt: Corrupt,
    ) -> None:
        model.action.class_text.copy_(torch.from_numpy(text))
        self.module = RecogniserLosses(model)
        self.corrupt, self.validation = corrupt, validation
        stores = [(MotionStore(sequences, model.action_names), share) for _, sequences, share in train]
        self.stores = [(store, rows, share) for store, share in stores if len(rows := _labelled_rows(store))]
        if not self.stores:
            raise UserError("None of the data sets has labelled motion of these actions to train on.")

    def batch(self, rng: np.random.Generator, size: int) -> dict[str, NDArray[Any]]:
        """Histories of up to 8 clips that end in a labelled frame, rare classes more often than they occur."""
        shares = np.array([share for _, _, share in self.stores])
        parts = [
            self._histories(store, rows, int(count), rng)
            for (store, rows, _), count in zip(self.stores, rng.multinomial(size, shares / shares.sum()), strict=True)
            if count
        ]
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = rng.permutation(size)
        return {name: array[order] for name, array in whole.items()}

    def _histories(
        self, store: MotionStore, rows: NDArray[np.int64], count: int, rng: np.random.Generator
    ) -> dict[str, NDArray[Any]]:
        row = rows[by_rarity(store.label[rows], count, rng)]
        joints_m = store.gather(store.seen_m, row, HISTORY_CLIPS * CLIP_FRAMES, 0)
        camera = store.camera[row]
        has_camera = np.isfinite(camera).all(axis=(1, 2), keepdims=True)
        pose = np.where(has_camera, camera, np.eye(4, dtype=np.float32))
        as_seen = inverse((pose[:, None, None, :3, :3], pose[:, None, None, :3, 3]))
        joints_m = np.asarray(transform_points(as_seen, joints_m))
        joints_m, _ = vary(joints_m, joints_m.copy(), rng)
        joints_m = as_estimated(joints_m, store.estimated[row], self.corrupt, rng)
        clips_m = joints_m.reshape(count, HISTORY_CLIPS, CLIP_FRAMES, *joints_m.shape[2:])
        sizes = np.repeat(window_sizes(joints_m)[:, None], HISTORY_CLIPS, axis=1)
        described = features_from_joints(clips_m, sizes)
        valid = described.visible.any(axis=3).sum(axis=2) >= MIN_SEEN
        valid &= np.arange(HISTORY_CLIPS) >= rng.integers(0, HISTORY_CLIPS, (count, 1))
        valid[:, -1] = True
        here = np.where(has_camera, np.eye(4, dtype=np.float32), np.float32(np.nan))
        return {
            "features": described.values,
            "mask": described.mask,
            "valid": valid,
            "placement": seen_placements(Places.of(described), valid, here, np.zeros(count, np.bool_), rng),
            "label": store.label[row],
        }

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Recognition on held-out recordings, by data set."""
        assert isinstance(module, RecogniserLosses)
        model = Model(module.model, spec_of(module.model), temperature=1.0)
        found = {name: recognition_metrics(model, sequences) for name, sequences in self.validation}
        return {f"{name}/{key}": value for name, metrics in found.items() for key, value in metrics.items()}

    @staticmethod
    def score(metrics: dict[str, float]) -> float:
        """Lower is better: the share of wrong names."""
        return 1 - float(np.mean([value for name, value in metrics.items() if name.endswith("/top1")]))

    def save(self, module: nn.Module, path: Path, card: dict[str, Any]) -> None:
        """Write a G-HTT checkpoint whose decoders are untrained; the card's `block` says so."""
        assert isinstance(module, RecogniserLosses)
        save_checkpoint(path, module.model, card=card)


def _labelled_rows(store: MotionStore) -> NDArray[np.int64]:
    """Labelled frames that end a whole clip in which a hand is seen often enough."""
    total = np.concatenate(([0], store.hand_present(store.seen_m).any(axis=1).cumsum()))
    rows = np.flatnonzero((store.label != UNLABELLED) & (np.arange(len(store)) - store.begin >= CLIP_FRAMES - 1))
    return rows[total[rows + 1] - total[rows + 1 - CLIP_FRAMES] >= MIN_SEEN]
