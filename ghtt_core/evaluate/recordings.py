"""Exported recordings measured by themselves: what was foretold against what then happened, without any annotation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core import metrics
from ghtt_core.evaluate.bootstrap import mean_over_windows, ratio_of_means
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.tables import Column, Table, Value
from ghtt_core.geometry import transform_points
from ghtt_core.recording import Recording, read_recording
from ghtt_core.runtime import FRAME_RATE_HZ

Array = NDArray[np.floating]

FORECAST_COLUMNS = (
    Column("best_ade", "best ADE"),
    Column("best_fde", "best FDE"),
    Column("best_ade_ratio", "best ADE ÷ zero", 3),
    Column("best_fde_ratio", "best FDE ÷ zero", 3),
    Column("first_ade", "det. ADE"),
    Column("first_ade_ratio", "det. ADE ÷ zero", 3),
    Column("apd", "APD"),
)
MOTION_COLUMNS = (
    Column("acceleration", "acceleration, mm/frame²", 2),
    Column("jitter", "jitter, m/s³", 0),
    Column("moved", "moved from observed, mm", 1),
    Column("left", "left hand there, %", 0),
    Column("right", "right hand there, %", 0),
)
_SAME_TIME_S = 0.5 / FRAME_RATE_HZ


@dataclass(frozen=True, slots=True)
class _Foretold:
    """Futures of one recording and what then happened, in the frame that stands still.

    Attributes:
        futures_m: (F, S, T, 2, 21, 3).
        happened_m: (F, T, 2, 21, 3) observed, NaN where missing or after the end.
        last_m: (F, 2, 21, 3) observed when they were made.
        offset_s: (T,).
    """

    futures_m: Array
    happened_m: Array
    last_m: Array
    offset_s: Array


def recording_tables(folders: Sequence[Path], protocol: EvaluationProtocol) -> list[Table]:
    """Forecast errors per horizon against the estimator's later observations, and how smooth the motion is.

    Raises:
        UserError: A folder is not a recording.
    """
    recordings = [read_recording(folder) for folder in folders]
    foretold = [(recording.directory.name, _foretold(recording)) for recording in recordings if recording.future_frame.size]
    tables = [table for horizon in protocol.horizons if (table := _forecast_table(foretold, horizon, protocol)) is not None]
    return [*tables, _motion_table(recordings)]


def _still(recording: Recording, joints_cam_m: Array, rows: NDArray[np.integer]) -> Array:
    """(R, ..., 2, 21, 3) joints of some frames from the camera's frame into the one that stands still."""
    pose = recording.world_from_cam[rows]
    extra = (1,) * (joints_cam_m.ndim - 3)
    rotation, position = pose[:, :3, :3].reshape(-1, *extra, 3, 3), pose[:, :3, 3].reshape(-1, *extra, 3)
    return np.asarray(transform_points((rotation, position), joints_cam_m.astype(np.float64)))


def _foretold(recording: Recording) -> _Foretold:
    count = len(recording)
    rows = recording.future_frame
    observed = _still(recording, recording.observed_cam_m, np.arange(count))
    offset_s = recording.future_offset_s.astype(np.float64)
    wanted_s = recording.time_s[rows][:, None] + offset_s
    after = np.searchsorted(recording.time_s, wanted_s).clip(1, count - 1) if count > 1 else np.zeros(wanted_s.shape, int)
    nearer = np.abs(recording.time_s[after - 1] - wanted_s) < np.abs(recording.time_s[after] - wanted_s)
    nearest = np.where(nearer, after - 1, after)
    there = np.abs(recording.time_s[nearest] - wanted_s) <= _SAME_TIME_S
    happened = np.where(there[..., None, None, None], observed[nearest], np.nan)
    futures = _still(recording, recording.futures_cam_m, rows)
    return _Foretold(futures, happened, observed[rows], offset_s)


def _forecast_table(foretold: Sequence[tuple[str, _Foretold]], horizon: int, protocol: EvaluationProtocol) -> Table | None:
    """One row for the recorded futures and one for zero velocity, over the futures whose horizon lies inside the recording."""
    model: dict[str, list[Array]] = {column.key: [] for column in FORECAST_COLUMNS if "ratio" not in column.key}
    still: dict[str, list[Array]] = {key: [] for key in model}
    units: list[str] = []
    for name, record in foretold:
        if len(record.offset_s) < horizon:
            continue
        answered = np.isfinite(record.futures_m[:, :1, :horizon]).all(axis=(1, 2, 4, 5))
        counts = answered & np.isfinite(record.last_m).all(axis=(2, 3))
        seen = np.asarray(np.isfinite(record.happened_m[:, :horizon]).all(axis=(3, 4)))
        counts &= seen[:, -1] & (seen.mean(axis=1) >= protocol.future_share)
        truth = np.where(counts[:, None, :, None, None], record.happened_m[:, :horizon], np.nan)
        held = np.repeat(record.last_m[:, None, None], horizon, axis=2)
        for target, futures in ((model, record.futures_m[:, : protocol.samples, :horizon]), (still, held)):
            errors = metrics.ade_fde(futures, truth)
            for key in target:
                target[key].append(metrics.apd(futures) if key == "apd" else getattr(errors, key))
        units += [name] * len(truth)
    values = {key: np.concatenate(parts) for key, parts in model.items() if parts}
    if not values or not np.isfinite(values["best_ade"]).any():
        return None
    reference = {key: np.concatenate(parts) for key, parts in still.items()}
    table = Table(
        f"recorded-{horizon}", f"Recorded futures over {horizon} frames ({horizon / FRAME_RATE_HZ:.1f} s)", FORECAST_COLUMNS
    )
    names = np.array(units)
    for row_name, measured in (("zero velocity", reference), ("recorded futures", values)):
        row: dict[str, Value] = {key: mean_over_windows(value, names, protocol) for key, value in measured.items()}
        for key in ("best_ade", "best_fde", "first_ade"):
            row[f"{key}_ratio"] = ratio_of_means(measured[key], reference[key], names, protocol)
        table.rows.append((row_name, row))
    counted = int(np.isfinite(values["best_ade"]).sum())
    table.notes.append(
        f"{counted} futures of {len(set(units))} recordings; millimetres against what the estimator saw later, its noise"
        " included."
    )
    return table


def _motion_table(recordings: Sequence[Recording]) -> Table:
    """How smooth the observed and the refined motion is, and how often a hand was there."""
    table = Table("recorded-motion", "Recorded motion", MOTION_COLUMNS)
    for recording in recordings:
        rows = np.arange(len(recording))
        for kind, joints in (("observed", recording.observed_cam_m), ("refined", recording.refined_cam_m)):
            still = _still(recording, joints, rows)
            there = np.asarray(np.isfinite(still).all(axis=(2, 3)))
            rate = 1.0 / float(np.median(np.diff(recording.time_s))) if len(recording) > 1 else FRAME_RATE_HZ
            moved = metrics.mpjpe(still, _still(recording, recording.observed_cam_m, rows))
            values: dict[str, Value] = {
                "acceleration": float(metrics.acceleration(still)),
                "jitter": float(metrics.jitter(still, rate)),
                "moved": float(moved),
                "left": float(100.0 * there[:, 0].mean()),
                "right": float(100.0 * there[:, 1].mean()),
            }
            table.rows.append((f"{recording.directory.name}, {kind}", values))
    return table
