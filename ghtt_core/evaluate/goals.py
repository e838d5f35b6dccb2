"""What the project set out to reach, held against what was measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ghtt_core.evaluate.ablations import FLAT_MODEL
from ghtt_core.evaluate.bootstrap import Estimate
from ghtt_core.evaluate.refine import GAP_FRAMES
from ghtt_core.evaluate.tables import Column, Table, Value


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal on one data set.

    Attributes:
        text: What is to be reached.
        measured: By how much it was or was not.
        met: Whether it was.
    """

    text: str
    measured: str
    met: bool


def goals(tables: Sequence[Table], model: str) -> list[Goal]:
    """The goals that the tables of one data set can tell about, for one model."""
    return [goal for table in tables for goal in _goals(table, model)]


def goals_table(by_data: Sequence[tuple[str, Sequence[Goal]]]) -> Table:
    """All goals, a column for each data set; empty where a data set cannot tell."""
    table = Table("goals", "Goals", [Column(name, name) for name, _ in by_data])
    for text in dict.fromkeys(goal.text for _, found in by_data for goal in found):
        cells: dict[str, Value] = {
            name: f"{goal.measured} {'yes' if goal.met else '**no**'}"
            for name, found in by_data
            for goal in found
            if goal.text == text
        }
        table.rows.append((text, cells))
    return table


def _goals(table: Table, model: str) -> Iterator[Goal]:
    if table.key == "recognition":
        yield from _recognition_goals(table, model)
    if model not in dict(table.rows):
        return
    if table.key in ("forecast-32-both", "forecast-64-both"):
        yield from _forecast_goals(table, model)
    elif table.key.startswith("shape-"):
        yield from _shape_goals(table, model)
    elif table.key == "refinement":
        yield from _refinement_goals(table, model)
    elif table.key == "gaps":
        yield from _gap_goals(table, model)


def _number(table: Table, row: str, key: str) -> float | None:
    value = table.value(row, key)
    if isinstance(value, Estimate):
        return value.value
    return float(value) if isinstance(value, float | int) else None


def _at_most(table: Table, model: str, key: str, limit: float, text: str, digits: int = 3) -> Iterator[Goal]:
    value = _number(table, model, key)
    if value is not None:
        yield Goal(f"{text} ≤ {limit:g}", f"{value:.{digits}f}", value <= limit)


def _at_least(table: Table, model: str, key: str, limit: float, text: str, digits: int = 1) -> Iterator[Goal]:
    value = _number(table, model, key)
    if value is not None:
        yield Goal(f"{text} ≥ {limit:g}", f"{value:.{digits}f}", value >= limit)


def _beats(table: Table, model: str, other: str, key: str, text: str, digits: int = 1) -> Iterator[Goal]:
    value, reference = _number(table, model, key), _number(table, other, key)
    if value is not None and reference is not None:
        measured = f"{value:.{digits}f} against {reference:.{digits}f}"
        yield Goal(f"{text} below {other.removeprefix(f'{model}, ')}", measured, value < reference)


def _forecast_goals(table: Table, model: str) -> Iterator[Goal]:
    frames = f"{table.key.split('-')[1]} frames"
    yield from _at_most(table, model, "best_ade_ratio", 0.6, f"{frames}: best ADE ÷ zero velocity")
    yield from _at_most(table, model, "best_fde_ratio", 0.5, f"{frames}: best FDE ÷ zero velocity")
    yield from _at_most(table, model, "first_ade_ratio", 0.9, f"{frames}: deterministic ADE ÷ zero velocity")
    for other in ("constant velocity", "damped velocity", "nearest neighbours", "fixed futures", f"{model}, P alone"):
        yield from _beats(table, model, other, "best_ade", f"{frames}: best ADE, mm,")
    seeds = [_number(table, name, "best_ade") for name, _ in table.rows if name.startswith(FLAT_MODEL)]
    value, best = _number(table, model, "best_ade"), min((seed for seed in seeds if seed is not None), default=None)
    if value is not None and best is not None:
        text = f"{frames}: best ADE, mm, below the best seed of the flat model"
        yield Goal(text, f"{value:.1f} against {best:.1f}", value < best)


def _shape_goals(table: Table, model: str) -> Iterator[Goal]:
    yield from _at_least(table, model, "bone", 99.0, "futures with all bones steady within 2 %, % of frames")
    yield from _at_least(table, model, "angles", 99.0, "futures with joint angles in range, % of frames")


def _refinement_goals(table: Table, model: str) -> Iterator[Goal]:
    yield from _at_most(table, model, "acceleration_error_ratio", 0.2, "refinement: acceleration error ÷ estimator's")
    yield from _at_most(table, model, "mpjpe_ra_ratio", 0.85, "refinement: MPJPE-RA ÷ estimator's")
    yield from _beats(table, model, "One-Euro", "acceleration_error", "refinement: acceleration error", 2)
    yield from _beats(table, model, "One-Euro", "mpjpe_ra", "refinement: MPJPE-RA, mm,", 2)
    lag, reference = _number(table, model, "lag"), _number(table, "estimator", "lag")
    if lag is not None and reference is not None:
        over = lag - reference
        yield Goal("refinement: lag over the estimator's, frames ≤ 0.25", f"{over:.2f}", over <= 0.25)


def _gap_goals(table: Table, model: str) -> Iterator[Goal]:
    for frames in GAP_FRAMES:
        value = _number(table, model, f"ratio{frames}")
        if value is not None:
            yield Goal(f"gap of {frames}: error ÷ linear interpolation < 1", f"{value:.3f}", value < 1.0)


def _recognition_goals(table: Table, model: str) -> Iterator[Goal]:
    """Of the model, or of the same model with a head for the actions of this data set."""
    row = next((name for name in dict(table.rows) if name == model or name.startswith("G-HTT ")), None)
    value, majority = (_number(table, one, "all") for one in (row or "", "majority class"))
    if value is not None and majority is not None:
        measured = f"{value:.1f} against {majority + 20:.1f}"
        yield Goal("recognition: top-1, %, ≥ majority class + 20", measured, value >= majority + 20)
    trees = _number(table, "gradient-boosted trees", "all")
    if value is not None and trees is not None:
        measured = f"{value:.1f} against {trees:.1f}"
        yield Goal("recognition: top-1, %, above gradient-boosted trees", measured, value > trees)
    if row not in (None, model):
        yield from _at_least(table, row, "last", 85.0, "recognition by a head of its own: top-1 at the end of an action, %")
