"""`docs/results.md`: everything a reviewer would ask, from the runs themselves: first what was reached, then the tables."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ghtt_core.evaluate.fid_network import FidNetwork
from ghtt_core.evaluate.goals import Goal, goals, goals_table
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.report import Evaluation, NamedModels, Report
from ghtt_core.evaluate.tables import as_markdown

_HOW = """## How it is measured

- **Windows**: {observed} frames are seen at 30 frames per second, then {horizons} frames ({seconds} s) are foretold; a window
  every {stride} frames, at most {windows} per horizon, spread evenly; the moments of a longer horizon serve the shorter ones
  too, as far as there are enough.
- **Which hands count**: a hand that is seen in the last observed frame and in at least {observed_share:.0%} of the observed
  ones, and in the last future frame and in at least {future_share:.0%} of the future ones. Missing frames are left out.
- **Futures**: {samples} per window, the deterministic one first and counted among them; the same number for every method that
  samples. Everything is in millimetres, means over joints, hands and frames (never the norm of the flattened pose).
- **Splits** go by recording, never by window. Baselines are fitted on the training part of the same data set.
- **Intervals** in brackets: {confidence:.0%} percentile bootstrap over recordings ({resamples} draws); over sequences where
  a data set has a single test recording. Seed {seed}.
- **Baselines**: zero velocity holds the last pose. Constant and damped velocity are fitted (span, damping). Nearest neighbours
  carry over the motion of the {samples} most similar training clips, one per sequence, each hand by itself, mirrored hands
  included. Fixed futures are the same {samples} whatever was seen, medians of clusters of the training futures: what a model
  has beyond them, it has from looking. The linear predictor follows siMLPe. P alone is the pose block fed with its own
  predictions; the flat model has no mid-level; recognition only is the same encoders trained for nothing else, with a readout
  fitted as G-HTT's is. The linear classifier reads what the trees read, its penalty chosen by cross-validation over training
  recordings. Filters are tuned on the training recordings with known truth.
- **FID**: Fréchet distance of the features of {fid}. Whether it can be believed is shown with each data set.
- Definitions, units and sources of all measures are in the docstrings of `ghtt_core/metrics`.
"""


def document(reports: Sequence[Report], evaluation: Evaluation, run: Mapping[str, Any], path: Path) -> str:
    """The Markdown of a run, with figures linked relative to the file."""
    models, folder = evaluation.models, path.parent
    reached = [(report.name, goals(report.tables, models[0][0])) for report in reports] if models else []
    reached = [(name, found) for name, found in reached if found]
    return "\n".join(
        [
            *_head(models, evaluation.companions.trained, run),
            *(_goals(models[0][0], reached) if reached else ()),
            *_short(reached, reports),
            _how(evaluation.protocol, evaluation.fid_network),
            *(_section(report, folder) for report in reports),
        ]
    )


def _head(models: NamedModels, beside: Sequence[str], run: Mapping[str, Any]) -> list[str]:
    checkpoints = [
        f"`{model.spec.name}` (SHA-256 `{model.spec.sha256[:12]}`), sampling temperature {model.temperature:g}"
        for _, model in models
    ]
    lines = [
        "# Results\n",
        f"Written by `python -m ghtt_core.evaluate {run['command']}`: {run['minutes']:.1f} minutes of motion measured in"
        f" {run['seconds']:.0f} s on {run['machine']}.",
    ]
    lines += [f"Checkpoint: {one}." for one in checkpoints]
    if beside:
        lines.append(f"Beside it, trained on: {'; '.join(beside)}.")
    return [*lines, ""]


def _goals(model: str, reached: Sequence[tuple[str, Sequence[Goal]]]) -> list[str]:
    met, all_of_them = (sum(goal.met or not only_met for _, found in reached for goal in found) for only_met in (True, False))
    table = goals_table(reached)
    table.title = f"{model} reaches {met} of {all_of_them}"
    return ["## Goals\n", as_markdown(table)]


def _short(reached: Sequence[tuple[str, Sequence[Goal]]], reports: Sequence[Report]) -> list[str]:
    """What does not work, and what was not measured; nothing where there is nothing to tell."""
    missed: dict[str, list[str]] = {}
    for name, found in reached:
        for goal in found:
            if not goal.met:
                missed.setdefault(goal.text, []).append(f"{name} {goal.measured}")
    lines = [f"- Not reached: {text}: {'; '.join(where)}." for text, where in missed.items()]
    if reached and not missed:
        lines.append("- No goal that was measured here was missed.")
    skipped: dict[str, list[str]] = {}
    for report in reports:
        for sentence in report.skipped:
            skipped.setdefault(sentence.removesuffix("."), []).append(report.name)
    lines += [f"- Not measured ({', '.join(names)}): {sentence}." for sentence, names in skipped.items()]
    return ["## What does not work, and what was not measured\n", *lines, ""] if lines else []


def _how(protocol: EvaluationProtocol, network: FidNetwork | None) -> str:
    return _HOW.format(
        observed=protocol.observed_frames,
        horizons=", ".join(str(frames) for frames in protocol.horizons),
        seconds=", ".join(f"{frames / 30:.1f}" for frames in protocol.horizons),
        stride=protocol.stride,
        windows=protocol.windows,
        observed_share=protocol.observed_share,
        future_share=protocol.future_share,
        samples=protocol.samples,
        confidence=protocol.confidence,
        resamples=protocol.resamples,
        seed=protocol.seed,
        fid="a trained classifier of motions (none was given)" if network is None else network.description,
    )


def _section(report: Report, folder: Path) -> str:
    shown, folded = ([as_markdown(table) for table in report.tables if table.deep is deep] for deep in (False, True))
    figures = [f"![{figure.stem}]({Path(os.path.relpath(figure, folder)).as_posix()})\n" for figure in report.figures]
    return "\n".join([f"## {report.name}\n", f"{report.data}.\n", *shown, *figures, *folded])
