"""`python -m app.bench`: how fast each stage, the whole program and each backend are on this machine."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app.bench.limits import graph_limits, machine_rates
from app.bench.model_stages import OpenBackend, open_backends, time_stages
from app.bench.pipeline_runs import estimator_alone, headless, live, start_to_first_pose_s
from app.bench.report import Report, comparison, save, system_info, tables
from app.bench.soak import soak
from app.options import AppOptions
from app.sources.base import SourceRequest
from ghtt_core.errors import UserError
from ghtt_core.streaming import PredictorOptions
from trt_engines.select import BACKENDS, DEFAULT_CHECKPOINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or compare two reports; status 2 on what the user can put right."""
    options = _parser().parse_args(arguments)
    try:
        if options.compare:
            print(comparison(*options.compare))
            return 0
        report = _measure(options)
        print("\n" + tables(report))
        if options.json:
            save(report, options.json)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.bench", description=__doc__)
    parser.add_argument("--video", type=Path, help="the clip to run on; default: the bundled demo")
    parser.add_argument("--checkpoint", type=Path, help="default: the bundled one")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS[1:], default=(), help="default: every one that runs here")
    parser.add_argument("--frames", type=_positive, default=300, help="frames of each run (default 300)")
    parser.add_argument("--rounds", type=_positive, default=3, help="runs of each kind, in turn (default 3)")
    parser.add_argument("--seconds", type=_positive, default=10, help="length of each live run (default 10)")
    parser.add_argument("--only", choices=("model", "pipeline"), help="the graphs alone, or the whole runs alone")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="one long live run instead, with its memory over time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save everything")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="two saved reports side by side")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a number above 0")
    return value


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _measure(options: argparse.Namespace) -> Report:
    source = SourceRequest("demo") if options.video is None else SourceRequest.for_path(options.video)
    run_options = AppOptions(source=source, headless=True, checkpoint=options.checkpoint)
    system = system_info()
    backends, notes = open_backends(options.checkpoint, tuple(options.backends), _say)
    spec = backends[0].runtime.spec
    clip = options.video.name if options.video else "the demo clip"
    report = Report(clip, f"{spec.name} ({spec.sha256[:12]})", PredictorOptions().samples, system, notes=notes)
    try:
        if options.soak:
            report.soak = soak(run_options, backends[0], options.soak, min(10.0, 6.0 * options.soak), _say)
            return report
        if options.only != "pipeline":
            _measure_model(report, backends, options.checkpoint or DEFAULT_CHECKPOINT)
        if options.only != "model":
            _measure_pipeline(report, backends, run_options, options)
    finally:
        for each in backends:
            each.runtime.close()
    return report


def _measure_model(report: Report, backends: list[OpenBackend], checkpoint: Path) -> None:
    _say("Timing observe and imagine.")
    report.stages = time_stages(backends, report.samples, rounds=60)
    try:
        report.rates = machine_rates()
        report.limits = graph_limits(checkpoint, report.stages, report.samples, report.rates)
    except ImportError as error:
        report.notes.append(f"The machine's limits are not measured: {error}.")


def _measure_pipeline(
    report: Report, backends: list[OpenBackend], run_options: AppOptions, options: argparse.Namespace
) -> None:
    in_pipeline = [each for each in backends if each.label == each.name]
    for turn in range(options.rounds):
        _say(f"Round {turn + 1} of {options.rounds}.")
        report.runs.append(estimator_alone(run_options, options.frames))
        # Every other round the other way round, so that no backend always follows the same one.
        for each in in_pipeline[:: 1 if turn % 2 == 0 else -1]:
            report.runs.append(headless(run_options, each, options.frames))
            report.runs.append(live(run_options, each, options.seconds))
    report.start_s = start_to_first_pose_s(run_options)


if __name__ == "__main__":
    sys.exit(main())
