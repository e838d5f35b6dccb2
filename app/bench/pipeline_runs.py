"""Whole runs on a clip: the estimator alone, lossless, live, and the start of the program."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from app.assembly import build_stages
from app.bench.measure import Load, LoadMeter, Quantiles
from app.bench.model_stages import OpenBackend
from app.options import AppOptions
from app.pipeline import LivePipeline, PipelineStats
from app.pipeline.lossless import LosslessPipeline
from app.sources import open_source
from estimators.base import create_estimator
from ghtt_core.errors import UserError

ROOT = Path(__file__).parents[2]
_TURN_S = 0.1


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a clip.

    Attributes:
        kind: "estimator alone", "headless" or "live".
        backend: Of G-HTT; "" for the estimator alone.
        frames_per_s: Frames that came out, a second.
        hops: Quantiles of the stages by name.
        frame_age: From capture to prediction; None for the estimator alone.
        dropped: Frames that were skipped because newer ones were there.
    """

    kind: str
    backend: str
    frames: int
    frames_per_s: float
    hops: dict[str, Quantiles]
    frame_age: Quantiles | None
    dropped: int
    load: Load


def estimator_alone(options: AppOptions, frames: int) -> Run:
    """Read and estimate, and nothing else."""
    estimator = create_estimator(options.estimator, options.for_estimator)
    durations_s: list[float] = []
    with open_source(options.source) as source:
        meter = LoadMeter()
        while len(durations_s) < frames and not source.ended:
            frame = source.read(_TURN_S)
            if frame is not None:
                start_s = time.perf_counter()
                estimator.estimate(frame)
                durations_s.append(time.perf_counter() - start_s)
        load = meter.read()
    estimator.close()
    if not durations_s:
        raise UserError(f"{options.source.target or 'The source'} gave no frames to measure with.")
    hops = {"estimate": Quantiles.of(durations_s)}
    return Run("estimator alone", "", len(durations_s), len(durations_s) / load.wall_s, hops, None, 0, load)


def headless(options: AppOptions, backend: OpenBackend, frames: int) -> Run:
    """Every frame, refined and recognised, with futures as often as in `main.py --headless`."""
    with open_source(options.source) as source:
        stages = build_stages(options, source, backend.runtime)
        with LosslessPipeline(source, stages, futures_every=options.futures_every, max_frames=frames) as pipeline:
            meter = LoadMeter()
            count = sum(1 for _ in pipeline)
            load = meter.read()
            stats = pipeline.stats()
        stages.close()
    return _run("headless", backend, count, stats, load)


def live(options: AppOptions, backend: OpenBackend, seconds: float) -> Run:
    """The clip at its own pace, again and again, as in the window."""
    with open_source(options.source) as source:
        stages = build_stages(options, source, backend.runtime)
        pipeline = LivePipeline(source, stages, loop=True)
        pipeline.start()
        meter = LoadMeter()
        time.sleep(seconds)
        load, stats = meter.read(), pipeline.stats()
        pipeline.stop()
        stages.close()
        if pipeline.error:
            raise UserError(f"The live run failed: {pipeline.error}")
    return _run("live", backend, stats.frames, stats, load)


def _run(kind: str, backend: OpenBackend, frames: int, stats: PipelineStats, load: Load) -> Run:
    hops = {hop.name: Quantiles(hop.count, hop.p50_ms, hop.p95_ms, hop.p99_ms) for hop in stats.hops if hop.count}
    age = Quantiles(stats.frame_age.count, stats.frame_age.p50_ms, stats.frame_age.p95_ms, stats.frame_age.p99_ms)
    return Run(kind, backend.label, frames, frames / load.wall_s, hops, age, sum(stats.dropped.values()), load)


def start_to_first_pose_s(options: AppOptions) -> float | None:
    """Seconds from the start of a fresh process to its first refined pose; None where the clip shows no hand early on.

    Raises:
        UserError: The process failed.
    """
    command = [sys.executable, "-m", "app.bench.first_pose", options.source.kind, options.source.target, options.backend]
    command += [str(options.checkpoint)] if options.checkpoint else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"The start could not be timed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    return None if answer is None else float(answer)
