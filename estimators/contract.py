"""What every estimator must keep, as a check that authors of plug-ins run: `python -m estimators.contract NAME`.

It shows the estimator pictures without hands, of odd sizes and with jumps in time, and looks at what comes back.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from estimators.base import Estimator, EstimatorOptions, create_estimator
from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame, HandsObservation

Factory = Callable[[EstimatorOptions], Estimator]

_SIZES = ((240, 320), (64, 64), (1, 1), (333, 97))


def check_estimator(factory: Factory) -> list[str]:
    """Everything the estimator breaks, a sentence each; empty for a good one."""
    problems: list[str] = []
    try:
        estimator = factory(EstimatorOptions(IntrinsicsChoice(fov_deg=70)))
    except UserError as error:
        return [f"It cannot be made here: {error}"]
    if not getattr(estimator, "name", ""):
        problems.append("It has no `name`.")
    try:
        for height, width in _SIZES:
            problems += _check_pictures(estimator, height, width)
            estimator.reset()
        problems += _check_times(estimator)
    except Exception as error:  # whatever a plug-in raises is its report
        problems.append(f"It raises {type(error).__name__}: {error}")
    finally:
        estimator.close()
    return problems


def check_observation(observation: HandsObservation, frame: Frame) -> Iterator[str]:
    """What is wrong with an observation that its own types do not catch."""
    if observation.frame_index != frame.index or observation.time_s != frame.source_time_s:
        yield "The observation does not carry its frame's number and source time."
    for hand, seen in enumerate(observation.visible):
        joints, px, confidence = (
            observation.joints_cam_m[hand],
            observation.joints_px[hand],
            float(observation.confidence[hand]),
        )
        side = ("left", "right")[hand]
        if not 0.0 <= confidence <= 1.0:
            yield f"The {side} hand's confidence {confidence} is not between 0 and 1."
        if seen and not np.isfinite(px).all():
            yield f"The {side} hand has a pose but no image landmarks."
        if not seen and (np.isfinite(joints).any() or np.isfinite(px).any() or confidence != 0.0):
            yield f"The {side} hand is missing, so its joints must all be NaN and its confidence 0."
        if seen and not (joints[:, 2] > 0).all():
            yield f"The {side} hand has joints behind the camera: z points forward, in metres."
    rotation = observation.world_from_cam[:3, :3]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-6) or not np.allclose(
        observation.world_from_cam[3], (0, 0, 0, 1)
    ):
        yield "world_from_cam is not a rigid motion."


def _check_pictures(estimator: Estimator, height: int, width: int) -> Iterator[str]:
    rng = np.random.default_rng(0)
    for index in range(3):
        image = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        kept = image.copy()
        frame = Frame(image, index, time.monotonic(), index / 30)
        yield from check_observation(estimator.estimate(frame), frame)
        if not np.array_equal(image, kept):
            yield "It writes into the frame's picture, which others read at the same time."


def _check_times(estimator: Estimator) -> Iterator[str]:
    """Close stamps, a long pause, and after `reset` time from the start again."""
    image = np.zeros((48, 64, 3), np.uint8)
    for time_s in (0.0, 0.0001, 0.0002, 60.0):
        frame = Frame(image, 7, time.monotonic(), time_s)
        yield from check_observation(estimator.estimate(frame), frame)
    estimator.reset()
    frame = Frame(image, 0, time.monotonic(), 0.0)
    yield from check_observation(estimator.estimate(frame), frame)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m estimators.contract", description=__doc__)
    parser.add_argument("name", help="the estimator's registered name")
    name = parser.parse_args(argv).name
    try:
        problems = check_estimator(lambda options: create_estimator(name, options))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(dict.fromkeys(problems)) or f"{name} keeps the contract.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
