"""A checkpoint evaluated in batches: the computation of `ghtt_core.streaming`, many windows at once, in torch.

`tests/ghtt_core/test_evaluate_model.py` holds it against the streaming predictor.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ghtt_core.anatomy import with_joint_limits
from ghtt_core.baselines.forecasters import TrainingWindows
from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.evaluate.pieces import in_pieces
from ghtt_core.features import (
    VELOCITY,
    HandFrames,
    MotionFeatures,
    bone_lengths,
    features_from_joints,
    hand_size,
    joints_from_features,
    with_bone_lengths,
)
from ghtt_core.fusion import follow, follow_both_ways
from ghtt_core.model.ghtt import GHTT
from ghtt_core.model.pose_block import PoseBlock, mask_of, reparametrise
from ghtt_core.model.readout import READ_CLIPS, statistics
from ghtt_core.motion import MotionSequence
from ghtt_core.placement import placements
from ghtt_core.runtime import CLIP_FRAMES, MAX_CLIPS, ModelSpec
from ghtt_core.sampling import sampling_noise
from ghtt_core.skeleton import HANDS, MEAN_HAND_SIZE_M

Array = NDArray[np.floating]
Float64 = NDArray[np.float64]
_STILL = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]).repeat(HANDS)
"""The velocity features of two hands at rest."""
_BATCH = 8
"""Windows at a time; with twenty futures each, their activations still fit a core's cache."""
_CLIPS = 64
"""Clips at a time."""


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded checkpoint.

    Attributes:
        network: The two blocks, in evaluation mode.
        spec: What it was compiled from.
        temperature: Spread of the samples.
        seed: Of the noise, which every window shares, as at run time.
        placed: Whether motion is given as a camera sees it, so that the action block may know where the hands are.
    """

    network: GHTT
    spec: ModelSpec
    temperature: float
    seed: int = 0
    placed: bool = True

    @classmethod
    def load(cls, path: Path, temperature: float | None = None, seed: int = 0) -> "Model":
        """A checkpoint from its file.

        Raises:
            UserError: It cannot be used.
        """
        network, spec, _ = load_checkpoint(path)
        return cls(network, spec, spec.default_temperature if temperature is None else temperature, seed)

    def on(self, sequences: Sequence[MotionSequence]) -> "Model":
        """For windows of these sequences."""
        return replace(self, placed=all(sequence.world_from_cam is not None for sequence in sequences))

    def alpha(self, clips: "EncodedClips") -> tuple[Tensor, Tensor, Tensor]:
        """What the action block makes of encoded clips: see `ActionBlock.encode`."""
        return self.network.action.encode(clips.clips, clips.valid, self._placement(clips))

    def class_logits(self, clips: "EncodedClips") -> Tensor:
        """(B, C): which action encoded clips show."""
        return self.network.action.recognise(self.alpha(clips)[0], clips.clips, clips.valid, self._placement(clips))

    def _placement(self, clips: "EncodedClips") -> Tensor | None:
        return clips.placement if self.placed else None

    def noise(self, samples: int) -> Tensor:
        """Noise for m and alpha, (2, K, d)."""
        return noise(samples, self.spec.width, self.seed)


def noise(samples: int, width: int, seed: int) -> Tensor:
    """(2, K, d): the runtime's own noise, in which the first sample has none."""
    return torch.from_numpy(sampling_noise(width, samples, np.random.default_rng(seed)))


