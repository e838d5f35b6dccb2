"""Lossless: every frame, in order, none dropped; the same input gives the same output.

Reading, looking, placing, refining and imagining run in a thread each, joined by short lines in which nothing overtakes: while
the networks look at a frame, the next picture is decoded and the hands of the last ones are placed and predicted.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import numpy as np

from app.pipeline.line import Line, LineEndedError, processor, producer
from app.pipeline.naming import naming_frame
from app.pipeline.result import PipelineResult, futures_seen_from
from app.pipeline.stages import Imagine, LosslessStages, Place
from app.pipeline.stats import PipelineStats, Samples
from app.sources.base import Source
from ghtt_core.packets import Frame, Futures, HandsObservation, Prediction

_WAITING_FRAMES = 2
"""Between two threads. Futures are drawn now and then and take as long as a few frames: their line is longer by a stride."""
_TURN_S = 0.1
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class _Looked:
    frame: Frame
    place: Place


@dataclass(frozen=True, slots=True)
class _Estimated:
    frame: Frame
    observation: HandsObservation


@dataclass(frozen=True, slots=True)
class _Refined:
    frame: Frame
    observation: HandsObservation
    prediction: Prediction
    imagine: Imagine | None


class LosslessPipeline:
    """Iterate over it to get the result of every frame; a context manager.

    A result's `prediction.futures` are set at the frames that drew some; its `futures` are the newest ones, in its camera.
    """

    def __init__(self, source: Source, stages: LosslessStages, *, futures_every: int, max_frames: int | None = None) -> None:
        """Start reading and estimating.

        Args:
            source: Read to its end; a live one until the caller stops.
            stages: What is done with the frames.
            futures_every: Draw futures at most at every so many frames.
            max_frames: Stop after so many frames.
        """
        self._source, self._stages = source, stages
        self._futures_every, self._max_frames = futures_every, max_frames
        self._read = 0
        self._frames, self._hands_found = 0, np.zeros(2, np.int64)
        self._drawn: tuple[Futures, HandsObservation] | None = None
        self._since_drawn = futures_every
        self._hops = {name: Samples(name) for name in ("capture", "look", "place", "refine", "futures")}
        self._age = Samples("age")
        pictures: Line[Frame] = Line(_WAITING_FRAMES)
        looked: Line[_Looked] = Line(_WAITING_FRAMES)
        estimated: Line[_Estimated] = Line(_WAITING_FRAMES)
        refined: Line[_Refined] = Line(_WAITING_FRAMES + min(futures_every, _WAITING_FRAMES))
        self._results: Line[PipelineResult] = Line(_WAITING_FRAMES)
        self._lines = (pictures, looked, estimated, refined, self._results)
        self._workers = (
            producer("capture", self._capture, pictures, self._is_over),
            processor("look", pictures, self._look, looked),
            processor("place", looked, self._place, estimated),
            processor("refine", estimated, self._refine, refined),
            processor("futures", refined, self._complete, self._results),
        )
        for worker in self._workers:
            worker.start()

    def __iter__(self) -> Iterator[PipelineResult]:
        """Results in order.

        Raises:
            UserError: The source or a stage cannot go on; everything before was handed out.
        """
        return (result for result in self.polled() if result is not None)

    def polled(self) -> Iterator[PipelineResult | None]:
        """Like iterating, with None now and then while nothing comes: a live source may be lost for a while."""
        while True:
            try:
                result = self._results.take(_TURN_S)
            except LineEndedError:
                break
            yield result
        if self._results.error is not None:
            raise self._results.error

    def stats(self) -> PipelineStats:
        """What the hops took."""
        left, right = self._hands_found.tolist()
        return PipelineStats(
            hops=tuple(samples.snapshot() for samples in self._hops.values()),
            frame_age=self._age.snapshot(),
            dropped={"source": self._source.dropped},
            frames=self._frames,
            hands_found=(left, right),
            workers=tuple(worker.status for worker in self._workers),
            source=self._source.status or self._source.info.name,
            swaps=self._stages.swaps,
        )

    def close(self) -> None:
        """Stop all threads; what was not handed out yet is thrown away."""
        for worker in self._workers:
            worker.request_stop()
        for line in self._lines:
            line.cut()
        deadline_s = time.monotonic() + _STOP_S
        for worker in self._workers:
            worker.join(max(0.0, deadline_s - time.monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _is_over(self) -> bool:
        return self._source.ended or (self._max_frames is not None and self._read >= self._max_frames)

    def _capture(self) -> Frame | None:
        start_s = time.perf_counter()
        frame = self._source.read(_TURN_S)
        if frame is not None:
            self._hops["capture"].add(time.perf_counter() - start_s)
            self._read += 1
        return frame

    def _look(self, frame: Frame) -> _Looked:
        with naming_frame(frame.index), self._hops["look"].timed():
            return _Looked(frame, self._stages.look(frame))

    def _place(self, looked: _Looked) -> _Estimated:
        with naming_frame(looked.frame.index), self._hops["place"].timed():
            return _Estimated(looked.frame, looked.place())

    def _refine(self, estimated: _Estimated) -> _Refined:
        with naming_frame(estimated.frame.index), self._hops["refine"].timed():
            prediction, imagine = self._stages.observe(estimated.observation)
        return _Refined(estimated.frame, estimated.observation, prediction, imagine)

    def _complete(self, refined: _Refined) -> PipelineResult:
        frame, observation, prediction = refined.frame, refined.observation, refined.prediction
        if refined.imagine is not None and self._since_drawn >= self._futures_every:
            with naming_frame(frame.index), self._hops["futures"].timed():
                futures = refined.imagine()
            prediction = replace(prediction, futures=futures)
            self._drawn, self._since_drawn = (futures, observation), 0
        self._frames += 1
        self._hands_found += observation.visible
        self._since_drawn += 1
        self._age.add(time.monotonic() - frame.capture_time_s)
        height, width = frame.image_bgr.shape[:2]
        shown = None if self._drawn is None else futures_seen_from(*self._drawn, observation)
        return PipelineResult(frame, observation, prediction, shown, self._stages.intrinsics(width, height))
