"""What the stages pass to each other.

Hand index 0 is the left hand and 1 the right, everywhere. The camera frame is OpenCV's: x right, y down, z forward.
Every packet is checked once, where it is made, and never changed afterwards.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ghtt_core.skeleton import HANDS, JOINTS

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


def _require(array: NDArray[np.generic], name: str, shape: tuple[int | None, ...], dtype: type[np.generic]) -> None:
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits or array.dtype != dtype:
        raise ValueError(f"{name} is {array.dtype}{array.shape}, expected {np.dtype(dtype)}{shape}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a source.

    Attributes:
        image_bgr: (H, W, 3) uint8.
        index: Running number in the source, from 0.
        capture_time_s: When it reached this program, on the `time.monotonic` clock.
        source_time_s: Its own time stamp: seconds since the source began (clips keep theirs; a camera counts from its start).
    """

    image_bgr: NDArray[np.uint8]
    index: int
    capture_time_s: float
    source_time_s: float

    def __post_init__(self) -> None:
        _require(self.image_bgr, "image_bgr", (None, None, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class HandsObservation:
    """What the estimator saw in one frame.

    Attributes:
        joints_cam_m: (2, 21, 3) float32, metres, NaN where a hand is missing.
        joints_px: (2, 21, 2) float32, pixels, NaN where a hand is missing.
        confidence: (2,) float32 in [0, 1], 0 where a hand is missing.
        frame_index: The number of the frame it was made from.
        time_s: The source time of that frame.
        world_from_cam: (4, 4) float64, the camera's pose in a frame that stands still; the identity where unknown.
    """

    joints_cam_m: Float32
    joints_px: Float32
    confidence: Float32
    frame_index: int
    time_s: float
    world_from_cam: Float64 = field(default_factory=lambda: np.eye(4))

    def __post_init__(self) -> None:
        _require(self.joints_cam_m, "joints_cam_m", (HANDS, JOINTS, 3), np.float32)
        _require(self.joints_px, "joints_px", (HANDS, JOINTS, 2), np.float32)
        _require(self.confidence, "confidence", (HANDS,), np.float32)
        _require(self.world_from_cam, "world_from_cam", (4, 4), np.float64)

    @classmethod
    def nothing(cls, frame_index: int, time_s: float) -> "HandsObservation":
        """No hands in a frame."""
        joints_cam_m = np.full((HANDS, JOINTS, 3), np.nan, np.float32)
        joints_px = np.full((HANDS, JOINTS, 2), np.nan, np.float32)
        return cls(joints_cam_m, joints_px, np.zeros(HANDS, np.float32), frame_index, time_s)

    @property
    def visible(self) -> NDArray[np.bool_]:
        """(2,) bool: which hands have a finite pose."""
        return np.asarray(np.isfinite(self.joints_cam_m).all(axis=(1, 2)))

    @property
    def whole_joints_cam_m(self) -> Float64:
        """(2, 21, 3) float64: `joints_cam_m`, with NaN for all of a hand of which a part is not finite."""
        return np.where(self.visible[:, None, None], self.joints_cam_m.astype(np.float64), np.nan)


@dataclass(frozen=True, slots=True)
class Futures:
    """Sampled continuations of the motion, the deterministic one first.

    Attributes:
        joints_cam_m: (S, T, 2, 21, 3) float32, metres, in the camera frame of the frame they were made for; NaN for a
            missing hand.
        offset_s: (T,) float32, seconds after `time_s`, all positive.
        frame_index: The frame they were made for.
        time_s: The source time of that frame.
    """

    joints_cam_m: Float32
    offset_s: Float32
    frame_index: int
    time_s: float

    def __post_init__(self) -> None:
        _require(self.offset_s, "offset_s", (None,), np.float32)
        _require(self.joints_cam_m, "joints_cam_m", (None, self.offset_s.size, HANDS, JOINTS, 3), np.float32)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What G-HTT makes of the hands up to one frame.

    Attributes:
        refined_cam_m: (2, 21, 3) float32, metres, the refined pose of that frame; NaN where there is none.
        action_prob: (C,) float32, calibrated class probabilities; all NaN until the first clip is full.
        frame_index: The frame it was made for.
        time_s: The source time of that frame.
        futures: New futures, or None at a step that drew none.
    """

    refined_cam_m: Float32
    action_prob: Float32
    frame_index: int
    time_s: float
    futures: Futures | None = None

    def __post_init__(self) -> None:
        _require(self.refined_cam_m, "refined_cam_m", (HANDS, JOINTS, 3), np.float32)
        _require(self.action_prob, "action_prob", (None,), np.float32)
