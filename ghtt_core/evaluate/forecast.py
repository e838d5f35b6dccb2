"""The forecasting tables: every method on the same windows, beside zero velocity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ghtt_core import metrics
from ghtt_core.baselines.forecasters import Forecaster, TrainingWindows
from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.baselines.hand_space import HandSpace
from ghtt_core.evaluate.bootstrap import mean_over_windows, ratio_of_means
from ghtt_core.evaluate.fid_network import FidNetwork
from ghtt_core.evaluate.pieces import in_pieces
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.tables import Column, Table, Value
from ghtt_core.evaluate.windows import Windows, cut_windows
from ghtt_core.motion import MotionSequence
from ghtt_core.runtime import FRAME_RATE_HZ
from ghtt_core.skeleton import HAND_NAMES

Array = NDArray[np.floating]

COLUMNS = (
    Column("best_ade", "best ADE"),
    Column("best_fde", "best FDE"),
    Column("best_ade_ratio", "best ADE ÷ zero", 3),
    Column("best_fde_ratio", "best FDE ÷ zero", 3),
    Column("first_ade", "det. ADE", deep=True),
    Column("first_fde", "det. FDE", deep=True),
    Column("first_ade_ratio", "det. ADE ÷ zero", 3),
    Column("mean_ade", "mean ADE", deep=True),
    Column("mean_fde", "mean FDE", deep=True),
    Column("apd", "APD"),
)
SHAPE_COLUMNS = (
    Column("mmade", "MMADE"),
    Column("mmfde", "MMFDE"),
    Column("cmd", "CMD", 0),
    Column("fid", "FID × 1000", 1),
    Column("acceleration", "acceleration", 2),
    Column("bone", "bones steady, %"),
    Column("angles", "angles in range, %"),
)
MIN_WINDOWS = 20
"""Fewer windows than this make no table."""
_FID_SAMPLES = 5
_ERRORS = ("best_ade", "best_fde", "mean_ade", "mean_fde", "first_ade", "first_fde")


@dataclass(frozen=True, slots=True)
class ForecastRun:
    """One method on one horizon.

    Attributes:
        method: Its name.
        windows: What it was asked.
        futures_m: (N, K, T, 2, 21, 3) what it answered.
    """

    method: str
    windows: Windows
    futures_m: Array


def run_forecasts(
    test: Sequence[MotionSequence],
    training: Sequence[MotionSequence],
    forecasters: Sequence[Forecaster],
    protocol: EvaluationProtocol,
    horizon: int,
    report: Callable[[str], None] = lambda text: None,
    rather: Windows | None = None,
) -> list[ForecastRun]:
    """Fit the forecasters on training windows and let each continue the same test windows.

    Args:
        test: What is foretold.
        training: What may be learned from.
        forecasters: Who foretells.
        protocol: The rules.
        horizon: How many frames.
        report: Told what is being done.
        rather: Test windows of another horizon, whose moments are taken again where they will do.

    Returns:
        A run per forecaster, those that found nothing to learn from left out; none at all if too few windows are long enough.
    """
    windows = cut_windows(test, protocol, horizon, stride=protocol.stride, most=protocol.windows, rather=rather)
    if len(windows) < MIN_WINDOWS:
        return []
    learned = cut_windows(
        training, protocol, horizon, stride=protocol.training_stride, most=protocol.training_windows, whole=False
    )
    lessons = TrainingWindows(learned.observed_m, learned.future_m, learned.sequence)
    runs = []
    for forecaster in forecasters:
        report(f"{horizon} frames, {len(windows)} windows: {forecaster.name}")
        if forecaster.learns and not len(learned):
            continue
        forecaster.fit(lessons)
        futures = forecaster.forecast(windows.observed_m, protocol.samples)
        runs.append(ForecastRun(forecaster.name, windows, _answered(futures, windows, forecaster.name)))
    return runs


def _answered(futures_m: Array, windows: Windows, name: str) -> Array:
    """The futures of the hands that count; a method must not leave one out."""
    asked = np.isfinite(windows.future_m)[:, None]
    if not np.isfinite(np.where(asked, futures_m, 0.0)).all():
        raise ValueError(f"{name} gave no future for a hand that counts")
    return np.where(windows.counts[:, None, None, :, None, None], futures_m, np.float32(np.nan))


def ratios_to_zero(zero: ForecastRun, run: ForecastRun) -> dict[str, float]:
    """Mean errors of a run over those of zero velocity: the figures that training watches."""
    still, ours = (metrics.ade_fde(one.futures_m, one.windows.future_m) for one in (zero, run))
    ade, fde = np.nanmean(still.first_ade), np.nanmean(still.first_fde)
    return {
        "ade_ratio": float(np.nanmean(ours.first_ade) / ade),
        "best_ade_ratio": float(np.nanmean(ours.best_ade) / ade),
        "best_fde_ratio": float(np.nanmean(ours.best_fde) / fde),
    }


def displacement_table(runs: Sequence[ForecastRun], protocol: EvaluationProtocol, data: str, hand: int | None = None) -> Table:
    """Errors and diversity of every method, millimetres, beside zero velocity; of one hand, or of both together."""
    windows, horizon = runs[0].windows, runs[0].windows.future_m.shape[1]
    hands = slice(None) if hand is None else slice(hand, hand + 1)
    seconds = horizon / FRAME_RATE_HZ
    which = "both hands" if hand is None else f"{HAND_NAMES[hand]} hand"
    table = Table(f"forecast-{horizon}-{'both' if hand is None else HAND_NAMES[hand]}", "", COLUMNS)
    table.title = f"Forecast over {horizon} frames ({seconds:.1f} s), {which}: {data}"
    units = windows.recordings
    measured = [(run.method, _errors(run, hands)) for run in runs]
    reference = measured[0][1]
    for method, errors in measured:
        row: dict[str, Value] = {key: mean_over_windows(value, units, protocol) for key, value in errors.items()}
        for key in ("best_ade", "best_fde", "first_ade"):
            row[f"{key}_ratio"] = ratio_of_means(errors[key], reference[key], units, protocol)
        table.rows.append((method, row))
    counted = int(windows.counts[:, hands].any(axis=1).sum())
    table.notes.append(
        f"{counted} windows of {len(np.unique(units))} recordings; millimetres, mean over joints; best and mean of "
        f"{protocol.samples} futures, det.: the deterministic one; ÷ zero: ratio to zero velocity."
    )
    return table


def _errors(run: ForecastRun, hands: slice) -> dict[str, Array]:
    """The measures of each window, (N,) each."""

    def measured(rows: slice) -> dict[str, Array]:
        futures, truth = run.futures_m[rows, ..., hands, :, :], run.windows.future_m[rows, :, hands]
        errors = metrics.ade_fde(futures, truth)
        spread = np.where(np.isnan(errors.best_ade), np.nan, metrics.apd(futures))
        return {key: getattr(errors, key) for key in _ERRORS} | {"apd": spread}

    parts = in_pieces(measured, len(run.windows))
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def shape_table(runs: Sequence[ForecastRun], protocol: EvaluationProtocol, data: str, fid_network: FidNetwork | None) -> Table:
    """Whether futures cover what may happen, move as much as hands do, and stay hands; the truth itself in the first row."""
    windows, horizon = runs[0].windows, runs[0].windows.future_m.shape[1]
    truth = ForecastRun("what happened", windows, windows.future_m[:, None])
    true_features = None if fid_network is None else fid_network.features(_joined(truth, 0))
    table = Table(f"shape-{horizon}", f"Plausibility over {horizon} frames: {data}", SHAPE_COLUMNS)
    for run in (truth, *runs):
        row = _plausibility(run)
        if run is not truth:
            row["mmade"], row["mmfde"] = _multi_modal(run, protocol)
            row["cmd"] = metrics.cmd(run.futures_m, windows.future_m)
            if fid_network is not None and true_features is not None:
                row["fid"] = _fid(run, fid_network, true_features)
        table.rows.append((run.method, row))
    table.notes += [
        f"MMADE and MMFDE: hands whose last poses are within {protocol.similar_mm:g} mm of each other in the palm's frame share"
        " their futures.",
        f"FID over the observed and the foretold frames, of {_FID_SAMPLES} futures, on the network of"
        " `ghtt_core/evaluate/fid_network.py`.",
        "Acceleration in mm/frame², mean of the joints. Shares of frames in which all 20 bones are within 2 % of their mean"
        " length over the future, and all finger joints within their range.",
    ]
    return table


def _fid(run: ForecastRun, network: FidNetwork, true_features: Array) -> float:
    """1000 times the FID of seen and foretold frames together against true windows."""
    made = [network.features(_joined(run, sample)) for sample in range(min(_FID_SAMPLES, run.futures_m.shape[1]))]
    return 1000.0 * metrics.fid(np.concatenate(made), true_features)


def _joined(run: ForecastRun, sample: int) -> Array:
    """(N, C + T, 2, 21, 3): what was seen of the hands that count, and one of the futures."""
    counts = run.windows.counts[:, None, :, None, None]
    return np.concatenate([np.where(counts, run.windows.observed_m, np.nan), run.futures_m[:, sample]], axis=1)


def _plausibility(run: ForecastRun) -> dict[str, Value]:
    def measured(rows: slice) -> tuple[Array, Array, Array]:
        futures = run.futures_m[rows].astype(np.float64)
        missing = np.asarray(np.isnan(futures).any(axis=(-2, -1)))
        lengths = metrics.bone_lengths(futures)
        known = np.maximum((~missing).sum(axis=2, keepdims=True), 1)
        reference = np.where(missing[..., None], 0.0, lengths).sum(axis=2, keepdims=True) / known[..., None]
        with np.errstate(invalid="ignore", divide="ignore"):
            steady = np.all(metrics.bone_length_deviation(futures, reference) <= 2.0, axis=-1)
        inside = metrics.within_joint_limits(futures)[~missing]
        return np.asarray(steady)[~missing], inside, metrics.acceleration(futures).ravel()

    bones, angles, moves = (np.concatenate(parts) for parts in zip(*in_pieces(measured, len(run.windows), 8), strict=True))
    return {
        "bone": float(100.0 * bones.mean()),
        "angles": float(100.0 * angles.mean()),
        "acceleration": float(np.nanmean(moves)),
    }


def _multi_modal(run: ForecastRun, protocol: EvaluationProtocol) -> tuple[float, float]:
    """MMADE and MMFDE over single hands in the palm's frame."""
    observed = fill_gaps(run.windows.observed_m)
    counted = replace(run.windows, observed_m=observed)
    space = HandSpace.of(np.where(counted.counts[:, None, :, None, None], observed, np.nan))
    last = space.enter(observed)[:, -1:]
    truth = space.enter(run.windows.future_m)[:, :, None]
    futures = np.stack([space.enter(run.futures_m[:, sample]) for sample in range(run.futures_m.shape[1])], axis=1)[
        :, :, :, None
    ]
    average, final = metrics.mmade_mmfde(futures, truth, last, protocol.similar_mm)
    return float(np.nanmean(average)), float(np.nanmean(final))
