"""From a frame's detections to an observation: identity, then metres, then the camera's motion."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from estimators.base import EstimatorOptions
from estimators.camera_motion import CameraMotion
from estimators.confidence import Confidence
from estimators.depth import SteadyHand
from estimators.depth_net import load_depth_net
from estimators.detections import HandDetection
from estimators.hand_size import HandSize
from estimators.intrinsics import Intrinsics
from estimators.lifting import is_possible, is_within_reach
from estimators.slots import Slots
from estimators.trajectory import Trajectory
from ghtt_core.packets import Frame, HandsObservation
from ghtt_core.skeleton import HANDS, JOINTS


class ObservationBuilder:
    """Keeps what must be remembered between frames: who is who, how large and how sure the hands are, how the camera turned."""

    def __init__(self, options: EstimatorOptions) -> None:
        """Begin without a past.

        Raises:
            UserError: The camera's recorded trajectory cannot be used.
        """
        self._choice = options.intrinsics
        self._mirror = options.mirror
        self._recorded = None if options.trajectory is None else Trajectory.read(options.trajectory)
        self._moves = options.camera_motion and self._recorded is None
        self._net = load_depth_net()
        self.reset()

    def reset(self) -> None:
        """Forget the past; the person's hand size too, for it may be another person."""
        self._intrinsics: Intrinsics | None = None
        self._camera: CameraMotion | None = None
        self._size = HandSize()
        self._hands = [SteadyHand(self._net) for _ in range(HANDS)]
        self._confidence = [Confidence() for _ in range(HANDS)]
        self.slots = Slots()

    def build(self, frame: Frame, detections: Sequence[HandDetection]) -> HandsObservation:
        """The observation of one frame."""
        height, width = frame.image_bgr.shape[:2]
        if self._intrinsics is None or (self._intrinsics.width, self._intrinsics.height) != (width, height):
            self._intrinsics = self._choice.for_size(width, height)
            self._camera = CameraMotion(self._intrinsics) if self._moves else None
        if self._mirror:
            detections = [replace(d, left_probability=1.0 - d.left_probability) for d in detections]
        lens = self._intrinsics
        joints_cam_m = np.full((HANDS, JOINTS, 3), np.nan, np.float32)
        joints_px = np.full((HANDS, JOINTS, 2), np.nan, np.float32)
        confidence = np.zeros(HANDS, np.float32)
        for hand, detection in self.slots.name(detections, (width, height), frame.source_time_s).items():
            self._size.learn(detection.shape_m)
            rays = (detection.joints_px - (lens.cx, lens.cy)) / (lens.fx, lens.fy)
            placed = self._hands[hand].place(rays, hand, self._size.metres, detection.presence, frame.source_time_s)
            sure = self._confidence[hand](detection, hand, frame.source_time_s)
            if is_within_reach(placed) and is_possible(placed, self._size.metres):
                joints_cam_m[hand], joints_px[hand] = placed, detection.joints_px
                confidence[hand] = sure
        world_from_cam = np.eye(4) if self._recorded is None else self._recorded.at(frame.source_time_s)
        if self._camera is not None:
            depths_m = joints_cam_m[np.isfinite(joints_cam_m[:, 0, 2]), :, 2]
            depth_m = float(depths_m.mean()) if depths_m.size else float("nan")
            world_from_cam = self._camera.update(frame.image_bgr, [d.joints_px for d in detections], depth_m)
        return HandsObservation(joints_cam_m, joints_px, confidence, frame.index, frame.source_time_s, world_from_cam)
