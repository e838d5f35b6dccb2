"""Action labels of a set of clips in a CSV file, and CSV files in general."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghtt_core.errors import UserError
from ghtt_core.untrusted import read_text

_LAST_FRAME = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ClipLabel:
    """One action in a clip: frames [start, end), and how sure the annotator was (1 guess, 3 clear)."""

    clip: str
    start: int
    end: int
    action: str
    confidence: int


def read_clip_labels(path: Path) -> dict[str, tuple[ClipLabel, ...]]:
    """`labels.csv` of a set of clips (columns clip, start, end, action; confidence may be missing), by clip and start.

    Raises:
        UserError: A column is missing, or a line holds something else than whole numbers, an order of frames and a name, or
            overlaps with the one before it.
    """
    labels: dict[str, list[ClipLabel]] = {}
    for line, row in csv_rows(path, ("clip", "start", "end", "action")):
        try:
            label = ClipLabel(row["clip"], int(row["start"]), int(row["end"]), row["action"], int(row.get("confidence") or 3))
        except ValueError as error:
            raise UserError(f"{path}, line {line}: start, end and confidence must be whole numbers ({error}).") from error
        before = labels.setdefault(label.clip, [])
        if not 0 <= label.start < label.end <= _LAST_FRAME or not label.action or not label.clip:
            raise UserError(f"{path}, line {line}: frames {label.start} to {label.end} as {label.action!r} are no segment.")
        if before and label.start < before[-1].end:
            raise UserError(f"{path}, line {line}: the segment starts at {label.start}, before the last one ends.")
        before.append(label)
    return {clip: tuple(entries) for clip, entries in labels.items()}


def read_names(path: Path) -> frozenset[str]:
    """One name per line, as in `validation.txt`.

    Raises:
        UserError: The file cannot be read.
    """
    return frozenset(read_text(path).split())


def has_columns(path: Path, columns: Sequence[str]) -> bool:
    """Whether a CSV file's header names these columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
    return set(columns) <= set(header)


def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of each row of a CSV file whose header has these columns.

    Raises:
        UserError: The file cannot be read, a column is missing, or a row has too few or too many fields.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise UserError(f"{path}, line 1: the header lacks {', '.join(missing)}.")
            for row in reader:
                if None in row or None in row.values():
                    raise UserError(f"{path}, line {reader.line_num}: {len(reader.fieldnames or ())} fields are expected.")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"Cannot read {path}: {error}.") from error
