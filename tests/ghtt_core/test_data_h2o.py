import re
from pathlib import Path

import numpy as np
import pytest
from data_trees import H2O_SEQUENCE, from_world, moving_camera, write_h2o

from ghtt_core.data import open_dataset
from ghtt_core.data.h2o import ACTIONS
from ghtt_core.errors import UserError
from ghtt_core.motion import Segment


def _hands(root: Path, frame: int) -> Path:
    return root / H2O_SEQUENCE / "cam4" / "hand_pose" / f"{frame:06d}.txt"


def test_head_motion_is_taken_out_and_flags_are_used(tmp_path: Path) -> None:
    world_m = write_h2o(tmp_path)
    dataset = open_dataset(tmp_path)
    (sequence,) = dataset
    assert dataset.kind == "h2o"
    np.testing.assert_allclose(sequence.joints_m, world_m, atol=1e-6)
    seen_m = from_world(moving_camera(40), world_m)[20]
    np.testing.assert_allclose(sequence.as_seen(sequence.joints_m, 20)[20], seen_m, atol=1e-5)
    assert (sequence.fps, sequence.subject, sequence.recording) == (30.0, "subject1", H2O_SEQUENCE)
    assert sequence.segments == (Segment(2, 21, "pour milk"), Segment(21, 40, "grab milk"))


def test_there_are_36_actions() -> None:
    assert len(set(ACTIONS)) == 36


def test_the_official_split_and_the_columns_of_test_labels(tmp_path: Path) -> None:
    write_h2o(tmp_path)
    write_h2o(tmp_path, sequence="subject3/k2/1")
    write_h2o(tmp_path, sequence="subject4/h1/0")
    dataset = open_dataset(tmp_path)
    assert [sequence.name for sequence in dataset.part("train")] == [H2O_SEQUENCE]
    assert [sequence.name for sequence in dataset.part("validation")] == ["subject3/k2/1"]
    (test,) = dataset.part("test")
    assert test.segments == (Segment(2, 21, "squeeze lotion"),)


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    write_h2o(tmp_path)
    _hands(tmp_path, 17).unlink()
    with pytest.raises(UserError, match=r"frame 000017\.txt is missing"):
        list(open_dataset(tmp_path))


def test_a_missing_camera_pose_is_named(tmp_path: Path) -> None:
    write_h2o(tmp_path)
    (tmp_path / H2O_SEQUENCE / "cam4" / "cam_pose" / "000005.txt").unlink()
    with pytest.raises(UserError, match=r"cam_pose.000005\.txt is missing"):
        list(open_dataset(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 2 3", "holds 3 numbers, expected 128"),
        ("1 " * 127 + "left", "not a number"),
        ("1 " * 127 + "nan", "not finite"),
        ("2 " + "1 " * 127, "the left hand's flag is 2"),
        ("", "holds 0 numbers"),
    ],
)
def test_bad_frames_are_named(tmp_path: Path, content: str, message: str) -> None:
    write_h2o(tmp_path)
    _hands(tmp_path, 9).write_text(content)
    with pytest.raises(UserError, match=message) as raised:
        list(open_dataset(tmp_path))
    assert re.search(r"hand_pose.000009\.txt", str(raised.value))


def test_a_camera_pose_that_is_not_rigid_is_named(tmp_path: Path) -> None:
    write_h2o(tmp_path)
    (tmp_path / H2O_SEQUENCE / "cam4" / "cam_pose" / "000005.txt").write_text(" ".join(["2"] * 16))
    with pytest.raises(UserError, match=r"000005\.txt: a matrix is no camera pose"):
        list(open_dataset(tmp_path))


def test_millimetres_are_named(tmp_path: Path) -> None:
    write_h2o(tmp_path)
    for file in (tmp_path / H2O_SEQUENCE / "cam4" / "hand_pose").iterdir():
        numbers = [float(word) for word in file.read_text().split()]
        file.write_text(" ".join(str(n if i % 64 == 0 else n * 1000) for i, n in enumerate(numbers)))
    with pytest.raises(UserError, match="millimetres where metres are expected"):
        list(open_dataset(tmp_path))


@pytest.mark.parametrize(
    ("line", "message"),
    [("3 subject1/h1/0 99 0 5", "action 99"), ("3 subject1/h1/0 5 9 5", "frames 9 to 5"), ("3 subject1", "expected id, path")],
)
def test_label_lines_are_checked(tmp_path: Path, line: str, message: str) -> None:
    write_h2o(tmp_path)
    labels = tmp_path / "action_labels" / "action_train.txt"
    labels.write_text(labels.read_text() + line + "\n")
    with pytest.raises(UserError, match=rf"action_train\.txt, line 4: {message}"):
        list(open_dataset(tmp_path))
