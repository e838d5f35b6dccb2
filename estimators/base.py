"""The estimator protocol and its registry.

An estimator of another package is found through the entry-point group `ghtt.estimators`: see docs/estimators.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame, HandsObservation


@dataclass(frozen=True, slots=True)
class EstimatorOptions:
    """What every estimator is told when it is made.

    Attributes:
        intrinsics: Where the camera's intrinsics come from; resolved at the first frame.
        mirror: The picture is mirrored left to right (a selfie view), so that a left hand looks like a right one.
        hand_model: A model bundle to use in place of the downloaded one.
        offline: Fetch nothing from the network.
        camera_motion: Fill `HandsObservation.world_from_cam` from the motion of the background.
        trajectory: Fill it from the camera's recorded poses instead.
    """

    intrinsics: IntrinsicsChoice
    mirror: bool = False
    hand_model: Path | None = None
    offline: bool = False
    camera_motion: bool = True
    trajectory: Path | None = None


class Estimator(Protocol):
    """Finds two hands in a picture. One instance serves one source, frame after frame, in order.

    One that puts wrong names right may count that in an attribute `swaps`, which is shown.
    """

    name: str

    def estimate(self, frame: Frame) -> HandsObservation:
        """The hands in one frame, with at most one left and one right."""
        ...

    def reset(self) -> None:
        """Forget the past: the next frame begins a new source (a seek, a loop, another clip)."""
        ...

    def close(self) -> None:
        """Free the networks."""
        ...


@runtime_checkable
class StagedEstimator(Estimator, Protocol):
    """An estimator whose work falls into two parts, so that they may run beside each other on different frames.

    `estimate` is one after the other. Each part gets every frame, in order, and may run in a thread of its own.
    """

    def look(self, frame: Frame) -> Any:
        """What the networks see in a frame."""
        ...

    def place(self, frame: Frame, seen: Any) -> HandsObservation:
        """The hands in metres, from what `look` gave for that frame."""
        ...


EstimatorFactory = Callable[[EstimatorOptions], Estimator]
ENTRY_POINT_GROUP = "ghtt.estimators"
DEFAULT_ESTIMATOR = "tracker"
_BUILT_IN = {
    "mediapipe": "estimators.mediapipe_hands:MediaPipeHands",
    "tracker": "estimators.tracker:TrackedHands",
}
"""Imported only when asked for: each brings a native library along."""
_FACTORIES: dict[str, EstimatorFactory] = {}


def register_estimator(name: str, factory: EstimatorFactory) -> None:
    """Make an estimator available under a name."""
    _FACTORIES[name] = factory


def estimator_names() -> tuple[str, ...]:
    """The names `create_estimator` accepts."""
    return tuple(sorted({*_FACTORIES, *_BUILT_IN, *_plug_ins()}))


def create_estimator(name: str, options: EstimatorOptions) -> Estimator:
    """Make the estimator of that name.

    Raises:
        UserError: There is none of that name, or its package does not load.
    """
    return _factory(name)(options)


def _factory(name: str) -> EstimatorFactory:
    if name in _FACTORIES:
        return _FACTORIES[name]
    entry = EntryPoint(name, _BUILT_IN[name], ENTRY_POINT_GROUP) if name in _BUILT_IN else _plug_ins().get(name)
    if entry is None:
        raise UserError(f"There is no estimator named {name!r}; choose one of: {', '.join(estimator_names())}.")
    try:
        factory: EstimatorFactory = entry.load()
    except (ImportError, AttributeError) as error:
        raise UserError(f"The estimator {name!r} ({entry.value}) does not load: {error}; reinstall its package.") from error
    return factory


def _plug_ins() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
