"""What a pipeline gives out: a frame and everything known of it."""

from dataclasses import dataclass, replace

import numpy as np

from estimators.intrinsics import Intrinsics
from ghtt_core.geometry import relative, transform_points
from ghtt_core.packets import Float64, Frame, Futures, HandsObservation, Prediction


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """A frame with its own hands.

    Attributes:
        frame: The picture.
        observation: The hands the estimator saw in it.
        prediction: What the model made of them; None where the model has failed.
        futures: The newest futures, maybe drawn at an earlier frame, but given in this frame's camera.
        intrinsics: The camera, to project what is in metres.
    """

    frame: Frame
    observation: HandsObservation
    prediction: Prediction | None
    futures: Futures | None
    intrinsics: Intrinsics


FUTURES_STAY_S = 1.0
"""Futures stay on screen until newer ones come, but no longer than this."""


def futures_seen_from(futures: Futures, drawn_at: HandsObservation, now: HandsObservation) -> Futures | None:
    """Futures drawn at one frame, given in the camera of a later one (a head-worn camera has moved on); None if too old.

    Args:
        futures: Drawn at `drawn_at`.
        drawn_at: The observation they were drawn at.
        now: The observation of the frame they are to be shown on.
    """
    if not 0 <= now.time_s - futures.time_s <= FUTURES_STAY_S:
        return None
    # By transposing: an inverse fails at a matrix that is none, which a broken estimator may give.
    rotation, shift_m = relative(_motion(now), _motion(drawn_at))
    if np.allclose(rotation, np.eye(3), atol=1e-9) and np.allclose(shift_m, 0.0, atol=1e-9):
        return futures
    joints_m = futures.joints_cam_m
    # As one long list of points: NumPy would go through thousands of hands one by one, and the window waits for this.
    moved = transform_points((rotation.astype(np.float32), shift_m.astype(np.float32)), joints_m.reshape(-1, 3))
    return replace(futures, joints_cam_m=moved.reshape(joints_m.shape))


def _motion(observation: HandsObservation) -> tuple[Float64, Float64]:
    return observation.world_from_cam[:3, :3], observation.world_from_cam[:3, 3]
