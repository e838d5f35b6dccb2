"""Training of the action block on top of a pose block that is frozen, or learns with it."""

import copy
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.baselines.forecasters import ZeroVelocity
from ghtt_core.checkpoint import save_checkpoint
from ghtt_core.evaluate.forecast import ratios_to_zero, run_forecasts
from ghtt_core.evaluate.model import CascadeForecaster, Model, recognise
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.recognise import action_windows
from ghtt_core.features import HandFrames, features_from_joints, joints_from_features
from ghtt_core.metrics import expected_calibration_error
from ghtt_core.model.action_block import ActionBlock
from ghtt_core.model.ghtt import GHTT
from ghtt_core.model.pose_block import PoseBlock, reparametrise
from ghtt_core.motion import MotionSequence
from ghtt_core.runtime import CLIP_FRAMES, FEATURES, FRAME_RATE_HZ, ModelSpec
from ghtt_core.sampling import stratum_centres, stratum_noise
from ghtt_core.skeleton import PALM_TEMPLATE
from ghtt_core.train.augment import Corrupt, as_estimated, mirrored_where
from ghtt_core.train.kinds import KIND_WINDOWS, STRATA_WINDOWS, Kinds, coarse_course, mean_courses
from ghtt_core.train.losses import joint_error, kl_to_standard_normal
from ghtt_core.train.mid_levels import MidLevels, mid_levels
from ghtt_core.train.places import Places, seen_placements
from ghtt_core.train.pose import KL_WEIGHT, full_precision, window_sizes
from ghtt_core.train.store import UNLABELLED, MotionStore, by_rarity

Float32 = NDArray[np.float32]

M_NOISE = 0.8
"""Noise on the observed mid-levels, in units of their spread. The paper's 1.0 belongs to its own scale of m; less than 0.5 lets
the block learn its few labelled recordings by heart."""
FORECAST_M_NOISE = 0.1
"""The same where nothing is to be named: forecasts live on where the hands are just then."""
LABEL_SMOOTHING = 0.1
"""Share of the target spread over all names (Szegedy et al., CVPR 2016): the borders of actions were set by eye."""
TEXT_WEIGHT = 0.1
LEVEL_WEIGHT = 0.1
"""Of the distance between foretold mid-levels and those of what came: the pose block makes only the mean of what may follow out
of the latter, and a future of one kind lies elsewhere."""
KEPT_LEVEL_WEIGHT = 0.3
"""Of the distance between a clip's mid-level and what it was before joint training, in units of their spread."""
LEAST_FUTURE = CLIP_FRAMES * 3 // 2
"""Frames that have to follow in a training window."""
CANDIDATES = 4
"""The strata of so many kinds of future, those nearest to what came, are tried; the one that foretells it best learns from it.
Which kind is meant depends on what was seen, and the kinds do not know that."""
ENOUGH_WINDOWS = 50
HISTORY_CLIPS = 8
"""Clips of history in training; longer ones at run time are of the same kind, and most training motion is shorter."""


