"""What the project set out to reach, held against what was measured."""

from collections.abc import Iterator, Sequence

from ghtt_core.evaluate.bootstrap import Estimate
from ghtt_core.evaluate.refine import GAP_FRAMES
from ghtt_core.evaluate.tables import Column, Table, Value

COLUMNS = (Column("goal", "goal"), Column("measured", "measured"), Column("met", "met"))
_Goal = tuple[str, str, bool]


def goals_table(tables: Sequence[Table], model: str, data: str) -> Table | None:
    """The goals that these tables of one data set can tell about, for one model; None if there are none."""
    goals = [goal for table in tables for goal in _goals(table, model)]
    if not goals:
        return None
    rows: list[tuple[str, dict[str, Value]]] = [
        (str(number), {"goal": goal, "measured": measured, "met": "yes" if met else "**no**"})
        for number, (goal, measured, met) in enumerate(goals, start=1)
    ]
    return Table("goals", f"Goals: {model} on {data}", COLUMNS, list(rows))


def _goals(table: Table, model: str) -> Iterator[_Goal]:
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
    elif table.key == "recognition":
        yield from _recognition_goals(table, model)


def _number(table: Table, row: str, key: str) -> float | None:
    value = table.value(row, key)
    if isinstance(value, Estimate):
        return value.value
    return float(value) if isinstance(value, float | int) else None


def _at_most(table: Table, model: str, key: str, limit: float, text: str, digits: int = 3) -> Iterator[_Goal]:
    value = _number(table, model, key)
    if value is not None:
        yield f"{text} ≤ {limit:g}", f"{value:.{digits}f}", value <= limit


def _at_least(table: Table, model: str, key: str, limit: float, text: str, digits: int = 1) -> Iterator[_Goal]:
    value = _number(table, model, key)
    if value is not None:
        yield f"{text} ≥ {limit:.{digits}f}", f"{value:.{digits}f}", value >= limit


def _beats(table: Table, model: str, other: str, key: str, text: str, digits: int = 1) -> Iterator[_Goal]:
    value, reference = _number(table, model, key), _number(table, other, key)
    if value is not None and reference is not None:
        yield f"{text} below that of {other} ({reference:.{digits}f})", f"{value:.{digits}f}", value < reference


def _forecast_goals(table: Table, model: str) -> Iterator[_Goal]:
    frames = table.key.split("-")[1]
    yield from _at_most(table, model, "best_ade_ratio", 0.6, f"best ADE over {frames} frames ÷ zero velocity")
    yield from _at_most(table, model, "best_fde_ratio", 0.5, f"best FDE over {frames} frames ÷ zero velocity")
    yield from _at_most(table, model, "first_ade_ratio", 0.9, f"deterministic ADE over {frames} frames ÷ zero velocity")
    for other in ("constant velocity", "damped velocity", "nearest neighbours", f"{model}, P alone"):
        yield from _beats(table, model, other, "best_ade", f"best ADE over {frames} frames")


def _shape_goals(table: Table, model: str) -> Iterator[_Goal]:
    yield from _at_least(table, model, "bone", 99.0, "frames with all bones steady within 2 %, %")
    yield from _at_least(table, model, "angles", 99.0, "frames with joint angles in range, %")


def _refinement_goals(table: Table, model: str) -> Iterator[_Goal]:
    yield from _at_most(table, model, "acceleration_error_ratio", 0.2, "acceleration error ÷ estimator's")
    yield from _at_most(table, model, "mpjpe_ra_ratio", 0.85, "MPJPE-RA ÷ estimator's")
    yield from _beats(table, model, "One-Euro", "acceleration_error", "acceleration error", 2)
    yield from _beats(table, model, "One-Euro", "mpjpe_ra", "MPJPE-RA", 2)
    lag, reference = _number(table, model, "lag"), _number(table, "estimator", "lag")
    if lag is not None and reference is not None:
        yield "lag over the estimator's, frames ≤ 0.25", f"{lag - reference:.2f}", lag - reference <= 0.25


def _gap_goals(table: Table, model: str) -> Iterator[_Goal]:
    for frames in GAP_FRAMES:
        value = _number(table, model, f"ratio{frames}")
        if value is not None:
            yield f"error in gaps of {frames} ÷ linear interpolation < 1", f"{value:.3f}", value < 1.0


def _recognition_goals(table: Table, model: str) -> Iterator[_Goal]:
    value, majority = _number(table, model, "all"), _number(table, "majority class", "all")
    if value is not None and majority is not None:
        yield f"top-1 ≥ majority class + 20 points ({majority + 20:.1f} %)", f"{value:.1f}", value >= majority + 20
    trees = _number(table, "gradient-boosted trees", "all")
    if value is not None and trees is not None:
        yield f"top-1 above gradient-boosted trees ({trees:.1f} %)", f"{value:.1f}", value > trees
