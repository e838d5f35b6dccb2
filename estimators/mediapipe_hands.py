"""MediaPipe's Hand Landmarker through its Tasks API."""

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

from estimators.base import EstimatorOptions
from estimators.detections import HandDetection, ProximityTracks
from estimators.model_bundle import fetch_hand_model, load_networks
from estimators.native_output import native_stderr_to_log
from estimators.observation import ObservationBuilder
from ghtt_core.packets import Frame, HandsObservation

MIN_CONFIDENCE = 0.3
"""Below MediaPipe's own 0.5: hands that hold things score low, and what is no hand is sorted out afterwards."""


class MediaPipeHands:
    """Two hands a frame from the Tasks API in VIDEO mode."""

    name = "mediapipe"

    def __init__(self, options: EstimatorOptions) -> None:
        """Load the networks.

        Raises:
            UserError: The model bundle is missing or no bundle.
        """
        self._mirror = options.mirror
        self._builder = ObservationBuilder(options)
        path = options.hand_model or fetch_hand_model()
        load_networks(path)  # MediaPipe's own message about a wrong file is no sentence
        self._options = vision.HandLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=path.read_bytes()),
            running_mode=vision.RunningMode.VIDEO,
            num_hands=2,
            min_hand_detection_confidence=MIN_CONFIDENCE,
            min_hand_presence_confidence=MIN_CONFIDENCE,
            min_tracking_confidence=MIN_CONFIDENCE,
        )
        self._landmarker = self._make_landmarker()
        self._last_ms = 0
        self._tracks = ProximityTracks()

    def estimate(self, frame: Frame) -> HandsObservation:
        """The hands in one frame, with at most one left and one right."""
        self._last_ms = max(self._last_ms + 1, round(frame.source_time_s * 1000))
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame.image_bgr[..., ::-1]))
        result = self._landmarker.detect_for_video(image, self._last_ms)
        height, width = frame.image_bgr.shape[:2]
        hands_px = [np.array([(p.x * width, p.y * height) for p in hand], np.float64) for hand in result.hand_landmarks]
        detections = []
        for labels, px, world, track in zip(
            result.handedness, hands_px, result.hand_world_landmarks, self._tracks.number(hands_px), strict=True
        ):
            score = float(labels[0].score)
            left = (labels[0].category_name == "Left") != self._mirror  # labels are the subject's own for unmirrored pictures
            shape_m = np.array([(p.x, p.y, p.z) for p in world], np.float64)
            detections.append(HandDetection(px, shape_m, score if left else 1.0 - score, score, track))
        return self._builder.build(frame, detections)

    def reset(self) -> None:
        """Forget the past: MediaPipe has no such call, so the tracker is made anew."""
        self._landmarker.close()
        self._landmarker = self._make_landmarker()
        self._last_ms = 0
        self._tracks = ProximityTracks()
        self._builder.reset()

    def close(self) -> None:
        """Free the networks."""
        self._landmarker.close()

    def _make_landmarker(self) -> vision.HandLandmarker:
        """A landmarker that has greeted already: it prints when it is made and when it first runs."""
        with native_stderr_to_log():
            landmarker = vision.HandLandmarker.create_from_options(self._options)
            blank = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.zeros((64, 64, 3), np.uint8))
            landmarker.detect_for_video(blank, 0)
        return landmarker
