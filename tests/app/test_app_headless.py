"""Headless runs from the command line to the files, with an estimator and a model that know the truth."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from fake_model import ACTIONS, FakeRuntime
from fake_parts import KnowingEstimator, ScriptedSource, picture, write_clip
from motion_fixture import hands_at

from app import assembly, cli
from app.options import AppOptions
from app.sources import register_source
from estimators.base import register_estimator
from estimators.opencv import cv2
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame
from ghtt_core.recording import Recording, read_recording, writer

HOOKS: list[Callable[[Frame], None]] = []


def hook(frame: Frame) -> None:
    for interfere in HOOKS:
        interfere(frame)


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    HOOKS.clear()
    register_estimator("knowing", lambda options: KnowingEstimator(options, hook))
    register_source("script", lambda target: ScriptedSource(int(target)))
    monkeypatch.setattr("app.headless.load_model", lambda options, progress: FakeRuntime())
    monkeypatch.setattr("app.logs.log_file", lambda: tmp_path / "log" / "ghtt.log")


def run(*words: str | Path) -> int:
    return cli.main(["--headless", "--estimator", "knowing", *map(str, words)])


def exported(folder: Path) -> Recording:
    return read_recording(folder)


def test_a_clip_becomes_a_recording_and_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 45)
    assert run("--video", clip, "--export", tmp_path / "rec", "--record", tmp_path / "view.mp4", "--seed", "1") == 0
    recording = exported(tmp_path / "rec")
    assert len(recording) == 45
    assert recording.complete
    assert recording.time_s.tolist() == pytest.approx([index / 30 for index in range(45)], abs=1e-3)
    for row in (0, 20, 44):
        np.testing.assert_allclose(recording.observed_cam_m[row], hands_at(recording.time_s[row]))
    assert recording.future_frame.size >= 7
    assert recording.futures_cam_m.shape[1:] == (20, 63, 2, 21, 3)
    assert np.isfinite(recording.action_prob[20:]).all()
    with av.open(str(tmp_path / "view.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 45
    assert (frames[0].width, frames[0].height) == (1280, 720)
    told = capsys.readouterr()
    assert "45 frames in" in told.out
    assert "left hand found in 100 % of them, right hand in 100 %" in told.out
    assert "Written:" in told.out
    assert any(action in told.out for action in ACTIONS)
    assert "Camera: assumed 70 degrees" in told.err


def test_what_ran_is_saved_beside_it(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 20)
    assert run("--video", clip, "--export", tmp_path / "rec", "--fov", "80", "--seed", "3", "--samples", "2") == 0
    header = exported(tmp_path / "rec").header
    assert (header.source, header.clip, header.estimator) == ("clip.mp4", "../clip.mp4", "knowing")
    assert header.checkpoint == "fake"
    assert header.action_names == ACTIONS
    assert header.frame_size_px == (64, 48)
    assert header.options["seed"] == 3
    assert header.intrinsics is not None
    assert header.intrinsics["origin"] == "--fov 80"
    assert header.versions["numpy"] == np.__version__
    assert str(tmp_path) not in (tmp_path / "rec" / "recording.json").read_text()


def test_two_runs_give_the_same_arrays(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 40)
    for name in ("a", "b"):
        assert run("--video", clip, "--export", tmp_path / name, "--seed", "1", "--samples", "4") == 0
    for name in ("poses.npz", "futures.npz", "hands.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_recording_is_replayed_without_its_estimator(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 40)
    assert run("--video", clip, "--export", tmp_path / "first", "--samples", "4") == 0
    words = ["--headless", "--replay", str(tmp_path / "first"), "--export", str(tmp_path / "again")]
    assert cli.main([*words, "--record", str(tmp_path / "view.mp4"), "--futures-every", "1"]) == 0
    first, again = exported(tmp_path / "first"), exported(tmp_path / "again")
    for name in ("time_s", "observed_cam_m", "refined_cam_m", "action_prob", "future_frame", "futures_cam_m"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert again.header.checkpoint == "fake"
    assert (tmp_path / "view.mp4").stat().st_size > 1000


def test_a_replay_with_a_checkpoint_runs_the_model_again(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 30)
    assert run("--video", clip, "--export", tmp_path / "first", "--samples", "4") == 0
    clip.unlink()  # The hands need no picture.
    words = ["--headless", "--replay", str(tmp_path / "first"), "--export", str(tmp_path / "again"), "--samples", "6"]
    assert cli.main([*words, "--checkpoint", "fake.safetensors"]) == 0
    first, again = exported(tmp_path / "first"), exported(tmp_path / "again")
    assert again.futures_cam_m.shape[1] == 6
    np.testing.assert_array_equal(first.refined_cam_m, again.refined_cam_m)


def test_frames_of_one_pixel(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(20):
        cv2.imwrite(str(folder / f"{index}.png"), picture(index, (1, 1)))
    assert run("--video", folder, "--export", tmp_path / "rec", "--record", tmp_path / "view.mp4") == 0
    assert len(exported(tmp_path / "rec")) == 20


def test_a_fault_in_the_middle_keeps_everything_before_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(frame: Frame) -> None:
        if frame.index == 25:
            raise RuntimeError("boom")

    HOOKS.append(fail)
    clip = write_clip(tmp_path / "clip.mp4", 40)
    assert run("--video", clip, "--export", tmp_path / "rec", "--record", tmp_path / "view.mp4") == cli.EXIT_BUG
    told = capsys.readouterr()
    assert "The program failed (RuntimeError: boom); the details are in" in told.err
    assert "Traceback" not in told.err
    faults = [line for line in (tmp_path / "log" / "ghtt.log").read_text().splitlines() if " ERROR " in line]
    assert len(faults) == 1
    assert "[look]" in faults[0]
    assert "RuntimeError: boom, at frame 25" in faults[0]
    assert len(exported(tmp_path / "rec")) == 25
    assert exported(tmp_path / "rec").complete
    with av.open(str(tmp_path / "view.mp4")) as container:
        assert len(list(container.decode(video=0))) == 25


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """A shell that starts the tests in the background makes them deaf to Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_finishes_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(frame: Frame) -> None:
        if frame.index == 30:
            signal.raise_signal(signal.SIGINT)  # Python runs the handler in the main thread.

    HOOKS.append(interrupt)
    clip = write_clip(tmp_path / "clip.mp4", 400)
    assert run("--video", clip, "--export", tmp_path / "rec", "--record", tmp_path / "view.mp4") == cli.EXIT_INTERRUPTED
    recording = exported(tmp_path / "rec")
    assert recording.complete
    assert 10 <= len(recording) < 400  # all but the few frames between the threads
    assert "Stopped." in capsys.readouterr().err
    with av.open(str(tmp_path / "view.mp4")) as container:
        assert list(container.decode(video=0))


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write_all, written = writer._write_all, []

    def fill(file: object, data: bytes) -> None:
        written.append(len(data))
        if len(written) > 30:
            raise OSError(28, "No space left on device")
        write_all(file, data)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "_write_all", fill)
    clip = write_clip(tmp_path / "clip.mp4", 60)
    assert run("--video", clip, "--export", tmp_path / "rec") == 2
    assert "No space left on device; free the disk" in capsys.readouterr().err
    assert len(exported(tmp_path / "rec")) > 5


