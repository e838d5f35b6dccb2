import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_trees import ASSEMBLY_VIDEO, write_assembly101, write_assemblyhands, write_fine_labels

from ghtt_core.data import open_dataset
from ghtt_core.errors import UserError
from ghtt_core.motion import Segment

_POSES = Path("poses@60fps", f"{ASSEMBLY_VIDEO}.json")
_JOINTS = Path("annotations", "train", "assemblyhands_train_joint_3d_v1-1.json")


def _edit(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_assembly101_joints_are_reordered_and_every_second_frame_taken(tmp_path: Path) -> None:
    joints_m = write_assembly101(tmp_path)
    dataset = open_dataset(tmp_path)
    (sequence,) = dataset
    assert dataset.kind == "assembly101"
    joints_m[:, :, 1] = np.nan
    np.testing.assert_allclose(sequence.joints_m, joints_m, atol=1e-6)
    assert (sequence.fps, sequence.subject, sequence.recording) == (30.0, "9033", ASSEMBLY_VIDEO)


def test_assembly101_labels_are_taken_once_and_cut_to_the_video(tmp_path: Path) -> None:
    write_assembly101(tmp_path, frames=30)
    (sequence,) = open_dataset(tmp_path)
    assert sequence.segments == (Segment(8, 13, "screw wheel"), Segment(13, 30, "clap hand"))


def test_assembly101_frame_numbers_place_the_records(tmp_path: Path) -> None:
    joints_m = write_assembly101(tmp_path, frames=30)
    _edit(tmp_path / _POSES, lambda records: records.__delitem__(slice(0, 10)))
    _edit(tmp_path / _POSES, lambda records: records.__delitem__(slice(10, 20)))
    (sequence,) = open_dataset(tmp_path)
    assert len(sequence.joints_m) == 25
    assert np.isnan(sequence.joints_m[5:10]).all()
    np.testing.assert_allclose(sequence.joints_m[10:, :, 2:], joints_m[15:, :, 2:], atol=1e-6)
    assert sequence.segments[0] == Segment(3, 8, "screw wheel")


def test_assembly101_split_follows_the_label_files(tmp_path: Path) -> None:
    other = ASSEMBLY_VIDEO.replace("9033", "9050")
    write_assembly101(tmp_path)
    write_assembly101(tmp_path, video=other)
    (tmp_path / "fine-grained-annotations" / "train.csv").unlink()
    write_fine_labels(tmp_path)
    write_fine_labels(tmp_path, other, "validation")
    dataset = open_dataset(tmp_path)
    assert [sequence.subject for sequence in dataset.part("train")] == ["9033"]
    assert [sequence.subject for sequence in dataset.part("validation")] == ["9050"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda records: records[7]["landmarks"]["0"].pop(), r"record 7, left hand: the joints have the shape \(20, 3\)"),
        (lambda records: records[7]["landmarks"]["1"].__setitem__(3, [1, 2]), "record 7, right hand: .* not 21 x 3 numbers"),
        (lambda records: records[7]["landmarks"]["1"].__setitem__(3, [1, 2, float("nan")]), "record 7, .*not a number"),
        (lambda records: records[7].pop("landmarks"), "record 7 has no landmarks"),
        (lambda records: records[7].update(frame_index=2), "record 7: the frame number 2 does not go on"),
        (lambda records: records[-1].update(frame_index=10**9), "do not go with 60 records"),
        (lambda records: records.clear(), "not a list of frames"),
    ],
)
def test_assembly101_faults_name_file_and_record(tmp_path: Path, change: Callable[[Any], object], message: str) -> None:
    write_assembly101(tmp_path)
    _edit(tmp_path / _POSES, change)
    with pytest.raises(UserError, match=message) as raised:
        list(open_dataset(tmp_path))
    assert f"{ASSEMBLY_VIDEO}.json" in str(raised.value)


