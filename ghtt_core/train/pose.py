"""Training of the pose block."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ghtt_core.checkpoint import save_checkpoint
from ghtt_core.features import (
    LOCAL,
    RELATIVE,
    VELOCITY,
    HandFrames,
    MotionFeatures,
    features_from_joints,
    hand_size,
    joints_from_features,
)
from ghtt_core.fusion import follow_both_ways
from ghtt_core.metrics import acceleration_error, ade_fde, mpjpe_ra
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.model.pose_block import PoseBlock, reparametrise
from ghtt_core.runtime import CLIP_FRAMES, FEATURES
from ghtt_core.sampling import sampling_noise, stratum_centres, stratum_noise
from ghtt_core.skeleton import BONES, HANDS, MEAN_HAND_SIZE_M
from ghtt_core.train.augment import Corrupt, Hiding, as_estimated, hide, vary
from ghtt_core.train.kinds import KIND_WINDOWS, STRATA_WINDOWS, Kinds, coarse_course, mean_courses
from ghtt_core.train.losses import joint_error, kl_to_standard_normal, masked_l1
from ghtt_core.train.mix import DataMix, Draw
from ghtt_core.train.store import MotionStore

Float32 = NDArray[np.float32]
KL_WEIGHT = 1e-5
VALIDATION_SAMPLES = 20
_VELOCITY = np.arange(VELOCITY.start, VELOCITY.stop).reshape(HANDS, 9)
FEATURE_KINDS = tuple(
    np.ravel(kind)
    for kind in (
        np.arange(LOCAL.start, LOCAL.stop),
        _VELOCITY[:, :6],
        _VELOCITY[:, 6:],
        np.arange(RELATIVE.start, RELATIVE.start + 6),
        np.arange(RELATIVE.start + 6, RELATIVE.stop),
    )
)
"""Indices of the local joints, the velocities' turns and steps, and the relative pose's turn and shift."""


def full_precision(like: Tensor) -> torch.autocast:
    """Switch mixed precision off: chained motions and millimetres need float32."""
    return torch.autocast(like.device.type, enabled=False)


class PoseLosses(nn.Module):
    """The pose block, or another model of its kind, and its losses."""

    def __init__(self, block: PoseBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch from `PoseTask.batch`, and its parts."""
        block, std = self.block, self.block.feature_std
        mean, logvar, skip = block.encode(batch["features"], batch["mask"])
        refined = block.refine(skip, batch["features"], batch["mask"])
        with full_precision(refined):
            refined = refined.float()
            first = HandFrames(batch["first_rotation"], batch["first_position"])
            placed = joints_from_features(refined, batch["size"], first, first_moves=False)
            refine = masked_l1(refined / std, batch["target"] / std, batch["target_mask"])
            refine = torch.where(batch["exact"], refine + joint_error(placed, batch["seen_truth"]), 0.0)

        m = torch.stack((mean, reparametrise(mean, logvar, batch["noise"])), dim=1)
        coming = self._decode_half_with_skip(m, skip, refined[:, -1])  # (B, 2, frames, 153)
        with full_precision(coming):
            exact, best = self._coming_error(coming.float(), batch).unbind(dim=1)
        divergence = kl_to_standard_normal(mean, logvar)
        loss = (refine + exact + best + KL_WEIGHT * divergence).mean()
        parts = {"refine": refine, "next": exact, "next_best": best, "kl": divergence}
        return loss, {name: part.detach().mean() for name, part in parts.items()}

    def _decode_half_with_skip(self, m: Tensor, skip: Tensor, last: Tensor) -> Tensor:
        """Decode one half of the batch from m and the frame outputs, the other from m alone."""
        draws, half = m.shape[1], len(m) // 2
        repeated = (part[:half].repeat_interleave(draws, dim=0) for part in (skip, last))
        decoded = torch.cat((self.block.decode(m[:half].flatten(0, 1), *repeated), self.block.decode(m[half:].flatten(0, 1))))
        return decoded.view(len(m), draws, -1, FEATURES)

    @torch.no_grad()
    def strata(self, batch: dict[str, Tensor], noise: Tensor) -> Float32:
        """(K, T / 4, 2, 4, 3): the mean coarse courses of what noise (K, d) makes of a batch from `PoseTask.batch`."""
        mean, logvar, skip = self.block.encode(batch["features"], batch["mask"])
        last = self.block.refine(skip, batch["features"], batch["mask"])[:, -1]
        coming = [self.block.decode(reparametrise(mean, logvar, one), skip, last) for one in noise]
        return mean_courses(coming, last, batch["size"])

    def _coming_error(self, coming: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """(B, draws): error in the features of the next clip, and of its joints after chaining."""
        draws = coming.shape[1]

        def repeated(name: str) -> Tensor:
            return batch[name].repeat_interleave(draws, dim=0)

        std = self.block.feature_std
        flat = coming.flatten(0, 1)
        anchor = HandFrames(repeated("anchor_rotation"), repeated("anchor_position"))
        joints_m = joints_from_features(flat, repeated("size"), anchor)
        error = masked_l1(flat / std, repeated("next") / std, repeated("next_mask")) + joint_error(joints_m, repeated("future"))
        return error.view(len(coming), draws)


class PoseTask:
    """What the training loop needs to know about the pose block.

    Attributes:
        frames: How many frames are to be answered.
        least_future: How many have to follow.
    """

    least_future = CLIP_FRAMES

    def __init__(
        self,
        config: GHTTConfig,
        train: DataMix,
        validation: list[tuple[str, MotionStore]],
        corrupt: Corrupt,
        begin: PoseBlock | None = None,
    ) -> None:
        self.config = config
        self.train = train
        self.validation = validation
        self.corrupt = corrupt
        self.hiding = Hiding()
        self.module = PoseLosses(self._new_block())
        self.frames = CLIP_FRAMES
        if begin is None:
            self._fit_standardisation()
        else:
            self.module.block.load_state_dict(begin.state_dict())
        self.kinds = self._find_kinds(numbered=begin is not None)

    def _new_block(self) -> PoseBlock:
        return PoseBlock(self.config)

    def _fit_standardisation(self) -> None:
        """Mean and spread of the clean features over a sample of the training windows.

        Numbers of one kind share their spread. Each by itself, the nearly rigid palm and the cosines of small turns would be
        blown up to the size of the fingers' motion, and their noise with them.
        """
        truth_m = self.train.draw(np.random.default_rng(0), 2048, CLIP_FRAMES, CLIP_FRAMES).truth_m
        features = features_from_joints(truth_m, window_sizes(truth_m))
        known = target_mask(features)
        count = known.sum(axis=(0, 1)).clip(1)
        mean = np.where(known, features.values, 0).sum(axis=(0, 1)) / count
        variance = np.where(known, (features.values - mean) ** 2, 0).sum(axis=(0, 1)) / count
        spread = np.ones_like(variance)
        for kind in FEATURE_KINDS:
            spread[kind] = np.sqrt(variance[kind].mean())
        block = self.module.block
        block.feature_mean.copy_(torch.from_numpy(mean.astype(np.float32)))
        block.feature_std.copy_(torch.from_numpy(np.maximum(spread, 1e-2).astype(np.float32)))

    def _find_kinds(self, *, numbered: bool) -> Kinds:
        noise = torch.from_numpy(stratum_centres(self.config.width)[0])
        return Kinds.found_in(self._kind_windows(), (lambda batch: self.module.strata(batch, noise)) if numbered else None)

    def _kind_windows(self) -> Iterator[tuple[dict[str, NDArray[Any]], Float32]]:
        for store in self.train.stores:
            rng, mix = np.random.default_rng(0), DataMix([(store, 1.0)])
            arrays, _ = self._arrays(self._draw(mix, rng, STRATA_WINDOWS), rng)
            drawn = self._draw(mix, rng, KIND_WINDOWS)
            _, truth_m = vary(drawn.seen_m, drawn.truth_m, rng)
            yield arrays, coarse_course(truth_m[:, CLIP_FRAMES:], truth_m[:, CLIP_FRAMES - 1])

    def _draw(self, mix: DataMix, rng: np.random.Generator, size: int) -> Draw:
        """Windows with as much as there is of the whole future, whose kind is wanted."""
        return mix.draw(rng, size, CLIP_FRAMES, self.config.future_clips * CLIP_FRAMES, self.least_future)

    def batch(self, rng: np.random.Generator, size: int) -> dict[str, NDArray[Any]]:
        """A training batch: the noisy observed clip, the clean one and what comes, and the noise of the kind that this is."""
        drawn = self._draw(self.train, rng, size)
        arrays, course = self._arrays(drawn, rng)
        of_m, _ = stratum_noise(self.config.width, self.kinds.nearest(course, drawn.store)[:, 0], rng)
        return {**arrays, "noise": of_m}

    def _arrays(self, drawn: Draw, rng: np.random.Generator) -> tuple[dict[str, NDArray[Any]], Float32]:
        """What the losses take, but for the noise; and the coarse courses of whole futures."""
        seen_m, truth_m = vary(drawn.seen_m, drawn.truth_m, rng)
        noisy = hide(as_estimated(seen_m[:, :CLIP_FRAMES], drawn.estimated, self.corrupt, rng), self.hiding, rng)
        arrays = pose_arrays(noisy, truth_m[:, : CLIP_FRAMES + self.frames])
        course = coarse_course(truth_m[:, CLIP_FRAMES:], truth_m[:, CLIP_FRAMES - 1])
        return {**arrays, "exact": drawn.exact}, course

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Metrics on held-out recordings, by data set."""
        assert isinstance(module, PoseLosses)
        metrics: dict[str, float] = {}
        for name, store in self.validation:
            found = _validate_store(module.block, store, self.corrupt)
            metrics |= {f"{name}/{key}": value for key, value in found.items()}
        return metrics

    @staticmethod
    def score(metrics: dict[str, float]) -> float:
        """Lower is better: forecast errors relative to zero velocity, and refinement errors relative to the input's."""
        wanted = [value for key, value in metrics.items() if key.endswith(("ade_ratio", "best_ade_ratio", "ra_ratio"))]
        return float(np.mean(wanted))

    def save(self, module: nn.Module, path: Path, card: dict[str, Any]) -> None:
        """Write a checkpoint whose action block is still untrained and knows no class."""
        assert isinstance(module, PoseLosses)
        model = GHTT(self.config, ())
        model.pose.load_state_dict(module.block.state_dict())
        save_checkpoint(path, model, card=card)


def window_sizes(joints_m: Float32) -> Float32:
    """(B, T, 2, 21, 3) to the (B, 2) mean hand sizes where the hand is seen; else the other hand's, else the usual size."""
    sizes = hand_size(joints_m)
    seen = np.isfinite(sizes)
    mean = np.where(seen, sizes, 0).sum(axis=-2) / np.maximum(seen.sum(axis=-2), 1)
    known = seen.any(axis=-2)
    mean = np.where(known, mean, mean[..., ::-1])
    known = known | known[..., ::-1]
    return np.where(known, mean, MEAN_HAND_SIZE_M).astype(np.float32)


def target_mask(features: MotionFeatures) -> NDArray[np.bool_]:
    """What a model can be asked for: known numbers, without velocities that bridge a gap."""
    mask = np.array(features.mask)
    spans = np.repeat(features.velocity_spans_gap, (VELOCITY.stop - VELOCITY.start) // HANDS, axis=-1)
    mask[..., VELOCITY] &= ~spans
    return mask


def pose_arrays(noisy_m: Float32, truth_m: Float32) -> dict[str, NDArray[Any]]:
    """Features, targets and anchors of windows, of whose frames the model sees the first 16, noisy."""
    noisy = features_from_joints(noisy_m, window_sizes(noisy_m))
    sizes = window_sizes(truth_m)
    clean = features_from_joints(truth_m, sizes)
    mask = target_mask(clean)
    seen, coming = slice(None, CLIP_FRAMES), slice(CLIP_FRAMES, None)
    first, anchor = clean.frames.at(0), clean.frames.at(CLIP_FRAMES - 1)
    lost_first = ~clean.visible[:, :1, :, None, None]
    lost_last = ~clean.visible[:, CLIP_FRAMES - 1 : CLIP_FRAMES, :, None, None]
    future = np.where(lost_last, np.float32(np.nan), truth_m[:, coming])
    return {
        "features": noisy.values,
        "mask": noisy.mask,
        "size": sizes,
        "target": clean.values[:, seen],
        "target_mask": mask[:, seen],
        "first_rotation": first.rotation,
        "first_position": first.position,
        "seen_truth": np.where(lost_first, np.float32(np.nan), truth_m[:, seen]),
        "next": clean.values[:, coming],
        "next_mask": mask[:, coming],
        "anchor_rotation": anchor.rotation,
        "anchor_position": anchor.position,
        "future": future,
    }


@torch.no_grad()
def _validate_store(block: PoseBlock, store: MotionStore, corrupt: Corrupt) -> dict[str, float]:
    """Refinement against the input, and the next clip against zero velocity, over at most 512 windows."""
    rng = np.random.default_rng(0)
    anchors = store.forecast_rows(CLIP_FRAMES, stride=CLIP_FRAMES)
    anchors = np.sort(rng.choice(anchors, min(512, len(anchors)), replace=False))
    seen_m = store.gather(store.seen_m, anchors, CLIP_FRAMES, 0)
    truth_m = store.gather(store.truth_m, anchors, CLIP_FRAMES, CLIP_FRAMES)
    exact = store.exact[anchors]
    noisy = as_estimated(seen_m, store.estimated[anchors], corrupt, rng)
    arrays = pose_arrays(noisy, truth_m)
    described = features_from_joints(seen_m, window_sizes(seen_m))
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    skip = block.encode(tensors["features"], tensors["mask"])[2]
    answer = block.refine(skip, tensors["features"], tensors["mask"])
    sizes = window_sizes(noisy)
    as_they_are = np.full((HANDS, len(BONES)), np.nan)
    refined = follow_both_ways(answer.numpy(), sizes, as_they_are, features_from_joints(noisy, sizes))

    # Forecasts start from what was really seen, without added noise.
    values, mask = torch.from_numpy(described.values), torch.from_numpy(described.mask)
    mean, logvar, skip = block.encode(values, mask)
    last = block.refine(skip, values, mask)[:, -1]
    draws = torch.from_numpy(sampling_noise(mean.shape[1], VALIDATION_SAMPLES, rng)[0])
    anchor = HandFrames(tensors["anchor_rotation"], tensors["anchor_position"])
    futures = torch.stack(
        [
            joints_from_features(block.decode(reparametrise(mean, logvar, eps), skip, last), tensors["size"], anchor)
            for eps in draws
        ],
        dim=1,
    ).numpy()
    still = np.broadcast_to(truth_m[:, None, CLIP_FRAMES - 1 : CLIP_FRAMES], (len(truth_m), 1, *arrays["future"].shape[1:]))
    model, zero = ade_fde(futures, arrays["future"]), ade_fde(still, arrays["future"])
    found: dict[str, float] = {}
    if exact.any():
        target, before, after = (motion[exact] for motion in (arrays["seen_truth"], noisy, refined))
        for name, measure in (("ra_ratio", mpjpe_ra), ("acceleration_ratio", acceleration_error)):
            found[name] = float(np.nanmean(measure(after, target)) / np.nanmean(measure(before, target)))
    return found | {
        "ade_ratio": float(np.nanmean(model.first_ade) / np.nanmean(zero.first_ade)),
        "best_ade_ratio": float(np.nanmean(model.best_ade) / np.nanmean(zero.first_ade)),
        "best_fde_ratio": float(np.nanmean(model.best_fde) / np.nanmean(zero.first_fde)),
    }
