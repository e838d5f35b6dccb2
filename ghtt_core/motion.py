"""A stretch of two-hand motion: what every data reader yields and what training, metrics and baselines take."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ghtt_core.geometry import inverse, transform_points
from ghtt_core.skeleton import HANDS, JOINTS


@dataclass(frozen=True, slots=True)
class Segment:
    """A labelled action: frames [start, end) of a sequence."""

    start: int
    end: int
    action: str


@dataclass(frozen=True, slots=True)
class MotionSequence:
    """Two-hand motion at a constant frame rate in a frame that stands still.

    Attributes:
        joints_m: (T, 2, 21, 3) float32, metres, left hand first; NaN where a hand, or a single joint, is missing.
        fps: Frames per second.
        name: Unique in its data set.
        recording: The unit that splits go by: sequences of one recording never fall on both sides.
        subject: Who moves, "" where unknown.
        segments: Labelled actions, by start.
        truth_m: (T, 2, 21, 3) the exact motion where `joints_m` is an estimate of it; None where joints_m is all there is.
        metric: Whether lengths are real metres (False: image-normalised landmarks scaled to a plausible hand).
        estimated: Whether `joints_m` was estimated from pictures, with all the noise of that.
        world_from_cam: (T, 4, 4) the camera's pose in the frame of the joints, OpenCV axes; None where there is no camera.
    """

    joints_m: NDArray[np.float32]
    fps: float
    name: str
    recording: str
    subject: str = ""
    segments: tuple[Segment, ...] = field(default=())
    truth_m: NDArray[np.float32] | None = None
    metric: bool = True
    estimated: bool = False
    world_from_cam: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        shape = self.joints_m.shape
        if len(shape) != 4 or shape[1:] != (HANDS, JOINTS, 3) or self.joints_m.dtype != np.float32:
            raise ValueError(f"{self.name}: joints_m is {self.joints_m.dtype}{shape}, expected float32 (T, 2, 21, 3)")
        if self.truth_m is not None and self.truth_m.shape != shape:
            raise ValueError(f"{self.name}: truth_m is {self.truth_m.shape}, joints_m {shape}")
        if self.world_from_cam is not None and self.world_from_cam.shape != (shape[0], 4, 4):
            raise ValueError(f"{self.name}: world_from_cam is {self.world_from_cam.shape} for {shape[0]} frames")
        if not self.fps > 0:
            raise ValueError(f"{self.name}: {self.fps} frames per second")

    def as_seen(self, joints_m: NDArray[np.float32], frame: int) -> NDArray[np.float32]:
        """(..., 2, 21, 3) joints of the sequence as the camera of a frame sees them; unchanged where there is no camera."""
        if self.world_from_cam is None:
            return joints_m
        pose = self.world_from_cam[frame]
        return np.asarray(transform_points(inverse((pose[:3, :3], pose[:3, 3])), joints_m), np.float32)

    def backwards(self) -> "MotionSequence":
        """The motion with time turned round, without names: what is put down would be picked up."""
        truth_m, camera = self.truth_m, self.world_from_cam
        return replace(
            self,
            joints_m=self.joints_m[::-1].copy(),
            name=f"{self.name} backwards",
            segments=(),
            truth_m=None if truth_m is None else truth_m[::-1].copy(),
            world_from_cam=None if camera is None else camera[::-1].copy(),
        )


def at_rate(sequence: MotionSequence, fps: float) -> MotionSequence:
    """The sequence resampled to another frame rate by linear interpolation; a joint is missing where a neighbour is.

    The camera is where it was at the nearest frame.
    """
    if abs(sequence.fps - fps) < 1e-6:
        return sequence
    count = len(sequence.joints_m)
    ratio = fps / sequence.fps
    source = np.arange(int((count - 1) * ratio) + 1) / ratio
    low = np.minimum(source.astype(np.int64), max(count - 2, 0))
    high = np.minimum(low + 1, count - 1)
    share = (source - low).astype(np.float32)[:, None, None, None]

    def resample(joints_m: NDArray[np.float32]) -> NDArray[np.float32]:
        mixed = joints_m[low] * (1 - share) + joints_m[high] * share
        return np.where(share == 0, joints_m[low], np.where(share == 1, joints_m[high], mixed)).astype(np.float32)

    segments = tuple(replace(one, start=round(one.start * ratio), end=round(one.end * ratio)) for one in sequence.segments)
    truth_m = None if sequence.truth_m is None else resample(sequence.truth_m)
    camera = None if sequence.world_from_cam is None else sequence.world_from_cam[np.rint(source).astype(np.int64)]
    return replace(
        sequence, joints_m=resample(sequence.joints_m), fps=fps, segments=segments, truth_m=truth_m, world_from_cam=camera
    )
