"""The program is killed, interrupted, put to sleep, run twice: what it wrote before stays, whole."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_parts import write_clip
from mjpeg_server import MjpegServer, pictures
from programs import rows_in, start, video_times_s, wait_for_rows, wait_until

from app.video_writer import VideoWriter
from ghtt_core.errors import UserError
from ghtt_core.recording import RecordingHeader, RecordingWriter, read_recording


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "long.mp4", 3000)


def test_a_kill_leaves_everything_up_to_the_last_second(long_clip: Path, tmp_path: Path) -> None:
    export, view = tmp_path / "rec", tmp_path / "view.mp4"
    with start("--headless", "--video", long_clip, "--export", export, "--record", view) as process:
        seen = wait_for_rows(process, export, 60)
        process.kill()
    recording = read_recording(export)
    assert not recording.complete
    assert len(recording) >= seen
    assert recording.future_frame.size >= seen // 4 - 8
    times_s = video_times_s(view)
    # The view is drawn beside the run, a few frames behind it; a quarter of a second waits to be written.
    assert times_s[-1] > recording.time_s[seen - 1] - 1.0
    claimed_anew = RecordingWriter(export, RecordingHeader("again", (1, 1), "none"))  # No lock is left behind.
    claimed_anew.close()


def interrupted(process: subprocess.Popen[str], export: Path, view: Path) -> None:
    """What Ctrl-C promises: a quick end with status 130, no traceback, files that are whole."""
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=200)
    assert "Traceback" not in told
    assert process.returncode in (130, 0), told  # 0: it had just finished.
    if (export / "recording.json").exists():
        recording = read_recording(export)
        # Ctrl-C may come between the two that a frame is handed to.
        assert len(recording) - len(video_times_s(view)) in (0, 1) or not recording.complete
    elif view.exists() and view.stat().st_size:
        video_times_s(view)


LATE = """
import os, signal, sys
import main
class Late:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
sys.modules["late"] = Late()  # Modules go last.
sys.argv[1:] = ["--headless", "--video", "missing.mp4"]
sys.exit(main.run())
"""


def test_ctrl_c_when_everything_is_over_changes_nothing() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", LATE], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize("turn", range(3))
def test_ctrl_c_while_recording(turn: int, long_clip: Path, tmp_path: Path) -> None:
    export, view = tmp_path / "rec", tmp_path / "view.mp4"
    rows = random.Random(turn).randrange(1, 60)
    with start("--headless", "--video", long_clip, "--export", export, "--record", view) as process:
        wait_for_rows(process, export, rows)
        interrupted(process, export, view)
    recording = read_recording(export)
    assert recording.complete
    assert len(recording) >= rows


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_an_end_from_outside_closes_the_files(name: str, long_clip: Path, tmp_path: Path) -> None:
    export, view = tmp_path / "rec", tmp_path / "view.mp4"
    number = getattr(signal, name)
    with start("--headless", "--video", long_clip, "--export", export, "--record", view) as process:
        rows = wait_for_rows(process, export, 30)
        process.send_signal(number)
        _, told = process.communicate(timeout=200)
    assert "Traceback" not in told
    assert process.returncode == 128 + number
    recording = read_recording(export)
    assert recording.complete
    assert len(recording) >= rows
    assert len(recording) - len(video_times_s(view)) in (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(30))
def test_ctrl_c_at_any_moment(turn: int, tmp_path: Path) -> None:
    """From the first instruction over the run to the closing of the files, which a clip of 40 frames reaches soon."""
    clip = write_clip(tmp_path / "clip.mp4", 40)
    export, view = tmp_path / "rec", tmp_path / "view.mp4"
    with start("--headless", "--video", clip, "--export", export, "--record", view) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(random.Random(turn).uniform(0.0, 4.0))  # The moment itself is what varies.
        interrupted(process, export, view)


def test_a_second_ctrl_c_while_the_files_are_closed(long_clip: Path, tmp_path: Path) -> None:
    export, view = tmp_path / "rec", tmp_path / "view.mp4"
    with start("--headless", "--video", long_clip, "--export", export, "--record", view) as process:
        rows = wait_for_rows(process, export, 60)
        process.send_signal(signal.SIGINT)
        for _ in range(20):
            time.sleep(0.01)
            process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=200)
    assert "Traceback" not in told
    assert process.returncode == 130
    assert len(read_recording(export)) >= rows
    assert video_times_s(view)


def test_a_suspended_run_goes_on(tmp_path: Path) -> None:
    export = tmp_path / "rec"
    with (
        MjpegServer([pictures(100_000)], pause_s=0.03) as server,
        start("--headless", "--camera", server.url, "--export", export) as process,
    ):
        wait_for_rows(process, export, 20)
        process.send_signal(signal.SIGSTOP)
        before = rows_in(export)
        time.sleep(1.5)  # Longer than a step in time that the model takes for motion.
        assert rows_in(export) == before
        process.send_signal(signal.SIGCONT)
        # A slow machine that sees a hand less than ten times a second draws no futures; it may take its time.
        wait_until(process, lambda: read_recording(export).future_frame.max(initial=0) > before)
        process.send_signal(signal.SIGINT)
        assert process.wait(200) == 130
        process.communicate()
    recording = read_recording(export)
    assert recording.complete
    steps_s = recording.time_s[1:] - recording.time_s[:-1]
    assert (steps_s > 0).all()
    assert steps_s.max() > 1.4


def test_two_copies_at_once_keep_out_of_each_others_way(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 60)
    folders = [tmp_path / "first", tmp_path / "second"]
    copies = [start("--headless", "--video", clip, "--export", folder) for folder in folders]
    for copy, folder in zip(copies, folders, strict=True):
        with copy:
            _, told = copy.communicate(timeout=200)
        assert copy.returncode == 0, told
        assert len(read_recording(folder)) == 60


def test_a_second_copy_does_not_write_over_the_first(long_clip: Path, tmp_path: Path) -> None:
    export = tmp_path / "rec"
    with start("--headless", "--video", long_clip, "--export", export) as first:
        seen = wait_for_rows(first, export, 30)
        with start("--headless", "--video", long_clip, "--export", export) as second:
            _, told = second.communicate(timeout=200)
        assert second.returncode == 2
        assert f"{export} is being written by another copy of the program: choose another name." in told
        wait_for_rows(first, export, seen + 30)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=200)
    assert read_recording(export).time_s[0] == 0


def test_a_video_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "view.mp4"
    with VideoWriter(path), pytest.raises(UserError, match="is being written by another copy"):
        VideoWriter(path)
    with VideoWriter(path):
        pass
    assert {entry.name for entry in tmp_path.iterdir()} <= {"view.mp4"}
