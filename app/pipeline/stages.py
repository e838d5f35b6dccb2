"""What happens to a frame: the same stages serve live and lossless runs."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from estimators.base import Estimator, StagedEstimator
from estimators.intrinsics import Intrinsics, IntrinsicsChoice
from ghtt_core.packets import Frame, Futures, HandsObservation, Prediction
from ghtt_core.streaming import Predictor, PredictorOptions

Imagine = Callable[[], Futures]
"""Draws the futures of one frame; may be called later and in another thread."""
Place = Callable[[], HandsObservation]
"""Finishes the estimate of one frame; called once for every frame, in order, maybe in another thread."""


class Stages(Protocol):
    """Frame to hands to prediction to futures.

    `estimate` and `forget_images` belong to one thread, `observe` and `forget_poses` to one (the same or another).
    """

    @property
    def action_names(self) -> tuple[str, ...]:
        """The classes of the action probabilities."""
        ...

    @property
    def description(self) -> str:
        """Backend, device and precision, for the status line."""
        ...

    @property
    def swaps(self) -> int:
        """How often the estimator put a hand's name right, where it counts that."""
        ...

    def intrinsics(self, width: int, height: int) -> Intrinsics:
        """The camera for a picture size."""
        ...

    def estimate(self, frame: Frame) -> HandsObservation:
        """The hands in a frame."""
        ...

    def observe(self, observation: HandsObservation) -> tuple[Prediction, Imagine | None]:
        """Refine and recognise; and how to draw futures, where a hand was seen for long enough."""
        ...

    def forget_images(self) -> None:
        """The next frame to `estimate` begins anew: a seek, a loop."""
        ...

    def forget_poses(self) -> None:
        """The next observation to `observe` begins anew."""
        ...

    def configure(self, options: PredictorOptions) -> None:
        """Change samples, horizon, temperature, condition or seed while running.

        Raises:
            UserError: The options do not fit the checkpoint.
        """
        ...

    def close(self) -> None:
        """Free the estimator."""
        ...


class LosslessStages(Stages, Protocol):
    """Stages whose `estimate` can be had in two parts, for two threads."""

    def look(self, frame: Frame) -> Place:
        """The first part, and the rest of it to do while the next frame is looked at."""
        ...


class ModelStages:
    """An estimator and G-HTT. The runtime behind the predictor stays open: it serves other sources too."""

    def __init__(self, estimator: Estimator, predictor: Predictor, intrinsics: IntrinsicsChoice, description: str) -> None:
        """Join the two; `description` is that of the predictor's runtime."""
        self.action_names = predictor.action_names
        self.description = description
        self._estimator, self._predictor, self._choice = estimator, predictor, intrinsics
        self._intrinsics: dict[tuple[int, int], Intrinsics] = {}

    @property
    def swaps(self) -> int:
        """The estimator's; 0 where it does not count."""
        return int(getattr(self._estimator, "swaps", 0))

    def intrinsics(self, width: int, height: int) -> Intrinsics:
        """The user's choice for a picture size."""
        if (width, height) not in self._intrinsics:
            self._intrinsics[width, height] = self._choice.for_size(width, height)
        return self._intrinsics[width, height]

    def estimate(self, frame: Frame) -> HandsObservation:
        """Run the estimator."""
        return self._estimator.estimate(frame)

    def look(self, frame: Frame) -> Place:
        """Run the estimator's networks, or all of it where it does not come in two parts."""
        if isinstance(self._estimator, StagedEstimator):
            return partial(self._estimator.place, frame, self._estimator.look(frame))
        observation = self._estimator.estimate(frame)
        return lambda: observation

    def observe(self, observation: HandsObservation) -> tuple[Prediction, Imagine | None]:
        """Run a step of the predictor."""
        prediction, imagination = self._predictor.observe(observation)
        return prediction, None if imagination is None else partial(self._predictor.imagine, imagination)

    def forget_images(self) -> None:
        """Reset the estimator."""
        self._estimator.reset()

    def forget_poses(self) -> None:
        """Reset the predictor."""
        self._predictor.reset()

    def configure(self, options: PredictorOptions) -> None:
        """Pass new options to the predictor."""
        self._predictor.configure(options)

    def close(self) -> None:
        """Close the estimator."""
        self._estimator.close()
