"""Live: every hop in its own thread, newest-wins slots between them, nothing queues and nothing waits for the screen."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Lock

import numpy as np

from app.pipeline.naming import naming_frame
from app.pipeline.result import PipelineResult, futures_seen_from
from app.pipeline.stages import Imagine, Stages
from app.pipeline.stats import PipelineStats, Samples
from app.sources.base import Source, SourceState
from app.workers import Mailbox, MailWorker, Worker
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame, Futures, HandsObservation, Prediction
from ghtt_core.streaming import PredictorOptions

_TURN_S = 0.1
"""How long the capture thread waits for a frame before it looks whether to stop."""
_LONGEST_WAIT_S, _LONGEST_WAIT_FRAMES = 2.0, 3.0
"""A clip whose time stamps jump ahead by more than both of these goes on at once."""
_LATE_S = 0.25
"""A clip that falls behind its own clock by more than this goes on from where it is, rather than racing after it."""
_FUTURES_SHARE = 0.5
"""The part of its time that the futures thread works: where it would take a core for itself, poses go first."""
_HOLD_S = 0.02
"""How long the capture thread sleeps at a time while a clip's next frame is not due."""


@dataclass(frozen=True, slots=True)
class _Captured:
    frame: Frame
    epoch: int


@dataclass(frozen=True, slots=True)
class _Estimated:
    frame: Frame
    epoch: int
    observation: HandsObservation


@dataclass(frozen=True, slots=True)
class _Imaginable:
    imagine: Imagine
    epoch: int
    observation: HandsObservation


@dataclass(frozen=True, slots=True)
class _Imagined:
    futures: Futures
    epoch: int
    drawn_at: HandsObservation


