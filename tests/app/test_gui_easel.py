"""Pictures are drawn beside the event loop, and the newest one wins."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_session import FakeSession
from PyQt6.QtCore import QTimer
from pytestqt.qtbot import QtBot
from window_parts import Key, blue, open_window, pixels, press, show

from app.gui.easel import Easel
from app.gui.window import MainWindow
from app.viewer.picture import ScenePicture
from app.viewer.renderer import SceneRenderer

pytestmark = pytest.mark.gui
LONG_S = 30.0


@pytest.fixture
def easel(qtbot: QtBot) -> Iterator[Easel]:
    easel = Easel("draw", 0.5)
    yield easel
    easel.close()


def _collect(easel: Easel) -> list[object]:
    pictures: list[object] = []
    easel.drawn.connect(pictures.append)
    return pictures


def test_the_event_loop_goes_on_while_a_picture_is_drawn(qtbot: QtBot, easel: Easel) -> None:
    pictures, turned = _collect(easel), threading.Event()
    easel.draw(lambda: turned.wait(LONG_S))  # Drawn in the event loop, it would wait in vain.
    QTimer.singleShot(0, turned.set)
    qtbot.waitUntil(lambda: easel.idle)
    assert pictures == [True]


def test_only_the_newest_of_what_waits_is_drawn(qtbot: QtBot, easel: Easel) -> None:
    pictures, begun, go = _collect(easel), threading.Event(), threading.Event()
    easel.draw(lambda: (begun.set(), go.wait(LONG_S), "first")[-1])
    assert begun.wait(LONG_S)
    for number in range(5):
        easel.draw(lambda number=number: number)
    assert not easel.idle
    go.set()
    qtbot.waitUntil(lambda: easel.idle)
    assert pictures == ["first", 4]


def test_what_was_forgotten_is_not_shown(qtbot: QtBot, easel: Easel) -> None:
    pictures, begun, go = _collect(easel), threading.Event(), threading.Event()
    easel.draw(lambda: (begun.set(), go.wait(LONG_S), "old source")[-1])
    assert begun.wait(LONG_S)
    easel.forget()
    assert easel.idle
    go.set()
    easel.draw(lambda: "new source")
    qtbot.waitUntil(lambda: easel.idle)
    assert pictures == ["new source"]


def test_a_drawing_that_fails_is_told_and_the_next_is_drawn(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    def fail() -> None:
        raise RuntimeError("the OpenGL context is lost")

    window.scene_view.easel.draw(fail)
    qtbot.waitUntil(lambda: "the OpenGL context is lost" in window.display.error)
    window.refresh_metrics()
    assert any("the OpenGL context is lost" in toast.text for toast in window.toasts.toasts())
    show(qtbot, window, session, 1.0)
    qtbot.waitUntil(lambda: window.display.up_to_date and blue(pixels(window.scene_view)) > 100)


def test_keys_work_and_the_window_closes_while_the_3d_view_is_stuck(
    qtbot: QtBot, session: FakeSession, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go, render = threading.Event(), threading.Event(), SceneRenderer.render

    def stuck(self: SceneRenderer, picture: ScenePicture) -> object:
        begun.set()
        go.wait(LONG_S)
        return render(self, picture)

    monkeypatch.setattr(SceneRenderer, "render", stuck)
    window = open_window(qtbot, session, settings_file)
    show(qtbot, window, session, 1.0)
    assert begun.wait(LONG_S)
    qtbot.waitUntil(lambda: blue(pixels(window.video)) > 300)
    press(window, Key.Key_H)
    qtbot.waitUntil(lambda: blue(pixels(window.video)) == 0)
    go.set()
    window.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("draw ")]
