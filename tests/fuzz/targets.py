"""Every parser of ours as a function of bytes: it must give a result or one printable sentence, never another exception.

Each target has seeds, small valid files that the mutations begin with. `test_fuzz.py` feeds them through hypothesis in the
normal suite, `python -m tests.fuzz` through a coverage-guided fuzzer for as long as one likes.
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.drawing.compose import ViewComposer
from app.pipeline import PipelineResult
from app.sources.files import read_image
from app.sources.replay import ReplaySource, ReplayStages
from app.sources.stream import require_stream_url, without_secrets
from app.video_writer import VideoWriter
from estimators.clips import ClipReader
from estimators.intrinsics import IntrinsicsChoice
from estimators.model_bundle import BUNDLE_NAME, assemble_bundle, is_intact, load_networks
from estimators.trajectory import Trajectory
from ghtt_core.data import open_dataset
from ghtt_core.data.labels import read_clip_labels
from ghtt_core.errors import UserError
from ghtt_core.packets import Futures, HandsObservation, Prediction
from ghtt_core.recording import RecordingHeader, RecordingWriter, read_recording
from tests.ghtt_core.data_trees import (
    ASSEMBLY_VIDEO,
    H2O_SEQUENCE,
    analytic_hands,
    write_assembly101,
    write_assemblyhands,
    write_h2o,
    write_landmarks,
    write_leap,
)
from trt_engines.cache import is_intact as is_intact_entry

CORPUS = Path(__file__).parent / "corpus"
ACTIONS = ("pour", "stir")
FRAMES = 3
MOST_FRAMES = 12


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        read: Given the bytes and a folder to put them into; reads to the end what it can.
        seeds: Valid inputs.
    """

    read: Callable[[bytes, Path], object]
    seeds: Callable[[Path], Iterable[bytes]]


def check(target: Target, data: bytes, folder: Path) -> None:
    """Raise AssertionError, or whatever the parser raised, where it does not keep its promise."""
    try:
        target.read(data, folder)
    except UserError as error:
        sentence = str(error)
        assert sentence.isprintable(), "the sentence holds line ends or terminal commands"
        assert 10 < len(sentence) < 2000


