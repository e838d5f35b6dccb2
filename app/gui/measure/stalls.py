"""Stalls of the event loop while the model is built, a camera is pulled out, the disk is full, and people play about."""

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QAction

from app.gui.measure.heartbeat import Heartbeat, Stall, spin
from app.gui.session import LiveSession
from app.gui.window import MainWindow
from app.sources import SourceRequest, register_source
from app.sources.files import DEMO_CLIP
from app.sources.live import Connection, ConnectionLostError, Connector, LiveSource
from estimators.clips import ClipReader
from ghtt_core.errors import UserError

LONGEST_MS = 100.0
"""What the window promises."""
_APPEARS_S = 1.5
"""Qt lays the window out and paints it for the first time: once, before anybody can have clicked anything."""
_LOADED_WITHIN_S = 300.0
_DISK_BYTES = 200_000
_PRESSED = ("toggle_theme", "toggle_help", "toggle_help", "save_picture", "cycle_compare", "view_top", "toggle_freeze",
            "larger_text", "smaller_text", "toggle_freeze", "view_shoulder", "toggle_theme", "toggle_record", "toggle_export",
            "open_demo", "toggle_record", "toggle_export")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phase:
    """What was going on, for how long, and how late the event loop's beats were meanwhile."""

    name: str
    seconds: float
    stalls: tuple[Stall, ...]

    @property
    def worst(self) -> Stall:
        """The longest."""
        return max(self.stalls, key=lambda stall: stall.late_s, default=Stall(self.seconds, "no beat at all"))

    def quantile_ms(self, share: float) -> float:
        """So many of the beats were no later than this."""
        late_ms = [1000 * stall.late_s for stall in self.stalls]
        return float(np.quantile(late_ms, share)) if late_ms else float("inf")


class PulledCamera(Connector):
    """A camera that shows the demo clip, and can be pulled out."""

    name = "camera"

    def __init__(self) -> None:
        self.gone = Event()

    def connect(self) -> Connection:
        """Plug it in."""
        if self.gone.is_set():
            raise UserError("Cannot open camera: it is not connected.")
        return _Pictures(self.gone)


class _Pictures(Connection):
    fps = 30.0

    def __init__(self, gone: Event) -> None:
        self._gone, self._clip = gone, ClipReader(DEMO_CLIP)

    def read(self) -> NDArray[np.uint8]:
        if self._gone.wait(1 / self.fps):
            raise ConnectionLostError("it gives no more pictures")
        frame = next(self._clip, None)
        if frame is None:
            self._clip.seek(0)
            frame = next(self._clip)
        return frame.image_bgr

    def close(self) -> None:
        self._clip.close()


def phases(window: MainWindow, session: LiveSession, heart: Heartbeat, seconds: float) -> Iterator[Phase]:
    """Go through everything; the window is just being shown.

    Raises:
        UserError: The model cannot be loaded.
    """
    yield _timed("it appears", heart, lambda: spin(_APPEARS_S))
    yield _timed("the model is built", heart, lambda: _wait_for_model(session))
    yield _timed("plays", heart, lambda: spin(seconds))
    yield _timed("every key", heart, lambda: _press(window.actions_by_name, 0.4))
    camera = PulledCamera()
    register_source("measured camera", lambda target: LiveSource(camera))
    session.open(SourceRequest("measured camera"))
    yield _timed("another source", heart, lambda: spin(seconds))
    camera.gone.set()
    yield _timed("the camera is lost", heart, lambda: spin(seconds))
    camera.gone.clear()
    yield _timed("it comes back", heart, lambda: spin(seconds))
    with tempfile.TemporaryDirectory() as folder, full_disk(_DISK_BYTES):
        session.start_video(Path(folder) / "view.mp4")
        session.start_export(Path(folder) / "recording")
        yield _timed("the disk is full", heart, lambda: spin(seconds))
        told = session.status().error
        session.stop_video()
        session.stop_export()
        spin(1.0)
    if not told:
        raise UserError("The full disk went unnoticed: there is nothing to measure.")


@contextmanager
def full_disk(file_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _timed(name: str, heart: Heartbeat, work: Callable[[], None]) -> Phase:
    heart.take()
    start_s = time.perf_counter()
    work()
    return Phase(name, time.perf_counter() - start_s, tuple(heart.take()))


def _wait_for_model(session: LiveSession) -> None:
    deadline_s = time.monotonic() + _LOADED_WITHIN_S
    while not session.action_names or session.status().notice:
        spin(0.2)
        status = session.status()
        if status.error or time.monotonic() > deadline_s:
            raise UserError(status.error or "The model is not loaded yet.")


def _press(actions: dict[str, QAction], pause_s: float) -> None:
    for name in _PRESSED:
        actions[name].trigger()
        spin(pause_s)
