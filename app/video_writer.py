"""H.264 in MP4, written so that a kill leaves a file that plays."""

import math
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from app.memory import return_freed_memory
from estimators.opencv import cv2
from ghtt_core.claims import Claim
from ghtt_core.errors import UserError

_TIME_BASE = Fraction(1, 90_000)
_NOMINAL_FPS = 30
_FRAGMENT_US = 250_000
_MAX_SIDE_PX = 4096
"""What H.264 level 5.1 decoders take."""
_STUTTER_S, _LONGEST_PAUSE_S = 1.0, 60.0
"""A time further back or ahead than this is a jump of the source's clock: the video goes on a frame later."""


class VideoWriter:
    """Writes pictures at their own times; a context manager.

    The file is fragmented: every quarter of a second is complete in itself. The first picture decides the size (made even, as
    4:2:0 colour needs); later ones of another size are scaled to it.

    Raises:
        UserError: The file cannot be written (also from `append` and `close`), or another copy of the program is writing it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames = 0
        self._stream: VideoStream | None = None
        self._last_pts = -1
        self._shown_s = 0.0
        self._shift_s = math.nan
        options = {
            "movflags": "empty_moov+default_base_moof",
            "frag_duration": str(_FRAGMENT_US),
            "flush_packets": "1",
        }
        try:
            self._claim = Claim(path)
        except OSError as error:
            raise self._failure(error) from error
        try:
            self._container = av.open(str(path), "w", format="mp4", options=options)
        except (OSError, av.FFmpegError) as error:
            self._claim.release()
            raise self._failure(error) from error

    def append(self, image_bgr: NDArray[np.uint8], time_s: float) -> None:
        """Add an (H, W, 3) picture at a time; see `_placed` for times that make no sense."""
        try:
            if self._stream is None:
                self._stream = self._add_stream(image_bgr)
            size = (self._stream.width, self._stream.height)
            if (image_bgr.shape[1], image_bgr.shape[0]) != size:
                image_bgr = np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
            # OpenCV converts eight times as fast as PyAV.
            planes = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2YUV_I420)
            frame = av.VideoFrame.from_ndarray(np.asarray(planes, np.uint8), format="yuv420p")
            frame.time_base = _TIME_BASE
            frame.pts = self._last_pts = self._placed(time_s)
            self._container.mux(self._stream.encode(frame))
        except (OSError, av.FFmpegError) as error:
            raise self._failure(error) from error
        self.frames += 1

    def close(self) -> None:
        """Finish the file; a second call does nothing."""
        stream, self._stream = self._stream, None
        try:
            if stream is not None:
                self._container.mux(stream.encode(None))
            self._container.close()
        except (OSError, av.FFmpegError) as error:
            raise self._failure(error) from error
        finally:
            self._claim.release()
            del stream
            return_freed_memory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _placed(self, time_s: float) -> int:
        """The next picture's time stamp: always later than the last one, and never far from it, whatever the source says."""
        now_s = time_s + self._shift_s
        if not -_STUTTER_S <= now_s - self._shown_s <= _LONGEST_PAUSE_S:
            now_s = self._shown_s + (1 / _NOMINAL_FPS if self._last_pts >= 0 else 0.0)
            self._shift_s = now_s - time_s
        self._shown_s = max(self._shown_s, now_s)
        return max(round(self._shown_s / _TIME_BASE), self._last_pts + 1)

    def _add_stream(self, image_bgr: NDArray[np.uint8]) -> VideoStream:
        height, width = image_bgr.shape[:2]
        shrink = min(1.0, _MAX_SIDE_PX / max(width, height))
        # "zerolatency": no frame waits in the encoder for later ones, where a kill would lose it; and no B-frames, whose
        # delay a fragmented file cannot take back, since it has no edit list.
        options = {"preset": "superfast", "tune": "zerolatency", "crf": "23", "g": str(2 * _NOMINAL_FPS)}
        stream = self._container.add_stream("libx264", rate=_NOMINAL_FPS, options=options)
        stream.width, stream.height = (max(2, round(side * shrink / 2) * 2) for side in (width, height))
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = _TIME_BASE
        stream.codec_context.thread_count = 2
        return stream

    def _failure(self, error: Exception) -> UserError:
        reason = getattr(error, "strerror", None) or error
        return UserError(f"Cannot write the video {self.path}: {reason}; free the disk or choose another file.")
