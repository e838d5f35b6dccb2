"""Fakes that go through the real registries: a scripted source, and an estimator that knows the motion."""

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from motion_fixture import FOCAL_PX, SIZE_PX, hands_at
from numpy.typing import NDArray

from app.sources.base import Source, SourceInfo, SourceState
from estimators.base import EstimatorOptions
from ghtt_core.packets import Frame, HandsObservation

_TIME_BASE = Fraction(1, 3000)


def picture(index: int, size: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """(H, W, 3) a grey picture whose brightness tells its number."""
    return np.full((size[1], size[0], 3), 3 * index % 256, np.uint8)


def write_clip(path: Path, frames: int = 30, size: tuple[int, int] = (64, 48), times_s: list[float] | None = None) -> Path:
    """An H.264 clip of such pictures, at 30 frames a second unless times are given."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "10", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = _TIME_BASE
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index, size), format="bgr24")
            frame.time_base = _TIME_BASE
            frame.pts = round((times_s[index] if times_s else index / 30) / _TIME_BASE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class ScriptedSource(Source):
    """Pictures that need no file; may fail at a frame, end, or never end."""

    def __init__(self, frames: int | None, *, live: bool = False, fail_at: int | None = None, fps: float = 30.0) -> None:
        self.info = SourceInfo("script", live=live, fps=fps, length=frames)
        self._frames, self._fail_at, self._fps = frames, fail_at, fps
        self.next = 0
        self.closed = False

    @property
    def state(self) -> SourceState:
        ended = self._frames is not None and self.next >= self._frames
        return SourceState.ENDED if ended else SourceState.RUNNING

    def read(self, timeout_s: float) -> Frame | None:
        if self.ended:
            return None
        if self.next == self._fail_at:
            raise RuntimeError("the source broke")
        index, self.next = self.next, self.next + 1
        if self.info.live:
            time.sleep(0.002)
        return Frame(picture(index), index, time.monotonic(), index / self._fps)

    def seek(self, index: int) -> None:
        self.next = index

    def close(self) -> None:
        self.closed = True


class KnowingEstimator:
    """Sees the analytic hands of `motion_fixture`; `hook` may interfere with a frame."""

    name = "knowing"

    def __init__(self, options: EstimatorOptions, hook: Callable[[Frame], None] = lambda frame: None) -> None:
        self.options = options
        self.resets = 0
        self.closed = False
        self._hook = hook

    def estimate(self, frame: Frame) -> HandsObservation:
        self._hook(frame)
        joints_m = hands_at(frame.source_time_s)
        pixels = joints_m[..., :2] / joints_m[..., 2:] * FOCAL_PX + np.array(SIZE_PX) / 2
        return HandsObservation(joints_m, pixels.astype(np.float32), np.ones(2, np.float32), frame.index, frame.source_time_s)

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self.closed = True