@dataclass(frozen=True, slots=True)
class EncodedClips:
    """Encoded clips of B windows.

    Attributes:
        size_m: (B, 2) hand sizes.
        bones_m: (B, 2, 20) bone lengths.
        newest: What was observed of the last clips, (B, 16, ...).
        refined: (B, 16, 153) refined features of the last clips.
        m_mean, m_logvar: (B, d).
        m_skip: (B, 16, d).
        clips: (B, 16, d) mid-levels of the history, the newest last.
        placement: (B, 16, 26) of the hands in them, if what is observed is as the camera sees it.
        valid: (B, 16) bool, which of them there are.
    """

    size_m: Float64
    bones_m: Float64
    newest: MotionFeatures
    refined: Tensor
    m_mean: Tensor
    m_logvar: Tensor
    m_skip: Tensor
    clips: Tensor
    placement: Tensor
    valid: Tensor

    def placed_m(self) -> Float64:
        """(B, 16, 2, 21, 3) refined clips; NaN for a hand that is never seen."""
        return np.asarray(follow_both_ways(self.refined.double().numpy(), self.size_m, self.bones_m, self.newest))

    def last_m(self) -> Float64:
        """(B, 2, 21, 3) refined last poses: those of `placed_m`, since nothing comes after them."""
        followed = follow(self.refined.double().numpy(), self.size_m, self.newest)[:, -1]
        return np.asarray(with_bone_lengths(followed, self.bones_m))


def encode(pose: PoseBlock, palm_template: Float64, past_m: Array) -> EncodedClips:
    """Encode histories (B, n * 16, 2, 21, 3), NaN where missing, the newest clip last."""
    batch, frames = past_m.shape[:2]
    count = frames // CLIP_FRAMES
    joints_m = past_m.astype(np.float64)
    size_m, bones_m = _mean_size(joints_m), _mean_bones(joints_m)
    clip_m = joints_m.reshape(batch, count, CLIP_FRAMES, *joints_m.shape[2:])
    described = features_from_joints(clip_m, np.broadcast_to(size_m[:, None], (batch, count, HANDS)), palm_template)
    visible = torch.from_numpy(np.asarray(described.visible))
    values = torch.from_numpy(np.asarray(described.values, dtype=np.float32))
    mask = mask_of(visible)
    m_mean, m_logvar, m_skip = pose.encode(values.flatten(0, 1), mask.flatten(0, 1))
    m_mean, m_logvar, m_skip = (part.unflatten(0, (batch, count)) for part in (m_mean, m_logvar, m_skip))  # type: ignore[no-untyped-call]
    refined = pose.refine(m_skip[:, -1], values[:, -1], mask[:, -1])
    frames = HandFrames(described.frames.rotation[:, -1], described.frames.position[:, -1])
    last = {name: getattr(described, name)[:, -1] for name in ("values", "mask", "visible")}
    newest = replace(described, **last, frames=frames)
    placement = placements(described.frames.at(-1), np.asarray(described.visible).any(axis=2))
    padding = MAX_CLIPS - count
    return EncodedClips(
        size_m,
        bones_m,
        newest,
        refined,
        m_mean[:, -1],
        m_logvar[:, -1],
        m_skip[:, -1],
        torch.nn.functional.pad(m_mean, (0, 0, padding, 0)),
        torch.nn.functional.pad(_float32(placement), (0, 0, padding, 0)),
        torch.nn.functional.pad(visible.any(dim=-1).any(dim=-1), (padding, 0)),
    )


def _mean_size(joints_m: Float64) -> Float64:
    """(B, T, 2, 21, 3) to (B, 2): mean size over the frames in which a hand is seen; the usual one for a hand never seen."""
    sizes = hand_size(joints_m)
    known = np.isfinite(sizes)
    total = np.where(known, sizes, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), MEAN_HAND_SIZE_M)


