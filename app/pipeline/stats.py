"""How long each hop takes, how old frames get and how many are lost: recorded cheaply, read as a snapshot."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

import numpy as np

from app.workers import WorkerStatus

WINDOW = 600
"""Samples that percentiles are taken over: 20 s at 30 frames a second."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of the newest samples, in milliseconds; NaN where there are none.

    Attributes:
        count: Samples since the start.
        rate_hz: Samples a second over the newest ones.
    """

    name: str
    count: int
    rate_hz: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Samples:
    """Durations of one kind. Safe to use from several threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._count = 0
        self._values_s: deque[float] = deque(maxlen=WINDOW)
        self._times_s: deque[float] = deque(maxlen=WINDOW)

    def add(self, value_s: float) -> None:
        """Note one duration in seconds."""
        with self._lock:
            self._count += 1
            self._values_s.append(value_s)
            self._times_s.append(time.monotonic())

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Note how long the block takes."""
        start_s = time.perf_counter()
        yield
        self.add(time.perf_counter() - start_s)

    def snapshot(self) -> Percentiles:
        """The percentiles now."""
        with self._lock:
            values_ms = np.array(self._values_s) * 1e3
            times_s, count = list(self._times_s), self._count
        if not count:
            return Percentiles(self._name, 0, 0.0, np.nan, np.nan, np.nan)
        span_s = times_s[-1] - times_s[0]
        rate_hz = (len(times_s) - 1) / span_s if span_s > 0 else 0.0
        p50, p95, p99 = (float(value) for value in np.percentile(values_ms, (50, 95, 99)))
        return Percentiles(self._name, count, rate_hz, p50, p95, p99)


@dataclass(frozen=True, slots=True)
class PipelineStats:
    """A snapshot of a pipeline.

    Attributes:
        hops: Capture, estimate, refine, futures, in the order a frame passes them.
        frame_age: From a frame's capture to its prediction.
        dropped: Frames that were replaced by newer ones, by the hop that would have taken them.
        hands_found: How many frames had a left and a right hand.
        workers: The threads.
        source: What the source says of itself.
        swaps: Hands' names that the estimator put right.
    """

    hops: tuple[Percentiles, ...]
    frame_age: Percentiles
    dropped: dict[str, int]
    frames: int
    hands_found: tuple[int, int]
    workers: tuple[WorkerStatus, ...]
    source: str
    swaps: int = 0


def format_hop(hop: Percentiles) -> str:
    """One hop in a few words."""
    if not hop.count:
        return f"{hop.name} -"
    return f"{hop.name} {hop.p50_ms:.1f} / {hop.p95_ms:.1f} / {hop.p99_ms:.1f} ms"


def format_stats(stats: PipelineStats) -> str:
    """The status line: what the source does, frames a second, latencies (p50 / p95 / p99), age, drops, hands."""
    rate_hz = stats.frame_age.rate_hz
    frames = max(stats.frames, 1)
    parts = [stats.source, f"{rate_hz:.1f} frames/s", *(format_hop(hop) for hop in stats.hops if hop.count)]
    if stats.frame_age.count:
        parts.append(f"age {stats.frame_age.p95_ms:.0f} ms (p95)")
    parts.append(f"dropped {sum(stats.dropped.values())}")
    parts.append(f"left {100 * stats.hands_found[0] / frames:.0f} %, right {100 * stats.hands_found[1] / frames:.0f} %")
    parts += [f"{worker.name}: {worker.error}" for worker in stats.workers if worker.error]
    return " | ".join(part for part in parts if part)
