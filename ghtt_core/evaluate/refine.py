"""The refinement tables: estimated poses against exact ones, the model beside filters; and gaps bridged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghtt_core import metrics
from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.baselines.smoothers import SMOOTHERS, Smoother
from ghtt_core.evaluate.bootstrap import mean_over_windows, ratio_of_means
from ghtt_core.evaluate.model import Model, refine, refine_newest
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.tables import Column, Table, Value
from ghtt_core.evaluate.windows import exact, seen
from ghtt_core.motion import MotionSequence
from ghtt_core.runtime import CLIP_FRAMES, FRAME_RATE_HZ

Array = NDArray[np.floating]

COLUMNS = (
    Column("mpjpe", "MPJPE"),
    Column("mpjpe_ra", "MPJPE-RA"),
    Column("mpjpe_ra_ratio", "RA ÷ estimator", 3),
    Column("mpjpe_pa", "MPJPE-PA"),
    Column("acceleration_error", "acceleration error", 2),
    Column("acceleration_error_ratio", "acc. ÷ estimator", 3),
    Column("jitter", "jitter, m/s³", 0),
    Column("lag", "lag, frames", 2),
)
GAP_FRAMES = (1, 2, 4, 8)
ESTIMATOR = "estimator"
_TUNING_SEQUENCES = 12


@dataclass(frozen=True, slots=True)
class RefinementRun:
    """What one method made of the test sequences: (T, 2, 21, 3) metres each, NaN where it was not to answer."""

    method: str
    refined_m: list[Array]


def run_refinement(
    test: Sequence[MotionSequence],
    training: Sequence[MotionSequence],
    models: Sequence[tuple[str, Model]],
    report: Callable[[str], None] = lambda text: None,
) -> list[RefinementRun]:
    """The estimator by itself, every smoother (tuned where there is training data), and the models, without lag."""
    runs = [RefinementRun(ESTIMATOR, [sequence.joints_m for sequence in test])]
    for smoother in SMOOTHERS:
        report(f"refinement of {len(test)} sequences: {smoother.name}")
        choice = _tuned(smoother, training) if training else smoother.usual
        runs.append(RefinementRun(smoother.name, _smoothed(smoother, choice, test)))
    for name, model in models:
        report(f"refinement of {len(test)} sequences: {name}")
        runs.append(RefinementRun(name, [_streamed(model, sequence.joints_m) for sequence in test]))
    return [RefinementRun(run.method, _comparable(run.refined_m, test)) for run in runs]


def _tuned(smoother: Smoother, training: Sequence[MotionSequence]) -> dict[str, float]:
    """The setting with the least sum of MPJPE, MPJPE-RA and acceleration error, each over the estimator's own."""
    some = training[:: -(-len(training) // _TUNING_SEQUENCES)]

    def errors(motions: Sequence[Array]) -> Array:
        return np.array(
            [
                np.nanmean(
                    [measure(motion[None], _truth(sequence)[None]) for motion, sequence in zip(motions, some, strict=True)]
                )
                for measure in (metrics.mpjpe, metrics.mpjpe_ra, metrics.acceleration_error)
            ]
        )

    raw = errors([sequence.joints_m for sequence in some])
    scores = [float((errors(_smoothed(smoother, choice, some)) / raw).sum()) for choice in smoother.choices()]
    return smoother.choices()[int(np.argmin(scores))]


def _smoothed(smoother: Smoother, choice: Mapping[str, float], sequences: Sequence[MotionSequence]) -> list[Array]:
    """Every sequence smoothed; those of one length at once, side by side as if all hands were of one person."""
    smoothed: list[Array] = [sequence.joints_m for sequence in sequences]
    lengths = np.array([len(motion) for motion in smoothed])
    for length in np.unique(lengths):
        alike = np.flatnonzero(lengths == length)
        together = smoother.run(np.concatenate([smoothed[index] for index in alike], axis=1), **choice)
        for index, motion in zip(alike, np.split(together, len(alike), axis=1), strict=True):
            smoothed[index] = motion
    return smoothed


def _truth(sequence: MotionSequence) -> Array:
    if sequence.truth_m is None:
        raise ValueError(f"{sequence.name} has no exact motion to compare with")
    return sequence.truth_m


def _streamed(model: Model, joints_m: Array) -> Array:
    """The newest refined pose of every clip, as at run time: (T, 2, 21, 3), NaN before the first clip is full."""
    refined = np.full(joints_m.shape, np.nan)
    if len(joints_m) >= CLIP_FRAMES:
        clips = np.moveaxis(np.lib.stride_tricks.sliding_window_view(joints_m, CLIP_FRAMES, axis=0), -1, 1)
        refined[CLIP_FRAMES - 1 :] = refine_newest(model, clips)
    return refined


def _comparable(motions: Sequence[Array], test: Sequence[MotionSequence]) -> list[Array]:
    """Only what all methods can answer: hands the estimator saw, from the first full clip on."""
    kept = []
    for motion, sequence in zip(motions, test, strict=True):
        counts = seen(sequence.joints_m) & (np.arange(len(motion)) >= CLIP_FRAMES - 1)[:, None]
        kept.append(np.where(counts[..., None, None], motion, np.nan))
    return kept


def refinement_table(
    runs: Sequence[RefinementRun], test: Sequence[MotionSequence], protocol: EvaluationProtocol, data: str, tuned_on: int
) -> Table:
    """Errors of every method, one value a sequence, and their lag behind the truth; `tuned_on` training sequences."""
    table = Table("refinement", f"Refinement: {data}", COLUMNS)
    units = np.array([sequence.recording for sequence in test])
    raw = _measured(runs[0], test)
    for run in runs:
        values = _measured(run, test)
        row: dict[str, Value] = {key: mean_over_windows(value, units, protocol) for key, value in values.items()}
        for key in ("mpjpe_ra", "acceleration_error"):
            row[f"{key}_ratio"] = ratio_of_means(values[key], raw[key], units, protocol)
        row["lag"] = metrics.lag(run.refined_m, [_truth(sequence) for sequence in test])
        table.rows.append((run.method, row))
    table.notes += [
        f"{len(test)} sequences of {len(set(units))} recordings with exact truth; millimetres, acceleration in mm/frame²;"
        " frames in which the estimator saw the hand, from the first full clip on.",
        f"The filters are tuned on {min(tuned_on, _TUNING_SEQUENCES)} training sequences."
        if tuned_on
        else "The filters have usual settings: there was nothing to tune them on.",
        "Lag: the shift, in frames, at which the palms' velocities agree best with the true ones. The centred and the RTS"
        " filter see the whole motion and could not run live; all others use the past only.",
    ]
    return table


def _measured(run: RefinementRun, test: Sequence[MotionSequence]) -> dict[str, Array]:
    pairs = [(motion, _truth(sequence)) for motion, sequence in zip(run.refined_m, test, strict=True)]
    measures = (metrics.mpjpe, metrics.mpjpe_ra, metrics.mpjpe_pa, metrics.acceleration_error)
    values = {measure.__name__: np.array([float(measure(motion, true)) for motion, true in pairs]) for measure in measures}
    return values | {"jitter": np.array([float(metrics.jitter(motion, FRAME_RATE_HZ)) for motion, _ in pairs])}


def gap_table(
    test: Sequence[MotionSequence], models: Sequence[tuple[str, Model]], protocol: EvaluationProtocol, data: str
) -> Table:
    """Error in the middle of a clip where a hand is hidden for some frames, with the hand seen on both sides.

    Where there is an exact motion, the clips are the estimator's and the error is against the exact motion; otherwise the
    clips are what was measured, and the error is against the measurement that was hidden.
    """
    columns = [Column(f"gap{frames}", f"{frames} hidden", 1) for frames in GAP_FRAMES]
    columns += [Column(f"ratio{frames}", f"{frames} hidden ÷ linear", 3) for frames in GAP_FRAMES]
    table = Table("gaps", f"Bridging gaps: {data}", columns)
    rows: dict[str, dict[str, Value]] = {name: {} for name in ("linear interpolation", *(name for name, _ in models))}
    counts = []
    for frames in GAP_FRAMES:
        clips, truth, hidden, units = _gapped(test, frames, protocol)
        counts.append(len(clips))
        linear = _gap_error(fill_gaps(clips), truth, hidden)
        answers = {"linear interpolation": linear}
        answers |= {name: _gap_error(refine(model, clips), truth, hidden) for name, model in models if len(clips)}
        for name, errors in answers.items():
            rows[name][f"gap{frames}"] = mean_over_windows(errors, units, protocol)
            rows[name][f"ratio{frames}"] = ratio_of_means(errors, linear, units, protocol)
    table.rows += list(rows.items())
    table.notes.append(f"{min(counts)} clips or more; MPJPE in millimetres over the hidden frames of one hand.")
    return table


def _gapped(
    test: Sequence[MotionSequence], frames: int, protocol: EvaluationProtocol
) -> tuple[Array, Array, NDArray[np.bool_], NDArray[np.str_]]:
    """Clips (N, 16, 2, 21, 3) with a gap, their truth, (N, 16, 2) what was hidden, and their recordings."""
    rng = np.random.default_rng(protocol.seed)
    clips, truths, hidden, units = [], [], [], []
    for sequence in test:
        true = exact(sequence)
        visible = seen(sequence.joints_m) & seen(true)
        for start in range(0, len(true) - CLIP_FRAMES + 1, CLIP_FRAMES // 2):
            clip = slice(start, start + CLIP_FRAMES)
            for hand in np.flatnonzero(visible[clip].all(axis=0)):
                first = int(rng.integers(2, CLIP_FRAMES - frames - 1))
                gap = np.zeros((CLIP_FRAMES, 2), dtype=bool)
                gap[first : first + frames, hand] = True
                clips.append(np.where(gap[..., None, None], np.nan, sequence.joints_m[clip]))
                truths.append(true[clip])
                hidden.append(gap)
                units.append(sequence.recording if sequence.truth_m is not None else sequence.name)
    kept = np.linspace(0, len(clips) - 1, min(len(clips), protocol.windows)).round().astype(int)
    shape = (0, CLIP_FRAMES, 2, 21, 3)
    if not len(kept):
        return np.zeros(shape), np.zeros(shape), np.zeros(shape[:3], dtype=bool), np.zeros(0, dtype=str)
    picked = [[items[index] for index in kept] for items in (clips, truths, hidden)]
    return np.stack(picked[0]), np.stack(picked[1]), np.stack(picked[2]), np.array([units[index] for index in kept])


def _gap_error(filled_m: Array, truth_m: Array, hidden: NDArray[np.bool_]) -> Array:
    """(N,) MPJPE over the hidden frames."""
    return metrics.mpjpe(np.where(hidden[..., None, None], filled_m, np.nan), truth_m)