class ActionLosses(nn.Module):
    """The action block on a pose block, and its losses.

    Args:
        block: Is trained.
        pose: Is frozen, unless `joint`.
        future_clips: How many clips a future has.
        joint: Train the pose block too, so that it answers for whole futures and not for the next clip alone. Its head stays,
            and its encoder is held to the refined poses and the mid-levels that it gave before: the former are good, and the
            mid-levels of the earlier past, which are not computed again, have to fit the new one.
        level_noise: See `M_NOISE`.
    """

    def __init__(
        self, block: ActionBlock, pose: PoseBlock, future_clips: int, *, joint: bool = False, level_noise: float = M_NOISE
    ) -> None:
        super().__init__()
        self.block = block
        self.pose = pose.requires_grad_(joint)
        self.pose.head.requires_grad_(False)
        self.before = copy.deepcopy(pose).requires_grad_(False) if joint else None
        self.future_clips = future_clips
        self.level_noise = level_noise

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch from `ActionTask.batch`, and its parts."""
        block = self.block
        labelled = batch["label"] != UNLABELLED
        amount = torch.where(labelled, self.level_noise, FORECAST_M_NOISE)[:, None, None]
        m_mean, m_logvar, m_skip, refined = _last_clip(self.pose, batch)
        last, kept = refined[:, -1], self._distance_from_before(m_mean, refined, batch)
        history = torch.cat((batch["history"], m_mean[:, None]), dim=1)
        history = history + amount * block.m_std * batch["noise_history"]
        mean, logvar, skip = block.encode(history, batch["valid"], batch["placement"])
        naming, agreement, right = self._recognition(mean, batch["label"], labelled)

        m = reparametrise(m_mean[:, None], m_logvar[:, None], batch["noise_m"])  # (B, candidates, d)
        alpha = reparametrise(mean[:, None], logvar[:, None], batch["noise_alpha"])
        meant = self._meant(m, m_skip, last, alpha, skip, batch)
        m = torch.stack((m_mean, m[meant]), dim=1)  # (B, 2, d)
        alpha = torch.stack((mean, alpha[meant]), dim=1)
        later = self._decode_half_with_skip(alpha, skip, batch["valid"])  # (B, 2, F - 1, d)
        target = block.standardise(batch["coming"])[:, None]
        distance = (block.standardise(later) - target).abs().mean(dim=-1)
        known = batch["coming_known"][:, None].expand_as(distance)
        level = torch.where(known, distance, 0.0).sum(dim=2) / known.sum(dim=2).clamp(min=1)
        exact, best = (LEVEL_WEIGHT * level + self._joint_errors(m, m_skip, last, later, batch)).unbind(dim=1)
        divergence = kl_to_standard_normal(mean, logvar)
        loss = (exact + best + naming + TEXT_WEIGHT * agreement + KL_WEIGHT * divergence + kept).mean()
        share = labelled.float().mean().clamp(min=1e-6)
        named = {"class": naming / share, "top1": right / share}
        parts = {"future": exact, "future_best": best, **named, "kl": divergence, "kept": kept}
        return loss, {name: part.detach().mean() for name, part in parts.items()}

    @torch.no_grad()
    def _meant(
        self, m: Tensor, m_skip: Tensor, last: Tensor, alpha: Tensor, skip: Tensor, batch: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Row and number of the candidate, of (B, candidates, d), that comes nearest to what happened."""
        later = self._decode_half_with_skip(alpha, skip, batch["valid"])
        errors = self._joint_errors(m, m_skip, last, later, batch)
        return torch.arange(len(m), device=m.device), errors.argmin(dim=1)

    def _recognition(self, alpha: Tensor, label: Tensor, labelled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cross-entropy, distance to the class's latent and whether the name is right, (B,) each; 0 where there is no label."""
        if not len(self.block.class_text):
            nothing = torch.zeros_like(alpha[:, 0])
            return nothing, nothing, nothing
        wanted, logits = label.clamp(min=0), self.block.logits(alpha)
        naming = functional.cross_entropy(logits, wanted, reduction="none", label_smoothing=LABEL_SMOOTHING)
        agreement = (alpha - self.block.class_latents()[wanted]).abs().mean(dim=1)
        right = (logits.argmax(dim=1) == wanted).float()
        naming, agreement, right = (torch.where(labelled, part, 0.0) for part in (naming, agreement, right))
        return naming, agreement, right

    def _decode_half_with_skip(self, alpha: Tensor, skip: Tensor, valid: Tensor) -> Tensor:
        """Decode one half of the batch from alpha and the clip outputs, the other from alpha alone."""
        draws, half, clips = alpha.shape[1], len(alpha) // 2, self.future_clips - 1
        valid = valid.repeat_interleave(draws, dim=0)
        with_skip = self.block.decode(
            alpha[:half].flatten(0, 1), skip[:half].repeat_interleave(draws, dim=0), valid[: half * draws], clips
        )
        alone = self.block.decode(alpha[half:].flatten(0, 1), None, valid[half * draws :], clips)
        return torch.cat((with_skip, alone)).view(len(skip), draws, clips, -1)

    def _distance_from_before(self, mean: Tensor, refined: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """(B,) how far the pose block's answers have moved from what they were; 0 where it is frozen."""
        if self.before is None:
            return torch.zeros_like(mean[:, 0])
        with torch.no_grad():
            mean_before, _, _, refined_before = _last_clip(self.before, batch)
        apart = ((refined - refined_before) / self.pose.feature_std).abs().mean(dim=(1, 2))
        return apart + KEPT_LEVEL_WEIGHT * ((mean - mean_before) / self.block.m_std).abs().mean(dim=1)

    def _joint_errors(self, m: Tensor, m_skip: Tensor, last: Tensor, later: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """(B, draws): joint errors of whole futures, the first clip drawn from the pose block as at run time."""
        draws = m.shape[1]

        def repeated(part: Tensor) -> Tensor:
            return part.repeat_interleave(draws, dim=0)

        values = self._futures(m.flatten(0, 1), repeated(m_skip), repeated(last), later.flatten(0, 1))
        with full_precision(values):
            anchor = HandFrames(repeated(batch["anchor_rotation"]), repeated(batch["anchor_position"]))
            joints_m = joints_from_features(values.float(), repeated(batch["size"]), anchor)
            return joint_error(joints_m, repeated(batch["future"])).view(-1, draws)

    def _futures(self, m: Tensor, m_skip: Tensor, last: Tensor, later: Tensor) -> Tensor:
        """(B, F * 16, 153) of the newest clip's m, (B, d), and the mid-levels of the clips after the next, (B, F - 1, d)."""
        first = self.pose.decode(m, m_skip, last)
        rest = self.pose.decode(later.flatten(0, 1))
        return torch.cat((first, rest.view(len(m), -1, FEATURES)), dim=1)

    @torch.no_grad()
    def strata(self, batch: dict[str, Tensor], noise: Tensor) -> Float32:
        """(K, T / 4, 2, 4, 3): the mean coarse courses of what noise for m and alpha, (2, K, d), makes of a batch."""
        m_mean, m_logvar, m_skip, refined = _last_clip(self.pose, batch)
        history = torch.cat((batch["history"], m_mean[:, None]), dim=1)
        mean, logvar, skip = self.block.encode(history, batch["valid"], batch["placement"])
        last, coming = refined[:, -1], []
        for of_m, of_alpha in zip(*noise, strict=True):
            alpha = reparametrise(mean, logvar, of_alpha)
            later = self.block.decode(alpha, skip, batch["valid"], self.future_clips - 1)
            coming.append(self._futures(reparametrise(m_mean, m_logvar, of_m), m_skip, last, later))
        return mean_courses(coming, last, batch["size"])


def _last_clip(pose: PoseBlock, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """M's mean and log-variance of the newest clip, its frame outputs, and the refined clip."""
    mean, logvar, skip = pose.encode(batch["features"], batch["mask"])
    return mean, logvar, skip, pose.refine(skip, batch["features"], batch["mask"])


class ActionTask:
    """What the training loop needs to know about the action block.

    Args:
        model: Its action block is trained from where it stands.
        text: (C, text_width) embeddings of the classes.
        train: Data sets with their shares.
        validation: Data sets to validate on.
        corrupt: Noise for motion that no estimator saw.
        joint: See `ActionLosses`.
        mirror: Whether half of the windows are mirrored. An action is the same with the other hand; a sign may not be.
        level_noise: See `M_NOISE`.
    """

    def __init__(
        self,
        model: GHTT,
        text: NDArray[np.float32],
        train: Sequence[tuple[str, list[MotionSequence], float]],
        validation: Sequence[tuple[str, list[MotionSequence]]],
        corrupt: Corrupt,
        *,
        joint: bool = False,
        mirror: bool = True,
        level_noise: float = M_NOISE,
    ) -> None:
        self.model = model
        self.mirror_share = 0.5 if mirror else 0.0
        self.classes = model.action_names
        self.corrupt = corrupt
        model.action.class_text.copy_(torch.from_numpy(text))
        # What an earlier run fitted afterwards is fitted anew.
        model.action.logit_scale.fill_(1.0)
        model.action.class_bias.zero_()
        self.module = ActionLosses(model.action, model.pose, model.config.future_clips, joint=joint, level_noise=level_noise)
        self.stores = [MotionStore(sequences, self.classes) for _, sequences, _ in train]
        shares = np.array([share for _, _, share in train])
        self.shares = shares / shares.sum()
        self.levels = [mid_levels(model.pose, store, name) for store, (name, _, _) in zip(self.stores, train, strict=True)]
        self.rows = [self._forecast_rows(store, levels) for store, levels in zip(self.stores, self.levels, strict=True)]
        self.labelled = [
            np.flatnonzero((store.label != UNLABELLED) & levels.known)
            for store, levels in zip(self.stores, self.levels, strict=True)
        ]
        self.validation = validation
        known = np.concatenate([levels.seen[0][levels.known] for levels in self.levels])
        model.action.m_mean.copy_(torch.from_numpy(known.mean(axis=0)))
        model.action.m_std.copy_(torch.from_numpy(known.std(axis=0).clip(1e-4)))
        self.kinds = self._find_kinds()

    @staticmethod
    def _forecast_rows(store: MotionStore, levels: MidLevels) -> NDArray[np.int64]:
        """Rows with a known clip behind them and enough motion ahead."""
        rows = store.forecast_rows(LEAST_FUTURE)
        return rows[levels.known[rows]]

    def batch(self, rng: np.random.Generator, size: int) -> dict[str, NDArray[Any]]:
        """A training batch; where there are labels, half of it ends in labelled frames."""
        parts = []
        for number, rows in self._pick(rng, size):
            arrays, course = self._windows(number, rows, rng)
            parts.append({**arrays, "stratum": self.kinds.nearest(course, np.full(len(rows), number), CANDIDATES)})
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = rng.permutation(size)
        whole = {name: array[order] for name, array in whole.items()}
        width = self.model.config.width
        whole["noise_history"] = rng.standard_normal((size, HISTORY_CLIPS, width), np.float32)
        noise = stratum_noise(width, whole.pop("stratum").ravel(), rng)
        whole["noise_m"], whole["noise_alpha"] = noise.reshape(2, size, CANDIDATES, width)
        return whole

    def _find_kinds(self) -> Kinds:
        noise = torch.from_numpy(stratum_centres(self.model.config.width))
        return Kinds.found_in(self._kind_windows(), lambda batch: self.module.strata(batch, noise))

    def _kind_windows(self) -> Iterator[tuple[dict[str, NDArray[Any]], Float32]]:
        for number, pool in enumerate(self.rows):
            rng, store = np.random.default_rng(0), self.stores[number]
            arrays, _ = self._windows(number, pool[rng.integers(0, len(pool), STRATA_WINDOWS)], rng)
            rows = pool[rng.integers(0, len(pool), KIND_WINDOWS)]
            truth_m = store.gather(store.truth_m, rows, 1, self.model.config.future_clips * CLIP_FRAMES)
            truth_m = mirrored_where(rng.random(len(rows)) < self.mirror_share, truth_m)
            yield arrays, coarse_course(truth_m[:, 1:], truth_m[:, 0])

    def _pick(self, rng: np.random.Generator, size: int) -> list[tuple[int, NDArray[np.int64]]]:
        counts = [len(rows) for rows in self.labelled]
        wanted = size // 2 if sum(counts) else 0
        picks: list[tuple[int, NDArray[np.int64]]] = []
        for pools, count in ((self.rows, size - wanted), (self.labelled, wanted)):
            shares = self.shares * [len(pool) > 0 for pool in pools]
            drawn = rng.multinomial(count, shares / shares.sum()) if count else np.zeros(len(pools), np.int64)
            for number, some in enumerate(drawn):
                if some:
                    pool, label = pools[number], self.stores[number].label
                    one = by_rarity(label[pool], some, rng) if pools is self.labelled else rng.integers(0, len(pool), some)
                    picks.append((number, pool[one]))
        return picks

    def _windows(
        self, number: int, rows: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[dict[str, NDArray[Any]], Float32]:
        """What the losses take, but for the noise; and the coarse courses of the futures."""
        store, levels = self.stores[number], self.levels[number]
        clips = self.model.config.future_clips
        flipped = rng.random(len(rows)) < self.mirror_share
        variant = flipped.astype(np.intp)
        back = rows[:, None] - CLIP_FRAMES * np.arange(HISTORY_CLIPS - 1, -1, -1)
        # Half of the labelled histories begin with their action, which is the paper's phase; the others go back further.
        from_start = (rng.random(len(rows)) < 0.5) & (store.label[rows] != UNLABELLED)
        begin = np.where(from_start, store.label_start[rows], store.begin[rows])
        valid = (back - CLIP_FRAMES + 1 >= begin[:, None]) & levels.known[np.maximum(back, 0)]
        shortest = HISTORY_CLIPS - rng.integers(1, HISTORY_CLIPS + 1, len(rows))
        valid &= (np.arange(HISTORY_CLIPS) >= shortest[:, None]) | (rng.random((len(rows), 1)) < 0.5)
        valid[:, -1] = True
        ahead = rows[:, None] + CLIP_FRAMES * np.arange(1, clips)
        inside = ahead < store.end[rows][:, None]
        ahead = np.minimum(ahead, len(store) - 1)

        seen_m = store.gather(store.seen_m, rows, CLIP_FRAMES, 0)
        truth_m = store.gather(store.truth_m, rows, CLIP_FRAMES, clips * CLIP_FRAMES)
        seen_m, truth_m = (mirrored_where(flipped, motion) for motion in (seen_m, truth_m))
        noisy = as_estimated(seen_m, store.estimated[rows], self.corrupt, rng)
        described = features_from_joints(noisy, window_sizes(noisy))
        sizes = window_sizes(truth_m[:, :CLIP_FRAMES])
        anchor = features_from_joints(truth_m[:, :CLIP_FRAMES], sizes)
        last = anchor.frames.at(CLIP_FRAMES - 1)
        lost = ~anchor.visible[:, -1:, :, None, None]
        future = np.where(lost, np.float32(np.nan), truth_m[:, CLIP_FRAMES:])
        past = (variant[:, None], np.maximum(back[:, :-1], 0))  # the newest clip is described and encoded anew
        known = Places(
            HandFrames(levels.places.frames.rotation[past], levels.places.frames.position[past]), levels.places.seen[past]
        )
        places = known.then(Places.of(described))
        arrays = {
            "history": levels.seen[past],
            "valid": valid,
            "placement": seen_placements(places, valid, store.camera[rows], flipped, rng),
            "label": store.label[rows],
            "coming": levels.truth[variant[:, None], ahead],
            "coming_known": inside & levels.known[ahead],
            "features": described.values,
            "mask": described.mask,
            "size": sizes,
            "anchor_rotation": last.rotation,
            "anchor_position": last.position,
            "future": future,
        }
        return arrays, coarse_course(future, truth_m[:, CLIP_FRAMES - 1])

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Forecast and recognition on held-out recordings, by data set."""
        assert isinstance(module, ActionLosses)
        model = Model(self._assembled(module), spec_of(self.model), temperature=1.0)
        metrics: dict[str, float] = {}
        for name, sequences in self.validation:
            found = forecast_ratios(model, sequences) | recognition_metrics(model, sequences)
            metrics |= {f"{name}/{key}": value for key, value in found.items()}
        return metrics

    def _assembled(self, module: ActionLosses) -> GHTT:
        whole = GHTT(self.model.config, self.classes)
        whole.pose.load_state_dict(module.pose.state_dict())
        whole.action.load_state_dict(module.block.state_dict())
        return whole.eval()

    @staticmethod
    def score(metrics: dict[str, float]) -> float:
        """Lower is better: forecast errors relative to zero velocity, and the share of wrong names."""
        ratios = [value for name, value in metrics.items() if name.endswith("_ratio")]
        wrong = [1 - value for name, value in metrics.items() if name.endswith("/top1")]
        return float(np.mean(ratios or [0.0]) + np.mean(wrong or [0.0]))

    def save(self, module: nn.Module, path: Path, card: dict[str, Any]) -> None:
        """Write a complete checkpoint."""
        assert isinstance(module, ActionLosses)
        save_checkpoint(path, self._assembled(module), card=card)


def spec_of(model: GHTT) -> ModelSpec:
    """The description of a model that has no file yet."""
    config = model.config
    return ModelSpec(config.name, "", config.width, config.future_clips, model.action_names, np.array(PALM_TEMPLATE))


def forecast_ratios(model: Model, sequences: Sequence[MotionSequence], windows: int = 128) -> dict[str, float]:
    """Errors of 20 futures relative to zero velocity, over the longest of the model's horizons that has enough windows."""
    protocol, model = EvaluationProtocol(windows=windows, stride=CLIP_FRAMES // 2), model.on(sequences)
    for horizon in (4 * CLIP_FRAMES, 2 * CLIP_FRAMES):
        runs = run_forecasts(sequences, (), (ZeroVelocity(), CascadeForecaster(model)), protocol, horizon)
        if runs and len(runs[0].windows) >= ENOUGH_WINDOWS:
            return ratios_to_zero(*runs)
    return {}


def recognition_metrics(model: Model, sequences: Sequence[MotionSequence]) -> dict[str, float]:
    """Recognition over all windows, and with at least a second left in the action (`early`).

    Top-1 accuracy, mean recall of the classes that occur, negative log-likelihood and calibration error.
    """
    windows = action_windows(sequences, model.spec.action_names, EvaluationProtocol())
    if not len(windows):
        return {}
    probabilities = recognise(model.on(sequences), windows.histories_m)
    right = probabilities.argmax(axis=1) == windows.label
    early = windows.left >= FRAME_RATE_HZ
    given = probabilities[np.arange(len(windows)), windows.label]
    return {
        "top1": float(right.mean()),
        "early_top1": float(right[early].mean()) if early.any() else math.nan,
        "recall": float(np.mean([right[windows.label == label].mean() for label in np.unique(windows.label)])),
        "nll": float(-np.log(given.clip(1e-12)).mean()),
        "calibration_error": float(expected_calibration_error(probabilities, windows.label)),
    }
