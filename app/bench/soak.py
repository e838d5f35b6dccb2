"""A long live run: does memory stay flat, and the frame age bounded?"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import psutil

from app.assembly import build_stages
from app.bench.model_stages import OpenBackend
from app.options import AppOptions
from app.pipeline import LivePipeline
from app.sources import open_source
from ghtt_core.errors import UserError

WARM_UP_SHARE = 0.2
"""The first part of the run fills caches and pools; growth is fitted to the rest."""


@dataclass(frozen=True, slots=True)
class SoakSample:
    """One look at a running program."""

    time_s: float
    rss_mb: float
    frames: int
    frames_per_s: float
    age_p95_ms: float
    threads: int


@dataclass(frozen=True, slots=True)
class Soak:
    """A long run.

    Attributes:
        growth_mb_per_h: Slope of a line through the memory after the warm-up.
    """

    backend: str
    minutes: float
    samples: list[SoakSample]
    growth_mb_per_h: float
    stopped_in_time: bool


def soak(options: AppOptions, backend: OpenBackend, minutes: float, every_s: float, say: Callable[[str], None]) -> Soak:
    """Run live for so many minutes, the clip again and again.

    Raises:
        UserError: A thread of the pipeline failed.
    """
    process = psutil.Process()
    samples: list[SoakSample] = []
    with open_source(options.source) as source:
        stages = build_stages(options, source, backend.runtime)
        pipeline = LivePipeline(source, stages, loop=True)
        pipeline.start()
        start_s = time.monotonic()
        while (now_s := time.monotonic() - start_s) < minutes * 60 and not pipeline.error:
            time.sleep(min(every_s, max(0.0, minutes * 60 - now_s)))
            stats = pipeline.stats()
            memory_mb = process.memory_info().rss / 2**20
            sample = SoakSample(
                time.monotonic() - start_s,
                memory_mb,
                stats.frames,
                stats.frame_age.rate_hz,
                stats.frame_age.p95_ms,
                process.num_threads(),
            )
            samples.append(sample)
            say(
                f"{sample.time_s / 60:6.1f} min  {memory_mb:7.1f} MB  {sample.frames_per_s:5.1f} frames/s  "
                f"age {sample.age_p95_ms:5.0f} ms (p95)  {sample.threads} threads"
            )
        stopped = pipeline.stop()
        stages.close()
        if pipeline.error:
            raise UserError(f"The run failed after {samples[-1].time_s / 60:.1f} minutes: {pipeline.error}")
    return Soak(backend.label, minutes, samples, growth_mb_per_h(samples), stopped)


def growth_mb_per_h(samples: list[SoakSample]) -> float:
    """Least-squares slope of the memory after the warm-up; 0 with fewer than two samples."""
    late = samples[int(len(samples) * WARM_UP_SHARE) :]
    if len(late) < 2:
        return 0.0
    slope = np.polyfit([each.time_s / 3600 for each in late], [each.rss_mb for each in late], 1)[0]
    return float(slope)
