"""Estimators compared on clips: `python -m estimators.report CLIPS... [--estimator A,B] [--json FILE]`."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from estimators.base import Estimator, create_estimator
from estimators.clips import ClipReader
from estimators.extract import Crop, add_estimator_arguments, masked, options_from, parse_crop
from estimators.intrinsics import IntrinsicsChoice
from estimators.quality import Run, as_row, judge
from ghtt_core.errors import UserError


def run_clip(path: Path, estimators: Sequence[Estimator], choice: IntrinsicsChoice, crop: Crop) -> list[Run]:
    """Every estimator over one clip, frame by frame in turn, so that the machine's moods strike all alike.

    Raises:
        UserError: The clip cannot be read.
    """
    for estimator in estimators:
        estimator.reset()
    with ClipReader(path) as reader:
        runs = [Run([], choice.for_size(reader.width, reader.height), []) for _ in estimators]
        for frame in tqdm(reader, total=reader.length_estimate, desc=path.name, file=sys.stderr, leave=False, disable=None):
            seen = masked(frame, crop)
            for estimator, run in zip(estimators, runs, strict=True):
                started = time.perf_counter()
                observation = estimator.estimate(seen)
                run.seconds.append(time.perf_counter() - started)
                run.observations.append(observation)
    return runs


def table(rows: Mapping[str, Mapping[str, str]]) -> str:
    """Lines of text, a column for each figure."""
    cells = [{"estimator": name, **row} for name, row in rows.items()]
    headings = list(cells[0])
    widths = [max(len(heading), *(len(row[heading]) for row in cells)) for heading in headings]
    lines = ["  ".join(heading.ljust(width) for heading, width in zip(headings, widths, strict=True))]
    lines += ["  ".join(row[heading].ljust(width) for heading, width in zip(headings, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def report(arguments: argparse.Namespace) -> None:
    """Run, print and save.

    Raises:
        UserError: No clip can be read, or the JSON not be written.
    """
    crop, options = parse_crop(arguments.crop), options_from(arguments)
    names = [name.strip() for name in arguments.estimator.split(",")]
    estimators: list[Estimator] = []
    runs: dict[str, list[Run]] = {name: [] for name in names}
    per_clip: dict[str, dict[str, object]] = {}
    try:
        estimators += [create_estimator(name, options) for name in names]
        for path in arguments.clips:
            try:
                done = run_clip(path, estimators, options.intrinsics, crop)
            except UserError as error:
                print(error, file=sys.stderr)
                continue
            for name, run in zip(names, done, strict=True):
                runs[name].append(run)
            per_clip[str(path)] = {name: asdict(judge([run])) for name, run in zip(names, done, strict=True)}
    finally:
        for estimator in estimators:
            estimator.close()
    if not per_clip:
        raise UserError("None of the clips can be read.")
    total = {name: judge(runs[name]) for name in names}
    print(table({name: as_row(quality) for name, quality in total.items()}))
    if arguments.json is not None:
        system = {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()}
        document = {"total": {name: asdict(quality) for name, quality in total.items()}, "clips": per_clip, "system": system}
        try:
            arguments.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        except OSError as error:
            raise UserError(f"Cannot write {arguments.json}: {error.strerror}.") from error


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m estimators.report", description=__doc__)
    add_estimator_arguments(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the figures, of each clip too")
    try:
        report(parser.parse_args(argv))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
