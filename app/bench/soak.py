"""A long run with everything on: `python -m app.bench.soak`. Does memory stay flat, is anything leaked, do poses stay fresh?

Two parts: live, at 60 frames a second, recording all the while; and an export of every frame of a clip that goes round.
The exit status is 1 where a promise is broken.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from app.assembly import build_stages, recording_header
from app.bench.model_stages import OpenBackend, open_backends
from app.drawing.compose import ViewComposer
from app.options import AppOptions
from app.outputs import Exporter
from app.pipeline import LivePipeline
from app.pipeline.lossless import LosslessPipeline
from app.sources import Source, SourceRequest, SourceState, open_source
from app.video_writer import VideoWriter
from app.workers import Worker, WorkerState
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame

INPUT_FPS = 60.0
WARM_UP_S = 300.0
"""Caches and pools fill in the first five minutes; of a run under ten, in its first half."""
GROWTH_MB = 20.0
"""Memory may grow by so much after the warm-up,"""
AGE_P99_MS = 1000.0
"""and a pose may be so old when it is there."""
_EDGE = 0.2
"""Memory at the start and at the end is the median over such a part of the samples after the warm-up."""


@dataclass(frozen=True, slots=True)
class SoakSample:
    """One look at a running program."""

    time_s: float
    rss_mb: float
    frames: int
    frames_per_s: float = 0.0
    age_ms: tuple[float, float, float] = (0.0, 0.0, 0.0)
    threads: int = 0
    handles: int = 0


@dataclass(frozen=True, slots=True)
class Soak:
    """A long run.

    Attributes:
        growth_mb_per_h: Slope of a line through the memory after the warm-up.
        broken: The promises it broke, a sentence each.
    """

    backend: str
    minutes: float
    samples: list[SoakSample]
    growth_mb_per_h: float
    stopped_in_time: bool
    broken: list[str]


class _View:
    """The video of the view, as the window records it: the newest result, thirty times a second where the machine can."""

    def __init__(self, path: Path, pipeline: LivePipeline, composer: ViewComposer) -> None:
        self._pipeline, self._composer = pipeline, composer
        self._writer = VideoWriter(path)
        self._begun_s = time.monotonic()
        self._worker = Worker("record", self._turn, at_end=self._writer.close)
        self._worker.start()

    def close(self) -> None:
        self._worker.request_stop()
        self._worker.join(10.0)
        if self._worker.exception is not None:
            raise self._worker.exception

    def _turn(self) -> bool:
        time.sleep(1 / 30)
        result = self._pipeline.latest()
        if result is not None:
            self._writer.append(self._composer.render(result), time.monotonic() - self._begun_s)
        return True


def soak(options: AppOptions, backend: OpenBackend, minutes: float, every_s: float, say: Callable[[str], None]) -> Soak:
    """Run live for so many minutes, the clip again and again at 60 frames a second, recording poses, futures and view.

    The recordings begin anew at every sixth sample, so that they need little room and their ends are tried too.

    Raises:
        UserError: A thread of the pipeline failed.
    """
    samples: list[SoakSample] = []
    with open_source(options.source) as source, tempfile.TemporaryDirectory(prefix="ghtt-soak-") as folder:
        stages = build_stages(options, source, backend.runtime)
        pipeline = LivePipeline(source, stages, loop=True)
        pipeline.set_speed(INPUT_FPS / (source.info.fps or INPUT_FPS))
        pipeline.start()
        start_s = time.monotonic()
        while time.monotonic() - start_s < minutes * 60 and not _fault(pipeline):
            exporter = Exporter(Path(folder, "rec"), partial(recording_header, options, source, stages, backend.runtime))
            view = _View(Path(folder, "view.mp4"), pipeline, ViewComposer(stages.action_names, "soak"))
            pipeline.on_prediction, pipeline.on_futures = exporter.add, exporter.add_futures
            for _ in range(6):
                time.sleep(min(every_s, max(0.0, minutes * 60 - (time.monotonic() - start_s))))
                stats = pipeline.stats()
                age = stats.frame_age
                samples.append(_look(start_s, stats.frames, age.rate_hz, (age.p50_ms, age.p95_ms, age.p99_ms)))
                say(_line(samples[-1]))
            pipeline.on_prediction = pipeline.on_futures = None
            exporter.close()
            view.close()
        error = _fault(pipeline)
        stopped = pipeline.stop()
        stages.close()
        if error:
            raise UserError(f"The run failed after {samples[-1].time_s / 60:.1f} minutes: {error}")
    broken = broken_promises(samples) + ([] if stopped else ["the threads did not end within a second"])
    return Soak(backend.label, minutes, samples, growth_mb_per_h(samples), stopped, broken)


class _Looped(Source):
    """A clip that goes round, its numbers and times running on: as long a clip as is wanted."""

    def __init__(self, clip: Source) -> None:
        self._clip = clip
        self._count, self._begun_s, self._time_s = 0, 0.0, 0.0
        self.info = replace(clip.info, length=None)

    @property
    def state(self) -> SourceState:
        return SourceState.RUNNING

    def read(self, timeout_s: float) -> Frame | None:
        frame = self._clip.read(timeout_s)
        if frame is None:
            self._clip.seek(0)
            self._begun_s = self._time_s + 1 / (self.info.fps or INPUT_FPS)
            return None
        self._time_s = self._begun_s + frame.source_time_s
        self._count += 1
        return Frame(frame.image_bgr, self._count - 1, frame.capture_time_s, self._time_s)


def long_export(options: AppOptions, backend: OpenBackend, frames: int, say: Callable[[str], None]) -> Soak:
    """Export so many frames of a clip that goes round, none left out, and close the recording; a sample every 500 frames."""
    samples: list[SoakSample] = []
    with open_source(options.source) as clip, tempfile.TemporaryDirectory(prefix="ghtt-soak-") as folder:
        source = _Looped(clip)
        stages = build_stages(options, source, backend.runtime)
        exporter = Exporter(Path(folder, "rec"), partial(recording_header, options, source, stages, backend.runtime))
        start_s = time.monotonic()
        with LosslessPipeline(source, stages, futures_every=options.futures_every, max_frames=frames) as pipeline:
            for count, result in enumerate(pipeline, 1):
                exporter.add(result)
                if count % 500 == 0 or count == frames:
                    samples.append(_look(start_s, count, count / (time.monotonic() - start_s)))
                    say(_line(samples[-1]))
        exporter.close()
        stages.close()
        samples.append(_look(start_s, exporter.frames, exporter.frames / (time.monotonic() - start_s)))
        say(f"{_line(samples[-1])}, closed")
    broken = broken_promises(samples) + ([] if exporter.frames == frames else [f"{exporter.frames} of {frames} were written"])
    return Soak(backend.label, samples[-1].time_s / 60, samples, growth_mb_per_h(samples), True, broken)


def after_warm_up(samples: list[SoakSample]) -> list[SoakSample]:
    """The samples that count."""
    begin_s = min(WARM_UP_S, samples[-1].time_s / 2) if samples else 0.0
    return [each for each in samples if each.time_s >= begin_s]


def growth_mb(samples: list[SoakSample]) -> float:
    """How much more memory there is in use at the end than after the warm-up."""
    memory = [each.rss_mb for each in after_warm_up(samples)]
    part = max(1, round(len(memory) * _EDGE))
    return float(np.median(memory[-part:]) - np.median(memory[:part])) if memory else 0.0


def growth_mb_per_h(samples: list[SoakSample]) -> float:
    """Least-squares slope of the memory after the warm-up; 0 with fewer than two samples."""
    late = after_warm_up(samples)
    if len(late) < 2:
        return 0.0
    slope = np.polyfit([each.time_s / 3600 for each in late], [each.rss_mb for each in late], 1)[0]
    return float(slope)


def broken_promises(samples: list[SoakSample]) -> list[str]:
    """What a long run should not have done."""
    late = after_warm_up(samples)
    part = max(1, round(len(late) * _EDGE))
    first, last = late[:part], late[-part:]
    broken = []
    if growth_mb(samples) > GROWTH_MB:
        broken.append(f"memory grew by {growth_mb(samples):.1f} MB after the warm-up, more than {GROWTH_MB:g}")
    for name in ("threads", "handles"):
        before, after = (float(np.median([getattr(each, name) for each in part])) for part in (first, last))
        if after > before:
            broken.append(f"{name} grew from {before:g} to {after:g} (medians)")
    if (worst := max((each.age_ms[2] for each in late), default=0.0)) > AGE_P99_MS:
        broken.append(f"frame age reached {worst:.0f} ms (p99), more than {AGE_P99_MS:g}")
    if late and late[-1].frames <= late[0].frames and len(late) > 2:
        broken.append("no frame came any more")
    return broken


def _fault(pipeline: LivePipeline) -> str:
    """What failed; to be slow is no fault here."""
    bad = (WorkerState.FAILING, WorkerState.FAULTED)
    return next((worker.error for worker in pipeline.stats().workers if worker.state in bad), "")


def _look(start_s: float, frames: int, rate_hz: float, age_ms: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> SoakSample:
    process = psutil.Process()
    handles = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    memory_mb = process.memory_info().rss / 2**20
    return SoakSample(time.monotonic() - start_s, memory_mb, frames, rate_hz, age_ms, process.num_threads(), handles)


def _line(sample: SoakSample) -> str:
    age = " / ".join(f"{value:.0f}" for value in sample.age_ms)
    return (
        f"{sample.time_s / 60:6.1f} min  {sample.frames:7d} frames  {sample.frames_per_s:5.1f}/s  {sample.rss_mb:7.1f} MB  "
        f"{sample.threads} threads  {sample.handles} handles  age {age} ms (p50 / p95 / p99)"
    )


def _verdict(name: str, done: Soak) -> str:
    late = after_warm_up(done.samples)
    ages = [float(np.median([each.age_ms[rank] for each in late])) for rank in range(3)]
    frames = late[-1].frames - late[0].frames
    return (
        f"{name}: {done.minutes:.1f} minutes, {done.samples[-1].frames} frames; after the warm-up memory grew by "
        f"{growth_mb(done.samples):.1f} MB in {frames} frames (slope {done.growth_mb_per_h:.1f} MB an hour), threads "
        f"{late[0].threads} to {late[-1].threads}, handles {late[0].handles} to {late[-1].handles}, frame age "
        f"{ages[0]:.0f} / {ages[1]:.0f} / {ages[2]:.0f} ms (p50 / p95 / p99, medians). "
        + (f"BROKEN: {'; '.join(done.broken)}." if done.broken else "All promises kept.")
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both parts; status 1 if a promise was broken, 2 on what the user can put right."""
    parser = argparse.ArgumentParser(prog="python -m app.bench.soak", description=__doc__)
    parser.add_argument("--video", type=Path, help="the clip that goes round; default: the bundled demo")
    parser.add_argument("--minutes", type=float, default=60.0, help="of the live part (default 60; 0: leave it out)")
    parser.add_argument("--frames", type=int, default=216_000, help="of the export (default: two hours; 0: leave it out)")
    chosen = parser.parse_args(arguments)
    source = SourceRequest("demo") if chosen.video is None else SourceRequest.for_path(chosen.video)
    options = AppOptions(source=source, headless=True)
    say = partial(print, file=sys.stderr, flush=True)
    parts: list[tuple[str, Soak]] = []
    try:
        backends, _ = open_backends(None, ("onnxruntime",), say)
        if chosen.minutes > 0:
            parts.append(("Live", soak(options, backends[0], chosen.minutes, min(10.0, 6.0 * chosen.minutes), say)))
        if chosen.frames > 0:
            parts.append(("Lossless export", long_export(options, backends[0], chosen.frames, say)))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    for name, part in parts:
        print(_verdict(name, part))
    return 1 if any(part.broken for _, part in parts) else 0


if __name__ == "__main__":
    sys.exit(main())
