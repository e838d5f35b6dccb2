"""What a data set holds, in numbers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ghtt_core.data.splits import Part
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.windows import cut_windows
from ghtt_core.features import hand_size
from ghtt_core.metrics import ade_fde
from ghtt_core.motion import MotionSequence, at_rate
from ghtt_core.runtime import FRAME_RATE_HZ
from ghtt_core.skeleton import FINGERS, HANDS, WRIST

HORIZONS = (32, 64)
JUMP_M = 0.15
"""A wrist that moves further than this from one frame to the next (4.5 m/s at 30 Hz) was lost and found elsewhere."""
_MM_PER_M = 1000.0
_LONG_FINGERS = ("index", "middle", "ring", "little")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ForecastDifficulty:
    """What holding the last pose costs over a horizon.

    Attributes:
        frames: The horizon, at 30 Hz after 16 observed frames.
        windows: How many windows fit.
        fit_share: Share of the places in long enough sequences where a hand is seen well enough.
        ade_mm, fde_mm: Mean errors of the last pose held still, NaN without windows.
    """

    frames: int
    windows: int
    fit_share: float
    ade_mm: float
    fde_mm: float


@dataclass(slots=True)
class HandSummary:
    """One hand over the whole set: arrays with one value per frame, pair or triple of frames in which it is there.

    Attributes:
        frames: Frames in which it is there.
        size_mm: Hand sizes.
        speed_mm: Mean joint displacement from frame to frame.
        acceleration_mm: Mean joint acceleration, millimetres per frame squared.
        jumps: Displacements of the wrist beyond `JUMP_M`.
        gap_frames: Lengths of the gaps between two sightings in one sequence.
        own_side_share: Share of frames in which the fingers bend to the palm: low where left and right are swapped.
    """

    frames: int
    size_mm: Floats
    speed_mm: Floats
    acceleration_mm: Floats
    jumps: int
    gap_frames: NDArray[np.int64]
    own_side_share: float


@dataclass(slots=True)
class SetSummary:
    """A whole set; per-frame figures are at its own frame rate.

    Attributes:
        sequences, frames, seconds: How much.
        rates_hz: Frame rates that occur.
        lengths: (sequences,) frames of each.
        recordings, subjects: How many; 0 subjects where they are not known.
        metric: Whether all lengths are real metres.
        with_truth: Sequences that have an exact motion beside the estimate.
        hands: Left and right.
        both, none: Frames with both hands and with none.
        classes: Action to (segments, frames, recordings).
        parts: Part to (sequences, frames) of the official split.
        difficulty: One entry per horizon.
    """

    sequences: int
    frames: int
    seconds: float
    rates_hz: tuple[float, ...]
    lengths: NDArray[np.int64]
    recordings: int
    subjects: int
    metric: bool
    with_truth: int
    hands: tuple[HandSummary, ...]
    both: int
    none: int
    classes: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    parts: dict[str, tuple[int, int]] = field(default_factory=dict)
    difficulty: tuple[ForecastDifficulty, ...] = ()


def summarise(sequences: Iterable[MotionSequence], parts: Mapping[str, Part]) -> SetSummary:
    """Measure a set.

    Args:
        sequences: At least one.
        parts: Recording to part, as in `DataSet.parts`.
    """
    everything = list(sequences)
    lengths = np.array([len(sequence.joints_m) for sequence in everything])
    there = np.concatenate([_there(sequence.joints_m) for sequence in everything])
    return SetSummary(
        sequences=len(everything),
        frames=int(lengths.sum()),
        seconds=float(sum(len(sequence.joints_m) / sequence.fps for sequence in everything)),
        rates_hz=tuple(sorted({round(sequence.fps, 2) for sequence in everything})),
        lengths=lengths,
        recordings=len({sequence.recording for sequence in everything}),
        subjects=len({sequence.subject for sequence in everything if sequence.subject}),
        metric=all(sequence.metric for sequence in everything),
        with_truth=sum(sequence.truth_m is not None for sequence in everything),
        hands=tuple(_summarise_hand([sequence.joints_m[:, hand] for sequence in everything], hand) for hand in range(HANDS)),
        both=int(there.all(axis=1).sum()),
        none=int((~there.any(axis=1)).sum()),
        classes=_count_classes(everything),
        parts=_count_parts(everything, parts),
        difficulty=tuple(_difficulty(everything, frames) for frames in HORIZONS),
    )


def _there(joints_m: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(..., 21, 3) to (...): whether the wrist is known."""
    return np.asarray(np.isfinite(joints_m[..., WRIST, :]).all(axis=-1))


