"""Hands that stay found: MediaPipe's two networks under a tracker of this project.

Each hand is followed by its own region from frame to frame, moved along with the hand's speed. Only while a hand is missing
does the palm detector run, at a low threshold, in turn over the whole picture and over closer views of where hands are
lost and enter; the landmark network has the last word on what is a hand.

Two hands are looked at side by side, each by a landmark network of its own on half of the cores: one on all of them waits
after every layer for its slowest part, and beside the other threads of the pipeline some part is always slow.
"""

from concurrent.futures import wait
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from estimators.base import EstimatorOptions
from estimators.detections import HandDetection, palm_px
from estimators.model_bundle import LANDMARK_NETWORK, PALM_DETECTOR, fetch_hand_model, load_networks
from estimators.networks import LandmarkNetwork, Landmarks, PalmDetector, cores_to_use
from estimators.observation import ObservationBuilder
from estimators.opencv import cv2
from estimators.regions import region_of_landmarks
from estimators.side_thread import SideThread
from ghtt_core.packets import Frame, HandsObservation
from ghtt_core.skeleton import HANDS, PALM

KEEP_PRESENCE, NEW_PRESENCE = 0.3, 0.5
PALM_SCORE = 0.2
_MAX_TRIES = 2
_MAX_WORKING_SIDE_PX = 1280
_SPEED_MEMORY = 0.5
_SAME_HAND = 0.6
_PALM_GROWTH = 2.0
_MIN_PALM_PX = 6.0
_SMALLEST_PARTED_PX = 64


@dataclass(slots=True)
class _Track:
    number: int
    landmarks: Landmarks
    speed_px: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    age: int = 0

    def follow(self, landmarks: Landmarks) -> None:
        moved = _palm_centre(landmarks.joints_px) - _palm_centre(self.landmarks.joints_px)
        self.speed_px = moved if self.age == 0 else _SPEED_MEMORY * self.speed_px + (1 - _SPEED_MEMORY) * moved
        self.landmarks = landmarks
        self.age += 1

    def resize(self, factor: NDArray[np.float64]) -> None:
        """The pictures have another size from now on."""
        self.landmarks = replace(self.landmarks, joints_px=self.landmarks.joints_px * factor)
        self.speed_px = self.speed_px * factor


