"""Sources that break: a stream that is cut, a camera that is unplugged, a clip that ends in the middle of a frame."""

import re
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fake_model import FakeRuntime
from fake_parts import KnowingEstimator, picture
from mjpeg_server import MjpegServer, pictures
from numpy.typing import NDArray
from programs import WAIT_S, video_times_s

from app import cli
from app.sources import SourceRequest, SourceState, open_source
from estimators.base import EstimatorOptions, create_estimator, register_estimator
from estimators.intrinsics import IntrinsicsChoice
from estimators.opencv import cv2
from ghtt_core.packets import Frame
from ghtt_core.recording import Recording, read_recording

DEMO = Path(__file__).parents[2] / "assets" / "demo.mp4"


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    register_estimator("knowing", KnowingEstimator)
    monkeypatch.setattr("app.headless.load_model", lambda options, progress: FakeRuntime())
    monkeypatch.setattr("app.logs.log_file", lambda: tmp_path / "log" / "ghtt.log")


def recorded(tmp_path: Path, *words: str | Path, frames: int) -> Recording:
    """Run the command line on it, and read back what it wrote: so many frames, in the video too."""
    outputs = ["--export", str(tmp_path / "rec"), "--record", str(tmp_path / "view.mp4")]
    assert cli.main(["--headless", "--estimator", "knowing", *map(str, words), *outputs]) == 0
    recording = read_recording(tmp_path / "rec")
    assert recording.complete
    assert len(recording) == len(video_times_s(tmp_path / "view.mp4")) == frames
    return recording


def test_a_stream_that_is_cut_and_comes_back_is_recorded_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with MjpegServer([pictures(30), [], pictures(30), pictures(50_000)], pause_s=0.005) as server:
        recording = recorded(tmp_path, "--camera", server.url, "--max-frames", "120", frames=120)
    assert (np.diff(recording.time_s) > 0).all()
    assert np.isfinite(recording.observed_cam_m).all()
    told = capsys.readouterr().err
    assert re.search(r"is lost \(.+\); connecting again, attempt \d", told)
    assert "is back." in told


def test_a_stream_whose_pictures_change_their_size(tmp_path: Path) -> None:
    sizes = ((64, 48), (320, 240), (31, 77), (200, 100))
    seen: set[tuple[int, ...]] = set()
    register_estimator(
        "knowing", lambda options: KnowingEstimator(options, lambda frame: seen.add(frame.image_bgr.shape[1::-1]))
    )
    images = [image for size in sizes for image in pictures(20, size)]
    with MjpegServer([images * 500], pause_s=0.005) as server:
        recording = recorded(tmp_path, "--camera", server.url, "--max-frames", "100", frames=100)
    assert np.isfinite(recording.observed_cam_m).all()
    assert seen == set(sizes)


class Camera:
    """Stands in for `cv2.VideoCapture`: three pictures, unplugged, not there for two attempts, plugged in again."""

    def __init__(self, script: list[int]) -> None:
        self._left = script.pop(0)

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return self._left > 0

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        self._left -= 1
        return (True, picture(self._left)) if self._left >= 0 else (False, None)

    def set(self, key: int, value: float) -> bool:
        return False

    def get(self, key: int) -> float:
        return {cv2.CAP_PROP_FRAME_WIDTH: 64.0, cv2.CAP_PROP_FRAME_HEIGHT: 48.0}.get(key, 30.0)

    def release(self) -> None:
        pass


def test_a_camera_that_is_unplugged_and_plugged_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [3, 0, 0, 3, 1000]
    monkeypatch.setattr("app.sources.live._RETRY_S", (0.01,))
    monkeypatch.setattr("app.sources.camera.cv2.VideoCapture", lambda device, backend: Camera(script))
    states: set[SourceState] = set()
    with open_source(SourceRequest.for_camera("0")) as source:
        assert source.info.note == "camera 0 was asked for 640x480 at 30 frames/s and gives 64x48 at 30 frames/s"
        indices = []
        while len(indices) < 3 or script:
            frame = source.read(1.0)
            states.add(source.state)
            if frame is not None:
                indices.append(frame.index)
        assert indices == sorted(set(indices))
        deadline = time.monotonic() + WAIT_S
        while SourceState.RUNNING not in states:  # How soon after its first picture it says that it is back is its own affair.
            assert time.monotonic() < deadline
            source.read(1.0)
            states.add(source.state)


def write_noise(path: Path, movflags: str) -> bytes:
    """Ninety frames of noise, so that nearly all of the file is pictures."""
    rng = np.random.default_rng(0)
    options = {"movflags": movflags, "frag_duration": "250000"} if movflags else {}
    with av.open(str(path), "w", options=options) as out:
        stream: Any = out.add_stream("libx264", rate=30, options={"tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(90):
            image = rng.integers(0, 255, (48, 64, 3), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(stream.encode(None))
    return path.read_bytes()


@pytest.mark.parametrize(
    ("suffix", "movflags"),
    [(".mp4", "empty_moov+default_base_moof"), (".mp4", "faststart"), (".mkv", "")],
    ids=["fragmented", "index in front", "matroska"],
)
def test_a_clip_that_ends_in_the_middle_of_a_frame(suffix: str, movflags: str, tmp_path: Path) -> None:
    content = write_noise(tmp_path / f"whole{suffix}", movflags)
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(content[: int(len(content) * 0.7)])
    with open_source(SourceRequest.for_path(cut)) as source:
        frames = 0
        while source.read(1.0) is not None:
            frames += 1
    assert 45 < frames < 75
    recording = recorded(tmp_path, "--video", cut, frames=frames)
    np.testing.assert_allclose(recording.time_s, np.arange(frames) / 30, atol=1e-3)


def test_black_frames_and_changing_sizes_do_not_upset_the_estimator() -> None:
    """Half of the frames black, later the sizes changing: hands are found again in the pictures between."""
    estimator = create_estimator("tracker", EstimatorOptions(IntrinsicsChoice(fov_deg=72)))
    found: dict[str, list[bool]] = {"black": [], "seen": [], "other size": []}
    with open_source(SourceRequest("clip", str(DEMO))) as source:
        for _ in range(48):
            frame = source.read(1.0)
            assert frame is not None
            image, kind = frame.image_bgr, "seen"
            if frame.index < 24 and frame.index % 2:
                image, kind = np.zeros_like(image), "black"
            elif frame.index >= 24 and frame.index % 8 < 4:
                image, kind = np.asarray(cv2.resize(image, (320, 320)), np.uint8), "other size"
            seen = estimator.estimate(Frame(image, frame.index, 0.0, frame.source_time_s))
            assert np.isfinite(seen.world_from_cam).all()
            found[kind].append(bool(seen.visible.any()))
    estimator.close()
    assert not any(found["black"])
    assert np.mean(found["seen"]) > 0.6
    assert np.mean(found["other size"]) > 0.6
