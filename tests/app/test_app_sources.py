"""Every kind of source gives its frames in order with their own times, or says in one sentence why not."""

import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_parts import ScriptedSource, picture, write_clip
from mjpeg_server import MjpegServer, pictures
from numpy.typing import NDArray

from app.sources import (
    ClipSource,
    ImageFolderSource,
    Source,
    SourceRequest,
    SourceState,
    open_source,
    register_source,
    source_kinds,
)
from app.sources.files import natural_key
from app.sources.live import Connection, ConnectionLostError, Connector, LiveSource
from app.sources.stream import without_secrets
from estimators.opencv import cv2
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame


def read_all(source: Source) -> list[Frame]:
    frames = []
    while (frame := source.read(1.0)) is not None:
        frames.append(frame)
    return frames


def test_a_clip_keeps_its_own_times(tmp_path: Path) -> None:
    times_s = [0.0, 0.04, 0.1, 0.12, 0.2]
    clip = write_clip(tmp_path / "clip.mp4", 5, times_s=times_s)
    with open_source(SourceRequest.for_path(clip)) as source:
        assert isinstance(source, ClipSource)
        frames = read_all(source)
        assert [frame.source_time_s for frame in frames] == pytest.approx(times_s, abs=1e-3)
        assert [frame.index for frame in frames] == list(range(5))
        assert source.state is SourceState.ENDED
        source.seek(3)
        assert source.state is SourceState.RUNNING
        again = read_all(source)
        assert [frame.index for frame in again] == [3, 4]
        np.testing.assert_array_equal(again[0].image_bgr, frames[3].image_bgr)


def test_a_folder_of_pictures_is_read_in_natural_order(tmp_path: Path) -> None:
    for index in (10, 2, 1, 33):
        cv2.imwrite(str(tmp_path / f"shot{index}.png"), picture(index, (8 + index, 6)))
    (tmp_path / "notes.txt").write_text("no picture")
    with open_source(SourceRequest.for_path(tmp_path)) as source:
        assert isinstance(source, ImageFolderSource)
        assert source.info.length == 4
        frames = read_all(source)
    assert [frame.image_bgr.shape[1] - 8 for frame in frames] == [1, 2, 10, 33]
    assert [frame.source_time_s for frame in frames] == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])


def test_names_with_digits_and_without_can_be_sorted_together() -> None:
    assert sorted(["b", "a10", "a2", "10", "2", "A3"], key=natural_key) == ["2", "10", "a2", "A3", "a10", "b"]


def test_a_single_pixel_and_a_very_large_picture(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), picture(1, (1, 1)))
    cv2.imwrite(str(tmp_path / "2.png"), picture(2, (7680, 4320)))
    with open_source(SourceRequest.for_path(tmp_path)) as source:
        assert [frame.image_bgr.shape for frame in read_all(source)] == [(1, 1, 3), (4320, 7680, 3)]


def make_text(path: Path) -> Path:
    path.write_text("hello\n" * 50)
    return path


def make_empty_folder(path: Path) -> Path:
    path.mkdir()
    return path


def make_folder_with_a_broken_picture(path: Path) -> Path:
    path.mkdir()
    (path / "1.png").write_bytes(b"\x89PNG but not really")
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path, "There is no file"),
        (lambda path: path.touch() or path, "is empty"),
        (make_text, "is not a video|holds no video"),
        (make_empty_folder, "holds no pictures"),
        (make_folder_with_a_broken_picture, "is not a picture"),
    ],
)
def test_files_that_are_no_source(tmp_path: Path, make: Callable[[Path], Path], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence), open_source(SourceRequest.for_path(make(tmp_path / "x.mp4"))) as source:
        read_all(source)


