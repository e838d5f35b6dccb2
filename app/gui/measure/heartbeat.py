"""How long the event loop stands still."""

import sys
import threading
import time
import traceback
from dataclasses import dataclass

from PyQt6.QtCore import QEventLoop, QObject, Qt, QTimer

BEAT_MS = 5
_SAMPLED_S = 0.03
"""From this lateness on, it is looked at what the window's thread is doing."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A beat that came late.

    Attributes:
        late_s: By so much.
        where: Lines of the program that the window's thread was in meanwhile, the innermost last; "" where it was in Qt.
    """

    late_s: float
    where: str


class Heartbeat(QObject):
    """A timer of the event loop that notes how late it is called, and a thread that looks at what holds it up."""

    def __init__(self) -> None:
        super().__init__()
        self.stalls: list[Stall] = []
        self._window_thread = threading.get_ident()
        self._due_s = time.perf_counter() + BEAT_MS / 1000
        self._where = ""
        self._done = threading.Event()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)
        self._watcher = threading.Thread(target=self._watch, name="heartbeat", daemon=True)
        self._watcher.start()

    def take(self) -> list[Stall]:
        """Every beat since the last call, however little it was late."""
        stalls, self.stalls = self.stalls, []
        return stalls

    def stop(self) -> None:
        """Beat no more."""
        self._timer.stop()
        self._done.set()
        self._watcher.join()

    def _beat(self) -> None:
        now_s = time.perf_counter()
        self.stalls.append(Stall(max(0.0, now_s - self._due_s), self._where))
        self._where, self._due_s = "", now_s + BEAT_MS / 1000

    def _watch(self) -> None:
        while not self._done.wait(BEAT_MS / 1000):
            if not self._where and time.perf_counter() - self._due_s > _SAMPLED_S:
                self._where = self._looked_at()

    def _looked_at(self) -> str:
        frame = sys._current_frames().get(self._window_thread)
        lines = [entry for entry in traceback.extract_stack(frame) if "/app/" in entry.filename.replace("\\", "/")]
        return " < ".join(f"{entry.filename.rpartition('/')[2]}:{entry.lineno} {entry.name}" for entry in lines[:-4:-1])


def spin(seconds: float) -> None:
    """Let the event loop run."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()
