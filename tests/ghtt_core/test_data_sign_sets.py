from pathlib import Path

import numpy as np
import pytest
from data_trees import write_landmarks, write_leap

from ghtt_core.data import open_dataset
from ghtt_core.errors import UserError
from ghtt_core.features import hand_size
from ghtt_core.motion import Segment


def test_leap_becomes_metres_in_the_camera_convention(tmp_path: Path) -> None:
    joints_m = write_leap(tmp_path / "leap.npz")
    dataset = open_dataset(tmp_path / "leap.npz")
    sequences = list(dataset)
    assert dataset.kind == "leap"
    assert [len(sequence.joints_m) for sequence in sequences] == [40, 35, 50, 20]
    np.testing.assert_allclose(np.concatenate([sequence.joints_m for sequence in sequences]), joints_m, atol=1e-6)
    assert np.isnan(sequences[0].joints_m[:, 0]).all()
    assert [sequence.recording for sequence in sequences] == ["block-0", "block-3", "block-6", "record_ondesk"]
    assert sequences[1].segments == (Segment(0, 35, "two"),)
    assert len({sequence.name for sequence in sequences}) == 4
    assert all(sequence.metric and sequence.fps == 30 for sequence in sequences)


def test_leap_validates_on_block_6(tmp_path: Path) -> None:
    write_leap(tmp_path / "leap.npz")
    dataset = open_dataset(tmp_path / "leap.npz")
    assert [sequence.recording for sequence in dataset.part("validation")] == ["block-6"]
    assert {sequence.recording for sequence in dataset.part("train")} == {"block-0", "block-3", "record_ondesk"}


@pytest.mark.parametrize(
    ("replace", "message"),
    [
        ({"joints_mm": np.zeros((145, 2, 20, 3), np.float32)}, "joints_mm"),
        ({"offsets": np.array([0, 40, 30, 125, 145])}, "does not cut"),
        ({"offsets": np.array([0, 40, 75, 125, 900])}, "does not cut"),
        ({"label": np.array([0, 1, 7, 0], np.int16)}, "sequence 2: label 7"),
        ({"take": np.array([0, 1], np.int16)}, "'take' has 2 entries"),
        ({"fps": np.array(0.0)}, "frame rate"),
    ],
)
def test_leap_faults_are_one_sentence_with_the_file(tmp_path: Path, replace: dict[str, np.ndarray], message: str) -> None:
    write_leap(tmp_path / "leap.npz", **replace)
    with pytest.raises(UserError, match=message) as raised:
        list(open_dataset(tmp_path / "leap.npz", "leap"))
    assert "leap.npz" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("factor", "unit"), [(0.001, "metres where millimetres"), (0.1, "centimetres where millimetres")])
def test_leap_in_another_unit_is_named(tmp_path: Path, factor: float, unit: str) -> None:
    joints_m = write_leap(tmp_path / "leap.npz")
    write_leap(tmp_path / "leap.npz", joints_mm=(joints_m * 1000 * factor).astype(np.float32))
    with pytest.raises(UserError, match=unit):
        list(open_dataset(tmp_path / "leap.npz"))


def test_a_half_missing_hand_is_named_by_sequence_and_frame(tmp_path: Path) -> None:
    joints_m = write_leap(tmp_path / "leap.npz")
    joints_m[43, 1, 8] = np.nan
    write_leap(tmp_path / "leap.npz", joints_mm=(joints_m * (1000, -1000, -1000)).astype(np.float32))
    with pytest.raises(UserError, match="sequence 1, frame 3: the right hand"):
        list(open_dataset(tmp_path / "leap.npz"))


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_file_cut_off_is_called_damaged(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "leap.npz"
    write_leap(path)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(UserError, match=r"leap\.npz is damaged"):
        list(open_dataset(path, "leap"))


def test_flipped_bytes_are_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "leap.npz"
    write_leap(path)
    content = bytearray(path.read_bytes())
    content[2000:2040] = b"\xff" * 40
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"leap\.npz is damaged"):
        list(open_dataset(path, "leap"))


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    write_leap(tmp_path / "leap.npz", class_names=np.array(["hello", {"two": 2}], dtype=object))
    with pytest.raises(UserError, match=r"class_names|plain"):
        list(open_dataset(tmp_path / "leap.npz", "leap"))


def test_landmarks_are_scaled_to_a_hand_and_keep_their_shape(tmp_path: Path) -> None:
    write_landmarks(tmp_path / "asl.npz")
    dataset = open_dataset(tmp_path / "asl.npz")
    sequences = list(dataset)
    assert dataset.kind == "landmarks"
    assert len(sequences) == 6
    assert not any(sequence.metric for sequence in sequences)
    for sequence in sequences:
        assert len(sequence.joints_m) == 11, "the stale first frame is dropped"
        size = hand_size(sequence.joints_m.astype(np.float64))
        assert np.nanmedian(size) == pytest.approx(0.09, abs=0.01)
        # Under the right aspect ratio the palm is rigid: its proportions do not change as the hand turns.
        breadth = np.linalg.norm(sequence.joints_m[:, :, 5] - sequence.joints_m[:, :, 17], axis=-1) / size
        assert np.nanstd(breadth) < 0.02
    assert np.isnan(sequences[0].joints_m[:, 0]).all()
    assert {sequence.recording for sequence in sequences} == {"takes-000", "takes-015", "takes-030", "takes-045"}


def test_repeated_frames_and_sequences_are_dropped(tmp_path: Path) -> None:
    write_landmarks(tmp_path / "asl.npz", sequences=3)
    with np.load(tmp_path / "asl.npz") as archive:
        hands = archive["hands"].copy()
    hands[1, 5] = hands[1, 4]
    hands[2] = hands[0]
    write_landmarks(tmp_path / "asl.npz", sequences=3, hands=hands)
    assert [len(sequence.joints_m) for sequence in open_dataset(tmp_path / "asl.npz")] == [11, 10]


def test_landmarks_in_pixels_are_refused(tmp_path: Path) -> None:
    write_landmarks(tmp_path / "asl.npz")
    with np.load(tmp_path / "asl.npz") as archive:
        hands = archive["hands"] * np.float32(640)
    write_landmarks(tmp_path / "asl.npz", hands=hands)
    with pytest.raises(UserError, match="not normalised to the picture"):
        list(open_dataset(tmp_path / "asl.npz"))