def test_an_unwritable_place_is_told_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run("--export", tmp_path / "file" / "rec") == 2
    assert "--export: nothing can be written to" in capsys.readouterr().err
    assert run("--record", tmp_path / "file" / "out.mp4") == 2
    assert "--record: nothing can be written to" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path, "There is no file"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.write_text("text " * 99), "is not a video|holds no video"),
    ],
)
def test_bad_clips_are_one_sentence_and_status_2(
    tmp_path: Path, make: Callable[[Path], object], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "clip.mp4")
    assert run("--video", tmp_path / "clip.mp4") == 2
    told = capsys.readouterr().err.strip()
    assert re.search(sentence, told)
    assert "\n" not in told


def test_a_checkpoint_without_actions_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = FakeRuntime()
    runtime.spec = replace(runtime.spec, action_names=())
    monkeypatch.setattr("app.assembly.load_runtime", lambda *_, **__: runtime)
    with pytest.raises(UserError, match="trained on poses only"):
        assembly.load_model(AppOptions(), print)
    assert runtime.closed


def test_without_a_display_the_window_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.cli.has_display", lambda: False)
    assert cli.main([]) == 2
    assert "There is no display for a window: add --headless" in capsys.readouterr().err


KILLED = """
import sys, threading
sys.path[:0] = sys.argv[3:]
import test_app_headless as t
import app.headless, app.logs
from app.options import AppOptions
from app.sources import SourceRequest
t.register_estimator("knowing", lambda options: t.KnowingEstimator(options, hook))
t.register_source("script", lambda target: t.ScriptedSource(int(target)))
app.headless.load_model = lambda options, progress: t.FakeRuntime()
def hook(frame):
    if frame.index == 80:
        print("far enough", flush=True)
        threading.Event().wait()
source = SourceRequest("script", "1000")
export, record = map(t.Path, sys.argv[1:3])
app.headless.run_headless(AppOptions(source=source, headless=True, estimator="knowing", export=export, record=record))
"""


def test_a_kill_loses_nothing_that_was_written(tmp_path: Path) -> None:
    paths = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    command = [sys.executable, "-c", KILLED, str(tmp_path / "rec"), str(tmp_path / "view.mp4"), *paths]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == b"far enough"
            wait_for_rows(tmp_path / "rec", 75)
        finally:
            process.kill()
    recording = exported(tmp_path / "rec")
    assert not recording.complete
    assert 75 <= len(recording) <= 80
    assert recording.future_frame.size > 10


def wait_for_rows(folder: Path, rows: int) -> None:
    """Until so many frames lie on the disk: those before the frame that hangs, but for the few between the threads."""
    deadline = time.monotonic() + 120
    while len(read_recording(folder)) < rows:
        assert time.monotonic() < deadline
        time.sleep(0.01)
