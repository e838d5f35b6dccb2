"""A disk that fills up, a home that cannot be written, paths that are not plain ASCII."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_parts import write_clip
from programs import start, video_times_s

from ghtt_core.recording import read_recording

LETTERS = "Видео с пробелами 手の動き äöü & 'quotes'"
UNWRITABLE_HOME = dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), "/proc/nowhere")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", 500)


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    with process:
        _, told = process.communicate(timeout=200)
    return process.returncode, told


def test_a_file_that_may_not_grow_ends_the_run_and_keeps_the_recording(clip: Path, tmp_path: Path) -> None:
    export, view = tmp_path / "rec", tmp_path / "view.mp4"
    words = ("--headless", "--video", clip, "--samples", "1", "--export", export, "--record", view)
    status, told = finished(start(*words, pace_s=0, before="ulimit -f 300"))
    assert status == 2
    assert "free the disk or choose another" in told
    assert "Traceback" not in told
    assert len(read_recording(export)) >= 20
    assert len(video_times_s(view)) >= 10


def test_a_video_that_may_not_grow_ends_the_run_and_keeps_what_plays(clip: Path, tmp_path: Path) -> None:
    view = tmp_path / "view.mp4"
    status, told = finished(start("--headless", "--video", clip, "--record", view, pace_s=0, before="ulimit -f 200"))
    assert status == 2
    assert f"Cannot write the video {view}: File too large; free the disk or choose another file." in told
    assert 150_000 < view.stat().st_size <= 200 * 1024
    assert len(video_times_s(view)) >= 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of half a megabyte, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_the_run_and_keeps_the_recording(clip: Path, small_disk: Path) -> None:
    words = ("--headless", "--video", clip, "--samples", "1", "--export", small_disk / "rec")
    status, told = finished(start(*words, pace_s=0))
    assert status == 2
    assert f"Cannot write the recording to {small_disk / 'rec'}: No space left on device; free the disk" in told
    recording = read_recording(small_disk / "rec")
    assert not recording.complete  # There was no room for the closed form either.
    assert len(recording) >= 20
    assert recording.future_frame.max() < len(recording)


def test_an_unwritable_home_is_no_hindrance(clip: Path, tmp_path: Path) -> None:
    words = ("--headless", "--video", clip, "--max-frames", "40", "--export", tmp_path / "rec")
    status, told = finished(start(*words, pace_s=0, env=os.environ | UNWRITABLE_HOME))
    assert status == 0, told
    assert len(read_recording(tmp_path / "rec")) == 40


def test_a_fault_with_an_unwritable_home_is_still_one_sentence(tmp_path: Path) -> None:
    status, told = finished(start("--headless", "--video", tmp_path / "none.mp4", env=os.environ | UNWRITABLE_HOME))
    assert status == 2
    assert told.strip() == f"There is no file {tmp_path / 'none.mp4'}; check the path."


def test_paths_with_spaces_and_other_letters(tmp_path: Path) -> None:
    folder = tmp_path / LETTERS
    folder.mkdir()
    clip = write_clip(folder / f"{LETTERS}.mp4", 40)
    export, view = folder / f"{LETTERS} 录制", folder / f"{LETTERS} 2.mp4"
    status, told = finished(start("--headless", "--video", clip, "--export", export, "--record", view, pace_s=0))
    assert status == 0, told
    recording = read_recording(export)
    assert len(recording) == len(video_times_s(view)) == 40
    assert recording.header.source == clip.name
    again = tmp_path / "again"
    status, told = finished(start("--headless", "--replay", export, "--export", again, pace_s=0))
    assert status == 0, told
    assert "not there" not in told  # It found its clip.
    assert len(read_recording(again)) == 40
