"""From a frame's detections to an observation: identity, then metres, then the camera's motion."""

from collections.abc import Sequence

import numpy as np

from estimators.base import EstimatorOptions
from estimators.camera_motion import CameraMotion
from estimators.depth import SteadyDepth
from estimators.detections import HandDetection
from estimators.hand_shape import HandSize, is_sound
from estimators.intrinsics import Intrinsics
from estimators.lifting import lift
from estimators.slots import Slots
from ghtt_core.packets import Frame, HandsObservation
from ghtt_core.skeleton import HANDS, JOINTS


class ObservationBuilder:
    """Keeps what must be remembered between frames: who is who, how large the hands are, how the camera turned."""

    def __init__(self, options: EstimatorOptions) -> None:
        self._choice = options.intrinsics
        self._moves = options.camera_motion
        self.reset()

    def reset(self) -> None:
        """Forget the past; the person's hand size too, for it may be another person."""
        self._intrinsics: Intrinsics | None = None
        self._camera: CameraMotion | None = None
        self._slots = Slots()
        self._size = HandSize()
        self._depth = [SteadyDepth() for _ in range(HANDS)]

    @property
    def slots(self) -> Slots:
        """Left and right, with their counters."""
        return self._slots

    def build(self, frame: Frame, detections: Sequence[HandDetection]) -> HandsObservation:
        """The observation of one frame."""
        height, width = frame.image_bgr.shape[:2]
        if self._intrinsics is None or (self._intrinsics.width, self._intrinsics.height) != (width, height):
            self._intrinsics = self._choice.for_size(width, height)
            self._camera = CameraMotion(self._intrinsics) if self._moves else None
        joints_cam_m = np.full((HANDS, JOINTS, 3), np.nan, np.float32)
        joints_px = np.full((HANDS, JOINTS, 2), np.nan, np.float32)
        confidence = np.zeros(HANDS, np.float32)
        for hand, detection in self._slots.name(detections, (width, height), frame.source_time_s).items():
            if is_sound(detection.shape_m):
                self._size.learn(detection.shape_m)
            placed = lift(detection.joints_px, detection.shape_m, self._intrinsics, size_m=self._size.metres)
            if placed is None:
                continue
            placed = self._depth[hand].steady(placed, frame.source_time_s)
            joints_cam_m[hand], joints_px[hand], confidence[hand] = placed, detection.joints_px, detection.presence
        world_from_cam = np.eye(4)
        if self._camera is not None:
            world_from_cam[:3, :3] = self._camera.update(frame.image_bgr, [d.joints_px for d in detections])
        return HandsObservation(joints_cam_m, joints_px, confidence, frame.index, frame.source_time_s, world_from_cam)
