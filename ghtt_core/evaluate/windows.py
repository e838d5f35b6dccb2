"""Test windows: what is seen, and what then happens."""

from collections.abc import Iterable
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

    def history(self, index: slice, frames: int) -> Float32:
        """What was seen up to the forecasts of some windows: (n, frames, 2, 21, 3), NaN before the start."""
        starts, owners = self.start[index], self.sequence[index]
        past = np.full((len(starts), frames, HANDS, JOINTS, 3), np.nan, dtype=np.float32)
        for row, (start, owner) in enumerate(zip(starts, owners, strict=True)):
            known = min(start, frames)
            sequence = self.sequences[owner]
            past[row, frames - known :] = sequence.as_seen(sequence.joints_m[start - known : start], start - 1)
        return past


def seen(joints_m: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether the palm of a hand is known: (..., 21, 3) to (...)."""
    return np.asarray(np.isfinite(joints_m[..., list(PALM), :]).all(axis=(-2, -1)))


def cut_windows(
    sequences: Iterable[MotionSequence],
    protocol: EvaluationProtocol,
    horizon: int,
    *,
    stride: int,
    most: int | None = None,
    whole: bool = True,
    rather: Windows | None = None,
) -> Windows:
    """Cut every sequence into overlapping windows of one clip and a horizon, and keep those in which a hand counts.

    Each window is in the frame of the camera at its last observed moment. Where a sequence has an exact motion beside the
    estimated one, the estimate is observed and the exact motion is the future.

    Args:
        sequences: Motion at the model's frame rate.
        protocol: The rules.
        horizon: Frames to forecast.
        stride: Frames from one window to the next.
        most: Windows at most, spread evenly over all of them.
        whole: Whether the future has to lie inside the sequence and be seen well; False keeps windows with any future, padded
            with NaN, to learn from.
        rather: Windows of the same sequences, whose moments are taken before others as far as they will do.
    """
    owners = tuple(sequences)
    places = [_places(sequence, protocol, horizon, stride, whole=whole) for sequence in owners]
    starts = np.concatenate([start for start, _ in places]) if owners else np.zeros(0, dtype=np.intp)
    counts = np.concatenate([counts for _, counts in places]) if owners else np.zeros((0, HANDS), dtype=np.bool_)
    owner = np.repeat(np.arange(len(owners)), [len(start) for start, _ in places])
    if most is not None and len(starts) > most:
        kept = _spread(np.zeros(len(starts), dtype=np.bool_) if rather is None else _among(owner, starts, rather), most)
        starts, counts, owner = starts[kept], counts[kept], owner[kept]
    clip = protocol.observed_frames
    observed_m = np.empty((len(starts), clip, HANDS, JOINTS, 3), dtype=np.float32)
    future_m = np.full((len(starts), horizon, HANDS, JOINTS, 3), np.nan, dtype=np.float32)
    for row, (index, start) in enumerate(zip(owner, starts, strict=True)):
        sequence = owners[index]
        observed_m[row] = sequence.as_seen(sequence.joints_m[start - clip : start], start - 1)
        future = sequence.as_seen(exact(sequence)[start : start + horizon], start - 1)
        future_m[row, : len(future), counts[row]] = np.moveaxis(future[:, counts[row]], 1, 0)
    return Windows(owners, owner, starts, observed_m, future_m, counts)


def _among(owner: NDArray[np.intp], start: NDArray[np.intp], windows: Windows) -> NDArray[np.bool_]:
    """(N,) whether windows at these places begin where some of `windows` do."""
    moments = set(zip(windows.sequence.tolist(), windows.start.tolist(), strict=True))
    return np.array([place in moments for place in zip(owner.tolist(), start.tolist(), strict=True)], dtype=np.bool_)


def _spread(first: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """Which `most` of N to keep, in order: evenly spread ones of those that go first, then of the others."""
    kept: list[NDArray[np.intp]] = []
    for some in (np.flatnonzero(first), np.flatnonzero(~first)):
        count = min(most - sum(map(len, kept)), len(some))
        kept.append(some[np.linspace(0, len(some) - 1, count).round().astype(np.intp)] if count else some[:0])
    return np.sort(np.concatenate(kept))


def exact(sequence: MotionSequence) -> Float32:
    """(T, 2, 21, 3): the exact motion where it is known, else the motion as it was measured."""
    return sequence.joints_m if sequence.truth_m is None else sequence.truth_m


def _places(
    sequence: MotionSequence, protocol: EvaluationProtocol, horizon: int, stride: int, *, whole: bool
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """(n,) first future frames of the windows in which a hand counts, and (n, 2) which hands do."""
    frames, clip = len(sequence.joints_m), protocol.observed_frames
    start = np.arange(clip, frames - (horizon if whole else 1) + 1, stride)
    past, coming = seen(sequence.joints_m), seen(exact(sequence))
    past_total, coming_total = (np.concatenate([np.zeros((1, HANDS)), known.cumsum(axis=0)]) for known in (past, coming))
    counts = past[start - 1] & ((past_total[start] - past_total[start - clip]) / clip >= protocol.observed_share)
    share = (coming_total[np.minimum(start + horizon, frames)] - coming_total[start]) / horizon
    counts &= coming[start + horizon - 1] & (share >= protocol.future_share) if whole else share > 0
    kept = counts.any(axis=1)
    return start[kept], counts[kept]
