"""Result tables, and how they are written: console, Markdown, CSV, JSON."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ghtt_core.evaluate.bootstrap import Estimate

Value = Estimate | float | int | str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A measure.

    Attributes:
        key: Its name in files.
        title: Its heading for people.
        digits: After the point.
        deep: Left out of documents: for files and the console.
    """

    key: str
    title: str
    digits: int = 1
    deep: bool = False


@dataclass(slots=True)
class Table:
    """Rows of named values.

    Attributes:
        key: Short name for files.
        title: One line: what, on which data.
        columns: The measures, in order.
        rows: Row name and its values by column key; a missing value is left empty.
        notes: What a reader needs to know, a sentence each.
        deep: Folded away in documents.
    """

    key: str
    title: str
    columns: Sequence[Column]
    rows: list[tuple[str, Mapping[str, Value]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    deep: bool = False

    def value(self, row: str, key: str) -> Value:
        """One cell; None where there is none."""
        return next((values.get(key) for name, values in self.rows if name == row), None)


SEED = ", seed "
"""What parts a method's name from the seed of its training."""


def with_means_over_seeds(table: Table) -> Table:
    """The table with a row after the last seed of each method: the mean over its seeds, and the least and greatest."""
    seeds: dict[str, list[Mapping[str, Value]]] = {}
    for name, values in table.rows:
        seeds.setdefault(name.partition(SEED)[0], []).append(values)
    rows: list[tuple[str, Mapping[str, Value]]] = []
    waiting = {kind: len(found) for kind, found in seeds.items()}
    for name, values in table.rows:
        rows.append((name, values))
        kind = name.partition(SEED)[0]
        waiting[kind] -= 1
        if waiting[kind] == 0 and len(seeds[kind]) > 1:
            keys = seeds[kind][0]
            rows.append((f"{kind}, mean of {len(seeds[kind])} seeds", {key: _over(seeds[kind], key) for key in keys}))
    table.rows[:] = rows
    return table


def _over(seeds: Sequence[Mapping[str, Value]], key: str) -> Value:
    values = [value.value if isinstance(value := one.get(key), Estimate) else value for one in seeds]
    numbers = [float(value) for value in values if isinstance(value, float | int)]
    return Estimate(sum(numbers) / len(numbers), min(numbers), max(numbers)) if len(numbers) == len(values) else None


def _text(value: Value, digits: int, *, interval: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Estimate):
        middle = _text(value.value, digits, interval=False)
        if not interval or math.isnan(value.low):
            return middle
        return f"{middle} [{value.low:.{digits}f}, {value.high:.{digits}f}]"
    return "" if math.isnan(value) else f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def _cells(table: Table, columns: Sequence[Column], *, intervals: bool) -> list[list[str]]:
    heading = ["", *(column.title for column in columns)]
    body = [
        [name, *(_text(values.get(column.key), column.digits, interval=intervals) for column in columns)]
        for name, values in table.rows
    ]
    return [heading, *body]


def as_console(table: Table) -> str:
    """Aligned text, without intervals, to fit a terminal."""
    cells = _cells(table, table.columns, intervals=False)
    widths = [max(len(row[index]) for row in cells) for index in range(len(cells[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join([table.title, *(line.rstrip() for line in lines), *(f"  {note}" for note in table.notes)])


def as_markdown(table: Table) -> str:
    """A Markdown table with confidence intervals; a deep one folded away under its title."""
    heading, *body = _cells(table, [column for column in table.columns if not column.deep], intervals=True)
    lines = ["| " + " | ".join(row) + " |" for row in (heading, ["---", *["---:"] * (len(heading) - 1)], *body)]
    notes = [f"\n{' '.join(table.notes)}"] if table.notes else []
    if table.deep:
        return "\n".join([f"<details><summary>{table.title}</summary>\n", *lines, *notes, "\n</details>"]) + "\n"
    return "\n".join([f"### {table.title}\n", *lines, *notes]) + "\n"


def as_csv(tables: Iterable[Table]) -> str:
    """One line per value: table, row, measure, value, low, high."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "row", "measure", "value", "low", "high"])
    for table in tables:
        for name, values in table.rows:
            for column in table.columns:
                value = values.get(column.key)
                if isinstance(value, Estimate):
                    writer.writerow([table.key, name, column.key, value.value, value.low, value.high])
                elif value is not None:
                    writer.writerow([table.key, name, column.key, value, "", ""])
    return text.getvalue()


def as_json(table: Table) -> dict[str, Any]:
    """Plain values; a NaN becomes None."""

    def plain(value: Value) -> Any:
        if isinstance(value, Estimate):
            return {"value": plain(value.value), "low": plain(value.low), "high": plain(value.high)}
        return None if isinstance(value, float) and math.isnan(value) else value

    rows = [{"name": name, **{key: plain(value) for key, value in values.items()}} for name, values in table.rows]
    columns = [{"key": column.key, "title": column.title} for column in table.columns]
    return {"key": table.key, "title": table.title, "columns": columns, "rows": rows, "notes": table.notes}
