"""The command line of the evaluation."""

import argparse
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ghtt_core.errors import UserError
from ghtt_core.evaluate.ablations import load_companions
from ghtt_core.evaluate.datasets import load_test_data
from ghtt_core.evaluate.document import document
from ghtt_core.evaluate.fid_network import DEFAULT_NETWORK, FidNetwork
from ghtt_core.evaluate.model import Model
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.quoted import QUOTED
from ghtt_core.evaluate.recordings import minutes_of, recording_tables
from ghtt_core.evaluate.report import Evaluation, Report
from ghtt_core.evaluate.tables import as_console, as_csv, as_json, with_means_over_seeds
from ghtt_core.recording import read_recording

TASKS = ("forecast", "refine", "recognise")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ghtt_core.evaluate",
        description="How good a checkpoint is, beside baselines that are fitted on the training part of the same data.",
        epilog="Without a checkpoint only the baselines are measured. Exported recordings are measured by themselves:"
        " --recording DIR.",
    )
    parser.add_argument("task", choices=(*TASKS, "all"), nargs="?", default="all")
    parser.add_argument("--checkpoint", type=Path, nargs="+", default=[], metavar="FILE", help="one or more, side by side")
    parser.add_argument(
        "--also",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="flat models, recognisers and heads for other actions, as further rows (python -m ghtt_core.train)",
    )
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="PATH", help="data sets, each by its own split")
    parser.add_argument(
        "--train", type=Path, nargs="+", default=[], metavar="PATH", help="more data for the baselines to learn"
    )
    parser.add_argument("--recording", type=Path, nargs="+", default=[], metavar="DIR", help="exported recordings")
    parser.add_argument("--horizons", type=int, nargs="+", metavar="FRAMES", help="forecast lengths (16 32 64 96)")
    parser.add_argument("--windows", type=int, help="test windows a horizon at most (150)")
    parser.add_argument("--temperature", type=float, help="spread of the samples (the checkpoint's own)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--csv", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="figures (beside FILE of --markdown)")
    return parser


def _protocol(arguments: argparse.Namespace) -> EvaluationProtocol:
    protocol = EvaluationProtocol(seed=arguments.seed)
    if arguments.horizons:
        if min(arguments.horizons) < 1:
            raise UserError(f"A horizon of {min(arguments.horizons)} frames is not possible; give 1 or more.")
        protocol = replace(protocol, horizons=tuple(sorted(set(arguments.horizons))))
    if arguments.windows is not None:
        if arguments.windows < 2:
            raise UserError(f"{arguments.windows} windows are too few; give 2 or more.")
        protocol = replace(protocol, windows=arguments.windows)
    return protocol


def _models(paths: Sequence[Path], arguments: argparse.Namespace) -> list[tuple[str, Model]]:
    """The checkpoints under the names that tables call them."""
    models = [Model.load(path, arguments.temperature, arguments.seed) for path in paths]
    if len(models) == 1:
        return [("G-HTT", models[0])]
    alike = len({path.stem for path in paths}) < len(paths)
    names = [f"{path.parent.name}/{path.stem}" if alike else path.stem for path in paths]
    return [(f"G-HTT {name}", model) for name, model in zip(names, models, strict=True)]


def _progress(text: str) -> None:
    print(f"\r{text[:100]:<100}", end="", file=sys.stderr, flush=True)


def _evaluation(arguments: argparse.Namespace) -> Evaluation:
    network = FidNetwork.load() if DEFAULT_NETWORK.exists() else None
    plots = arguments.plots
    if plots is None and arguments.markdown is not None:
        plots = arguments.markdown.with_suffix("")
    companions = load_companions(arguments.also, arguments.seed)
    return Evaluation(_models(arguments.checkpoint, arguments), companions, _protocol(arguments), network, plots, _progress)


def _reports(evaluation: Evaluation, arguments: argparse.Namespace) -> list[Report]:
    """One report per data set, and one for the recordings."""
    if not arguments.data and not arguments.recording:
        raise UserError("There is nothing to evaluate; give data sets with --data or exported recordings with --recording.")
    recordings = [read_recording(folder) for folder in arguments.recording]
    more = [load_test_data(path) for path in arguments.train]
    extra = tuple(sequence for data in more for sequence in (data.training or data.test))
    tasks = TASKS if arguments.task == "all" else (arguments.task,)
    reports = []
    for path in arguments.data:
        data = load_test_data(path)
        data = replace(data, training=(*data.training, *extra))
        report = Report(data.name, data.description, data.minutes)
        for task in tasks:
            getattr(evaluation, task)(data, report)
        report.tables = [*map(with_means_over_seeds, report.tables), *QUOTED.get(data.kind, ())]
        reports.append(report)
    if recordings:
        names = [recording.directory.name for recording in recordings]
        shown = ", ".join(names) if len(names) <= 6 else f"{len(names)} of them, {names[0]} to {names[-1]}"
        tables = recording_tables(recordings, evaluation.protocol)
        minutes = sum(map(minutes_of, recordings))
        reports.append(Report("recordings", f"Exported recordings by themselves: {shown}", minutes, tables))
    _progress("")
    print("\r", end="", file=sys.stderr)
    return reports


def _write(reports: Sequence[Report], evaluation: Evaluation, arguments: argparse.Namespace, run: dict[str, Any]) -> None:
    if arguments.markdown:
        _save(arguments.markdown, document(reports, evaluation, run, arguments.markdown))
    if arguments.csv:
        _save(arguments.csv, as_csv(table for report in reports for table in report.tables))
    if arguments.json:
        body = {"run": run, "reports": [_plain(report) for report in reports]}
        _save(arguments.json, json.dumps(body, indent=1) + "\n")


def _plain(report: Report) -> dict[str, Any]:
    figures = [str(path) for path in report.figures]
    return {
        "data": report.data,
        "tables": [as_json(table) for table in report.tables],
        "skipped": report.skipped,
        "figures": figures,
    }


def _save(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    arguments = _parser().parse_args(argv)
    started_s = time.monotonic()
    try:
        evaluation = _evaluation(arguments)
        reports = _reports(evaluation, arguments)
        protocol = asdict(evaluation.protocol)
        print("protocol:", ", ".join(f"{key} {value}" for key, value in protocol.items()), end="\n\n")
        for report in reports:
            print(report.data, end="\n\n")
            for table in report.tables:
                print(as_console(table), end="\n\n")
            for sentence in report.skipped:
                print(f"Not measured. {sentence}")
        seconds, minutes = time.monotonic() - started_s, sum(report.minutes for report in reports)
        machine = f"{os.cpu_count()} CPU cores, Python {platform.python_version()}, torch {torch.__version__}"
        # Where the data lie on this machine is nobody's business.
        words = [Path(word).name if Path(word).is_absolute() else word for word in (sys.argv[1:] if argv is None else argv)]
        command = shlex.join(words)
        run = {"command": command, "seconds": seconds, "minutes": minutes, "machine": machine, "protocol": protocol}
        _write(reports, evaluation, arguments, run)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{minutes:.1f} minutes of motion measured in {seconds:.0f} s on {os.cpu_count()} CPU cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
