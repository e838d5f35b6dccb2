"""The MP4 plays, keeps the times, and survives a kill."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from fake_parts import picture

from app.video_writer import VideoWriter
from ghtt_core.errors import UserError


def read(path: Path) -> tuple[list[float], list[np.ndarray]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return [float(frame.time) for frame in frames], [frame.to_ndarray(format="bgr24") for frame in frames]


def test_pictures_and_times_come_back(tmp_path: Path) -> None:
    times_s = [10.0, 10.02, 10.1, 10.5, 12.0]
    with VideoWriter(tmp_path / "sub" / "out.mp4") as writer:
        for index, time_s in enumerate(times_s):
            writer.append(picture(40 * index), time_s)
    assert writer.frames == 5
    got_s, images = read(tmp_path / "sub" / "out.mp4")
    assert got_s == pytest.approx([time_s - 10 for time_s in times_s], abs=1e-3)
    assert [image.mean() for image in images] == pytest.approx([picture(40 * index).mean() for index in range(5)], abs=4)
    with av.open(str(tmp_path / "sub" / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")


def test_sizes_are_made_even_and_kept(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4") as writer:
        for index, size in enumerate(((63, 47), (63, 47), (200, 100), (1, 1))):
            writer.append(picture(index, size), index / 30)
    _, images = read(tmp_path / "out.mp4")
    assert {image.shape for image in images} == {(48, 64, 3)} or {image.shape for image in images} == {(46, 62, 3)}
    assert len(images) == 4


def test_times_that_repeat_or_run_backwards_still_give_a_file_that_plays(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4") as writer:
        for index, time_s in enumerate((0.0, 0.1, 0.1, 0.05, 0.2)):
            writer.append(picture(index), time_s)
    got_s, _ = read(tmp_path / "out.mp4")
    assert len(got_s) == 5
    assert got_s == sorted(set(got_s))


def test_a_video_without_frames_is_no_fault(tmp_path: Path) -> None:
    VideoWriter(tmp_path / "out.mp4").close()


def test_an_impossible_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write the video"):
        VideoWriter(tmp_path / "file" / "out.mp4")


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from fake_parts import picture
from app.video_writer import VideoWriter
writer = VideoWriter(Path(sys.argv[1]))
for index in range(180):
    writer.append(picture(index), index / 30)
print("written", flush=True)
sys.stdin.read()
"""


def test_a_kill_leaves_a_video_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    command = [sys.executable, "-c", KILLED, str(path), str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"written"
        process.kill()
    got_s, _ = read(path)
    assert got_s[-1] > 179 / 30 - 0.6
