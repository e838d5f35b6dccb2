"""Lossless: every frame, in order, none dropped; the same input gives the same output.

Reading and estimating run in one thread and hand over to the caller's, which refines and imagines: the estimator and the
model overlap, and at most a few frames wait between them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Self

import numpy as np

from app.pipeline.naming import naming_frame
from app.pipeline.result import PipelineResult, futures_seen_from
from app.pipeline.stages import Imagine, Stages
from app.pipeline.stats import PipelineStats, Samples
from app.sources.base import Source
from app.workers import Worker
from ghtt_core.packets import Frame, Futures, HandsObservation, Prediction

_HAND_OVER = 3
_TURN_S = 0.1


@dataclass(frozen=True, slots=True)
class _Estimated:
    frame: Frame
    observation: HandsObservation


class LosslessPipeline:
    """Iterate over it to get the result of every frame; a context manager.

    A result's `prediction.futures` are set at the frames that drew some; its `futures` are the newest ones, in its camera.
    """

    def __init__(self, source: Source, stages: Stages, *, futures_every: int, max_frames: int | None = None) -> None:
        """Start reading and estimating.

        Args:
            source: Read to its end; a live one until the caller stops.
            stages: What is done with the frames.
            futures_every: Draw futures at most at every so many frames.
            max_frames: Stop after so many frames.
        """
        self._source, self._stages = source, stages
        self._futures_every, self._max_frames = futures_every, max_frames
        self._between: Queue[_Estimated] = Queue(_HAND_OVER)
        self._waiting: _Estimated | None = None
        self._read = 0
        self._frames, self._hands_found = 0, np.zeros(2, np.int64)
        self._drawn: tuple[Futures, HandsObservation] | None = None
        self._since_drawn = futures_every
        self._hops = {name: Samples(name) for name in ("capture", "estimate", "refine", "futures")}
        self._age = Samples("age")
        self._worker = Worker("estimate", self._turn)
        self._worker.start()

    def __iter__(self) -> Iterator[PipelineResult]:
        """Results in order.

        Raises:
            UserError: The source or the estimator cannot go on; everything before was handed out.
        """
        return (result for result in self.polled() if result is not None)

    def polled(self) -> Iterator[PipelineResult | None]:
        """Like iterating, with None now and then while nothing comes: a live source may be lost for a while."""
        while True:
            try:
                estimated = self._between.get(timeout=_TURN_S)
            except Empty:
                if self._worker.finished and self._between.empty():
                    break
                yield None
                continue
            yield self._predict(estimated)
        if self._worker.exception is not None:
            raise self._worker.exception

    def stats(self) -> PipelineStats:
        """What the hops took."""
        left, right = self._hands_found.tolist()
        return PipelineStats(
            hops=tuple(samples.snapshot() for samples in self._hops.values()),
            frame_age=self._age.snapshot(),
            dropped={"source": self._source.dropped},
            frames=self._frames,
            hands_found=(left, right),
            workers=(self._worker.status,),
            source=self._source.status or self._source.info.name,
        )

    def close(self) -> None:
        """Stop reading and estimating."""
        self._worker.request_stop()
        self._worker.join(5.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _turn(self) -> bool:
        if self._waiting is not None:
            try:
                self._between.put(self._waiting, timeout=_TURN_S)
            except Full:
                return True
            self._waiting = None
        if self._max_frames is not None and self._read >= self._max_frames:
            return False
        start_s = time.perf_counter()
        frame = self._source.read(_TURN_S)
        if frame is None:
            return not self._source.ended
        self._hops["capture"].add(time.perf_counter() - start_s)
        self._read += 1
        with naming_frame(frame.index), self._hops["estimate"].timed():
            observation = self._stages.estimate(frame)
        self._waiting = _Estimated(frame, observation)
        return True

    def _predict(self, estimated: _Estimated) -> PipelineResult:
        frame, observation = estimated.frame, estimated.observation
        with naming_frame(frame.index):
            with self._hops["refine"].timed():
                prediction, imagine = self._stages.observe(observation)
            if imagine is not None:
                prediction = self._imagine(prediction, imagine, observation)
        self._frames += 1
        self._hands_found += observation.visible
        self._since_drawn += 1
        self._age.add(time.monotonic() - frame.capture_time_s)
        height, width = frame.image_bgr.shape[:2]
        shown = None if self._drawn is None else futures_seen_from(*self._drawn, observation)
        return PipelineResult(frame, observation, prediction, shown, self._stages.intrinsics(width, height))

    def _imagine(self, prediction: Prediction, imagine: Imagine, observation: HandsObservation) -> Prediction:
        if self._since_drawn < self._futures_every:
            return prediction
        with self._hops["futures"].timed():
            futures = imagine()
        self._drawn, self._since_drawn = (futures, observation), 0
        return replace(prediction, futures=futures)