class LivePipeline:
    """Source to results, as they come. Poll `latest()`; nothing is pushed.

    Clips run at their own pace and can be paused, stepped and sought. Closing the source and the stages is the owner's work,
    after `stop`.
    """

    def __init__(self, source: Source, stages: Stages, *, loop: bool = False) -> None:
        """Prepare; nothing runs before `start`.

        Args:
            source: Where frames come from; used by the capture thread alone from now on.
            stages: What is done with them.
            loop: Begin again at the end of a clip.
        """
        self.loop = loop
        self.on_prediction: Callable[[PipelineResult], None] | None = None
        """Called in the refine thread with every result, its futures left out: for recording."""
        self.on_futures: Callable[[Futures], None] | None = None
        """Called in the futures thread with every new set, as drawn."""
        self._source, self._stages = source, stages
        self._captured: Mailbox[_Captured] = Mailbox()
        self._estimated: Mailbox[_Estimated] = Mailbox()
        self._imaginable: Mailbox[_Imaginable] = Mailbox()
        self._result: PipelineResult | None = None
        self._imagined: _Imagined | None = None
        self._shown: tuple[PipelineResult, _Imagined, PipelineResult] | None = None
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._epoch = self._estimate_epoch = self._refine_epoch = 0
        self._paused, self._steps, self._speed = False, 0, 1.0
        self._clock_s: float | None = None
        self._longest_wait_s = max(_LONGEST_WAIT_S, _LONGEST_WAIT_FRAMES / (source.info.fps or math.inf))
        self._held: Frame | None = None
        self._position = -1
        self._lock = Lock()
        self._frames, self._hands_found = 0, np.zeros(2, np.int64)
        self._hops = {name: Samples(name) for name in ("capture", "estimate", "refine", "futures")}
        self._age = Samples("age")
        self._workers: tuple[Worker, ...] = (
            Worker("capture", self._capture),
            MailWorker("estimate", self._captured, self._estimate),
            MailWorker("refine", self._estimated, self._refine),
            MailWorker("futures", self._imaginable, self._imagine, share=_FUTURES_SHARE),
        )

    def start(self) -> None:
        """Start the threads."""
        for worker in self._workers:
            worker.start()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End the threads; whether all ended in time. One that hangs inside a library is left behind."""
        for worker in self._workers:
            worker.request_stop()
        for mailbox in (self._captured, self._estimated, self._imaginable):
            mailbox.close()
        deadline_s = time.monotonic() + timeout_s
        ended = [worker.join(max(0.0, deadline_s - time.monotonic())) for worker in self._workers]
        return all(ended)

    def latest(self) -> PipelineResult | None:
        """The newest frame with its own hands, and the newest futures moved into its camera; None before the first."""
        result, imagined = self._result, self._imagined
        if result is None or imagined is None or imagined.epoch != self._epoch:
            return result
        known = self._shown
        if known is None or known[0] is not result or known[1] is not imagined:
            futures = futures_seen_from(imagined.futures, imagined.drawn_at, result.observation)
            known = self._shown = (result, imagined, replace(result, futures=futures))
        return known[2]

    def stats(self) -> PipelineStats:
        """What the hops did lately."""
        with self._lock:
            frames, (left, right) = self._frames, self._hands_found.tolist()
        dropped = {"source": self._source.dropped, "estimate": self._captured.dropped, "refine": self._estimated.dropped}
        return PipelineStats(
            hops=tuple(samples.snapshot() for samples in self._hops.values()),
            frame_age=self._age.snapshot(),
            dropped=dropped,
            frames=frames,
            hands_found=(left, right),
            workers=tuple(worker.status for worker in self._workers),
            source=self._source.status or self._source.info.name,
            swaps=self._stages.swaps,
        )

    @property
    def error(self) -> str:
        """The sentence of the first worker that fails, has faulted or hangs, or ""."""
        return next((status.error for status in (worker.status for worker in self._workers) if status.error), "")

    @property
    def source_state(self) -> SourceState:
        """Running, reconnecting, or ended."""
        return self._source.state

    @property
    def position(self) -> int:
        """Number of the frame that was read last, -1 before the first."""
        return self._position

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._paused

    def pause(self) -> None:
        """Stand still; a live source goes on underneath and is picked up at its newest frame."""
        self._paused, self._steps = True, 0

    def resume(self) -> None:
        """Go on."""
        self._paused = False

    def step(self, frames: int = 1) -> None:
        """While paused, take so many frames more (a step back is a `seek`)."""
        self._steps += frames

    def seek(self, index: int) -> None:
        """Go to a frame of a clip; also while paused, where that frame is then shown. An impossible frame does nothing."""
        self._commands.put(lambda: self._seek_now(index))

    def set_speed(self, speed: float) -> None:
        """Run a clip faster or slower than its own pace.

        Raises:
            ValueError: The speed is not positive.
        """
        if not speed > 0:
            raise ValueError(f"speed {speed}")
        self._speed, self._clock_s = speed, None

    def configure(self, options: PredictorOptions) -> None:
        """Change samples, horizon, temperature, condition or seed.

        Raises:
            UserError: The options do not fit the checkpoint.
        """
        self._stages.configure(options)

    def _capture(self) -> bool:
        with suppress(Empty):
            while True:
                self._commands.get_nowait()()
        if self._held is not None:
            self._release(self._held)
            return True
        stands = self._paused and not self._steps
        if self._source.ended and self.loop and not stands:
            self._seek_now(0)
        if stands or self._source.ended:
            self._clock_s = None
            time.sleep(_HOLD_S)
            return True
        start_s = time.perf_counter()
        frame = self._source.read(_TURN_S)
        if frame is None:
            return True
        self._hops["capture"].add(time.perf_counter() - start_s)
        if self._source.info.live:
            self._hand_on(frame)
        else:
            self._release(frame)
        return True

    def _release(self, frame: Frame) -> None:
        """Hand a clip's frame on if its time has come, or hold it back a little longer; its age begins then."""
        now_s, due_s = time.monotonic(), frame.source_time_s / self._speed
        if self._clock_s is None or not -_LATE_S <= self._clock_s + due_s - now_s <= self._longest_wait_s / self._speed:
            self._clock_s = now_s - due_s
        wait_s = self._clock_s + due_s - now_s
        if wait_s > 0:
            self._held = frame
            time.sleep(min(wait_s, _HOLD_S))
            return
        self._hand_on(Frame(frame.image_bgr, frame.index, now_s, frame.source_time_s))

    def _hand_on(self, frame: Frame) -> None:
        self._held = None
        self._steps = max(0, self._steps - 1)
        self._position = frame.index
        self._captured.put(_Captured(frame, self._epoch))

    def _seek_now(self, index: int) -> None:
        with suppress(UserError):
            self._source.seek(index)
            self._epoch += 1
            self._clock_s = self._held = None
            self._steps = 1 if self._paused else 0

    def _estimate(self, work: _Captured) -> None:
        if work.epoch != self._estimate_epoch:
            self._stages.forget_images()
            self._estimate_epoch = work.epoch
        frame = work.frame
        # What a frame has when the estimator fails at it: the picture goes on, and so does the recording.
        observation = HandsObservation.nothing(frame.index, frame.source_time_s)
        try:
            with naming_frame(frame.index), self._hops["estimate"].timed():
                observation = self._stages.estimate(frame)
        finally:
            self._estimated.put(_Estimated(frame, work.epoch, observation))
        with self._lock:
            self._frames += 1
            self._hands_found += observation.visible

    def _refine(self, work: _Estimated) -> None:
        if work.epoch != self._refine_epoch:
            self._stages.forget_poses()
            self._refine_epoch = work.epoch
        # What a frame has when the model fails at it: its hands go on, and so does the recording.
        prediction: Prediction | None = None
        imagine: Imagine | None = None
        try:
            with naming_frame(work.frame.index), self._hops["refine"].timed():
                prediction, imagine = self._stages.observe(work.observation)
        finally:
            self._publish(work, prediction)
        if imagine is not None:
            self._imaginable.put(_Imaginable(imagine, work.epoch, work.observation))

    def _publish(self, work: _Estimated, prediction: Prediction | None) -> None:
        height, width = work.frame.image_bgr.shape[:2]
        intrinsics = self._stages.intrinsics(width, height)
        self._result = result = PipelineResult(work.frame, work.observation, prediction, None, intrinsics)
        self._age.add(time.monotonic() - work.frame.capture_time_s)
        if self.on_prediction is not None:
            self.on_prediction(result)

    def _imagine(self, work: _Imaginable) -> None:
        with naming_frame(work.observation.frame_index), self._hops["futures"].timed():
            futures = work.imagine()
        self._imagined = _Imagined(futures, work.epoch, work.observation)
        if self.on_futures is not None:
            self.on_futures(futures)