def test_a_clip_that_was_cut_off_is_read_up_to_the_cut_and_says_so(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mkv", 60).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: int(len(whole) * 0.6)])
    with open_source(SourceRequest.for_path(cut)) as source:
        frames = read_all(source)
        assert 5 < len(frames) < 60
        assert [frame.index for frame in frames] == list(range(len(frames)))


def test_requests_find_their_kind(tmp_path: Path) -> None:
    assert SourceRequest.for_camera("0") == SourceRequest("camera", "0")
    assert SourceRequest.for_camera("/dev/video2") == SourceRequest("camera", "/dev/video2")
    assert SourceRequest.for_camera("rtsp://host/x") == SourceRequest("stream", "rtsp://host/x")
    (tmp_path / "recording.json").write_text("{}")
    assert SourceRequest.for_path(tmp_path).kind == "recording"
    assert {"camera", "stream", "clip", "images", "demo", "recording"} <= set(source_kinds())


def test_a_source_of_ones_own_goes_through_the_registry() -> None:
    register_source("script", lambda target: ScriptedSource(int(target)))
    with open_source(SourceRequest("script", "3")) as source:
        assert len(read_all(source)) == 3
    with pytest.raises(UserError, match="no kind of source named 'nonsense'"):
        open_source(SourceRequest("nonsense"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "concat://a|b", "pipe://0", "subfile://x", "data://x", "gopher://h/x"])
def test_schemes_that_reach_into_the_machine_are_refused(url: str) -> None:
    with pytest.raises(UserError, match="are not opened; use one of: http"):
        open_source(SourceRequest.for_camera(url))


def test_a_stream_that_is_not_served_is_one_sentence() -> None:
    url = "http://user:{}@127.0.0.1:9/x?{}=1".format("terces"[::-1], "nekot"[::-1])  # Tracebacks quote these lines.
    with pytest.raises(UserError, match=r"Cannot open stream http://127\.0\.0\.1:9/x: .*check the address") as caught:
        open_source(SourceRequest.for_camera(url))
    told = "".join(traceback.format_exception(caught.value))  # As it goes to the log.
    assert "terces"[::-1] not in told
    assert "nekot"[::-1] not in told


def test_secrets_are_not_shown() -> None:
    assert without_secrets("rtsp://me:pw@cam.local:554/live?key=1#x") == "rtsp://cam.local:554/live"


def test_a_missing_camera_is_one_sentence() -> None:
    with pytest.raises(UserError, match="Cannot open camera 63: it is not connected"):
        open_source(SourceRequest.for_camera("63"))


class ScriptedConnection(Connection):
    """Gives the pictures it was made with, then is lost."""

    def __init__(self, pictures: list[NDArray[np.uint8]]) -> None:
        self._pictures = pictures
        self.closed = False

    def read(self) -> NDArray[np.uint8]:
        if not self._pictures:
            raise ConnectionLostError("the plug was pulled")
        return self._pictures.pop(0)

    def close(self) -> None:
        self.closed = True


class ScriptedConnector(Connector):
    """Connects according to a script: pictures, or None for an attempt that fails."""

    def __init__(self, script: list[list[NDArray[np.uint8]] | None]) -> None:
        self.name = "toy camera"
        self.script = script
        self.connections: list[ScriptedConnection] = []
        self.seen: list[str] = []
        self.source: LiveSource | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def connect(self) -> ScriptedConnection:
        if self.connections:
            assert self.may_go_on.wait(10.0)
        if self.source is not None:
            self.seen.append(f"{self.source.state.value}: {self.source.status}")
        step = self.script.pop(0) if self.script else None
        if step is None:
            raise UserError("It is not there.")
        self.connections.append(ScriptedConnection(step))
        return self.connections[-1]


def test_a_lost_camera_comes_back_with_a_visible_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sources.live._RETRY_S", (0.01,))
    connector = ScriptedConnector([[picture(1)], None, [picture(2, (32, 24))]])
    connector.may_go_on.clear()
    source = LiveSource(connector)
    connector.source = source
    shapes = set()
    while len(shapes) < 2:
        frame = source.read(10.0)
        assert frame is not None
        shapes.add(frame.image_bgr.shape)
        connector.may_go_on.set()
    while source.state is not SourceState.RECONNECTING:  # The script has ended: it is lost for good.
        pass
    assert "toy camera is lost" in source.status
    source.close()
    assert shapes == {(48, 64, 3), (24, 32, 3)}
    assert connector.seen[0].startswith("reconnecting: toy camera is lost (the plug was pulled); connecting again, attempt 1")
    assert connector.seen[1].startswith("reconnecting: toy camera is lost (It is not there); connecting again, attempt 2")
    assert all(connection.closed for connection in connector.connections)


def test_frames_that_nobody_takes_are_replaced_by_newer_ones() -> None:
    source = LiveSource(ScriptedConnector([[picture(index) for index in range(20)]]))
    while source.state is SourceState.RUNNING:
        pass
    frame = source.read(10.0)
    assert frame is not None
    assert frame.index == 19
    assert source.dropped == 19
    assert source.read(0.0) is None
    source.close()


def test_a_camera_that_is_not_there_at_the_start_is_an_error() -> None:
    with pytest.raises(UserError, match="It is not there"):
        LiveSource(ScriptedConnector([None]))


def test_a_live_source_has_no_past() -> None:
    source = LiveSource(ScriptedConnector([[picture(0)]]))
    with pytest.raises(UserError, match="is live"):
        source.seek(0)
    source.close()


def test_a_stream_that_is_cut_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sources.live._RETRY_S", (0.01,))
    with MjpegServer([pictures(12)] * 99) as server:
        source = open_source(SourceRequest.for_camera(server.url))
        assert source.info.live
        indices = []
        while server.served < 3 or len(indices) < 3:
            frame = source.read(10.0)
            assert frame is not None
            assert frame.image_bgr.shape == (48, 64, 3)
            indices.append(frame.index)
        assert indices == sorted(set(indices))
        source.close()


def test_a_stream_that_goes_silent_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sources.stream._READ_TIMEOUT_S", 0.3)
    monkeypatch.setattr("app.sources.stream._OPEN_TIMEOUT_S", 0.5)
    with MjpegServer([pictures(12)], silent=True) as server:
        source = open_source(SourceRequest.for_camera(server.url))
        while source.state is not SourceState.RECONNECTING:
            source.read(0.05)
        assert "is lost (no data)" in source.status
        source.close()


def test_a_page_without_video_is_one_sentence(tmp_path: Path) -> None:
    with MjpegServer([[]] * 9) as server, pytest.raises(UserError, match=r"Cannot open stream|carries no video"):
        open_source(SourceRequest.for_camera(server.url))
