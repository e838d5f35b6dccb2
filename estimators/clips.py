"""Reading recorded clips with PyAV: own time stamps, rotation applied, exact seeking, cut files up to the cut."""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ghtt_core.errors import UserError
from ghtt_core.packets import Frame
from ghtt_core.untrusted import MOST_PIXELS

_LOG = logging.getLogger(__name__)
_FALLBACK_FPS = 30.0
_SCRIPTS = {"concat", "dash", "hls", "image2", "rtsp", "sdp"}
"""Formats of libav that name other files or addresses: a clip is a file that holds its own pictures."""
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(sorted(av.formats_available - _SCRIPTS))}


class ClipReader:
    """The frames of one video file, in order of presentation.

    Iterating continues from the current position, so `seek` and `for frame in reader` go together.

    Attributes:
        path: The file.
        width, height: Picture size in pixels, after rotation.
        fps: Mean frame rate as the file states it (30 where it does not).
        truncated: After the last frame: a sentence if the file ends before it should, else None.

    Raises:
        UserError: The file is missing, empty, no video, or not a single frame of it can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.truncated: str | None = None
        self._container, self._stream = _open(path)
        self._first_pts: int | None = None
        self._frame_pts: NDArray[np.int64] | None = None
        self._next_index = 0
        self._last_time_s = -1.0
        self._frames = self._decode()
        first = next(self._frames, None)
        if first is None:
            self.close()
            raise UserError(f"No picture can be decoded from {path}: the file is damaged or cut off; export it again.")
        self._first_pts = first.pts
        picture = _upright(first)
        self.height, self.width = picture.shape[:2]
        self.fps = float(self._stream.average_rate or self._stream.guessed_rate or _FALLBACK_FPS)
        self._frames = chain((first,), self._frames)

    @property
    def length_estimate(self) -> int | None:
        """How many frames the file says it holds, exact after the first `seek`; None where nothing is known."""
        if self._frame_pts is not None and self._frame_pts.size:
            return int(self._frame_pts.size)
        if self._stream.frames:
            return int(self._stream.frames)
        duration_s = self.duration_s
        return None if duration_s is None else max(1, round(duration_s * self.fps))

    @property
    def duration_s(self) -> float | None:
        """How long the file says it is, in seconds."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        return None if self._container.duration is None else self._container.duration / av.time_base

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        decoded = next(self._frames, None)
        if decoded is None:
            self.truncated = self.truncated or self._missing_tail()
            raise StopIteration
        image = _upright(decoded)
        if image.shape[:2] != (self.height, self.width):
            raise UserError(f"{self.path} changes its picture size at frame {self._next_index}; cut it into clips of one size.")
        frame = Frame(image, self._next_index, time.monotonic(), self._source_time(decoded))
        self._last_time_s = frame.source_time_s
        self._next_index += 1
        return frame

    def seek(self, index: int) -> None:
        """Make frame `index` (from 0) the next one, exactly, whatever the key frames and the frame rate.

        Raises:
            UserError: The clip has no such frame.
        """
        pts = self._index()
        if pts.size and not 0 <= index < pts.size:
            raise UserError(f"{self.path} has frames 0 to {pts.size - 1}; there is no frame {index}.")
        target = int(pts[index]) if pts.size else None
        self._reopen()
        if target is None:  # no time stamps to seek by: count from the start
            self._skip(index)
            return
        frames, first = self._decode(), None
        with suppress(av.FFmpegError):  # a damaged index
            self._container.seek(target, stream=self._stream, backward=True, any_frame=False)
            first = next((frame for frame in frames if frame.pts is not None and frame.pts >= target), None)
        if first is None or first.pts != target:  # an open GOP or a bad index: the slow way is always right
            self._reopen()
            self._skip(index)
            return
        self._frames = chain((first,), frames)
        self._next_index = index
        self._last_time_s = -1.0

    def close(self) -> None:
        """Close the file."""
        self._frames = iter(())
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _decode(self) -> Iterator[VideoFrame]:
        """Decoded frames; damaged packets are passed over, and a damaged end ends the clip."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                self.truncated = f"{self.path} cannot be read past frame {self._next_index}: {error.strerror}."
                _LOG.warning(self.truncated)
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except av.FFmpegError as error:
                _LOG.info("%s: a damaged packet is passed over: %s", self.path, error.strerror)

    def _source_time(self, decoded: VideoFrame) -> float:
        if decoded.pts is not None and self._first_pts is not None and decoded.time_base is not None:
            stamped_s = float((decoded.pts - self._first_pts) * decoded.time_base)
            if stamped_s > self._last_time_s:
                return stamped_s
        return 0.0 if self._last_time_s < 0 else self._last_time_s + 1.0 / self.fps

    def _missing_tail(self) -> str | None:
        expected = self._stream.frames
        if self._next_index + 2 < expected:
            return f"{self.path} ends after {self._next_index} of {expected} frames: it was cut off."
        duration_s = None if expected else self.duration_s
        if duration_s is not None and duration_s - self._last_time_s > max(0.5, 3.0 / self.fps):
            return f"{self.path} ends after {self._last_time_s:.1f} s of {duration_s:.1f} s: it was cut off."
        return None

    def _index(self) -> NDArray[np.int64]:
        """Sorted presentation stamps of all frames, from the packets alone; empty where the file has none."""
        if self._frame_pts is None:
            stamps: list[int | None] = []
            self._reopen()
            try:
                stamps = [p.pts for p in self._container.demux(self._stream) if p.size and not p.is_discard]
            except av.FFmpegError:
                stamps = []  # damaged: count frames instead
            usable = None not in stamps and len(set(stamps)) == len(stamps)
            self._frame_pts = np.array(sorted(s for s in stamps if s is not None) if usable else [], np.int64)
        return self._frame_pts

    def _reopen(self) -> None:
        self._container.close()
        self._container, self._stream = _open(self.path)
        self._frames = self._decode()
        self._next_index, self._last_time_s, self.truncated = 0, -1.0, None

    def _skip(self, index: int) -> None:
        for _ in range(index):
            if next(self, None) is None:
                raise UserError(f"{self.path} has frames 0 to {self._next_index - 1}; there is no frame {index}.")


def _open(path: Path) -> tuple[InputContainer, VideoStream]:
    if not path.exists():
        raise UserError(f"There is no file {path}; check the path.")
    if not path.is_file():
        raise UserError(f"{path} is not a file; give a video file.")
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty (0 bytes); record or copy it again.")
    try:
        container = av.open(str(path), mode="r", options=_OPTIONS)
    except PermissionError as error:
        raise UserError(f"{path} may not be read; change its permissions.") from error
    except (av.FFmpegError, UnicodeError) as error:
        raise UserError(f"{path} is not a video that can be opened: it is another kind of file, damaged or cut off.") from error
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    # ffmpeg would render a text file as a picture ("tty"), and cannot decode every track that a file names.
    if not streams or streams[0].codec_context is None or container.format.name == "tty":
        container.close()
        raise UserError(f"{path} holds no video; give a file with a video track.")
    width, height = streams[0].width, streams[0].height
    if width * height > MOST_PIXELS:
        container.close()
        raise UserError(f"{path} has pictures of {width}x{height}; scale it down to at most {MOST_PIXELS} pixels.")
    streams[0].thread_type = "AUTO"
    streams[0].codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    return container, streams[0]


def _upright(decoded: VideoFrame) -> NDArray[np.uint8]:
    """(H, W, 3) BGR, turned as the file's display matrix asks."""
    image = decoded.to_ndarray(format="bgr24")
    quarter_turns = round(decoded.rotation / 90) % 4  # counter-clockwise, like np.rot90
    return np.ascontiguousarray(np.rot90(image, quarter_turns), np.uint8)
