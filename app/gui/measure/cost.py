"""What the window costs the pipeline: frames a second with it and without, in turn, in one run."""

import time
from dataclasses import dataclass

from PyQt6.QtCore import QObject

from app.gui.measure.heartbeat import spin
from app.gui.session import LiveSession
from app.gui.window import MainWindow

_SETTLE_S = 0.7


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch with the window and one without it, each: poses a second; with it, also pictures drawn a second."""

    with_window_fps: float
    without_fps: float
    video_fps: float
    scene_fps: float

    @property
    def kept(self) -> float:
        """The part of the pipeline's rate that is left with the window."""
        return self.with_window_fps / self.without_fps


class DrawCounter(QObject):
    """Counts what the window draws."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.video = self.scene = 0
        window.video.easel.drawn.connect(self._video_drawn)
        window.scene_view.easel.drawn.connect(self._scene_drawn)

    def _video_drawn(self, _picture: object) -> None:
        self.video += 1

    def _scene_drawn(self, _picture: object) -> None:
        self.scene += 1


def turn(window: MainWindow, session: LiveSession, counter: DrawCounter, seconds: float) -> Turn:
    """Run for a while with the window, then as long without it: hidden, it draws nothing."""
    window.show()
    spin(_SETTLE_S)
    video, scene = counter.video, counter.scene
    start_s = time.perf_counter()
    with_fps = _poses_per_s(session, seconds)
    span_s = time.perf_counter() - start_s
    video_fps, scene_fps = (counter.video - video) / span_s, (counter.scene - scene) / span_s
    window.hide()
    spin(_SETTLE_S)
    return Turn(with_fps, _poses_per_s(session, seconds), video_fps, scene_fps)


def _poses_per_s(session: LiveSession, seconds: float) -> float:
    start_s, before = time.perf_counter(), session.status().frames
    spin(seconds)
    return (session.status().frames - before) / (time.perf_counter() - start_s)
