"""A recording comes back with the pictures of its clip, where they can be found, and with its own camera."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from fake_model import FakeRuntime
from fake_parts import picture, write_clip
from motion_fixture import SIZE_PX, futures_at, hands_at, observation_at, prediction_at

from app.sources import ReplaySource
from app.sources.replay import ReplayStages
from estimators.intrinsics import Intrinsics
from ghtt_core.errors import UserError
from ghtt_core.recording import RecordingHeader, RecordingWriter, read_recording
from ghtt_core.streaming import Predictor, PredictorOptions

CAMERA = Intrinsics(460.0, 450.0, 320.0, 240.0, *SIZE_PX, "file cam.json")
FRAMES = (0, 1, 2, 5, 30, 31, 4)
"""A live run lost frames 3 and 4 and more, and was sought back at its end."""


def record(folder: Path, *, clip: str = "", source: str = "cup.mp4", unclosed_copy: Path | None = None) -> Path:
    header = RecordingHeader(
        source,
        SIZE_PX,
        "fake",
        asdict(CAMERA),
        checkpoint="fake",
        backend="a backend",
        action_names=tuple("abcdefgh"),
        clip=clip,
    )
    writer = RecordingWriter(folder, header)
    for frame in FRAMES:
        prediction = prediction_at(frame / 30)
        writer.append(observation_at(frame / 30), prediction if frame % 2 else replace(prediction, futures=None))
    if unclosed_copy is not None:
        shutil.copytree(folder, unclosed_copy)
    writer.close()
    return folder


def test_a_recording_of_the_demo_finds_the_bundled_clip(tmp_path: Path) -> None:
    with ReplaySource.open(str(record(tmp_path / "rec", source="demo"))) as source:
        assert "not there" not in source.info.note
        frame = source.read(0)
        assert frame is not None
        assert frame.image_bgr.std() > 20


def test_frames_come_with_their_own_pictures(tmp_path: Path) -> None:
    write_clip(tmp_path / "cup.mp4", 40)
    with ReplaySource.open(str(record(tmp_path / "rec", clip="../cup.mp4"))) as source:
        assert source.info.length == len(FRAMES)
        for row, number in enumerate(FRAMES):
            frame = source.read(0)
            assert frame is not None
            assert frame.index == row
            assert frame.source_time_s == pytest.approx(number / 30)
            assert frame.image_bgr.mean() == pytest.approx(picture(number).mean(), abs=4)
        assert source.ended
        source.seek(1)
        frame = source.read(0)
        assert frame is not None
        assert frame.image_bgr.mean() == pytest.approx(picture(1).mean(), abs=4)
        with pytest.raises(UserError, match="there is no frame 7"):
            source.seek(7)


def test_without_the_clip_the_picture_is_empty_and_as_large(tmp_path: Path) -> None:
    with ReplaySource.open(str(record(tmp_path / "rec"))) as source:
        assert "is not there" in source.info.note
        frame = source.read(0)
        assert frame is not None
        assert frame.image_bgr.shape == (SIZE_PX[1], SIZE_PX[0], 3)
        assert frame.image_bgr.std() < 10


def test_what_a_crash_left_is_said(tmp_path: Path) -> None:
    record(tmp_path / "rec", unclosed_copy=tmp_path / "crashed")
    with ReplaySource.open(str(tmp_path / "crashed")) as source:
        assert f"{len(FRAMES)} frames were recovered" in source.info.note


def test_the_stages_give_what_was_recorded(tmp_path: Path) -> None:
    source = ReplaySource.open(str(record(tmp_path / "rec")))
    stages = ReplayStages(source.recording)
    assert stages.description == "as recorded (a backend)"
    row = FRAMES.index(5)
    source.seek(row)
    frame = source.read(0)
    assert frame is not None
    observation = stages.estimate(frame)
    prediction, imagine = stages.observe(observation)
    assert observation.frame_index == prediction.frame_index == row
    np.testing.assert_array_equal(prediction.refined_cam_m, hands_at(5 / 30))
    assert imagine is not None
    futures = imagine()
    assert futures.frame_index == row
    np.testing.assert_array_equal(futures.joints_cam_m, futures_at(5 / 30).joints_cam_m)
    assert stages.observe(replace(observation, frame_index=0))[1] is None
    with pytest.raises(UserError, match="give --checkpoint"):
        stages.configure(PredictorOptions())


def test_the_recorded_camera_is_used(tmp_path: Path) -> None:
    stages = ReplayStages(read_recording(record(tmp_path / "rec")))
    assert stages.intrinsics(*SIZE_PX) == CAMERA
    half = stages.intrinsics(SIZE_PX[0] // 2, SIZE_PX[1] // 2)
    assert (half.fx, half.fy, half.cx) == (230, 225, 160)


def test_a_model_may_run_again(tmp_path: Path) -> None:
    source = ReplaySource.open(str(record(tmp_path / "rec")))
    stages = ReplayStages(source.recording, Predictor(FakeRuntime()), "fake runtime")
    assert stages.action_names == FakeRuntime().spec.action_names
    frame = source.read(0)
    assert frame is not None
    prediction, _ = stages.observe(stages.estimate(frame))
    assert prediction.action_prob.size == len(stages.action_names)
    stages.configure(PredictorOptions(samples=2))
