"""The display goes, drawing fails, the model comes late: the window's recordings are whole."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_model import ACTIONS, FakeRuntime
from fake_parts import KnowingEstimator, ScriptedSource, write_clip
from fake_session import FakeSession
from programs import start, video_times_s, wait_for_rows
from PyQt6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.gui.mishaps import survive_mistakes
from app.gui.session import LiveSession
from app.gui.store import Store
from app.gui.window import MainWindow
from app.options import AppOptions
from app.sources import SourceRequest, register_source
from estimators.base import register_estimator
from ghtt_core.recording import read_recording
from ghtt_core.runtime import Runtime

pytestmark = pytest.mark.gui


@pytest.fixture
def own_display() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """An X server that may be killed."""
    if shutil.which("Xvfb") is None:
        pytest.skip("no Xvfb")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        yield server, f":{number}"
        server.kill()


def test_a_display_that_goes_away_leaves_whole_recordings(
    own_display: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    server, display = own_display
    clip = write_clip(tmp_path / "clip.mp4", 3000, (320, 240))
    export, view = tmp_path / "rec", tmp_path / "view.mp4"
    words = ("--video", clip, "--export", export, "--record", view)
    with start(*words, env=os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}) as process:
        seen = wait_for_rows(process, export, 40)
        server.kill()
        _, told = process.communicate(timeout=200)
    assert process.returncode != 0
    assert "The display is gone; what was being recorded is closed." in told
    recording = read_recording(export)
    assert recording.complete
    assert len(recording) >= seen
    assert recording.future_frame.size > 0
    assert video_times_s(view)


def test_drawing_that_fails_does_not_end_the_window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the OpenGL context is lost: from then on every call fails."""
    told: list[str] = []
    monkeypatch.setattr("sys.excepthook", lambda *_: None)
    survive_mistakes(told.append)
    session = FakeSession()
    window = MainWindow(session, Store(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)), tmp_path, smooth=False)
    qtbot.addWidget(window)
    window.show()
    session.show(0.0)
    window.refresh()

    def lost(*_: object, **__: object) -> None:
        raise RuntimeError("OpenGL got errors: context lost")

    monkeypatch.setattr(window.scene, "show_hands", lost)
    session.show(0.1)
    qtbot.waitUntil(lambda: bool(told), timeout=20_000)
    assert told[0] == "RuntimeError: OpenGL got errors: context lost"
    monkeypatch.undo()
    session.show(0.2)
    qtbot.waitUntil(lambda: window.display.shown is not None and window.display.shown.frame.index == 6)
    window.close()


def test_what_is_recorded_from_the_start_waits_for_the_model(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = threading.Event()

    def build(options: AppOptions, progress: object) -> Runtime:
        assert built.wait(60)
        return FakeRuntime()

    register_estimator("knowing", KnowingEstimator)
    register_source("live script", lambda target: ScriptedSource(None, live=True))
    monkeypatch.setattr("app.gui.session.load_model", build)
    session = LiveSession(AppOptions(source=SourceRequest("live script"), estimator="knowing"))
    session.start_export(tmp_path / "rec")
    session.start_video(tmp_path / "view.mp4")
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.frame.index > 30, timeout=60_000)
    qtbot.waitUntil(lambda: (tmp_path / "view.mp4").exists(), timeout=60_000)
    built.set()
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.futures is not None, timeout=60_000)
    qtbot.waitUntil(lambda: (writing := session.writing()[1]) is not None and writing.size_bytes > 200_000, timeout=60_000)
    assert session.status().error == ""
    session.close()
    recording = read_recording(tmp_path / "rec")
    assert recording.header.action_names == ACTIONS
    assert recording.header.checkpoint == "fake"
    assert np.isfinite(recording.refined_cam_m[16:]).all()
    assert recording.future_frame.size > 0
    assert video_times_s(tmp_path / "view.mp4")