def kept_inputs(name: str) -> list[Path]:
    """What earlier runs found, and what reached new code."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())


def _put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _exhaust(folder: Path, kind: str) -> None:
    dataset = open_dataset(folder, kind)
    list(dataset)


def _recording(folder: Path, *, close: bool) -> Path:
    """A recording with hands, actions and futures."""
    directory = folder / ("closed" if close else "open")
    if directory.exists():
        return directory
    camera = {"fx": 60.0, "fy": 60.0, "cx": 32.0, "cy": 24.0, "width": 64, "height": 48, "origin": "test"}
    header = RecordingHeader("clip.mp4", (64, 48), "test", camera, "small", "0" * 64, "test", ACTIONS)
    writer = RecordingWriter(directory, header)
    for index, hands in enumerate(analytic_hands(FRAMES).astype(np.float32)):
        pixels = (hands[..., :2] / hands[..., 2:] * 60 + (32, 24)).astype(np.float32)
        futures = Futures(np.stack((hands[None], hands[None])), np.array([0.1], np.float32), index, index / 30)
        probability = np.array((0.25, 0.75), np.float32)
        seen = HandsObservation(hands, pixels, np.ones(2, np.float32), index, index / 30)
        writer.append(seen, Prediction(hands, probability, index, index / 30, futures))
    if close:
        writer.close()
    else:
        writer._close_parts()
    return directory


def _replay(directory: Path) -> None:
    """Every row as the program reads it, the last one drawn."""
    recording = read_recording(directory)
    source, stages = ReplaySource(recording), ReplayStages(recording)
    result = None
    while len(recording) and (frame := source.read(0)) is not None and frame.index < MOST_FRAMES:
        seen = stages.estimate(frame)
        prediction, imagine = stages.observe(seen)
        futures = None if imagine is None else imagine()
        height, width = frame.image_bgr.shape[:2]
        result = PipelineResult(frame, seen, prediction, futures, stages.intrinsics(width, height))
    source.close()
    if result is not None:
        ViewComposer(recording.header.action_names, recording.header.source).render(result)


def _recording_file(name: str, *, close: bool = True) -> Target:
    def read(data: bytes, folder: Path) -> None:
        directory = _recording(folder, close=close)
        path = directory / name
        before = path.read_bytes() if path.exists() else None
        _put(path, data)
        try:
            _replay(directory)
        finally:
            if before is None:
                path.unlink()
            else:
                path.write_bytes(before)

    return Target(read, lambda folder: [(_recording(folder, close=close) / name).read_bytes()])


def _labels(data: bytes, folder: Path) -> None:
    _recording_file("labels.csv").read(data, folder)


def _tree_file(kind: str, relative: str, write: Callable[[Path], object]) -> Target:
    """One file of a data set whose other files are right."""

    def seeds(folder: Path) -> list[bytes]:
        write(folder)
        return [(folder / relative).read_bytes()]

    def read(data: bytes, folder: Path) -> None:
        if not (folder / relative).exists():
            write(folder)
        _put(folder / relative, data)
        _exhaust(folder, kind)

    return Target(read, seeds)


def _npz(kind: str, write: Callable[[Path], object]) -> Target:
    def seeds(folder: Path) -> list[bytes]:
        write(folder / "set.npz")
        with np.load(folder / "set.npz") as arrays:
            np.savez(folder / "stored.npz", **arrays)
        return [(folder / name).read_bytes() for name in ("set.npz", "stored.npz")]

    return Target(lambda data, folder: _exhaust(_put(folder / "set.npz", data), kind), seeds)


def _checkpoint(data: bytes, folder: Path) -> None:
    from ghtt_core.checkpoint import load_checkpoint

    load_checkpoint(_put(folder / "model.safetensors", data))


def _checkpoint_seeds(folder: Path) -> list[bytes]:
    from ghtt_core.checkpoint import save_checkpoint
    from ghtt_core.model.config import GHTTConfig
    from ghtt_core.model.ghtt import GHTT

    config = GHTTConfig("tiny", 4, 1, 2, 1, 1, future_clips=2, text_width=2)
    save_checkpoint(folder / "tiny.safetensors", GHTT(config, ("a",)))
    return [(folder / "tiny.safetensors").read_bytes()]


def _bundle(data: bytes, folder: Path) -> None:
    is_intact(data)
    load_networks(_put(folder / BUNDLE_NAME, data))


def _bundle_seeds(folder: Path) -> list[bytes]:
    networks = {"hand_detector.tflite": b"a" * 40, "hand_landmarks_detector.tflite": b"b" * 40}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in networks.items():
            archive.writestr(name, content)
    return [assemble_bundle(networks), packed.getvalue()]


def _intrinsics(data: bytes, folder: Path) -> None:
    camera = IntrinsicsChoice(_put(folder / "camera.json", data)).for_size(640, 480)
    assert np.isfinite(camera.matrix).all()
    assert np.linalg.det(camera.matrix) > 0


def _trajectory(data: bytes, folder: Path) -> None:
    pose = Trajectory.read(_put(folder / "poses.txt", data)).at(0.5)
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-6)


def _url(data: bytes, folder: Path) -> None:
    url = data.decode("utf-8", "replace")
    shown = without_secrets(url)
    assert "s3cret" not in shown or "s3cret" not in url.rpartition("@")[0]
    require_stream_url(url)


def _manifest(data: bytes, folder: Path) -> None:
    _put(folder / "observe.onnx", b"graph")
    _put(folder / "manifest.json", data)
    if is_intact_entry(folder):
        assert set(json.loads(data)) == {"observe.onnx"}


def _clip(data: bytes, folder: Path) -> None:
    with ClipReader(_put(folder / "clip.mp4", data)) as clip:
        for frame, _ in zip(clip, range(MOST_FRAMES), strict=False):
            assert frame.image_bgr.shape[:2] == (clip.height, clip.width)
        clip.seek(0)


def _clip_seeds(folder: Path) -> list[bytes]:
    with VideoWriter(folder / "clip.mp4") as writer:
        for index in range(FRAMES):
            writer.append(np.full((16, 16, 3), 60 * index, np.uint8), index / 30)
    return [(folder / "clip.mp4").read_bytes()]


def _picture_seeds(folder: Path) -> list[bytes]:
    from estimators.opencv import cv2

    return [cv2.imencode(suffix, np.full((8, 8, 3), 90, np.uint8))[1].tobytes() for suffix in (".png", ".jpg", ".bmp")]


_POSE_FILE = f"{H2O_SEQUENCE}/cam4/hand_pose/000001.txt"
_URLS = (b"rtsp://me:s3cret@cam.local:554/live?key=1#x", b"http://[::1]:80/a", b"tcp://h:1")
_HASH = "c12d1e55b3ca0ad1ac7a7ba1c7a2d0ec2b5b2a5a8f8d6f5d2c1a0d3e4f5a6b7c"

TARGETS: dict[str, Target] = {
    "checkpoint": Target(_checkpoint, _checkpoint_seeds),
    "recording_header": _recording_file("recording.json"),
    "recording_poses": _recording_file("poses.npz"),
    "recording_futures": _recording_file("futures.npz"),
    "recording_frames_part": _recording_file("parts/frames.bin", close=False),
    "recording_futures_part": _recording_file("parts/futures.bin", close=False),
    "recording_labels": Target(_labels, lambda folder: [b'start_s,end_s,action\n0.0,0.1,pour\n0.1,0.2,"stir"\n']),
    "clip_labels": Target(
        lambda data, folder: read_clip_labels(_put(folder / "labels.csv", data)),
        lambda folder: [b"clip,start,end,action,confidence\nclip-1,0,10,pour,3\nclip-1,10,20,stir,\n"],
    ),
    "assembly101": _tree_file(
        "assembly101", f"poses@60fps/{ASSEMBLY_VIDEO}.json", lambda root: write_assembly101(root, frames=2)
    ),
    "fine_labels": _tree_file(
        "assembly101", "fine-grained-annotations/train.csv", lambda root: write_assembly101(root, frames=2)
    ),
    "assemblyhands": _tree_file(
        "assemblyhands",
        "annotations/train/assemblyhands_train_joint_3d_v1-1.json",
        lambda root: write_assemblyhands(root, frames=2),
    ),
    "h2o_hands": _tree_file("h2o", _POSE_FILE, lambda root: write_h2o(root, frames=4)),
    "h2o_camera": _tree_file("h2o", _POSE_FILE.replace("hand_pose", "cam_pose"), lambda root: write_h2o(root, frames=4)),
    "h2o_labels": _tree_file("h2o", "action_labels/action_train.txt", lambda root: write_h2o(root, frames=4)),
    "leap": _npz("leap", lambda path: write_leap(path, lengths=(3, 2))),
    "landmarks": _npz("landmarks", lambda path: write_landmarks(path, sequences=2, frames=3)),
    "intrinsics": Target(
        _intrinsics, lambda folder: [b'{"fx": 500.0, "fy": 500.0, "cx": 320.0, "cy": 240.0, "width": 640, "height": 480}']
    ),
    "trajectory": Target(_trajectory, lambda folder: [b"# a remark\n0 0 0 0 0 0 0 1\n0.5 0.1 0 0 0.1 0 0 0.99499\n"]),
    "bundle": Target(_bundle, _bundle_seeds),
    "stream_url": Target(_url, lambda folder: _URLS),
    "engine_manifest": Target(_manifest, lambda folder: [json.dumps({"observe.onnx": _HASH}).encode()]),
    "clip": Target(_clip, _clip_seeds),
    "picture": Target(lambda data, folder: read_image(_put(folder / "1.png", data)), _picture_seeds),
}


def seeds_of(name: str) -> list[bytes]:
    """A target's valid inputs, and those that were kept."""
    with tempfile.TemporaryDirectory() as folder:
        return [*TARGETS[name].seeds(Path(folder)), *(path.read_bytes() for path in kept_inputs(name))]
