"""What was measured: JSON, tables, and the comparison of two reports."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from app.assembly import package_versions
from app.bench.limits import GraphLimit, MachineRates
from app.bench.measure import CORES
from app.bench.model_stages import StageTiming, times_as_fast
from app.bench.pipeline_runs import Run
from app.bench.soak import Soak
from ghtt_core.errors import UserError

FORMAT = "ghtt-bench-1"


@dataclass(slots=True)
class Report:
    """Everything one bench measured."""

    clip: str
    checkpoint: str
    samples: int
    system: dict[str, Any]
    stages: list[StageTiming] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    limits: list[GraphLimit] = field(default_factory=list)
    rates: MachineRates | None = None
    start_s: float | None = None
    soak: Soak | None = None
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As it is saved."""
        return {"format": FORMAT, **asdict(self), "rows": dict(self.rows())}

    def rows(self) -> Iterable[tuple[str, float]]:
        """Every number that two reports can be compared by: its name and value."""
        for timing in self.stages:
            yield f"{timing.stage}, {timing.backend}: p50 ms", timing.times.p50_ms
            yield f"{timing.stage}, {timing.backend}: p95 ms", timing.times.p95_ms
            ratio = times_as_fast(timing, self.stages)
            if ratio is not None and timing.backend != "torch":
                yield f"{timing.stage}, {timing.backend}: times as fast as torch", ratio
        for (kind, backend), runs in grouped(self.runs).items():
            name = f"{kind}, {backend}" if backend else kind
            yield f"{name}: frames/s", median(run.frames_per_s for run in runs)
            yield f"{name}: CPU share", median(run.load.cpu_share for run in runs)
            yield f"{name}: memory MB", max(run.load.rss_mb for run in runs)
            ages = [run.frame_age.p95_ms for run in runs if run.frame_age is not None]
            if ages:
                yield f"{name}: frame age p95 ms", median(ages)
        if self.start_s is not None:
            yield "start to first refined pose: s", self.start_s
        if self.soak is not None:
            yield "soak: growth MB/h", self.soak.growth_mb_per_h


def system_info() -> dict[str, Any]:
    """The machine and the versions that the numbers belong to, without its name or paths."""
    processor = next(
        (line.partition(":")[2].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "system": platform.platform(terse=True),
        "processor": processor,
        "cores": CORES,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_at_start": round(psutil.getloadavg()[0], 2),
        "versions": package_versions(),
    }


def grouped(runs: Sequence[Run]) -> dict[tuple[str, str], list[Run]]:
    """Runs of one kind on one backend, in the order they first appear."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.kind, run.backend), []).append(run)
    return groups


def tables(report: Report) -> str:
    """The report for people, in Markdown."""
    system = report.system
    parts = [
        f"{system['processor']}, {system['cores']} cores, {system['memory_gb']} GB, {system['system']}; "
        f"{report.checkpoint} on {report.clip}; load {system['load_at_start']} at the start"
    ]
    if report.stages:
        rows = []
        for timing in report.stages:
            ratio = times_as_fast(timing, report.stages)
            rows.append([timing.stage, timing.description, *_three(timing.times), "" if ratio is None else f"{ratio:.2f}"])
        parts.append(_table(["graph", "backend", "p50 ms", "p95 ms", "p99 ms", "times as fast as torch"], rows))
    if report.runs:
        parts.append(_runs_table(report.runs))
    if report.limits and report.rates is not None:
        rates = report.rates
        rows = []
        for each in report.limits:
            numbers = (each.gflop, each.megabytes, each.bound_ms, each.measured_ms, each.of_limit)
            rows.append([each.stage, each.backend, *(f"{number:.2f}" for number in numbers)])
        parts.append(_table(["graph", "backend", "GFLOP", "MB", "float32 bound ms", "measured ms", "of the limit"], rows))
        parts.append(
            f"Measured here: {rates.float32_gflops:.0f} GFLOP/s in float32, {rates.bfloat16_gflops:.0f} in bfloat16, "
            f"{rates.bandwidth_gb_s:.0f} GB/s."
        )
    if report.start_s is not None:
        parts.append(f"Start to first refined pose: {report.start_s:.2f} s.")
    if report.soak is not None:
        stopped = "stopped in time" if report.soak.stopped_in_time else "did not stop in time"
        parts.append(
            f"Soak of {report.soak.minutes:g} minutes on {report.soak.backend}: memory grew by "
            f"{report.soak.growth_mb_per_h:.1f} MB an hour; it {stopped}."
        )
    return "\n\n".join([*parts, *report.notes])


def save(report: Report, path: Path) -> None:
    """Write the JSON.

    Raises:
        UserError: The file cannot be written.
    """
    try:
        path.write_text(json.dumps(report.document(), indent=1), "utf-8")
    except OSError as error:
        raise UserError(f"Cannot write the report {path}: {error.strerror}.") from error


def comparison(before: Path, after: Path) -> str:
    """Two reports side by side, in Markdown.

    Raises:
        UserError: One of them is no report.
    """
    old, new = _load_rows(before), _load_rows(after)
    rows = []
    for name in [*old, *(name for name in new if name not in old)]:
        left, right = old.get(name), new.get(name)
        ratio = f"{right / left:.2f}" if left and right is not None else ""
        rows.append([name, *("" if value is None else f"{value:.2f}" for value in (left, right)), ratio])
    return _table(["what", before.name, after.name, "ratio"], rows)


def _runs_table(runs: Sequence[Run]) -> str:
    bare = [run.frames_per_s for run in runs if run.kind == "estimator alone"]
    rows = []
    for (kind, backend), group in grouped(runs).items():
        rate = median(run.frames_per_s for run in group)
        ages = [run.frame_age.p95_ms for run in group if run.frame_age is not None]
        # In headless runs the estimator's two parts run beside each other.
        parts = [_hop_medians(group, name) for name in ("look", "place")]
        estimate = " + ".join(parts) if all(parts) else _hop_medians(group, "estimate")
        hops = (estimate, *(_hop_medians(group, name) for name in ("refine", "futures")))
        row = [kind, backend, f"{rate:.1f}", f"{rate / median(bare):.2f}" if bare and kind != "live" else "", *hops]
        row += [f"{median(ages):.0f}" if ages else "", f"{100 * median(run.load.cpu_share for run in group):.0f} %"]
        rows.append([*row, f"{max(run.load.rss_mb for run in group):.0f}"])
    titles = ["run", "backend", "frames/s", "of the estimator's", "estimate p50/p95 ms", "refine p50/p95 ms"]
    return _table([*titles, "futures p50/p95 ms", "frame age p95 ms", "CPU", "memory MB"], rows)


def _hop_medians(group: Sequence[Run], name: str) -> str:
    hops = [run.hops[name] for run in group if name in run.hops]
    return f"{median(hop.p50_ms for hop in hops):.1f} / {median(hop.p95_ms for hop in hops):.1f}" if hops else ""


def _three(times: Any) -> list[str]:
    return [f"{value:.2f}" for value in (times.p50_ms, times.p95_ms, times.p99_ms)]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _load_rows(path: Path) -> dict[str, float]:
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["format"] != FORMAT:
            raise ValueError
        return {str(name): float(value) for name, value in document["rows"].items()}
    except OSError as error:
        raise UserError(f"Cannot read the report {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no report of `python -m app.bench --json`.") from error


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
