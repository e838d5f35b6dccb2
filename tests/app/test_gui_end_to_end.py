"""The whole window with the real pipeline behind it; only the estimator and the model are stand-ins that know the truth."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from fake_model import ACTIONS, FakeRuntime
from fake_parts import KnowingEstimator, write_clip
from mjpeg_server import MjpegServer, pictures
from PyQt6.QtCore import QTimer
from pytestqt.qtbot import QtBot
from window_parts import CONTROL, SHIFT, Key, blue, open_window, orange, pixels, press, toasts

from app.gui.session import LiveSession
from app.gui.window import MainWindow
from app.options import AppOptions
from app.sources import SourceRequest
from estimators.base import register_estimator
from ghtt_core.recording import read_recording

pytestmark = pytest.mark.gui
Open = Callable[[SourceRequest], MainWindow]


@pytest.fixture
def opened(qtbot: QtBot, settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    register_estimator("knowing", KnowingEstimator)
    monkeypatch.setattr("app.gui.session.load_model", lambda options, progress: FakeRuntime())
    windows = []

    def open_source_in_window(request: SourceRequest) -> MainWindow:
        options = AppOptions(source=request, estimator="knowing", loop=True)
        windows.append(open_window(qtbot, LiveSession(options), settings_file, options))
        return windows[-1]

    yield open_source_in_window
    for window in windows:
        window.close()


def _until(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    """Real threads share a busy machine with other tests."""
    qtbot.waitUntil(condition, timeout=30_000)


def _index(window: MainWindow) -> int:
    return -1 if window.display.shown is None else window.display.shown.frame.index


def _has_futures(window: MainWindow) -> bool:
    return window.display.shown is not None and window.display.shown.futures is not None


@pytest.fixture
def clip(tmp_path: Path) -> SourceRequest:
    return SourceRequest("clip", str(write_clip(tmp_path / "clip.mp4", 90, (640, 480))))


def test_a_clip_shows_two_hands_their_action_and_their_futures(qtbot: QtBot, opened: Open, clip: SourceRequest) -> None:
    window = opened(clip)
    _until(qtbot, lambda: _has_futures(window))
    _until(qtbot, lambda: blue(pixels(window.video)) > 300 and orange(pixels(window.video)) > 300)
    window.refresh_metrics()
    assert window.status_line.fields["hands"].text() == "hands: left + right"
    assert window.status_line.fields["source"].text() == "clip.mp4"
    assert window.windowTitle().startswith("clip.mp4")
    assert window.action_panel.bars.accessibleDescription().split(" ")[0] in ACTIONS
    assert window.futures_panel.what_if.count() == len(ACTIONS) + 1


def test_pause_step_and_seek_by_key_move_the_picture(qtbot: QtBot, opened: Open, clip: SourceRequest) -> None:
    window = opened(clip)
    _until(qtbot, lambda: _has_futures(window))
    press(window, Key.Key_Space)
    press(window, Key.Key_Home)
    _until(qtbot, lambda: _index(window) == 0)
    press(window, Key.Key_Right)
    _until(qtbot, lambda: _index(window) == 60)
    press(window, Key.Key_Comma)
    _until(qtbot, lambda: _index(window) == 59)
    press(window, Key.Key_Period)
    _until(qtbot, lambda: _index(window) == 60)
    assert window.transport.clock.text().startswith("0:02.0")


def test_what_is_exported_opens_again_and_can_be_scrubbed(
    qtbot: QtBot, opened: Open, tmp_path: Path, settings_file: Path
) -> None:
    # Long enough that it does not begin again meanwhile on a slow machine: a recording ends there.
    window = opened(SourceRequest("clip", str(write_clip(tmp_path / "long.mp4", 1800, (320, 240)))))
    _until(qtbot, lambda: _has_futures(window))
    press(window, Key.Key_E)
    _until(qtbot, lambda: (export := window.session.writing()[1]) is not None and export.size_bytes > 300_000)
    press(window, Key.Key_B)
    marked = _index(window)
    _until(qtbot, lambda: _index(window) > marked + 3)
    press(window, Key.Key_N)
    press(window, Key.Key_E)
    _until(qtbot, lambda: any("Saved" in text for text in toasts(window)))
    (folder,) = (settings_file.parent / "out").iterdir()
    recording = read_recording(folder)
    assert len(recording.labels) == 1
    window.sources.open(SourceRequest("recording", str(folder)))
    assert [label.action for label in window.labels.labels] == [recording.labels[0].action]
    _until(qtbot, lambda: folder.name in window.session.status().source and _index(window) >= 0)
    press(window, Key.Key_Space)
    _until(qtbot, lambda: (position := window.session.position()) is not None and not position.playing)
    row = int(recording.future_frame[-1])
    window.session.seek(float(recording.time_s[row]))
    _until(qtbot, lambda: _index(window) == row and _has_futures(window))
    shown = window.display.shown
    assert shown is not None
    np.testing.assert_allclose(shown.observation.joints_cam_m, recording.observed_cam_m[shown.frame.index])
    press(window, Key.Key_Right, SHIFT)
    assert window.view_controls.options().at_s == pytest.approx(0.1)
    press(window, Key.Key_Home)
    _until(qtbot, lambda: _index(window) == 0)
    assert window.transport.clock.text().startswith("0:00.0 / ")
    assert window.transport.seek.value() == 0
    window.refresh_metrics()
    assert not window.futures_panel.samples.isEnabled()


def test_switching_to_a_stream_while_a_clip_runs(qtbot: QtBot, opened: Open, clip: SourceRequest) -> None:
    window = opened(clip)
    _until(qtbot, lambda: _index(window) >= 0)
    with MjpegServer([pictures(12)], silent=True) as server:
        window.sources.open(SourceRequest("stream", server.url))
        _until(qtbot, lambda: window.transport.clock.text().startswith("live") and _index(window) >= 0)
        assert window.display.shown is not None
        assert window.display.shown.frame.image_bgr.shape == (48, 64, 3)
        press(window, Key.Key_D, CONTROL)
        _until(qtbot, lambda: window.transport.seek.isEnabled() and _index(window) >= 0)


def test_a_lost_camera_is_told_over_the_picture_and_comes_back(
    qtbot: QtBot, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sources.live._RETRY_S", (0.2,))
    with MjpegServer([pictures(12)] * 20) as server:
        window = opened(SourceRequest("stream", server.url))
        _until(qtbot, lambda: "is lost" in window.video._badge)
        before = _index(window)
        _until(qtbot, lambda: _index(window) > before)
        window.close()


def test_a_source_that_is_not_there_leaves_a_window_that_says_what_to_do(
    qtbot: QtBot, opened: Open, clip: SourceRequest
) -> None:
    window = opened(SourceRequest("clip", "/nowhere/clip.mp4"))
    _until(qtbot, lambda: any("/nowhere/clip.mp4" in text for text in toasts(window)))
    assert "Ctrl+O" in window.video._message
    window.sources.open(clip)
    _until(qtbot, lambda: _index(window) >= 0)
    assert window.video._message == "" or window.display.shown is not None


def test_closing_while_the_model_is_still_being_built_leaves_nothing_behind(
    qtbot: QtBot, opened: Open, clip: SourceRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = Event()

    def build(options: AppOptions, progress: Callable[[str], None]) -> FakeRuntime:
        progress("Building the model")
        built.wait(20)
        return FakeRuntime()

    monkeypatch.setattr("app.gui.session.load_model", build)
    before = set(threading.enumerate())
    window = opened(clip)
    _until(qtbot, lambda: "Building the model" in window.video._badge)
    window.close()
    built.set()
    _until(qtbot, lambda: not set(threading.enumerate()) - before)
    assert not any(timer.isActive() for timer in window.findChildren(QTimer))
