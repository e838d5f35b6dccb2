"""The session behind the window: real pipeline and threads, an estimator and a model that know the truth."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from fake_model import ACTIONS, FakeRuntime
from fake_parts import KnowingEstimator, ScriptedSource, write_clip
from motion_fixture import hands_at
from pytestqt.qtbot import QtBot

from app.gui.futures_panel import FutureSettings
from app.gui.session import LiveSession
from app.options import AppOptions
from app.sources import SourceRequest, register_source
from estimators.base import EstimatorOptions, register_estimator
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame
from ghtt_core.recording import read_recording
from ghtt_core.runtime import Runtime

pytestmark = pytest.mark.gui
FRAMES = 90
Progress = Callable[[str], None]


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    register_estimator("knowing", KnowingEstimator)
    register_source("script", lambda target: ScriptedSource(int(target)))
    register_source("live script", lambda target: ScriptedSource(None, live=True))
    monkeypatch.setattr("app.gui.session.load_model", lambda options, progress: FakeRuntime())


@pytest.fixture
def opened() -> Iterator[Callable[..., LiveSession]]:
    sessions = []

    def open_session(kind: str = "script", target: str = str(FRAMES), *, loop: bool = False) -> LiveSession:
        session = LiveSession(AppOptions(source=SourceRequest(kind, target), estimator="knowing", loop=loop))
        sessions.append(session)
        return session

    yield open_session
    for session in sessions:
        session.close()


def _index(session: LiveSession) -> int:
    moment = session.moment()
    return -1 if moment is None else moment.frame.index


def test_a_source_gives_hands_actions_and_futures(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    session = opened(loop=True)
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.futures is not None)
    moment = session.moment()
    assert moment is not None
    assert moment.prediction is not None
    np.testing.assert_allclose(moment.observation.joints_cam_m, hands_at(moment.frame.source_time_s))
    assert session.action_names == ACTIONS
    assert session.status().backend == "fake runtime"


def test_the_same_moment_is_the_same_object(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    session = opened()
    qtbot.waitUntil(lambda: _index(session) == FRAMES - 1)
    session.set_playing(False)
    assert session.moment() is session.moment()


def test_the_picture_runs_while_the_model_is_built(
    qtbot: QtBot, opened: Callable[..., LiveSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    built = Event()

    def build(options: AppOptions, progress: Progress) -> Runtime:
        progress("Building an engine (once, about a minute).")
        built.wait(20)
        return FakeRuntime()

    monkeypatch.setattr("app.gui.session.load_model", build)
    session = opened(loop=True)
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.observation.visible.all())
    assert "Building an engine" in session.status().notice
    assert session.action_names == ()
    built.set()
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.futures is not None)
    assert session.status().notice == ""


def test_a_model_that_cannot_be_used_is_told_and_the_hands_go_on(
    qtbot: QtBot, opened: Callable[..., LiveSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(options: AppOptions, progress: Progress) -> Runtime:
        raise UserError("There is no checkpoint at x; name one with --checkpoint FILE.")

    monkeypatch.setattr("app.gui.session.load_model", fail)
    session = opened(loop=True)
    qtbot.waitUntil(lambda: "no checkpoint" in session.status().error)
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.observation.visible.all())


def test_a_source_that_cannot_be_opened_is_told_and_another_one_opens(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    session = opened("clip", "/nowhere/clip.mp4")
    qtbot.waitUntil(lambda: "/nowhere/clip.mp4" in session.status().error)
    session.open(SourceRequest("script", "30"))
    qtbot.waitUntil(lambda: _index(session) >= 0)
    assert session.status().error == ""


def test_another_source_opens_while_the_estimator_is_still_being_fetched(
    qtbot: QtBot, opened: Callable[..., LiveSession]
) -> None:
    fetched = Event()

    def fetch(options: EstimatorOptions) -> KnowingEstimator:
        fetched.wait(20)
        return KnowingEstimator(options)

    register_estimator("knowing", fetch)
    session = opened("script", "30")
    qtbot.waitUntil(lambda: "hand estimator" in session.status().notice and _index(session) >= 0)
    session.open(SourceRequest("live script"))
    qtbot.waitUntil(lambda: session.status().source == "script" and session.position() is None and _index(session) >= 0)
    moment = session.moment()
    assert moment is not None
    assert not moment.observation.visible.any()
    fetched.set()
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.observation.visible.all())


def test_an_estimator_that_cannot_be_made_is_told(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    def fail(options: EstimatorOptions) -> KnowingEstimator:
        raise UserError("The hand model cannot be fetched: no network.")

    register_estimator("knowing", fail)
    session = opened()
    qtbot.waitUntil(lambda: "no network" in session.status().error)


def test_switching_sources_while_running(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    session = opened("live script", "")
    qtbot.waitUntil(lambda: _index(session) > 3)
    assert session.position() is None
    session.open(SourceRequest("script", "60"))
    qtbot.waitUntil(lambda: session.position() is not None)
    position = session.position()
    assert position is not None
    assert position.duration_s == pytest.approx(2.0)


def test_pause_step_and_seek(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    session = opened(loop=True)
    qtbot.waitUntil(lambda: _index(session) > 5)
    session.set_playing(False)
    session.seek(1.0)
    qtbot.waitUntil(lambda: _index(session) == 30)
    session.step(1)
    qtbot.waitUntil(lambda: _index(session) == 31)
    session.step(-1)
    qtbot.waitUntil(lambda: _index(session) == 30)
    position = session.position()
    assert position is not None
    assert not position.playing


def test_playing_on_at_the_end_begins_again(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    session = opened(target="20")
    qtbot.waitUntil(lambda: _index(session) == 19)
    qtbot.waitUntil(lambda: session.status().ended)
    session.set_playing(True)
    qtbot.waitUntil(lambda: 0 <= _index(session) < 19)


def test_settings_reach_the_futures(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    session = opened(loop=True)
    qtbot.waitUntil(lambda: session.action_names != ())
    session.configure(FutureSettings(horizon_s=1.0, samples=7))

    def drawn_as_asked() -> bool:
        moment = session.moment()
        return moment is not None and moment.futures is not None and moment.futures.joints_cam_m.shape[:2] == (7, 30)

    qtbot.waitUntil(drawn_as_asked)


def test_futures_of_a_held_moment_are_drawn_again(qtbot: QtBot, opened: Callable[..., LiveSession]) -> None:
    session = opened(loop=True)
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.futures is not None)
    held = session.moment()
    assert held is not None
    session.configure(FutureSettings(samples=5))
    session.draw_again(held)
    qtbot.waitUntil(lambda: session.redrawn() is not None)
    redrawn = session.redrawn()
    assert redrawn is not None
    assert redrawn.frame_index == held.frame.index
    assert len(redrawn.joints_cam_m) == 5


def test_an_export_can_be_opened_again(qtbot: QtBot, opened: Callable[..., LiveSession], tmp_path: Path) -> None:
    session = opened("live script", "")
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.futures is not None)
    session.start_export(tmp_path / "rec")
    qtbot.waitUntil(lambda: (writing := session.writing()[1]) is not None and writing.size_bytes > 200_000)
    session.stop_export()
    qtbot.waitUntil(lambda: session.writing()[1] is None)
    qtbot.waitUntil(lambda: (tmp_path / "rec" / "poses.npz").exists())
    recording = read_recording(tmp_path / "rec")
    assert recording.header.estimator == "knowing"
    assert recording.futures_cam_m.size > 0
    session.open(SourceRequest("recording", str(tmp_path / "rec")))
    qtbot.waitUntil(lambda: session.position() is not None and _index(session) >= 1)
    moment = session.moment()
    assert moment is not None
    np.testing.assert_allclose(moment.observation.joints_cam_m, recording.observed_cam_m[moment.frame.index])


def test_the_size_of_an_export_can_be_asked_while_its_folders_vanish(
    qtbot: QtBot, opened: Callable[..., LiveSession], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened("live script", "")
    session.start_export(tmp_path / "rec")
    qtbot.waitUntil(lambda: (tmp_path / "rec" / "parts").is_dir())
    scandir, vanished = os.scandir, []

    def scandir_too_late(path: str) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        if Path(path).name == "parts":
            vanished.append(path)
            raise FileNotFoundError(path)
        return scandir(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", scandir_too_late)
        writing = session.writing()[1]
    assert vanished
    assert writing is not None
    assert writing.size_bytes >= 0


def test_a_recording_is_shown_without_a_model(
    qtbot: QtBot, opened: Callable[..., LiveSession], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened("live script", "")
    qtbot.waitUntil(lambda: (moment := session.moment()) is not None and moment.futures is not None)
    session.start_export(tmp_path / "rec")
    qtbot.waitUntil(lambda: (writing := session.writing()[1]) is not None and writing.size_bytes > 200_000)
    session.close()

    def refuse(options: AppOptions, progress: Progress) -> Runtime:
        raise UserError("There is no checkpoint.")

    monkeypatch.setattr("app.gui.session.load_model", refuse)
    replay = opened("recording", str(tmp_path / "rec"))
    qtbot.waitUntil(lambda: _index(replay) >= 1)
    assert replay.status().error == ""
    assert replay.action_names == ACTIONS


def test_an_export_ends_where_the_clip_begins_again(qtbot: QtBot, opened: Callable[..., LiveSession], tmp_path: Path) -> None:
    session = opened(target="40", loop=True)
    qtbot.waitUntil(lambda: _index(session) > 0)
    session.start_export(tmp_path / "rec")
    qtbot.waitUntil(lambda: "began again" in session.status().error)
    session.stop_export()
    qtbot.waitUntil(lambda: (tmp_path / "rec" / "poses.npz").exists())
    assert (np.diff(read_recording(tmp_path / "rec").time_s) > 0).all()


def test_the_view_is_recorded_at_even_times(qtbot: QtBot, opened: Callable[..., LiveSession], tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 60, (320, 240))
    session = opened("clip", str(clip), loop=True)
    qtbot.waitUntil(lambda: session.action_names != () and _index(session) > 0)
    session.start_video(tmp_path / "view.mp4")
    qtbot.waitUntil(lambda: (video := session.writing()[0]) is not None and video.seconds > 1.5, timeout=15_000)
    session.stop_video()
    qtbot.waitUntil(lambda: session.writing()[0] is None)
    with av.open(str(tmp_path / "view.mp4")) as container:
        times_s = np.array([frame.time for frame in container.decode(video=0)])
    assert len(times_s) >= 2
    np.testing.assert_allclose(np.diff(times_s) * 30, np.round(np.diff(times_s) * 30), atol=0.02)


def test_a_video_that_cannot_be_written_is_told_and_the_picture_goes_on(
    qtbot: QtBot, opened: Callable[..., LiveSession], tmp_path: Path
) -> None:
    session = opened(loop=True)
    qtbot.waitUntil(lambda: _index(session) >= 0)
    (tmp_path / "file").touch()
    session.start_video(tmp_path / "file" / "view.mp4")
    qtbot.waitUntil(lambda: "Cannot write the video" in session.status().error)
    before = session.moment()
    qtbot.waitUntil(lambda: session.moment() is not before)


def test_a_file_is_not_closed_under_the_thread_that_still_reads_it(
    qtbot: QtBot, opened: Callable[..., LiveSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gui.session._STOP_S", 0.1)
    reading, done = Event(), Event()

    class SlowSource(ScriptedSource):
        def read(self, timeout_s: float) -> Frame | None:
            reading.set()
            done.wait(20)
            return super().read(timeout_s)

    slow = SlowSource(30)
    register_source("slow", lambda target: slow)
    session = opened("slow", "")
    qtbot.waitUntil(reading.is_set)
    session.close()
    assert not slow.closed
    done.set()


def test_closing_while_the_source_is_still_being_opened(opened: Callable[..., LiveSession]) -> None:
    session = opened()
    session.close()
    assert session.moment() is None
