"""The command line becomes options that make sense, or one sentence."""

import dataclasses
from pathlib import Path

import pytest

from app.options import DEMO_INTRINSICS, AppOptions, as_document, parse_options
from app.sources import SourceRequest
from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.streaming import PredictorOptions


def test_without_arguments_the_demo_runs() -> None:
    options = parse_options([])
    assert options == AppOptions()
    assert options.source == SourceRequest("demo")


def test_everything_arrives(tmp_path: Path) -> None:
    words = (
        f"--video {tmp_path / 'c.mp4'} --headless --export {tmp_path / 'e'} --record {tmp_path / 'r.mp4'} "
        "--estimator mediapipe --backend onnxruntime --checkpoint m.safetensors --samples 7 --horizon 1.5 --temperature 2 "
        "--condition pour --seed 5 --fov 80 --mirror --max-frames 9 --futures-every 2 --hand-model h.task"
    )
    options = parse_options(words.split())
    assert options == AppOptions(
        source=SourceRequest("clip", str(tmp_path / "c.mp4")),
        headless=True,
        export=tmp_path / "e",
        record=tmp_path / "r.mp4",
        estimator="mediapipe",
        hand_model=Path("h.task"),
        backend="onnxruntime",
        checkpoint=Path("m.safetensors"),
        prediction=PredictorOptions(7, 1.5, 2.0, "pour", 5),
        intrinsics=IntrinsicsChoice(None, 80.0),
        mirror=True,
        max_frames=9,
        futures_every=2,
    )


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        ("--camera 0", SourceRequest("camera", "0")),
        ("--camera rtsp://h/x", SourceRequest("stream", "rtsp://h/x")),
        ("--replay some/dir", SourceRequest("recording", str(Path("some/dir")))),
        ("--no-mirror", SourceRequest("demo")),
    ],
)
def test_sources(words: str, request_: SourceRequest) -> None:
    assert parse_options(words.split()).source == request_


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--samples 0", "--samples 0 must be from 1 to 1000"),
        ("--samples x", "invalid int value: 'x'"),
        ("--horizon 0", "--horizon 0 must be above 0"),
        ("--horizon nan", "--horizon nan is not a number"),
        ("--horizon inf", "--horizon inf is not a number"),
        ("--temperature -1", "--temperature -1.0 must be from 0"),
        ("--seed -3", "--seed -3 must be 0 or more"),
        ("--fov 200", "--fov 200.0 must be from 10"),
        ("--fov nan", "--fov nan is not a number"),
        ("--max-frames 0", "--max-frames 0 must be at least 1"),
        ("--futures-every 0", "--futures-every 0 must be at least 1"),
        ("--estimator magic", "--estimator 'magic' is not known; choose one of: .*mediapipe"),
        ("--backend magic", "--backend 'magic' is not known; choose one of: auto"),
        ("--record out.avi", "name a file that ends in .mp4"),
        ("--camera 0 --video x.mp4", "not allowed with argument"),
        ("--nonsense", "Unrecognized arguments: --nonsense"),
        ("--video c.mp4 --record c.mp4", "would overwrite its own source"),
        ("--replay here --export here", "would overwrite its own source"),
        ("--loop --headless", "--loop is for the window"),
    ],
)
def test_nonsense_is_one_sentence(words: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        parse_options(words.split())
    assert "\n" not in str(caught.value)


def test_the_demo_brings_its_own_camera_unless_another_is_chosen() -> None:
    assert parse_options([]).camera == IntrinsicsChoice(DEMO_INTRINSICS)
    assert DEMO_INTRINSICS.exists()
    assert parse_options(["--fov", "80"]).camera == IntrinsicsChoice(None, 80.0)
    assert parse_options(["--camera", "0"]).camera == IntrinsicsChoice()


def test_what_is_saved_names_no_folders() -> None:
    options = AppOptions(
        checkpoint=Path("/home/someone/m.safetensors"),
        hand_model=Path("/home/someone/h.task"),
        intrinsics=IntrinsicsChoice(Path("/home/someone/cam.json")),
    )
    document = as_document(options)
    assert "someone" not in str(document)
    assert document["checkpoint"] == "m.safetensors"
    assert {field.name for field in dataclasses.fields(PredictorOptions)} <= set(document)


def test_the_camera_can_be_taken_for_still():
    assert parse_options([]).for_estimator.camera_motion
    assert not parse_options(["--no-camera-motion"]).for_estimator.camera_motion