def _summarise_hand(motions: list[NDArray[np.float32]], hand: int) -> HandSummary:
    """From (T, 21, 3) motions of one hand."""
    speeds, accelerations, sizes, gaps, sides = [], [], [], [], []
    frames = jumps = 0
    for motion in (motion.astype(np.float64) for motion in motions):
        seen = _there(motion)
        frames += int(seen.sum())
        if not seen.any():
            continue
        step = np.diff(motion, axis=0)
        speeds.append(_mean_length(step))
        accelerations.append(_mean_length(np.diff(step, axis=0)))
        jumps += int((np.linalg.norm(step[:, WRIST], axis=-1) > JUMP_M).sum())
        sizes.append(np.asarray(hand_size(motion)))
        sides.append(_bends_to_palm(motion, hand))
        between = np.diff(np.flatnonzero(seen)) - 1
        gaps.append(between[between > 0])
    side = _joined(sides)
    return HandSummary(
        frames=frames,
        size_mm=_joined(sizes) * _MM_PER_M,
        speed_mm=_joined(speeds) * _MM_PER_M,
        acceleration_mm=_joined(accelerations) * _MM_PER_M,
        jumps=jumps,
        gap_frames=np.concatenate(gaps) if gaps else np.zeros(0, np.int64),
        own_side_share=float(np.mean(side > 0)) if side.size else float("nan"),
    )


def _mean_length(vectors: Floats) -> Floats:
    """(T, 21, 3) to (T,): mean length over the joints that are known, NaN where none is."""
    lengths = np.linalg.norm(vectors, axis=-1)
    known = np.isfinite(lengths)
    total = np.where(known, lengths, 0.0).sum(axis=-1)
    return np.where(known.any(axis=-1), total / np.maximum(known.sum(axis=-1), 1), np.nan)


def _bends_to_palm(motion: Floats, hand: int) -> Floats:
    """(T, 21, 3) to (T,): how far the four fingertips stand out of the palm's plane, towards the palm of this hand.

    Seen from the palm, a right hand's index finger is to the right of its little finger: the cross product of the two
    directions from the wrist points out of the palm, for a left hand out of the back.
    """
    index, little = (motion[:, FINGERS[name][0]] - motion[:, WRIST] for name in ("index", "little"))
    normal = np.cross(index, little) * (1.0 if hand == 1 else -1.0)
    bent = [((motion[:, FINGERS[name][-1]] - motion[:, FINGERS[name][0]]) * normal).sum(axis=-1) for name in _LONG_FINGERS]
    return np.asarray(np.mean(bent, axis=0))


def _joined(values: list[Floats]) -> Floats:
    joined = np.concatenate(values) if values else np.zeros(0)
    return joined[np.isfinite(joined)]


def _count_classes(sequences: list[MotionSequence]) -> dict[str, tuple[int, int, int]]:
    count: Counter[str] = Counter()
    frames: Counter[str] = Counter()
    recordings: dict[str, set[str]] = defaultdict(set)
    for sequence in sequences:
        for segment in sequence.segments:
            count[segment.action] += 1
            frames[segment.action] += segment.end - segment.start
            recordings[segment.action].add(sequence.recording)
    return {action: (count[action], total, len(recordings[action])) for action, total in frames.most_common()}


def _count_parts(sequences: list[MotionSequence], parts: Mapping[str, Part]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for sequence in sequences:
        part = parts.get(sequence.recording, "train")
        number, frames = counts.get(part, (0, 0))
        counts[part] = number + 1, frames + len(sequence.joints_m)
    return counts


def _difficulty(sequences: list[MotionSequence], horizon: int) -> ForecastDifficulty:
    protocol = EvaluationProtocol()
    resampled = [at_rate(sequence, FRAME_RATE_HZ) for sequence in sequences]
    places = sum(
        len(range(protocol.observed_frames, len(sequence.joints_m) - horizon + 1, protocol.stride)) for sequence in resampled
    )
    windows = cut_windows(resampled, protocol, horizon, stride=protocol.stride)
    if not len(windows):
        return ForecastDifficulty(horizon, 0, 0.0, float("nan"), float("nan"))
    held = np.repeat(windows.observed_m[:, -1:], horizon, axis=1)
    errors = ade_fde(held[:, None], windows.future_m)
    return ForecastDifficulty(
        horizon, len(windows), len(windows) / places, float(np.nanmean(errors.first_ade)), float(np.nanmean(errors.first_fde))
    )
