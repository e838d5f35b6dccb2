"""All training motion in memory, cut into windows on demand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ghtt_core.motion import MotionSequence, at_rate
from ghtt_core.runtime import CLIP_FRAMES, FRAME_RATE_HZ
from ghtt_core.skeleton import HANDS, JOINTS, PALM

UNLABELLED = -1
MIN_SEEN = CLIP_FRAMES // 2
"""Frames of the observed clip, and of the coming one, in which a hand must be there for a window to count."""
RARITY = 0.5
"""Frames of an action are drawn the more often the rarer it is: by its frequency to the power of minus this."""


class MotionStore:
    """Sequences at 30 Hz, end to end in one array, with NaN wherever there is no hand.

    Attributes:
        seen_m: (N, 2, 21, 3) what a model gets to see.
        truth_m: (N, 2, 21, 3) what it should answer; the same array where no separate truth exists.
        estimated: (N,) bool, True where `seen_m` comes from a real estimator and needs no noise added.
        exact: (N,) bool, True where `truth_m` is more than an estimate, so that an estimate can be refined towards it.
        camera: (N, 4, 4) the camera's pose, NaN where there is no camera.
        label: (N,) class index of each frame, `UNLABELLED` where there is none.
        label_start: (N,) row at which the frame's action began.
        begin, end: (N,) first row, and row after the last, of each frame's sequence.
    """

    def __init__(self, sequences: Sequence[MotionSequence], classes: Sequence[str] = ()) -> None:
        if not sequences:
            raise ValueError("a store needs at least one sequence")
        sequences = [at_rate(sequence, FRAME_RATE_HZ) for sequence in sequences]
        lengths = [len(sequence.joints_m) for sequence in sequences]
        ends = np.cumsum(lengths)
        self.end = np.repeat(ends, lengths)
        self.begin = np.repeat(ends - lengths, lengths)
        self.seen_m = np.concatenate([sequence.joints_m for sequence in sequences])
        truths = [sequence.joints_m if sequence.truth_m is None else sequence.truth_m for sequence in sequences]
        self.truth_m = np.concatenate(truths).astype(np.float32, copy=False)
        self.estimated = np.repeat([sequence.estimated for sequence in sequences], lengths)
        self.exact = np.repeat([sequence.truth_m is not None or not sequence.estimated for sequence in sequences], lengths)
        cameras = [
            np.full((length, 4, 4), np.nan) if sequence.world_from_cam is None else sequence.world_from_cam
            for sequence, length in zip(sequences, lengths, strict=True)
        ]
        self.camera = np.concatenate(cameras).astype(np.float32)
        self.label = np.full(len(self.seen_m), UNLABELLED, np.int64)
        self.label_start = self.begin.copy()
        index = {name: number for number, name in enumerate(classes)}
        for sequence, end, length in zip(sequences, ends, lengths, strict=True):
            for segment in sequence.segments:
                if segment.action in index:
                    span = slice(end - length + segment.start, min(end - length + segment.end, end))
                    self.label[span], self.label_start[span] = index[segment.action], span.start

    def __len__(self) -> int:
        return len(self.seen_m)

    def forecast_rows(self, future: int, stride: int = 1) -> NDArray[np.int64]:
        """Last observed rows of windows: 16 frames can be seen and `future` more follow, with a hand in half of both.

        A hand counts if it is there in the last observed frame, in half of the observed and in half of the coming frames.
        """
        present = self.hand_present(self.truth_m).astype(np.int32)
        total = np.concatenate((np.zeros((1, HANDS), np.int32), present.cumsum(axis=0)))
        row = np.arange(CLIP_FRAMES - 1, len(self) - future)
        inside = (row - CLIP_FRAMES + 1 >= self.begin[row]) & (row + future < self.end[row])
        row = row[inside]
        row = row[(row - self.begin[row] - (CLIP_FRAMES - 1)) % stride == 0]
        observed = total[row + 1] - total[row + 1 - CLIP_FRAMES]
        coming = total[row + 1 + future] - total[row + 1]
        usable = (observed >= MIN_SEEN) & (coming * 2 >= future) & (present[row] > 0)
        return np.asarray(row[usable.any(axis=1)])

    @staticmethod
    def hand_present(joints_m: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(N, 2, 21, 3) to (N, 2): whether the palm is known."""
        return np.asarray(np.isfinite(joints_m[:, :, PALM, 0]).all(axis=-1))

    def gather(self, source: NDArray[np.float32], row: NDArray[np.int64], before: int, after: int) -> NDArray[np.float32]:
        """Cut windows (B, before + after, 2, 21, 3) out of `seen_m` or `truth_m`.

        The anchor row is the last of the `before` frames; frames outside its sequence are NaN.
        """
        index = row[:, None] + np.arange(-before + 1, after + 1)
        outside = (index < self.begin[row][:, None]) | (index >= self.end[row][:, None])
        windows = source[np.clip(index, 0, len(self) - 1)]
        windows[outside] = np.nan
        return np.asarray(windows.reshape(len(row), before + after, HANDS, JOINTS, 3))


def by_rarity(label: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw `count` indices of (N,) class numbers, rare classes more often than they occur (see `RARITY`)."""
    weight = np.bincount(label)[label] ** -RARITY
    return rng.choice(len(label), count, p=weight / weight.sum())
