"""The recognition table: which action, how often right, and how well the probabilities can be believed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core import metrics
from ghtt_core.baselines.action_trees import ActionTrees, motion_statistics
from ghtt_core.baselines.linear_classifier import LinearClassifier
from ghtt_core.evaluate.bootstrap import mean_over_windows
from ghtt_core.evaluate.model import Model, recognise
from ghtt_core.evaluate.pieces import in_pieces
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.tables import Column, Table, Value
from ghtt_core.evaluate.windows import seen
from ghtt_core.motion import MotionSequence
from ghtt_core.runtime import CLIP_FRAMES, FRAME_RATE_HZ, MAX_CLIPS
from ghtt_core.skeleton import HANDS, JOINTS

Float32 = NDArray[np.float32]
HISTORY_FRAMES = CLIP_FRAMES * MAX_CLIPS

COLUMNS = (
    Column("early", "top-1, ≥ 1 s left, %"),
    Column("all", "top-1, all windows, %"),
    Column("last", "top-1, end of action, %"),
    Column("recall", "mean recall of classes, %"),
    Column("ece", "calibration error", 3),
)


@dataclass(frozen=True, slots=True)
class ActionWindows:
    """Moments at which an action is to be named.

    Attributes:
        histories_m: (N, n * 16, 2, 21, 3) what was seen until then, 256 frames at most, as the camera sees it at that
            moment; NaN before the start.
        label: (N,) class number.
        left: (N,) frames left in the action.
        last: (N,) whether it is the last moment of its action.
        recording: (N,) names, the unit of the bootstrap.
    """

    histories_m: Float32
    label: NDArray[np.int64]
    left: NDArray[np.int64]
    last: NDArray[np.bool_]
    recording: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.label)


def action_windows(sequences: Sequence[MotionSequence], classes: Sequence[str], protocol: EvaluationProtocol) -> ActionWindows:
    """After every whole clip of a labelled action, and at its end, where a hand is seen in half of the last clip."""
    number = {name: index for index, name in enumerate(classes)}
    single = len({sequence.recording for sequence in sequences}) == 1
    pasts: list[Float32] = []
    labels, left, last, recordings = [], [], [], []
    for sequence in sequences:
        there = np.asarray(seen(sequence.joints_m).any(axis=1))
        for segment in sequence.segments:
            end = min(segment.end, len(sequence.joints_m))
            moments = list(range(segment.start + CLIP_FRAMES, end + 1, CLIP_FRAMES))
            if segment.action not in number or not moments:
                continue
            for moment in dict.fromkeys([*moments, end]):
                if there[moment - CLIP_FRAMES : moment].mean() < protocol.observed_share:
                    continue
                pasts.append(sequence.as_seen(sequence.joints_m[max(0, moment - HISTORY_FRAMES) : moment], moment - 1))
                labels.append(number[segment.action])
                left.append(end - moment)
                last.append(moment == end)
                recordings.append(sequence.name if single else sequence.recording)
    # No longer than the longest history needs, in whole clips, with a frame before it: short sequences are much cheaper so.
    longest = max((len(past) for past in pasts), default=0)
    frames = min(HISTORY_FRAMES, CLIP_FRAMES * (longest // CLIP_FRAMES + 1))
    histories = np.full((len(pasts), frames, HANDS, JOINTS, 3), np.nan, dtype=np.float32)
    for history, past in zip(histories, pasts, strict=True):
        history[frames - len(past) :] = past
    return ActionWindows(
        histories, np.array(labels, dtype=np.int64), np.array(left), np.array(last, dtype=bool), np.array(recordings, dtype=str)
    )


@dataclass(frozen=True, slots=True)
class RecognitionRun:
    """What one method said: (N, C) probabilities."""

    method: str
    probabilities: NDArray[np.floating]


def run_recognition(
    windows: ActionWindows,
    training: ActionWindows,
    classes: Sequence[str],
    models: Sequence[tuple[str, Model]],
    protocol: EvaluationProtocol,
    report: Callable[[str], None] = lambda text: None,
) -> list[RecognitionRun]:
    """Majority class, trees and a linear classifier, fitted on the training windows, and the models."""
    runs = []
    if len(training):
        share = np.bincount(training.label, minlength=len(classes)) / len(training)
        runs.append(RecognitionRun("majority class", np.tile(share, (len(windows), 1))))
        report(f"{len(windows)} windows: {ActionTrees.name}")
        trees = ActionTrees(len(classes), seed=protocol.seed)
        learned, asked = _statistics(training), _statistics(windows)
        trees.fit(learned, training.label)
        runs.append(RecognitionRun(trees.name, trees.probabilities(asked)))
        if len(np.unique(training.label)) > 1 and len(np.unique(training.recording)) > 1:
            report(f"{len(windows)} windows: {LinearClassifier.name}")
            linear = LinearClassifier(len(classes))
            linear.fit(learned, training.label, training.recording)
            runs.append(RecognitionRun(linear.name, linear.probabilities(asked)))
    for name, model in models:
        report(f"{len(windows)} windows: {name}")
        runs.append(RecognitionRun(name, recognise(model, windows.histories_m)))
    return runs


def _statistics(windows: ActionWindows) -> Float32:
    """(N, D) what trees and linear classifier read, of what was seen alone: histories of like length together."""
    there = np.asarray(np.isfinite(windows.histories_m[:, :, :, 0, 0]).any(axis=2))
    first = np.minimum(there.argmax(axis=1), there.shape[1] - CLIP_FRAMES)
    order = np.argsort(first, kind="stable")
    parts = in_pieces(
        lambda rows: motion_statistics(windows.histories_m[order[rows], first[order[rows]].min() :], CLIP_FRAMES), len(order)
    )
    statistics = np.concatenate(parts)
    return statistics[np.argsort(order)]


def recognition_table(
    runs: Sequence[RecognitionRun], windows: ActionWindows, classes: Sequence[str], protocol: EvaluationProtocol, data: str
) -> Table:
    """Accuracy over the windows with at least a second left in the action, over all, and at the ends of the actions."""
    table = Table("recognition", f"Recognition of {len(classes)} actions: {data}", COLUMNS)
    early = windows.left >= FRAME_RATE_HZ
    for run in runs:
        right = 100.0 * (run.probabilities.argmax(axis=1) == windows.label)
        recall = [right[windows.label == label].mean() for label in np.unique(windows.label)]
        row: dict[str, Value] = {
            key: mean_over_windows(np.where(chosen, right, np.nan), windows.recording, protocol)
            for key, chosen in (("early", early), ("all", np.ones_like(early)), ("last", windows.last))
        }
        row["recall"] = float(np.mean(recall))
        row["ece"] = metrics.expected_calibration_error(run.probabilities, windows.label)
        table.rows.append((run.method, row))
    table.notes.append(
        f"{len(windows)} windows, one after every clip of 16 frames and one at the end of each action; {int(early.sum())} of"
        f" them with at least 1 s left, {int(windows.last.sum())} at an end. Up to {HISTORY_FRAMES} frames are seen."
    )
    return table