def _mean_bones(joints_m: Float64) -> Float64:
    """(B, T, 2, 21, 3) to (B, 2, 20): mean bone lengths over the frames in which a hand is seen; 0 for a hand never seen."""
    lengths = bone_lengths(joints_m)
    known = np.isfinite(lengths)
    return np.asarray(np.where(known, lengths, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


class SampledForecaster(ABC):
    """A network that samples features of the coming frames, as a `Forecaster`.

    A forecast over fewer frames is the beginning of one over more, so a window that was already asked about is not computed
    again: ask for the longest horizon first.
    """

    learns = False

    def __init__(self, pose: PoseBlock, palm_template: Float64, name: str) -> None:
        self.pose, self.palm_template, self.name = pose, palm_template, name
        self._known: dict[tuple[int, bytes], NDArray[np.float32]] = {}

    def fit(self, training: TrainingWindows) -> None:
        """Only the horizon is taken from the training windows."""
        self._frames = training.future_m.shape[1]

    def forecast(self, observed_m: Array, samples: int) -> Array:
        """See `Forecaster`; `samples` futures. What is observed may be as long as the action block's history."""
        keys = [(samples, window.tobytes()) for window in observed_m]
        missing = [index for index, key in enumerate(keys) if not self._reaches(key)]
        parts = in_pieces(lambda batch: self._some(observed_m[missing[batch]], samples), len(missing), _BATCH)
        for index, futures_m in zip(missing, (futures_m for part in parts for futures_m in part), strict=True):
            self._known[keys[index]] = futures_m
        return np.stack([self._known[key][:, : self._frames] for key in keys])

    def _reaches(self, key: tuple[int, bytes]) -> bool:
        return key in self._known and self._known[key].shape[1] >= self._frames

    @torch.inference_mode()
    def _some(self, observed_m: Array, samples: int) -> NDArray[np.float32]:
        clips = encode(self.pose, self.palm_template, observed_m)
        values = self._features(clips, samples, -(-self._frames // CLIP_FRAMES))
        values = values.reshape(len(observed_m), samples, *values.shape[1:])[:, :, : self._frames]
        last_m = clips.last_m()
        place = features_from_joints(last_m[:, None], clips.size_m, self.palm_template).frames.at(0)
        anchor = HandFrames(*(_float32(part)[:, None] for part in (place.rotation, place.position)))
        futures = joints_from_features(values, _float32(clips.size_m)[:, None], anchor)
        futures = with_bone_lengths(futures, _float32(clips.bones_m)[:, None, None])
        there = np.isfinite(last_m[:, None, None])
        return np.where(there, with_joint_limits(futures.numpy()), np.float32(np.nan))

    @abstractmethod
    def _features(self, clips: EncodedClips, samples: int, count: int) -> Tensor:
        """(B * K, count * 16, 153) of `count` future clips."""


class CascadeForecaster(SampledForecaster):
    """P and A together: the first clip from P's mid-level, the later ones from A's."""

    def __init__(self, model: Model, name: str = "G-HTT") -> None:
        super().__init__(model.network.pose, model.spec.palm_template, name)
        self.model = model

    def _features(self, clips: EncodedClips, samples: int, count: int) -> Tensor:
        network, temperature = self.model.network, self.model.temperature
        noise_m, noise_alpha = (noise.repeat(len(clips.m_mean), 1) for noise in self.model.noise(samples))
        alpha_mean, alpha_logvar, alpha_skip = self.model.alpha(clips)
        m_mean, m_logvar, m_skip, last, alpha_mean, alpha_logvar, alpha_skip, valid = (
            part.repeat_interleave(samples, dim=0)
            for part in (
                clips.m_mean,
                clips.m_logvar,
                clips.m_skip,
                clips.refined[:, -1],
                alpha_mean,
                alpha_logvar,
                alpha_skip,
                clips.valid,
            )
        )
        first = network.pose.decode(reparametrise(m_mean, m_logvar, temperature * noise_m), m_skip, last)
        if count == 1:
            return first
        alpha = reparametrise(alpha_mean, alpha_logvar, temperature * noise_alpha)
        # As many clips as at run time, whatever is asked for: the queries see each other. Those beyond take a longer query.
        usual = self.model.spec.future_clips - 1
        later = network.action.decode(alpha, alpha_skip, valid, usual)[:, : count - 1]
        if count - 1 > usual:
            beyond = network.action.decode(alpha, alpha_skip, valid, count - 1)[:, usual:]
            later = torch.cat((later, beyond), dim=1)
        rest = network.pose.decode(later.flatten(0, 1)).reshape(len(first), -1, first.shape[-1])
        return torch.cat((first, rest), dim=1)


class PoseBlockForecaster(SampledForecaster):
    """P alone, feeding back its own predictions: a prediction becomes the next clip observed."""

    def __init__(self, model: Model, name: str = "P alone") -> None:
        super().__init__(model.network.pose, model.spec.palm_template, name)
        self.model = model

    def _features(self, clips: EncodedClips, samples: int, count: int) -> Tensor:
        pose, temperature = self.model.network.pose, self.model.temperature
        noise = self.model.noise(samples)[0].repeat(len(clips.m_mean), 1)
        m_mean, m_logvar, m_skip, last = (
            part.repeat_interleave(samples, dim=0)
            for part in (clips.m_mean, clips.m_logvar, clips.m_skip, clips.refined[:, -1])
        )
        known = torch.from_numpy(np.asarray(clips.newest.visible).any(axis=1)).repeat_interleave(samples, dim=0)
        mask = mask_of(known[:, None].expand(-1, CLIP_FRAMES, -1))
        predicted = [pose.decode(reparametrise(m_mean, m_logvar, temperature * noise), m_skip, last)]
        while len(predicted) < count:
            clip, last = predicted[-1].clone(), predicted[-1][:, -1]
            clip[:, 0, VELOCITY] = _STILL  # the first frame of a clip has no velocity
            m_mean, m_logvar, m_skip = pose.encode(clip, mask)
            predicted.append(pose.decode(reparametrise(m_mean, m_logvar, temperature * noise), m_skip, last))
        return torch.cat(predicted, dim=1)


def _float32(array: Any) -> Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float32))


def refine(model: Model, clips_m: Array) -> Float64:
    """Refined clips (N, 16, 2, 21, 3) of observed ones; a hand that is never seen stays NaN."""
    return np.concatenate(in_pieces(lambda batch: _encoded(model, clips_m[batch]).placed_m(), len(clips_m), _CLIPS))


def refine_newest(model: Model, clips_m: Array) -> Float64:
    """(N, 2, 21, 3): only the newest pose of each, as at run time."""
    return np.concatenate(in_pieces(lambda batch: _encoded(model, clips_m[batch]).last_m(), len(clips_m), _CLIPS))


@torch.inference_mode()
def _encoded(model: Model, past_m: Array) -> EncodedClips:
    return encode(model.network.pose, model.spec.palm_template, past_m)


def recognise(model: Model, histories_m: Array) -> NDArray[np.float32]:
    """Class probabilities (N, C) after histories (N, n * 16, 2, 21, 3), NaN before their start, the newest frame last."""
    return _of_histories(model, histories_m, lambda clips: model.class_logits(clips).softmax(dim=-1))


def last_clip_statistics(model: Model, histories_m: Array) -> NDArray[np.float32]:
    """(N, S): what `ghtt_core.model.readout` reads at the end of histories as `recognise` takes them, NaN where unknown."""

    def read(clips: EncodedClips) -> Tensor:
        values, known = statistics(clips.clips, clips.valid, clips.placement * model.placed)
        return torch.where(known, values, torch.nan)

    return _of_histories(model, histories_m[:, -READ_CLIPS * CLIP_FRAMES :], read)


def _of_histories(model: Model, histories_m: Array, answer: Callable[[EncodedClips], Tensor]) -> NDArray[np.float32]:
    """(N, ...): what is answered to encoded histories, of like length together, so that little of what is encoded is empty."""
    there = np.asarray(np.isfinite(histories_m).any(axis=(2, 3, 4)))
    first_clip = np.where(there.any(axis=1), there.argmax(axis=1), there.shape[1] - 1) // CLIP_FRAMES
    order = np.argsort(first_clip, kind="stable")

    @torch.inference_mode()
    def answered(batch: slice) -> NDArray[np.float32]:
        rows = order[batch]
        return answer(_encoded(model, histories_m[rows, first_clip[rows].min() * CLIP_FRAMES :])).numpy()

    return np.concatenate(in_pieces(answered, len(order), _BATCH))[np.argsort(order)]
