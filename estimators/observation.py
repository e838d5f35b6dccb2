"""From a frame's detections to an observation: identity, then metres."""

from collections.abc import Sequence

import numpy as np

from estimators.base import EstimatorOptions
from estimators.detections import HandDetection
from estimators.intrinsics import Intrinsics
from estimators.lifting import lift
from ghtt_core.packets import Frame, HandsObservation
from ghtt_core.skeleton import HANDS, JOINTS, LEFT, RIGHT


class ObservationBuilder:
    """Keeps what must be remembered between frames: who is who, and how large the person's hands are."""

    def __init__(self, options: EstimatorOptions) -> None:
        self._choice = options.intrinsics
        self._intrinsics: Intrinsics | None = None

    def reset(self) -> None:
        """Forget the past."""
        self._intrinsics = None

    def build(self, frame: Frame, detections: Sequence[HandDetection]) -> HandsObservation:
        """The observation of one frame."""
        height, width = frame.image_bgr.shape[:2]
        if self._intrinsics is None or (self._intrinsics.width, self._intrinsics.height) != (width, height):
            self._intrinsics = self._choice.for_size(width, height)
        joints_cam_m = np.full((HANDS, JOINTS, 3), np.nan, np.float32)
        joints_px = np.full((HANDS, JOINTS, 2), np.nan, np.float32)
        confidence = np.zeros(HANDS, np.float32)
        for hand, detection in _assign(detections).items():
            placed = lift(detection.joints_px, detection.shape_m, self._intrinsics)
            if placed is not None:
                joints_cam_m[hand], joints_px[hand], confidence[hand] = placed, detection.joints_px, detection.presence
        return HandsObservation(joints_cam_m, joints_px, confidence, frame.index, frame.source_time_s)


def _assign(detections: Sequence[HandDetection]) -> dict[int, HandDetection]:
    """The most probable naming with at most one left and one right hand."""
    if len(detections) == 1:
        return {LEFT if detections[0].left_probability > 0.5 else RIGHT: detections[0]}
    if len(detections) >= 2:
        first, second = detections[:2]
        if first.left_probability >= second.left_probability:
            return {LEFT: first, RIGHT: second}
        return {LEFT: second, RIGHT: first}
    return {}
