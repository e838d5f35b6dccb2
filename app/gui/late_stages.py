"""Pipeline stages that begin to work as soon as their parts are loaded, so that the picture need not wait."""

from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Lock

import numpy as np

from app.pipeline.stages import Imagine
from estimators.base import Estimator
from estimators.intrinsics import Intrinsics, IntrinsicsChoice
from ghtt_core.packets import Frame, Futures, HandsObservation, Prediction
from ghtt_core.runtime import Runtime
from ghtt_core.skeleton import HANDS, JOINTS
from ghtt_core.streaming import Predictor, PredictorOptions

_REMEMBERED = 900
"""Frames whose futures can be drawn again: half a minute, so that a frozen moment stays alive for a while."""


class LateStages:
    """Like `ModelStages`, but the estimator and the runtime may come later; until then there are no hands, no prediction."""

    def __init__(self, intrinsics: IntrinsicsChoice, options: PredictorOptions) -> None:
        """Begin with nothing; `options` are what the predictor will start with."""
        self._choice = intrinsics
        self._options = options
        self._estimator: Estimator | None = None
        self._predictor: Predictor | None = None
        self._runtime: Runtime | None = None
        self._imagined: deque[tuple[int, Imagine | None]] = deque(maxlen=_REMEMBERED)
        self._closed = False
        self._lock = Lock()

    def add_estimator(self, make: Callable[[], Estimator]) -> None:
        """Make the estimator and use it from the next frame on; slow, belongs into a thread.

        Raises:
            UserError: It cannot be made.
        """
        estimator = make()
        with self._lock:
            if not self._closed:
                self._estimator = estimator
                return
        estimator.close()

    def add_runtime(self, runtime: Runtime) -> None:
        """Predict from the next observation on."""
        with self._lock:
            predictor = Predictor(runtime, self._options)
            self._runtime, self._predictor = runtime, predictor

    @property
    def action_names(self) -> tuple[str, ...]:
        """The classes; none until the model is there."""
        return () if self._runtime is None else self._runtime.spec.action_names

    @property
    def description(self) -> str:
        """The runtime's; "" until it is there."""
        return "" if self._runtime is None else self._runtime.description

    @property
    def swaps(self) -> int:
        """The estimator's; 0 until it is there, and where it does not count."""
        return int(getattr(self._estimator, "swaps", 0))

    def intrinsics(self, width: int, height: int) -> Intrinsics:
        """The user's choice for a picture size."""
        return self._choice.for_size(width, height)

    def estimate(self, frame: Frame) -> HandsObservation:
        """The hands in a frame; none until the estimator is there."""
        with self._lock:
            estimator = self._estimator
        if estimator is not None:
            return estimator.estimate(frame)
        return HandsObservation(
            np.full((HANDS, JOINTS, 3), np.nan, np.float32),
            np.full((HANDS, JOINTS, 2), np.nan, np.float32),
            np.zeros(HANDS, np.float32),
            frame.index,
            frame.source_time_s,
        )

    def observe(self, observation: HandsObservation) -> tuple[Prediction, Imagine | None]:
        """A step of the predictor; an empty prediction until the model is there."""
        predictor = self._predictor
        if predictor is not None:
            prediction, imagination = predictor.observe(observation)
            imagine = None if imagination is None else partial(predictor.imagine, imagination)
            self._imagined.append((observation.frame_index, imagine))
            return prediction, imagine
        refined = np.full((HANDS, JOINTS, 3), np.nan, np.float32)
        return Prediction(refined, np.empty(0, np.float32), observation.frame_index, observation.time_s), None

    def imagine_again(self, frame_index: int) -> Futures | None:
        """Draw the futures of a frame of the last seconds once more, with the options of now; None where there are none."""
        imagine = next((imagine for index, imagine in reversed(list(self._imagined)) if index == frame_index), None)
        return None if imagine is None else imagine()

    def forget_images(self) -> None:
        """Reset the estimator."""
        if self._estimator is not None:
            self._estimator.reset()

    def forget_poses(self) -> None:
        """Reset the predictor."""
        if self._predictor is not None:
            self._predictor.reset()

    def configure(self, options: PredictorOptions) -> None:
        """Pass new options to the predictor, or keep them for it.

        Raises:
            UserError: They do not fit the checkpoint.
        """
        with self._lock:
            if self._predictor is not None:
                self._predictor.configure(options)
            self._options = options

    def close(self) -> None:
        """Close the estimator, now or as soon as it is made. The runtime stays open: it serves other sources too."""
        with self._lock:
            self._closed = True
            if self._estimator is not None:
                self._estimator.close()
