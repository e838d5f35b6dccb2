"""The measurements of the window find what they look for."""

import time
from pathlib import Path

import pytest
from fake_session import FakeSession
from PyQt6.QtCore import QTimer
from pytestqt.qtbot import QtBot
from window_parts import show

from app.gui.measure.cost import DrawCounter
from app.gui.measure.heartbeat import Heartbeat, spin
from app.gui.window import MainWindow

pytestmark = pytest.mark.gui


def test_a_blocked_event_loop_is_noticed_and_its_place_named(qtbot: QtBot) -> None:
    heart = Heartbeat()
    try:
        spin(0.05)
        heart.take()
        QTimer.singleShot(0, lambda: time.sleep(0.3))  # The stall itself.
        spin(0.5)
        worst = max(heart.take(), key=lambda stall: stall.late_s)
        assert worst.late_s > 0.25
        assert "test_gui_measure.py" in worst.where
    finally:
        heart.stop()


def test_a_hidden_window_draws_nothing(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    counter = DrawCounter(window)
    show(qtbot, window, session, 0.5)
    qtbot.waitUntil(lambda: counter.video > 0 and counter.scene > 0)
    window.hide()
    seen = counter.video, counter.scene
    show(qtbot, window, session, 1.0)
    window.refresh()
    assert (counter.video, counter.scene) == seen
    window.show()
    qtbot.waitUntil(lambda: counter.video > seen[0] and counter.scene > seen[1])


def test_a_full_disk_is_full_and_empty_again(tmp_path: Path) -> None:
    stalls = pytest.importorskip("app.gui.measure.stalls")
    with stalls.full_disk(1000), pytest.raises(OSError, match="too large"):
        (tmp_path / "a").write_bytes(bytes(5000))
    (tmp_path / "b").write_bytes(bytes(5000))
    assert (tmp_path / "b").stat().st_size == 5000
