"""A recording gives back what was put in, also after a crash; damage gives a sentence."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ghtt_core.errors import UserError
from ghtt_core.packets import Futures, HandsObservation, Prediction
from ghtt_core.recording import Label, RecordingHeader, RecordingWriter, read_recording
from ghtt_core.recording.hands_csv import JOINT_OF_LANDMARK, columns
from ghtt_core.recording.npz import read_npz

ACTIONS = ("pour", "stir")
HEADER = RecordingHeader(source="clip.mp4", frame_size_px=(64, 48), estimator="fake", action_names=ACTIONS)


def observation(index: int, *, hands: tuple[bool, bool] = (True, True)) -> HandsObservation:
    rng = np.random.default_rng(index)
    joints_m = rng.normal(size=(2, 21, 3)).astype(np.float32)
    joints_px = rng.normal(size=(2, 21, 2)).astype(np.float32)
    confidence = rng.random(2).astype(np.float32)
    for hand, seen in enumerate(hands):
        if not seen:
            joints_m[hand], joints_px[hand], confidence[hand] = np.nan, np.nan, 0
    world_from_cam = np.eye(4)
    world_from_cam[0, 3] = index
    return HandsObservation(joints_m, joints_px, confidence, index, index / 30, world_from_cam)


def prediction(index: int, *, samples: int = 3, steps: int = 4, futures: bool = True) -> Prediction:
    rng = np.random.default_rng(1000 + index)
    refined = rng.normal(size=(2, 21, 3)).astype(np.float32)
    drawn = None
    if futures:
        joints_m = rng.normal(size=(samples, steps, 2, 21, 3)).astype(np.float32)
        drawn = Futures(joints_m, (np.arange(1, steps + 1) / 30).astype(np.float32), index, index / 30)
    return Prediction(refined, np.array([0.25, 0.75], np.float32), index, index / 30, drawn)


def write(directory: Path, frames: int = 10) -> None:
    with RecordingWriter(directory, HEADER) as writer:
        for index in range(frames):
            writer.append(observation(index), prediction(index, futures=index % 4 == 0))


def test_round_trip(tmp_path: Path) -> None:
    write(tmp_path / "rec")
    recording = read_recording(tmp_path / "rec")
    assert len(recording) == 10
    assert recording.complete
    assert recording.header == HEADER
    for index in range(10):
        seen, made = recording.observation(index), recording.prediction(index)
        np.testing.assert_array_equal(seen.joints_cam_m, observation(index).joints_cam_m)
        np.testing.assert_array_equal(seen.joints_px, observation(index).joints_px)
        np.testing.assert_array_equal(seen.confidence, observation(index).confidence)
        np.testing.assert_array_equal(seen.world_from_cam, observation(index).world_from_cam)
        assert (seen.frame_index, seen.time_s) == (index, index / 30)
        np.testing.assert_array_equal(made.refined_cam_m, prediction(index).refined_cam_m)
        np.testing.assert_array_equal(made.action_prob, prediction(index).action_prob)
        if index % 4 == 0:
            assert made.futures is not None
            wanted = prediction(index).futures
            assert wanted is not None
            np.testing.assert_array_equal(made.futures.joints_cam_m, wanted.joints_cam_m)
            np.testing.assert_array_equal(made.futures.offset_s, wanted.offset_s)
        else:
            assert made.futures is None


def test_numpy_reads_the_files_without_this_program(tmp_path: Path) -> None:
    write(tmp_path)
    with np.load(tmp_path / "poses.npz", allow_pickle=False) as poses, np.load(tmp_path / "futures.npz") as futures:
        assert poses["observed_cam_m"].shape == poses["refined_cam_m"].shape == (10, 2, 21, 3)
        assert poses["time_s"].dtype == np.float64
        assert tuple(poses["action_names"]) == ACTIONS
        assert poses["action_prob"].shape == (10, 2)
        assert futures["futures_cam_m"].shape == (3, 3, 4, 2, 21, 3)
        assert futures["frame_index"].tolist() == [0, 4, 8]
    assert not (tmp_path / "parts").exists()


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    for name in ("poses.npz", "futures.npz", "hands.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_missing_hands_stay_missing(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, HEADER) as writer:
        writer.append(observation(0, hands=(False, True)), None)
    recording = read_recording(tmp_path)
    assert recording.observation(0).visible.tolist() == [False, True]
    assert np.isnan(recording.refined_cam_m).all()
    assert np.isnan(recording.action_prob).all()
    assert recording.futures_cam_m.shape[0] == 0


def test_empty_recording(tmp_path: Path) -> None:
    RecordingWriter(tmp_path, HEADER).close()
    assert len(read_recording(tmp_path)) == 0


def test_aria_columns(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, HEADER) as writer:
        writer.append(observation(3, hands=(True, False)), None)
    head, line = (row.split(",") for row in (tmp_path / "hands.csv").read_text().splitlines())
    values = dict(zip(head, map(float, line), strict=True))
    assert len(columns()) == 1 + 2 * (1 + 63)
    assert values["tracking_timestamp_us"] == 100_000
    assert values["right_tracking_confidence"] == -1
    assert values["tx_right_landmark_20_device"] == 0
    joints_m = observation(3).joints_cam_m[0]
    assert values["tx_left_landmark_5_device"] == pytest.approx(joints_m[0, 0], rel=1e-5)  # Wrist.
    assert values["ty_left_landmark_4_device"] == pytest.approx(joints_m[20, 1], rel=1e-5)  # Tip of the little finger.
    assert values["tz_left_landmark_20_device"] == pytest.approx((joints_m[0, 2] + joints_m[9, 2]) / 2, rel=1e-4)
    assert sorted(JOINT_OF_LANDMARK) == [joint for joint in range(21) if joint != 1]


def test_late_futures_find_their_frame_and_a_new_shape_is_fitted(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, HEADER) as writer:
        for index in (10, 12, 15):
            writer.append(observation(index), prediction(index, futures=False))
        for index, samples, steps in ((12, 3, 4), (15, 2, 6), (11, 3, 4)):
            futures = prediction(index, samples=samples, steps=steps).futures
            assert futures is not None
            writer.append_futures(futures)
    recording = read_recording(tmp_path)
    assert recording.future_frame.tolist() == [1, 2]
    fitted = recording.futures_cam_m[1]
    wanted = prediction(15, samples=2, steps=6).futures
    assert wanted is not None
    np.testing.assert_array_equal(fitted[:2], wanted.joints_cam_m[:, :4])
    assert np.isnan(fitted[2]).all()


def test_a_prediction_for_another_frame_is_refused(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path, HEADER) as writer, pytest.raises(ValueError, match="prediction for frame 4"):
        writer.append(observation(3), prediction(4))


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_recording import HEADER, RecordingWriter, observation, prediction
writer = RecordingWriter(Path(sys.argv[1]), HEADER)
for index in range(7):
    writer.append(observation(index), prediction(index))
print("written", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_nothing_is_lost_when_the_program_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "rec"), str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"written"
        process.kill()
    recording = read_recording(tmp_path / "rec")
    assert not recording.complete
    assert len(recording) == 7
    made = recording.prediction(6)
    assert made.futures is not None
    np.testing.assert_array_equal(made.refined_cam_m, prediction(6).refined_cam_m)


def test_a_half_written_frame_is_left_out(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path, HEADER)
    for index in range(3):
        writer.append(observation(index), prediction(index))
    for part in ("frames.bin", "futures.bin"):
        path = tmp_path / "parts" / part
        os.truncate(path, path.stat().st_size - 5)
    recording = read_recording(tmp_path)
    assert len(recording) == 2
    assert recording.prediction(1).futures is not None
    writer.close()


def test_an_interruption_between_writing_and_counting_loses_no_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: HandsObservation) -> str:
        raise KeyboardInterrupt

    writer = RecordingWriter(tmp_path, HEADER)
    writer.append(observation(0), prediction(0))
    monkeypatch.setattr("ghtt_core.recording.writer.hands_csv.row", interrupt)
    with pytest.raises(KeyboardInterrupt):
        writer.append(observation(1), prediction(1))
    writer.close()
    recording = read_recording(tmp_path)
    assert recording.complete
    assert recording.source_frame.tolist() == [0, 1]


def test_a_full_disk_is_one_sentence_and_keeps_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def record() -> None:
        with RecordingWriter(tmp_path, HEADER) as writer:
            writer.append(observation(0), prediction(0))
            monkeypatch.setattr("ghtt_core.recording.writer._write_all", full)
            monkeypatch.setattr("ghtt_core.recording.writer.write_npz", full)
            writer.append(observation(1), prediction(1))

    with pytest.raises(UserError, match="No space left on device; free the disk"):
        record()
    assert len(read_recording(tmp_path)) == 1


def test_a_second_recording_replaces_the_first_and_keeps_labels(tmp_path: Path) -> None:
    write(tmp_path, 10)
    (tmp_path / "labels.csv").write_text("start_s,end_s,action\n0.2,0.3,stir\n0.0,0.2,pour\n")
    write(tmp_path, 4)
    recording = read_recording(tmp_path)
    assert len(recording) == 4
    assert recording.labels == (Label(0.0, 0.2, "pour"), Label(0.2, 0.3, "stir"))


def test_an_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write the recording"):
        RecordingWriter(tmp_path / "file" / "rec", HEADER)


def edit_header(directory: Path, **changes: object) -> None:
    path = directory / "recording.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "other"}, "does not describe a recording"),
        ({"format_version": 99}, "format version 99"),
        ({"frames": 9}, "expected f8"),
        ({"action_names": [1, 2]}, "not a list of names"),
        ({"action_names": ["stir", "pour"]}, "different actions"),
        ({"frame_size_px": "large"}, "is damaged"),
        ({"futures": {"samples": 10**9, "offset_s": [0.1]}}, "futures of 1000000000"),
        ({"intrinsics": {"fx": 1}}, "is damaged"),
    ],
)
def test_a_strange_header_is_one_sentence(tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    write(tmp_path)
    edit_header(tmp_path, **changes)
    with pytest.raises(UserError, match=sentence) as caught:
        read_recording(tmp_path)
    assert "\n" not in str(caught.value)


def test_damaged_arrays_are_one_sentence(tmp_path: Path) -> None:
    write(tmp_path)
    poses = tmp_path / "poses.npz"
    whole = poses.read_bytes()
    for damaged in (b"", b"not a zip", whole[: len(whole) // 2]):
        poses.write_bytes(damaged)
        with pytest.raises(UserError, match="is damaged"):
            read_recording(tmp_path)
    poses.unlink()
    with pytest.raises(UserError, match="is missing"):
        read_recording(tmp_path)


def test_a_claimed_size_is_checked_before_memory_is_taken(tmp_path: Path) -> None:
    write(tmp_path)
    with zipfile.ZipFile(tmp_path / "poses.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    huge = members["time_s.npy"].replace(b"(10,)", b"(10_000_000_000,)".replace(b"_", b""))
    with zipfile.ZipFile(tmp_path / "poses.npz", "w") as archive:
        for name, data in (members | {"time_s.npy": huge}).items():
            archive.writestr(name, data)
    edit_header(tmp_path, frames=10_000_000_000)
    with pytest.raises(UserError, match="is damaged"):
        read_recording(tmp_path)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    arrays = dict(np.load(tmp_path / "poses.npz"))
    np.savez(tmp_path / "poses.npz", **(arrays | {"time_s": np.array([object()] * 10)}))
    with pytest.raises(UserError, match="is damaged"):
        read_recording(tmp_path)


def test_compressed_arrays_are_read_too(tmp_path: Path) -> None:
    write(tmp_path)
    np.savez_compressed(tmp_path / "poses.npz", **dict(np.load(tmp_path / "poses.npz")))
    np.testing.assert_array_equal(read_recording(tmp_path).observation(4).joints_cam_m, observation(4).joints_cam_m)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "start_s,end_s,action\nx,1,pour\n", "start_s,end_s,action\n2,1,pour\n"])
def test_bad_labels_are_one_sentence(tmp_path: Path, text: str) -> None:
    write(tmp_path)
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UserError, match=r"labels\.csv"):
        read_recording(tmp_path)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no recording folder"):
        read_recording(tmp_path / "none")
    with pytest.raises(UserError, match="is not a recording"):
        read_recording(tmp_path)


def test_spoilt_compressed_arrays_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(1000.0))
    content = bytearray(path.read_bytes())
    content[60:160] = b"\xff" * 100
    path.write_bytes(content)
    with pytest.raises(UserError, match="is damaged"):
        read_npz(path, {"a": ("f", (None,))})
