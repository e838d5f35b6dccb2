"""Analytic two-hand motion with known joints, and small data sets of it in the layouts that the readers know."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.packets import HandsObservation
from ghtt_core.recording import RecordingHeader, RecordingWriter

H2O_SEQUENCE = "subject1/h1/0"
ASSEMBLY_VIDEO = "nusar-2021_action_both_9033-a30_9033_user_id_2021-02-04_131528"
# Theirs by ours: where each of our joints stands in the data set's own order.
ASSEMBLY101_SLOT = (5, 20, 6, 7, 0, 8, 9, 10, 1, 11, 12, 13, 2, 14, 15, 16, 3, 17, 18, 19, 4)
ASSEMBLYHANDS_SLOT = (20, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 19, 18, 17, 16)


def analytic_hands(frames: int, fps: float = 30.0, seed: int = 0) -> NDArray[np.float64]:
    """(T, 2, 21, 3) metres: two hands that open, close, turn and travel; camera axes, half a metre away."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(frames) / fps + rng.uniform(0, 3)
    curl = 0.7 + 0.5 * np.sin(2 * np.pi * 0.5 * time_s)
    right = np.zeros((frames, 21, 3))
    for finger, (base_x, base_y) in enumerate(
        ((-0.024, 0.024), (-0.025, 0.091), (-0.003, 0.094), (0.017, 0.088), (0.034, 0.079))
    ):
        position = np.tile((base_x, base_y, 0.0), (frames, 1))
        right[:, 1 + 4 * finger] = position
        sideways = -0.7 if finger == 0 else 0.0
        for segment, length in enumerate((0.044, 0.028, 0.023)):
            bend = curl * (segment + 1) * (0.4 if finger == 0 else 1.0)
            step = np.stack((np.full(frames, sideways), np.cos(bend), -np.sin(bend)), axis=-1)
            position = position + length * step / np.linalg.norm(step, axis=-1, keepdims=True)
            right[:, 2 + 4 * finger + segment] = position
    left = right * (-1, 1, 1)
    turn = 0.4 * np.sin(2 * np.pi * 0.3 * time_s)
    cos, sin, zero, one = np.cos(turn), np.sin(turn), np.zeros(frames), np.ones(frames)
    about_y = np.stack((cos, zero, sin, zero, one, zero, -sin, zero, cos), axis=-1).reshape(frames, 3, 3)
    hands = np.stack((left, right), axis=1) @ about_y.swapaxes(-1, -2)[:, None]
    travel = np.stack((0.05 * np.sin(time_s), 0.04 * np.cos(1.3 * time_s), 0.5 + 0.03 * np.sin(0.7 * time_s)), axis=-1)
    return hands * (1, -1, -1) + travel[:, None, None] + np.array(((-0.15, 0, 0), (0.15, 0, 0)))[:, None]


def moving_camera(frames: int) -> NDArray[np.float64]:
    """(T, 4, 4) world_from_cam of a head that nods and walks."""
    nod = 0.2 * np.sin(np.arange(frames) / 20)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, 1, 1], poses[:, 1, 2], poses[:, 2, 1], poses[:, 2, 2] = np.cos(nod), -np.sin(nod), np.sin(nod), np.cos(nod)
    poses[:, 0, 3] = 0.01 * np.arange(frames)
    poses[:, 2, 3] = 1.0
    return poses


def from_world(world_from_cam: NDArray[np.float64], world_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 2, 21, 3) world points in each frame's camera."""
    rotation, position = world_from_cam[:, None, :3, :3], world_from_cam[:, None, None, :3, 3]
    return (world_m - position) @ rotation


def write_leap(path: Path, lengths: tuple[int, ...] = (40, 35, 50, 20), **replace: NDArray[np.generic]) -> NDArray[np.float64]:
    """`thai_sign_leap.npz`'s layout; returns the joints in the camera convention, metres."""
    joints_m = np.concatenate([analytic_hands(length, seed=number) for number, length in enumerate(lengths)])
    joints_m[: lengths[0], 0] = np.nan
    count = len(lengths)
    arrays: dict[str, NDArray[np.generic]] = {
        "joints_mm": (joints_m * (1000, -1000, -1000)).astype(np.float32),
        "offsets": np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        "label": (np.arange(count) % 2).astype(np.int16),
        "class_names": np.array(["hello", "two"]),
        "setting": np.array(["record"] * (count - 1) + ["record_ondesk"]),
        "take": np.arange(count, dtype=np.int16),
        "recording_block": np.array([0, 3, 6, -1][:count], np.int16),
        "fps": np.array(30.0),
    }
    np.savez_compressed(path, **(arrays | replace))
    return joints_m


def write_landmarks(path: Path, sequences: int = 6, frames: int = 12, **replace: NDArray[np.generic]) -> None:
    """The layout of the webcam sets: a 16:9 picture, hands 0.5 m from a camera with a focal length of one picture height."""
    hands = np.stack([analytic_hands(frames, fps=15, seed=number) for number in range(sequences)])
    wrist_depth = hands[:, :, :, :1, 2:]
    picture = hands[..., :2] / wrist_depth * (9 / 16, 1.0) + 0.5
    depth = (hands[..., 2:] - wrist_depth) / wrist_depth * (9 / 16)
    landmarks = np.concatenate((picture, depth), axis=-1).astype(np.float32)
    landmarks[0, :, 0] = 0  # no left hand in the first sequence
    arrays: dict[str, NDArray[np.generic]] = {
        "hands": landmarks,
        "label": (np.arange(sequences) % 2).astype(np.int16),
        "take": np.arange(sequences, dtype=np.int16) * 10,
        "class_names": np.array(["tea", "water"]),
    }
    np.savez_compressed(path, **(arrays | replace))


