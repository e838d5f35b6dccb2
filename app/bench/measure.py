"""Timings, and what a process takes of the machine."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import psutil

from ghtt_core.cores import usable_cores

CORES = usable_cores()


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of durations, in milliseconds."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @classmethod
    def of(cls, durations_s: Sequence[float]) -> Self:
        """The quantiles of some durations; at least one."""
        p50, p95, p99 = (float(value) for value in np.percentile(np.asarray(durations_s) * 1e3, (50, 95, 99)))
        return cls(len(durations_s), p50, p95, p99)


@dataclass(frozen=True, slots=True)
class Load:
    """What a stretch of time took.

    Attributes:
        wall_s: How long it was.
        cpu_share: CPU time over all cores' time, 0 to 1.
        rss_mb: Memory of the process at its end.
    """

    wall_s: float
    cpu_share: float
    rss_mb: float


class LoadMeter:
    """Measures from its making to `read`."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._start_s, self._cpu_s = time.perf_counter(), _cpu_s(self._process)

    def read(self) -> Load:
        """The load since the meter was made."""
        wall_s = max(time.perf_counter() - self._start_s, 1e-9)
        cpu_s = _cpu_s(self._process) - self._cpu_s
        return Load(wall_s, cpu_s / (wall_s * CORES), self._process.memory_info().rss / 2**20)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def interleaved(
    calls: dict[str, Callable[[], object]], rounds: int, warm_up: int = 3, budget_s: float = 30.0
) -> dict[str, list[float]]:
    """Durations in seconds of several calls, one of each in turn, so that a drift of the machine meets all alike.

    On a slow or busy machine it ends early, when `budget_s` is over, but not before a tenth of the rounds.
    """
    durations_s: dict[str, list[float]] = {name: [] for name in calls}
    begun_s = time.perf_counter()
    for turn in range(warm_up + rounds):
        if time.perf_counter() - begun_s > budget_s and turn >= warm_up + rounds / 10:
            break
        for name, call in calls.items():
            start_s = time.perf_counter()
            call()
            if turn >= warm_up:
                durations_s[name].append(time.perf_counter() - start_s)
    return durations_s
