"""The closing words of a headless run."""

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from app.pipeline import PipelineStats
from app.pipeline.stats import format_hop
from ghtt_core.packets import Float32

_SHORTEST_S = 0.5
_LINES = 12


class ActionLog:
    """Which action was the most probable one, over time."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._entries: list[tuple[float, int, float]] = []

    def add(self, time_s: float, prob: Float32) -> None:
        """Note a frame's probabilities; NaN ones are passed over."""
        if prob.size and np.isfinite(prob).all():
            best = int(prob.argmax())
            self._entries.append((time_s, best, float(prob[best])))

    def segments(self) -> list[tuple[float, float, str, float]]:
        """(start_s, end_s, action, mean probability) of every stretch with one winner that lasts half a second."""
        found = []
        for best, group in groupby(self._entries, key=lambda entry: entry[1]):
            entries = list(group)
            start_s, end_s = entries[0][0], entries[-1][0]
            if end_s - start_s >= _SHORTEST_S:
                found.append((start_s, end_s, self._names[best], float(np.mean([prob for _, _, prob in entries]))))
        return found

    def lines(self) -> list[str]:
        """The segments for people."""
        segments = self.segments()
        lines = [f"  {start:6.1f} - {end:5.1f} s  {name} ({100 * prob:.0f} %)" for start, end, name, prob in segments[:_LINES]]
        if len(segments) > _LINES:
            lines.append(f"  and {len(segments) - _LINES} more")
        return lines or ["  none was recognised: a hand has to be in view for half a second and longer"]


def summary(stats: PipelineStats, actions: ActionLog, seconds: float, written: Iterable[str], *, live: bool) -> str:
    """Frames, hands, actions over time, latencies and files, as the user reads them."""
    frames = max(stats.frames, 1)
    left, right = (f"{100 * count / frames:.0f} %" for count in stats.hands_found)
    lines = [
        f"{stats.frames} frames in {seconds:.1f} s ({stats.frames / max(seconds, 1e-9):.1f} a second); "
        f"left hand found in {left} of them, right hand in {right}",
        "Actions:",
        *actions.lines(),
        "Latencies (p50 / p95 / p99): " + ", ".join(format_hop(hop) for hop in stats.hops if hop.count),
    ]
    if stats.swaps:
        lines.insert(1, f"Left and right were confused and put right {stats.swaps} time{'' if stats.swaps == 1 else 's'}")
    if not any(stats.hands_found):
        lines.insert(1, "No hand was found: are hands in the picture, whole, bright and sharp enough?")
    if live:
        age = stats.frame_age
        dropped = sum(stats.dropped.values())
        lines.append(f"Frame age: {age.p50_ms:.0f} / {age.p95_ms:.0f} / {age.p99_ms:.0f} ms; {dropped} frames dropped")
    return "\n".join([*lines, *(f"Written: {line}" for line in written)])