def write_recording(
    folder: Path, times_s: NDArray[np.float64], joints_m: NDArray[np.float64], source: str = "clip.mp4"
) -> None:
    """A recording of (T, 2, 21, 3) world joints, seen by `moving_camera`."""
    cameras = moving_camera(len(times_s))
    joints_cam_m = from_world(cameras, joints_m).astype(np.float32)
    writer = RecordingWriter(folder, RecordingHeader(source=source, frame_size_px=(640, 480), estimator="test"))
    for frame, time_s in enumerate(times_s):
        observation = HandsObservation(
            joints_cam_m=joints_cam_m[frame],
            joints_px=np.zeros((2, 21, 2), np.float32),
            confidence=np.ones(2, np.float32),
            frame_index=frame,
            time_s=float(time_s),
            world_from_cam=cameras[frame],
        )
        writer.append(observation, None)
    writer.close()


def write_h2o(root: Path, frames: int = 40, sequence: str = H2O_SEQUENCE) -> NDArray[np.float64]:
    """H2O's layout with one sequence, right hand not annotated in frame 3; returns the joints in the world frame."""
    world_m = analytic_hands(frames)
    cameras = moving_camera(frames)
    camera = root / sequence / "cam4"
    for name in ("hand_pose", "cam_pose", "rgb"):
        (camera / name).mkdir(parents=True)
    for frame, (pose, hands) in enumerate(zip(cameras, from_world(cameras, world_m), strict=True)):
        flags = (1, 0 if frame == 3 else 1)
        numbers = [value for flag, hand in zip(flags, hands, strict=True) for value in (flag, *(hand * flag).ravel())]
        (camera / "hand_pose" / f"{frame:06d}.txt").write_text(" ".join(f"{value:.8f}" for value in numbers))
        (camera / "cam_pose" / f"{frame:06d}.txt").write_text(" ".join(f"{value:.8f}" for value in pose.ravel()))
    (camera / "cam_intrinsics.txt").write_text("636.6 636.2 635.3 366.9 1280 720")
    labels = root / "action_labels"
    labels.mkdir(exist_ok=True)
    (labels / "action_train.txt").write_text(
        "id path action_label start_act end_act start_frame end_frame\n"
        f"1 {H2O_SEQUENCE} 23 2 20 0 39\n2 {H2O_SEQUENCE} 5 21 39 0 39\n"
    )
    (labels / "action_test.txt").write_text(
        "id path start_act end_act start_frame end_frame action_label\n1 subject4/h1/0 2 20 0 39 36\n"
    )
    world_m[3, 1] = np.nan
    return world_m


def write_fine_labels(root: Path, video: str = ASSEMBLY_VIDEO, part: str = "train") -> None:
    """Assembly101's `fine-grained-annotations`, every segment in two views."""
    folder = root / "fine-grained-annotations"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["id,video,start_frame,end_frame,action_id,verb_id,noun_id,action_cls,verb_cls,noun_cls,toy_id,toy_name"]
    for view in ("C10404_rgb", "HMC_21176875_mono10bit"):
        lines.append(f"1,{video}/{view}.mp4,8,12,10,18,27,screw wheel,screw,wheel,a30,suv")
        lines.append(f"2,{video}/{view}.mp4,13,90,11,18,27,clap hand,clap,hand,a30,suv")
    (folder / f"{part}.csv").write_text("\n".join(lines) + "\n")


def write_assembly101(root: Path, frames: int = 30, video: str = ASSEMBLY_VIDEO) -> NDArray[np.float64]:
    """Assembly101's layout, `frames` of 30 fps; returns the joints, metres."""
    joints_m = analytic_hands(2 * frames, fps=60)
    theirs = np.zeros_like(joints_m)
    theirs[:, :, ASSEMBLY101_SLOT] = joints_m * 1000
    records = [
        {"frame_index": frame, "landmarks": {"0": hands[0].tolist(), "1": hands[1].tolist()}}
        for frame, hands in enumerate(theirs)
    ]
    folder = root / "poses@60fps"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{video}.json").write_text(json.dumps(records))
    write_fine_labels(root, video)
    return joints_m[::2]


def write_assemblyhands(
    root: Path, frames: int = 30, first_frame: int = 20, split: str = "train", video: str = ASSEMBLY_VIDEO
) -> NDArray[np.float64]:
    """AssemblyHands' layout, starting at a 60 fps frame; the left wrist of the second frame is not valid. Returns metres."""
    joints_m = analytic_hands(frames)
    theirs = np.zeros_like(joints_m)
    theirs[:, :, ASSEMBLYHANDS_SLOT] = joints_m * 1000
    annotations = {}
    for frame, (left, right) in enumerate(theirs):
        valid = [1] * 42
        if frame == 1:
            valid[21 + 20] = 0
        coordinates = np.concatenate((right, left)).tolist()
        annotations[f"{first_frame + 2 * frame:06d}"] = {"world_coord": coordinates, "joint_valid": valid}
    folder = root / "annotations" / split
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"assemblyhands_{split}_joint_3d_v1-1.json"
    file.write_text(json.dumps({"annotations": {video: annotations}}))
    write_fine_labels(root, video)
    joints_m[1, 0, 0] = np.nan
    return joints_m
