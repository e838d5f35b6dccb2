"""Test windows: what is seen, and what then happens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.motion import MotionSequence
from ghtt_core.skeleton import HANDS, JOINTS, PALM

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Windows:
    """N windows of equal length, cut from motion sequences.

    Attributes:
        sequences: What they are cut from.
        sequence: (N,) which of the sequences.
        start: (N,) first frame of the forecast in it.
        observed_m: (N, C, 2, 21, 3) metres, NaN where missing.
        future_m: (N, T, 2, 21, 3) metres, NaN where missing and for a hand that does not count.
        counts: (N, 2) whether the hand counts.
    """

    sequences: tuple[MotionSequence, ...]
    sequence: NDArray[np.intp]
    start: NDArray[np.intp]
    observed_m: Float32
    future_m: Float32
    counts: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.sequence)

    @property
    def recordings(self) -> NDArray[np.str_]:
        """(N,) the recording of each window, or its sequence where all is one recording: the unit of the bootstrap."""
        names = [sequence.recording for sequence in self.sequences]
        if len(set(names)) == 1:
            names = [sequence.name for sequence in self.sequences]
        return np.array(names, dtype=np.str_)[self.sequence]

    def thinned(self, most: int) -> "Windows":
        """At most so many windows, spread evenly."""
        if len(self) <= most:
            return self
        kept = np.linspace(0, len(self) - 1, most).round().astype(np.intp)
        return Windows(
            self.sequences,
            self.sequence[kept],
            self.start[kept],
            self.observed_m[kept],
            self.future_m[kept],
            self.counts[kept],
        )

    def history(self, index: slice, frames: int) -> Float32:
        """What was seen up to the forecasts of some windows: (n, frames, 2, 21, 3), NaN before the start."""
        starts, owners = self.start[index], self.sequence[index]
        past = np.full((len(starts), frames, HANDS, JOINTS, 3), np.nan, dtype=np.float32)
        for row, (start, owner) in enumerate(zip(starts, owners, strict=True)):
            known = min(start, frames)
            past[row, frames - known :] = self.sequences[owner].joints_m[start - known : start]
        return past


def seen(joints_m: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether the palm of a hand is known: (..., 21, 3) to (...)."""
    return np.asarray(np.isfinite(joints_m[..., list(PALM), :]).all(axis=(-2, -1)))


def cut_windows(
    sequences: Iterable[MotionSequence], protocol: EvaluationProtocol, horizon: int, *, stride: int, whole: bool = True
) -> Windows:
    """Cut every sequence into overlapping windows of one clip and a horizon, and keep those in which a hand counts.

    Where a sequence has an exact motion beside the estimated one, the estimate is observed and the exact motion is the future.

    Args:
        sequences: Motion at the model's frame rate.
        protocol: The rules.
        horizon: Frames to forecast.
        stride: Frames from one window to the next.
        whole: Whether the future has to lie inside the sequence and be seen well; False keeps windows with any future, padded
            with NaN, to learn from.
    """
    kept: list[tuple[int, int, Float32, Float32, NDArray[np.bool_]]] = []
    owners = tuple(sequences)
    for owner, sequence in enumerate(owners):
        frames = len(sequence.joints_m)
        last = frames - (horizon if whole else 1)
        truth = sequence.joints_m if sequence.truth_m is None else sequence.truth_m
        for start in range(protocol.observed_frames, last + 1, stride):
            observed = sequence.joints_m[start - protocol.observed_frames : start]
            future = _padded(truth[start : start + horizon], horizon)
            counts = _counts(observed, future, protocol, whole=whole)
            if counts.any():
                kept.append((owner, start, observed, np.where(counts[:, None, None], future, np.float32(np.nan)), counts))
    return _stacked(owners, kept, protocol, horizon)


def _counts(observed: Float32, future: Float32, protocol: EvaluationProtocol, *, whole: bool) -> NDArray[np.bool_]:
    """(2,) which hands count."""
    past, coming = seen(observed), seen(future)
    counts = past[-1] & (past.mean(axis=0) >= protocol.observed_share)
    if not whole:
        return np.asarray(counts & coming.any(axis=0))
    return np.asarray(counts & coming[-1] & (coming.mean(axis=0) >= protocol.future_share))


def _padded(joints_m: Float32, frames: int) -> Float32:
    """(t, 2, 21, 3) made (frames, 2, 21, 3) with NaN at the end."""
    missing = frames - len(joints_m)
    if missing == 0:
        return joints_m
    return np.concatenate([joints_m, np.full((missing, HANDS, JOINTS, 3), np.nan, dtype=np.float32)])


def _stacked(
    owners: tuple[MotionSequence, ...],
    kept: Sequence[tuple[int, int, Float32, Float32, NDArray[np.bool_]]],
    protocol: EvaluationProtocol,
    horizon: int,
) -> Windows:
    if kept:
        owner, start, observed, future, counts = zip(*kept, strict=True)
        return Windows(owners, np.array(owner), np.array(start), np.stack(observed), np.stack(future), np.stack(counts))
    nothing = np.zeros(0, dtype=np.intp)
    observed_m = np.zeros((0, protocol.observed_frames, HANDS, JOINTS, 3), dtype=np.float32)
    future_m = np.zeros((0, horizon, HANDS, JOINTS, 3), dtype=np.float32)
    return Windows(owners, nothing, nothing, observed_m, future_m, np.zeros((0, HANDS), dtype=np.bool_))