def test_assembly101_in_metres_is_named(tmp_path: Path) -> None:
    write_assembly101(tmp_path)

    def to_metres(records: list[Any]) -> None:
        for record in records:
            record["landmarks"] = {hand: (np.array(points) / 1000).tolist() for hand, points in record["landmarks"].items()}

    _edit(tmp_path / _POSES, to_metres)
    with pytest.raises(UserError, match="metres where millimetres are expected"):
        list(open_dataset(tmp_path))


@pytest.mark.parametrize("writer", [write_assembly101, write_assemblyhands])
def test_json_cut_off_is_named_with_its_line(tmp_path: Path, writer: Callable[[Path], object]) -> None:
    writer(tmp_path)
    file = tmp_path / (_POSES if writer is write_assembly101 else _JOINTS)
    file.write_text(file.read_text()[:-40])
    with pytest.raises(UserError, match=r"\.json, line 1, column \d+: not valid JSON"):
        list(open_dataset(tmp_path))


def test_label_lines_are_checked(tmp_path: Path) -> None:
    write_assembly101(tmp_path)
    labels = tmp_path / "fine-grained-annotations" / "train.csv"
    labels.write_text(labels.read_text().replace(",13,90,", ",13,ninety,"))
    with pytest.raises(UserError, match=r"train\.csv, line 3: start_frame and end_frame"):
        list(open_dataset(tmp_path))


def test_assemblyhands_has_the_right_hand_first_and_steps_of_two(tmp_path: Path) -> None:
    joints_m = write_assemblyhands(tmp_path)
    dataset = open_dataset(tmp_path)
    (sequence,) = dataset
    assert dataset.kind == "assemblyhands"
    np.testing.assert_allclose(sequence.joints_m, joints_m, atol=1e-6)
    assert (sequence.fps, sequence.subject) == (30.0, "9033")
    # It begins at frame 10 of the 30 fps video that the actions count in.
    assert sequence.segments == (Segment(0, 3, "screw wheel"), Segment(3, 30, "clap hand"))


def test_assemblyhands_split_follows_its_folders(tmp_path: Path) -> None:
    other = ASSEMBLY_VIDEO.replace("9033", "9050")
    write_assemblyhands(tmp_path)
    write_assemblyhands(tmp_path, split="val", video=other)
    (tmp_path / "fine-grained-annotations" / "train.csv").unlink()
    dataset = open_dataset(tmp_path)
    assert [sequence.recording for sequence in dataset.part("train")] == [ASSEMBLY_VIDEO]
    assert [sequence.recording for sequence in dataset.part("validation")] == [other]


def test_assemblyhands_leaves_gaps_where_frames_are_missing(tmp_path: Path) -> None:
    joints_m = write_assemblyhands(tmp_path)
    _edit(tmp_path / _JOINTS, lambda content: content["annotations"][ASSEMBLY_VIDEO].pop("000030"))
    (sequence,) = open_dataset(tmp_path)
    joints_m[5] = np.nan
    np.testing.assert_allclose(sequence.joints_m, joints_m, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frames: frames["000024"]["world_coord"].pop(), r"frame 000024: the joints have the shape \(41, 3\)"),
        (lambda frames: frames["000024"]["world_coord"].__setitem__(3, [None, 0, 0]), "frame 000024: a joint is not a number"),
        (lambda frames: frames["000024"].update(joint_valid=[1] * 21), "frame 000024: joint_valid must be 42 times"),
        (lambda frames: frames["000024"].pop("world_coord"), "frame 000024 has no world_coord"),
        (lambda frames: frames.update({"000025": frames["000024"]}), "frame 25 does not lie in steps of 2"),
        (lambda frames: frames.update({"first": frames["000024"]}), "'first' is not a frame number"),
        (lambda frames: frames.update({"90000000": frames["000024"]}), "are no video"),
    ],
)
def test_assemblyhands_faults_name_file_and_frame(tmp_path: Path, change: Callable[[Any], object], message: str) -> None:
    write_assemblyhands(tmp_path)
    _edit(tmp_path / _JOINTS, lambda content: change(content["annotations"][ASSEMBLY_VIDEO]))
    with pytest.raises(UserError, match=message) as raised:
        list(open_dataset(tmp_path))
    assert "joint_3d_v1-1.json" in str(raised.value)
