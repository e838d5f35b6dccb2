"""Exported recordings measured by themselves: what was foretold against what then happened, without any annotation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ghtt_core import metrics
from ghtt_core.evaluate.bootstrap import mean_over_windows, ratio_of_means
from ghtt_core.evaluate.pieces import in_pieces
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.tables import Column, Table, Value
from ghtt_core.geometry import transform_points
from ghtt_core.recording import Recording
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


_Errors = dict[str, Array]
"""(F,) values by the key of their column."""


def minutes_of(recording: Recording) -> float:
    """From its first to its last frame."""
    return float(recording.time_s[-1] - recording.time_s[0]) / 60.0 if len(recording) else 0.0


def recording_tables(recordings: Sequence[Recording], protocol: EvaluationProtocol) -> list[Table]:
    """Forecast errors per horizon against the estimator's later observations, and how smooth the motion is."""
    tables = []
    measured = [(recording.directory.name, _measured(recording, protocol)) for recording in recordings]
    for horizon in protocol.horizons:
        found = [(name, *by_horizon[horizon]) for name, by_horizon in measured if horizon in by_horizon]
        if any(np.isfinite(model["best_ade"]).any() for _, model, _ in found):
            tables.append(_forecast_table(found, horizon, protocol))
    return [*tables, _motion_table(recordings, protocol)]


def _still(recording: Recording, joints_cam_m: Array, rows: NDArray[np.integer]) -> Array:
    """(R, ..., 2, 21, 3) joints of some frames from the camera's frame into the one that stands still."""
    pose = recording.world_from_cam[rows].astype(np.float32)
    extra = (1,) * (joints_cam_m.ndim - 3)
    rotation, position = pose[:, :3, :3].reshape(-1, *extra, 3, 3), pose[:, :3, 3].reshape(-1, *extra, 3)
    return np.asarray(transform_points((rotation, position), joints_cam_m))


def _happened(recording: Recording) -> NDArray[np.intp]:
    """(F, T) the frame that was seen at the time of each future frame; -1 where none was."""
    count, rows = len(recording), recording.future_frame
    wanted_s = recording.time_s[rows][:, None] + recording.future_offset_s.astype(np.float64)
    after = np.searchsorted(recording.time_s, wanted_s).clip(1, count - 1) if count > 1 else np.zeros(wanted_s.shape, int)
    nearer = np.abs(recording.time_s[after - 1] - wanted_s) < np.abs(recording.time_s[after] - wanted_s)
    nearest = np.where(nearer, after - 1, after)
    return np.where(np.abs(recording.time_s[nearest] - wanted_s) <= _SAME_TIME_S, nearest, -1)


def _measured(recording: Recording, protocol: EvaluationProtocol) -> dict[int, tuple[_Errors, _Errors]]:
    """Errors of the recorded futures and of zero velocity for each horizon that the futures reach.

    A hand counts in a future if it has one, was there when it was made, is seen at the end of the horizon and in enough of it.
    """
    observed = _still(recording, recording.observed_cam_m, np.arange(len(recording)))
    happened = _happened(recording)
    horizons = [horizon for horizon in protocol.horizons if horizon <= len(recording.future_offset_s)]

    def errors(rows: slice) -> list[tuple[_Errors, _Errors]]:
        made_at = recording.future_frame[rows]
        futures = _still(recording, recording.futures_cam_m[rows, : protocol.samples], made_at)
        truth = np.where((happened[rows] >= 0)[..., None, None, None], observed[happened[rows]], np.float32(np.nan))
        last = observed[made_at]
        seen = np.asarray(np.isfinite(truth).all(axis=(3, 4)))
        there = np.isfinite(last).all(axis=(2, 3))
        found = []
        for horizon in horizons:
            coming, known = futures[:, :, :horizon], seen[:, :horizon]
            counts = there & np.isfinite(coming[:, 0]).all(axis=(1, 3, 4))
            counts &= known[:, -1] & (known.mean(axis=1) >= protocol.future_share)
            true = np.where(counts[:, None, :, None, None], truth[:, :horizon], np.float32(np.nan))
            held = np.repeat(last[:, None, None], horizon, axis=2)
            found.append((_errors(coming, true), _errors(held, true)))
        return found

    pieces = in_pieces(errors, len(happened), 16)
    return {
        horizon: (_joined([piece[index][0] for piece in pieces]), _joined([piece[index][1] for piece in pieces]))
        for index, horizon in enumerate(horizons if pieces else ())
    }


