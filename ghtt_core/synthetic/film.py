"""Writes rendered clips with their truth, and reads that truth."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ghtt_core.errors import UserError
from ghtt_core.motion import Segment
from ghtt_core.synthetic.motion import SyntheticMotion
from ghtt_core.synthetic.render import Camera, Lens

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is exactly known about a rendered clip.

    Attributes:
        joints_cam_m: (T, 2, 21, 3) every joint in the camera frame, metres, also where the picture does not show it.
        joints_px: (T, 2, 21, 2) their projections.
        joint_seen: (T, 2, 21) inside the picture and not hidden behind a thing or the other hand.
        visible: (T, 2) at least two thirds of a hand's joints are seen.
        world_from_cam: (T, 4, 4) the camera's pose in a frame that stands still.
        lens: Intrinsics.
        fps: Frames per second.
        segments: What the hands do.
    """

    joints_cam_m: Float32
    joints_px: Float32
    joint_seen: NDArray[np.bool_]
    visible: NDArray[np.bool_]
    world_from_cam: Float64
    lens: Lens
    fps: float
    segments: tuple[Segment, ...]


def film(motion: SyntheticMotion, lens: Lens, video: Path, truth: Path, *, crf: int = 20, progress: bool = True) -> None:
    """Render a motion to an H.264 clip, its truth to an .npz and its intrinsics to a .json beside it.

    Args:
        motion: What to film.
        lens: Intrinsics and picture size; both sides even.
        video: The clip.
        truth: The truth; the intrinsics go to the clip's name with `_intrinsics.json`.
        crf: x264's quality, smaller is better.
        progress: Show a bar.

    Raises:
        UserError: The picture's size is odd, or a file cannot be written.
    """
    if lens.width % 2 or lens.height % 2:
        raise UserError(f"H.264 wants even picture sizes, not {lens.width}x{lens.height}.")
    import av

    camera = Camera(motion, lens)
    frames = motion.sequence.joints_m.shape[0]
    shots = []
    try:
        video.parent.mkdir(parents=True, exist_ok=True)
        truth.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(video), "w") as container:
            rate = Fraction(motion.sequence.fps).limit_denominator(1001)
            stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "slow", "threads": "1"})
            stream.width, stream.height, stream.pix_fmt = lens.width, lens.height, "yuv420p"
            for frame in tqdm(range(frames), desc=video.name, unit="frame", disable=not progress):
                shot = camera.shoot(frame)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(shot.image_rgb, format="rgb24")))
                shots.append((shot.joints_cam_m, shot.joints_px, shot.joint_seen))
            container.mux(stream.encode())
        joints, places, seen = (np.stack(part) for part in zip(*shots, strict=True))
        _save(truth, motion, lens, joints, places, seen)
        entries = {"fx": lens.fx, "fy": lens.fy, "cx": lens.cx, "cy": lens.cy, "width": lens.width, "height": lens.height}
        video.with_name(f"{video.stem}_intrinsics.json").write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise UserError(f"Cannot write the rendered clip {video}: {error.strerror or error}.") from error


def _save(path: Path, motion: SyntheticMotion, lens: Lens, joints: Float64, places: Float64, seen: NDArray[np.bool_]) -> None:
    segments = motion.sequence.segments
    np.savez_compressed(
        path,
        joints_cam_m=joints.astype(np.float32),
        joints_px=places.astype(np.float32),
        joint_seen=seen,
        visible=seen.mean(axis=-1) >= 2 / 3,
        world_from_cam=motion.world_from_cam,
        intrinsics=np.array((lens.fx, lens.fy, lens.cx, lens.cy, lens.width, lens.height)),
        fps=motion.sequence.fps,
        segment_frames=np.array([(s.start, s.end) for s in segments], np.int64).reshape(-1, 2),
        segment_actions=np.array([s.action for s in segments], dtype=np.str_),
    )


def load_truth(path: Path) -> Truth:
    """Read what `film` wrote.

    Raises:
        UserError: The file is missing or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            fx, fy, cx, cy, width, height = (float(value) for value in file["intrinsics"])
            spans = zip(file["segment_frames"], file["segment_actions"], strict=True)
            return Truth(
                joints_cam_m=file["joints_cam_m"],
                joints_px=file["joints_px"],
                joint_seen=file["joint_seen"],
                visible=file["visible"],
                world_from_cam=file["world_from_cam"],
                lens=Lens(fx, fy, cx, cy, int(width), int(height)),
                fps=float(file["fps"]),
                segments=tuple(Segment(int(a), int(b), str(name)) for (a, b), name in spans),
            )
    except (OSError, KeyError, ValueError) as error:
        raise UserError(
            f"{path} is not the truth of a rendered clip; make one with python -m ghtt_core.synthetic render."
        ) from error
