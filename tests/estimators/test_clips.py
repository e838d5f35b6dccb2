"""Clips made here with PyAV, read back: time stamps, rotation, seeking, damage."""

from fractions import Fraction

import av
import numpy as np
import pytest

from estimators.clips import ClipReader
from ghtt_core.errors import UserError

WIDTH, HEIGHT = 64, 48


def picture(index):
    """A frame whose brightness tells its number and whose top left corner is bright."""
    image = np.full((HEIGHT, WIDTH, 3), 60 + 6 * index, np.uint8)
    image[:12, :12] = 255
    return image


def write_clip(path, *, frames=30, stamps_ms=None, key_every=8, b_frames=2):
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=25, options={"g": str(key_every), "bf": str(b_frames), "qp": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index), format="bgr24")
            frame.pts = stamps_ms[index] if stamps_ms else 40 * index
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def number(frame):
    return round((float(frame.image_bgr[-12:, -12:].mean()) - 57) / 6)  # YUV and back darkens a little


def turn_a_quarter(path):
    """Write the display matrix of a phone held upright into the track header."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44
    one = 1 << 16
    values = (0, one, 0, -one, 0, 0, HEIGHT * one, 0, 1 << 30)
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(data)


def test_frames_come_in_order_with_their_own_times(tmp_path):
    with ClipReader(write_clip(tmp_path / "clip.mp4")) as reader:
        frames = list(reader)
        assert (reader.width, reader.height, reader.length_estimate) == (WIDTH, HEIGHT, 30)
        assert reader.fps == pytest.approx(25, rel=0.01)
        assert reader.truncated is None
    assert [number(frame) for frame in frames] == list(range(30))
    assert [frame.index for frame in frames] == list(range(30))
    np.testing.assert_allclose([frame.source_time_s for frame in frames], np.arange(30) / 25, atol=1e-3)


def test_a_variable_frame_rate_keeps_its_stamps(tmp_path):
    stamps_ms = list(np.cumsum([0, *([20, 40, 100] * 7)]).tolist())
    with ClipReader(write_clip(tmp_path / "clip.mp4", frames=len(stamps_ms), stamps_ms=stamps_ms)) as reader:
        times_s = [frame.source_time_s for frame in reader]
    np.testing.assert_allclose(times_s, np.array(stamps_ms) / 1000, atol=1.5e-3)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_seeking_finds_exactly_the_frame(tmp_path, b_frames):
    with ClipReader(write_clip(tmp_path / "clip.mp4", b_frames=b_frames)) as reader:
        whole = list(reader)
        for index in (17, 3, 29, 0, 8):
            reader.seek(index)
            frame = next(reader)
            assert (frame.index, frame.source_time_s) == (index, whole[index].source_time_s)
            np.testing.assert_array_equal(frame.image_bgr, whole[index].image_bgr)
        reader.seek(26)
        assert [frame.index for frame in reader] == [26, 27, 28, 29]
        with pytest.raises(UserError, match="frames 0 to 29"):
            reader.seek(30)


def test_a_rotated_phone_clip_stands_upright(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", frames=3)
    turn_a_quarter(path)
    with ClipReader(path) as reader:
        image = next(reader).image_bgr
        assert (reader.width, reader.height) == (HEIGHT, WIDTH)
    assert image.shape == (WIDTH, HEIGHT, 3)
    assert image[:8, -8:].mean() > 200  # the matrix turns it clockwise: the bright corner goes to the top right
    assert image[:8, :8].mean() < 100


def test_a_cut_clip_gives_the_frames_up_to_the_cut(tmp_path):
    path = write_clip(tmp_path / "clip.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + (len(data) - data.index(b"mdat")) * 2 // 3])
    with ClipReader(path) as reader:
        frames = list(reader)
        assert 3 < len(frames) < 30
        assert reader.truncated is not None
        assert "cut off" in reader.truncated
    assert [number(frame) for frame in frames] == list(range(len(frames)))


def test_what_is_no_clip_is_said_in_one_sentence(tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video " * 99)
    (tmp_path / "text.txt").write_text("no video " * 99)
    for name, said in (
        ("missing.mp4", "There is no file"),
        ("empty.mp4", "is empty"),
        ("text.mp4", "is not a video"),
        ("text.txt", "holds no video"),
        (".", "is not a file"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            ClipReader(tmp_path / name)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)