def _errors(futures_m: Array, true_m: Array) -> _Errors:
    errors = metrics.ade_fde(futures_m, true_m)
    spread = np.where(np.isnan(errors.best_ade), np.nan, metrics.apd(futures_m))
    return {key: getattr(errors, key) for key in ("best_ade", "best_fde", "first_ade")} | {"apd": spread}


def _joined(parts: Sequence[_Errors]) -> _Errors:
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _forecast_table(found: Sequence[tuple[str, _Errors, _Errors]], horizon: int, protocol: EvaluationProtocol) -> Table:
    """One row for the recorded futures and one for zero velocity, over the futures whose horizon lies inside the recording."""
    values, reference = _joined([model for _, model, _ in found]), _joined([still for _, _, still in found])
    units = np.repeat([name for name, _, _ in found], [len(model["best_ade"]) for _, model, _ in found])
    table = Table(
        f"recorded-{horizon}", f"Recorded futures over {horizon} frames ({horizon / FRAME_RATE_HZ:.1f} s)", FORECAST_COLUMNS
    )
    for row_name, measured in (("zero velocity", reference), ("recorded futures", values)):
        row: dict[str, Value] = {key: mean_over_windows(value, units, protocol) for key, value in measured.items()}
        for key in ("best_ade", "best_fde", "first_ade"):
            row[f"{key}_ratio"] = ratio_of_means(measured[key], reference[key], units, protocol)
        table.rows.append((row_name, row))
    counted = int(np.isfinite(values["best_ade"]).sum())
    table.notes.append(
        f"{counted} futures of {len(found)} recording{'' if len(found) == 1 else 's'}; millimetres against what the estimator"
        " saw later, its noise included."
    )
    return table


def _motion_table(recordings: Sequence[Recording], protocol: EvaluationProtocol) -> Table:
    """How smooth the observed and the refined motion is, and how often a hand was there: means over the recordings."""
    table = Table("recorded-motion", "Recorded motion", MOTION_COLUMNS)
    units = np.array([str(recording.directory) for recording in recordings])
    values: dict[str, list[dict[str, float]]] = {"observed": [], "refined": []}
    for recording in recordings:
        rows = np.arange(len(recording))
        rate = 1.0 / float(np.median(np.diff(recording.time_s))) if len(recording) > 1 else FRAME_RATE_HZ
        observed = _still(recording, recording.observed_cam_m, rows)
        for kind, still in (("observed", observed), ("refined", _still(recording, recording.refined_cam_m, rows))):
            there = np.asarray(np.isfinite(still).all(axis=(2, 3)))
            values[kind].append(
                {
                    "acceleration": float(metrics.acceleration(still)),
                    "jitter": float(metrics.jitter(still, rate)),
                    "moved": float(metrics.mpjpe(still, observed)),
                    "left": float(100.0 * there[:, 0].mean()),
                    "right": float(100.0 * there[:, 1].mean()),
                }
            )
    for kind, by_recording in values.items():
        row: dict[str, Value] = {
            column.key: mean_over_windows(np.array([one[column.key] for one in by_recording]), units, protocol)
            for column in MOTION_COLUMNS
        }
        table.rows.append((kind, row))
    plural, minutes = "" if len(recordings) == 1 else "s", sum(map(minutes_of, recordings))
    table.notes.append(f"Mean over {len(recordings)} recording{plural}, {minutes:.1f} minutes.")
    return table