class TrackedHands:
    """Two hands a frame, each followed by its own region."""

    name = "tracker"

    def __init__(self, options: EstimatorOptions) -> None:
        """Load the networks.

        Raises:
            UserError: The model bundle is missing or no bundle, or the camera's trajectory cannot be used.
        """
        networks = load_networks(options.hand_model or fetch_hand_model(offline=options.offline))
        self._palms = PalmDetector(networks[PALM_DETECTOR.member])
        model = networks[LANDMARK_NETWORK.member]
        self._joints = LandmarkNetwork(model)
        self._joints_by_hand = [LandmarkNetwork(model, threads=max(1, cores_to_use() // HANDS)) for _ in range(HANDS)]
        self._beside = SideThread("second hand")
        self._builder = ObservationBuilder(options)
        self._tracks: list[_Track] = []
        self._size_px = np.ones(2)
        self._made = 0
        self._looks = 0

    def estimate(self, frame: Frame) -> HandsObservation:
        """The hands in one frame, with at most one left and one right."""
        return self.place(frame, self.look(frame))

    def look(self, frame: Frame) -> list[HandDetection]:
        """What the networks see: at most two hands, in pixels."""
        image, scale = _working_size(frame.image_bgr)
        size_px = np.array([image.shape[1], image.shape[0]], np.float64)
        if (size_px != self._size_px).any():
            for track in self._tracks:
                track.resize(size_px / self._size_px)
            self._size_px = size_px
        self._tracks = _without_doubles(self._followed(image))
        if len(self._tracks) < HANDS:
            self._look_for_more(image)
        return [self._detection(track, scale) for track in self._tracks]

    def place(self, frame: Frame, seen: list[HandDetection]) -> HandsObservation:
        """Which hand is which, how far away, and how the camera moved; needs nothing of `look` but what it gave."""
        return self._builder.build(frame, seen)

    @property
    def swaps(self) -> int:
        """How many names were corrected since the source began."""
        return self._builder.slots.swaps

    @property
    def conflicts(self) -> int:
        """In how many frames the network's own labels called two hands the same; none of that gets out."""
        return self._builder.slots.conflicts

    def reset(self) -> None:
        """Forget the past."""
        self._tracks = []
        self._looks = 0
        self._builder.reset()

    def close(self) -> None:
        """Free the networks."""
        self._beside.close()
        self._tracks = []

    def _followed(self, image: NDArray[np.uint8]) -> list[_Track]:
        """The tracks whose hands were found again."""
        if len(self._tracks) < HANDS:
            return [track for track in self._tracks if _follow(track, image, self._joints)]
        (first, second), (one, other) = self._tracks, self._joints_by_hand
        beside = self._beside.submit(_follow, second, image, other)
        try:
            found = _follow(first, image, one)
        finally:
            wait([beside])  # it must not still be at work on its network when the next frame comes
        return [track for track, still_there in ((first, found), (second, beside.result())) if still_there]

    def _look_for_more(self, image: NDArray[np.uint8]) -> None:
        corner, view = self._next_view(image)
        tries = 0
        for palm in self._palms.detect(view, min_score=PALM_SCORE):
            region = palm.region.moved(corner)
            if any(_is_at(track, region.centre_px) for track in self._tracks):
                continue
            if len(self._tracks) == HANDS or tries == _MAX_TRIES:
                return
            tries += 1
            found = self._joints(image, region)
            if found.presence >= NEW_PRESENCE:
                found = self._joints(image, region_of_landmarks(found.joints_px))
            if found.presence >= NEW_PRESENCE and palm_px(found.joints_px) > _MIN_PALM_PX:
                self._tracks = _without_doubles([*self._tracks, _Track(self._made, found)])
                self._made += 1

    def _next_view(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        """The whole picture at every second look; in between its lower left and lower right two thirds."""
        height, width = image.shape[:2]
        self._looks += 1
        if self._looks % 2 or min(height, width) < _SMALLEST_PARTED_PX:
            return np.zeros(2), image
        left, top = (0 if self._looks % 4 else width // 3), height // 3
        return np.array([left, top], np.float64), image[top:, left : left + 2 * width // 3]

    @staticmethod
    def _detection(track: _Track, scale: float) -> HandDetection:
        found = track.landmarks
        return HandDetection(found.joints_px / scale, found.shape_m, found.left_probability, found.presence, track.number)


def _working_size(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    scale = min(1.0, _MAX_WORKING_SIDE_PX / max(image.shape[:2]))
    if scale == 1.0:
        return image, 1.0
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def _palm_centre(joints_px: NDArray[np.float64]) -> NDArray[np.float64]:
    centre: NDArray[np.float64] = joints_px[list(PALM)].mean(axis=0)
    return centre


def _follow(track: _Track, image: NDArray[np.uint8], joints: LandmarkNetwork) -> bool:
    """Find a track's hand again; False when it is gone."""
    last = region_of_landmarks(track.landmarks.joints_px)
    found = joints(image, last.moved(track.speed_px))
    if not _continues(track, found) and np.abs(track.speed_px).max() > 2.0:
        found = joints(image, last)  # it stopped
    if not _continues(track, found):
        return False
    track.follow(found)
    return True


def _continues(track: _Track, found: Landmarks) -> bool:
    growth = palm_px(found.joints_px) / palm_px(track.landmarks.joints_px)
    return found.presence >= KEEP_PRESENCE and 1 / _PALM_GROWTH < growth < _PALM_GROWTH


def _is_at(track: _Track, point_px: NDArray[np.float64]) -> bool:
    joints_px = track.landmarks.joints_px
    return float(np.linalg.norm(_palm_centre(joints_px) - point_px)) < 0.9 * palm_px(joints_px)


def _without_doubles(tracks: list[_Track]) -> list[_Track]:
    """Two tracks on one hand: the older one stays."""
    if len(tracks) < 2:
        return tracks
    first, second = (track.landmarks.joints_px for track in tracks)
    apart = float(np.linalg.norm(first - second, axis=1).mean()) / max(palm_px(first), palm_px(second))
    return tracks if apart > _SAME_HAND else [max(tracks, key=lambda track: track.age)]
