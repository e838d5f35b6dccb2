"""MediaPipe's Hand Landmarker as it comes, through its Tasks API: the measure for what this project adds.

The library sends usage figures to its makers and has no switch for that. It runs in a thread from which the network cannot
be reached, where the system has such threads (Linux).
"""

import logging

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from estimators.base import EstimatorOptions
from estimators.intrinsics import Intrinsics
from estimators.lifting import lift
from estimators.model_bundle import fetch_hand_model, load_networks
from estimators.native_output import native_stderr_to_log
from estimators.network_wall import kernel_can_refuse, refuse_internet
from estimators.side_thread import SideThread
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame, HandsObservation
from ghtt_core.skeleton import HANDS, JOINTS, LEFT, RIGHT

_LOG = logging.getLogger(__name__)


class MediaPipeHands:
    """Two hands a frame in VIDEO mode, each with MediaPipe's own label, metric landmarks and size.

    Where both hands get the same label, the less sure one takes the other.

    Attributes:
        conflicts: In how many frames that was so.
    """

    name = "mediapipe"

    def __init__(self, options: EstimatorOptions) -> None:
        """Load the networks.

        Raises:
            UserError: The model bundle is missing or no bundle; or nothing may be sent, and MediaPipe cannot be kept from it.
        """
        self._choice, self._mirror = options.intrinsics, options.mirror
        path = options.hand_model or fetch_hand_model(offline=options.offline)
        load_networks(path)  # MediaPipe's own message about a wrong file is no sentence
        self._options = vision.HandLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=path.read_bytes()),
            running_mode=vision.RunningMode.VIDEO,
            num_hands=HANDS,
        )
        self._thread = _thread_without_network(options)
        try:
            self._landmarker = self._thread.submit(self._make_landmarker).result()
        except BaseException:
            self._thread.close()
            raise
        self._intrinsics: Intrinsics | None = None
        self._last_ms = 0
        self.conflicts = 0

    def estimate(self, frame: Frame) -> HandsObservation:
        """The hands in one frame, with at most one left and one right."""
        height, width = frame.image_bgr.shape[:2]
        if self._intrinsics is None or (self._intrinsics.width, self._intrinsics.height) != (width, height):
            self._intrinsics = self._choice.for_size(width, height)
        self._last_ms = max(self._last_ms + 1, round(frame.source_time_s * 1000))  # it refuses stamps that do not rise
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame.image_bgr[..., ::-1]))
        result = self._thread.submit(self._landmarker.detect_for_video, image, self._last_ms).result()
        joints_cam_m = np.full((HANDS, JOINTS, 3), np.nan, np.float32)
        joints_px = np.full((HANDS, JOINTS, 2), np.nan, np.float32)
        confidence = np.zeros(HANDS, np.float32)
        for index, hand in self._name(result).items():
            px = np.array([(p.x * width, p.y * height) for p in result.hand_landmarks[index]], np.float64)
            shape_m = np.array([(p.x, p.y, p.z) for p in result.hand_world_landmarks[index]], np.float64)
            placed = lift(px, shape_m, self._intrinsics)
            if placed is not None:
                joints_cam_m[hand], joints_px[hand] = placed, px
                confidence[hand] = result.handedness[index][0].score
        return HandsObservation(joints_cam_m, joints_px, confidence, frame.index, frame.source_time_s)

    def reset(self) -> None:
        """Forget the past: MediaPipe has no such call, so its tracker is made anew."""
        self._thread.submit(self._landmarker.close).result()
        self._landmarker = self._thread.submit(self._make_landmarker).result()
        self._intrinsics = None
        self._last_ms = 0
        self.conflicts = 0

    def close(self) -> None:
        """Free the networks."""
        self._thread.submit(self._landmarker.close).result()
        self._thread.close()

    def _name(self, result: vision.HandLandmarkerResult) -> dict[int, int]:
        """The slot of each detection; labels are the subject's own, for pictures that are not mirrored."""
        left: NDArray[np.float64] = np.array(
            [c[0].score if (c[0].category_name == "Left") != self._mirror else 1.0 - c[0].score for c in result.handedness]
        )
        if left.size < HANDS:
            return {index: LEFT if probability > 0.5 else RIGHT for index, probability in enumerate(left)}
        self.conflicts += bool((left[0] > 0.5) == (left[1] > 0.5))
        return {int(left.argmax()): LEFT, 1 - int(left.argmax()): RIGHT}

    def _make_landmarker(self) -> vision.HandLandmarker:
        """A landmarker that has greeted already: it prints when it is made and when it first runs."""
        with native_stderr_to_log():
            landmarker = vision.HandLandmarker.create_from_options(self._options)
            blank = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.zeros((64, 64, 3), np.uint8))
            landmarker.detect_for_video(blank, 0)
        return landmarker


def _thread_without_network(options: EstimatorOptions) -> SideThread:
    if kernel_can_refuse():
        try:
            return SideThread("mediapipe", refuse_internet)
        except OSError as error:  # A sandbox may forbid filters.
            _LOG.warning("No thread can be kept from the network here: %s", error)
    if options.offline:
        raise UserError(
            "MediaPipe sends usage figures and cannot be kept from it here: leave out --estimator mediapipe or --offline."
        )
    _LOG.warning("MediaPipe sends usage figures to its makers, and nothing keeps it from that on this system.")
    return SideThread("mediapipe")
