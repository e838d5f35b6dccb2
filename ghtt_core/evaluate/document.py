"""`docs/results.md`: everything a reviewer would ask, from the runs themselves."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ghtt_core.evaluate.goals import goals_table
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.report import NamedModels, Report
from ghtt_core.evaluate.tables import as_markdown

_HOW = """## How it is measured

- **Windows**: {observed} frames are seen at 30 frames per second, then 16, 32, 64 or 96 frames (0.5, 1, 2, 3.2 s) are foretold;
  a window every {stride} frames, at most {windows} per horizon, spread evenly.
- **Which hands count**: a hand that is seen in the last observed frame and in at least {observed_share:.0%} of the observed
  ones, and in the last future frame and in at least {future_share:.0%} of the future ones. Missing frames are left out.
- **Futures**: {samples} per window, the deterministic one first and counted among them; the same number for every method that
  samples. Everything is in millimetres, means over joints, hands and frames (never the norm of the flattened pose).
- **Splits** go by recording, never by window. Baselines are fitted on the training part of the same data set.
- **Intervals** in brackets: {confidence:.0%} percentile bootstrap over recordings ({resamples} draws); over sequences where
  a data set has a single test recording. Seed {seed}.
- **Baselines**: zero velocity holds the last pose. Constant and damped velocity are fitted (span, damping). Nearest neighbours
  carry over the motion of the {samples} most similar training clips, one per sequence, each hand by itself, mirrored hands
  included. The linear predictor follows siMLPe. Filters are tuned on the training recordings with known truth.
- Definitions, units and sources of all measures are in the docstrings of `ghtt_core/metrics`.
"""

_QUOTED = """## Figures of the paper, quoted

Not comparable line by line: other data (H2O, AssemblyHands), other estimators. Quoted from the G-HTT paper's poster
(arXiv 2311.17366), so that a reader sees the order of magnitude.

| quoted: prediction, actions over 1 s | FID | APD, mm |
| --- | ---: | ---: |
| H2O test, PoseGPT | 11.70 and 24.1 | 48.6 |
| H2O test, G-HTT | 8.19 and 20.1 | 33.9 |
| AssemblyHands validation, PoseGPT | 16.07 and 25.3 | 33.0 |
| AssemblyHands validation, G-HTT | 5.04 and 28.1 | 32.8 |

| quoted: AssemblyHands from images | MPJPE-RA left, right, mm (v1, v3, v8) | actions, % |
| --- | --- | --- |
| ResNet-18 estimator | 35.4, 22.7; 27.5, 27.2; 26.1, 30.4 | |
| HTT | 55.6, 39.0; 26.7, 27.3; 91.3, 88.5 | 16.55; 39.42; 9.98 |
| G-HTT | 35.1, 22.4; 27.3, 26.9; 25.9, 30.0 | 36.01; 34.79; 36.74 |
"""


def document(
    reports: Sequence[Report], models: NamedModels, protocol: EvaluationProtocol, run: Mapping[str, Any], path: Path
) -> str:
    """The Markdown of a run, with figures linked relative to the file."""
    checkpoints = [
        f"`{model.spec.name}` (SHA-256 `{model.spec.sha256[:12]}`), sampling temperature {model.temperature:g}"
        for _, model in models
    ]
    head = [
        "# Results\n",
        f"Written by `python -m ghtt_core.evaluate {run['command']}` in {run['seconds']:.0f} s on {run['machine']}.",
        f"Checkpoint: {'; '.join(checkpoints) or 'none, the baselines only'}.\n",
    ]
    missed = [goal for report in reports for goal in _missed(report, models)]
    body = [_section(report, models, path.parent) for report in reports]
    quoted = [_QUOTED] if models else []
    return "\n".join([*head, _how(protocol), *body, *quoted, _short(missed, reports)]).rstrip() + "\n"


def _how(protocol: EvaluationProtocol) -> str:
    return _HOW.format(
        observed=protocol.observed_frames,
        stride=protocol.stride,
        windows=protocol.windows,
        observed_share=protocol.observed_share,
        future_share=protocol.future_share,
        samples=protocol.samples,
        confidence=protocol.confidence,
        resamples=protocol.resamples,
        seed=protocol.seed,
    )


def _section(report: Report, models: NamedModels, folder: Path) -> str:
    goals = [table for name, _ in models[:1] if (table := goals_table(report.tables, name, report.name)) is not None]
    tables = [as_markdown(table) for table in (*goals, *report.tables)]
    figures = [f"![{figure.stem}]({Path(os.path.relpath(figure, folder)).as_posix()})\n" for figure in report.figures]
    return "\n".join([f"## {report.name}\n", f"{report.data}.\n", *tables, *figures])


def _missed(report: Report, models: NamedModels) -> list[str]:
    """The goals that were not reached, a sentence each."""
    missed = []
    for name, _ in models[:1]:
        table = goals_table(report.tables, name, report.name)
        for _, values in table.rows if table is not None else ():
            if values["met"] != "yes":
                missed.append(f"{report.name}: {values['goal']} (measured {values['measured']})")
    return missed


def _short(missed: Sequence[str], reports: Sequence[Report]) -> str:
    """What does not work, and what was not measured."""
    skipped = [f"{report.name}: {sentence}" for report in reports for sentence in report.skipped]
    lines = ["## What does not work, and what was not measured\n"]
    lines += [f"- Not reached. {sentence}." for sentence in missed] or ["- No goal that was measured here was missed."]
    lines += [f"- Not measured. {sentence}" for sentence in skipped]
    return "\n".join(lines)
