"""Time as the watcher sees it: it goes on where a clip begins again."""

import math

_LAP_S = 1 / 30


class WatchingClock:
    """Turns source times, which go back at a loop or a seek, into times that only grow."""

    def __init__(self) -> None:
        self._last_s = -math.inf
        self._offset_s = 0.0

    def at(self, time_s: float) -> float:
        """The watching time of a source time; the same one for the same moment."""
        if time_s < self._last_s:
            self._offset_s += self._last_s - time_s + _LAP_S
        self._last_s = time_s
        return time_s + self._offset_s
