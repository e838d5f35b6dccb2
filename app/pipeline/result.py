"""What a pipeline gives out: a frame and everything known of it."""

from dataclasses import dataclass, replace

import numpy as np

from estimators.intrinsics import Intrinsics
from ghtt_core.packets import Frame, Futures, HandsObservation, Prediction


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
    now_from_then = np.linalg.inv(now.world_from_cam) @ drawn_at.world_from_cam
    if np.allclose(now_from_then, np.eye(4), atol=1e-9):
        return futures
    moved = futures.joints_cam_m @ now_from_then[:3, :3].T.astype(np.float32) + now_from_then[:3, 3].astype(np.float32)
    return replace(futures, joints_cam_m=moved)
