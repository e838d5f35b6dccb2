from pathlib import Path

import numpy as np
import pytest
from data_trees import analytic_hands, from_world, moving_camera, write_recording

from ghtt_core.data import open_dataset
from ghtt_core.errors import UserError
from ghtt_core.motion import Segment

_EVEN_S = np.arange(60) / 30


def _in_first_camera(joints_m: np.ndarray) -> np.ndarray:
    return from_world(np.tile(moving_camera(1), (len(joints_m), 1, 1)), joints_m)


def test_a_recording_is_brought_into_its_first_camera(tmp_path: Path) -> None:
    joints_m = analytic_hands(60)
    joints_m[10:15, 0] = np.nan
    write_recording(tmp_path / "walk", _EVEN_S, joints_m)
    (sequence,) = open_dataset(tmp_path / "walk")
    np.testing.assert_allclose(sequence.joints_m, _in_first_camera(joints_m), atol=1e-5)
    assert sequence.fps == pytest.approx(30)
    assert (sequence.name, sequence.recording) == ("walk", "walk")


def test_its_own_labels_become_frames(tmp_path: Path) -> None:
    write_recording(tmp_path / "walk", _EVEN_S + 5, analytic_hands(60))
    (tmp_path / "walk" / "labels.csv").write_text("start_s,end_s,action\n5.0,5.5,pour\n6.0,99,stir\n")
    (sequence,) = open_dataset(tmp_path / "walk")
    assert sequence.segments == (Segment(0, 15, "pour"), Segment(30, 60, "stir"))


def test_uneven_times_are_resampled_without_bridging_long_gaps(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times_s = np.sort(np.concatenate((np.arange(0, 2, 0.04), np.arange(2.5, 4, 0.04)))) + rng.uniform(-0.008, 0.008, 88)
    joints_m = np.stack([np.full((2, 21, 3), 0.0) for _ in times_s])
    joints_m += analytic_hands(1)
    joints_m[..., 0] += 0.1 * times_s[:, None, None]  # 10 cm a second to the right
    write_recording(tmp_path / "walk", times_s, joints_m)
    (sequence,) = open_dataset(tmp_path / "walk")
    assert sequence.fps == 30
    grid_s = times_s[0] + np.arange(len(sequence.joints_m)) / 30
    moved = sequence.joints_m[:, 1, 0, 0] - sequence.joints_m[0, 1, 0, 0]
    seen = np.isfinite(moved)
    np.testing.assert_allclose(moved[seen], 0.1 * (grid_s - times_s[0])[seen], atol=1e-4)
    assert not seen[(grid_s > 2.05) & (grid_s < 2.45)].any()
    assert seen[(grid_s < 1.95) | (grid_s > 2.52)].all()


def test_a_jump_in_time_makes_two_sequences_of_one_recording(tmp_path: Path) -> None:
    times_s = np.concatenate((np.arange(40) / 30, np.arange(20) / 30))
    write_recording(tmp_path / "loop", times_s, analytic_hands(60))
    first, second = open_dataset(tmp_path / "loop")
    assert (len(first.joints_m), len(second.joints_m)) == (40, 20)
    assert first.name != second.name
    assert first.recording == second.recording == "loop"


def _write_clips(root: Path, numbers: tuple[int, ...]) -> None:
    for number in numbers:
        write_recording(root / f"clip-{number:06d}", _EVEN_S, analytic_hands(60, seed=number))


def test_clips_get_their_labels_with_rare_ones_merged(tmp_path: Path) -> None:
    _write_clips(tmp_path, (7,))
    (tmp_path / "labels.csv").write_text(
        "clip,start,end,action,left_object,right_object,confidence,note\n"
        "clip-000007,0,20,scoop,,spoon,2,\nclip-000007,20,40,stir,,spoon,3,\nclip-000007,40,60,other,,,1,\n"
    )
    (sequence,) = open_dataset(tmp_path)
    assert sequence.segments == (Segment(0, 40, "stir"),)


def test_clips_split_by_validation_txt_in_blocks_of_neighbours(tmp_path: Path) -> None:
    _write_clips(tmp_path, (1, 3, 4, 6, 40, 41))
    (tmp_path / "validation.txt").write_text("clip-000004\nclip-000006\n")
    dataset = open_dataset(tmp_path)
    recordings = {sequence.name: sequence.recording for sequence in dataset}
    assert recordings["clip-000001"] == recordings["clip-000003"] == "clips-000001-000003"
    assert recordings["clip-000004"] == recordings["clip-000006"]
    assert recordings["clip-000040"] == recordings["clip-000041"] != recordings["clip-000001"]
    assert sorted(sequence.name for sequence in dataset.part("validation")) == ["clip-000004", "clip-000006"]
    assert len(list(dataset.part("train"))) == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("clip-000007,0,x,stir", "line 3: start, end and confidence must be whole numbers"),
        ("clip-000007,30,20,stir", "line 3: frames 30 to 20"),
        ("clip-000007,10,20,stir", "line 3: the segment starts at 10, before"),
        ("clip-000007,20", "line 3: 4 fields"),
    ],
)
def test_label_faults_name_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    _write_clips(tmp_path, (7,))
    (tmp_path / "labels.csv").write_text(f"clip,start,end,action\nclip-000007,0,20,stir\n{line}\n")
    with pytest.raises(UserError, match=message) as raised:
        list(open_dataset(tmp_path))
    assert "labels.csv" in str(raised.value)


def test_labels_and_split_are_found_beside_the_clips(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "labels.csv").write_text("clip,start,end,action\nclip-000007,0,60,stir\n")
    (clips / "validation.txt").write_text("clip-000007\n")
    recordings = tmp_path / "recordings"
    source = str(clips / "clip-000007.mp4")
    write_recording(recordings / "clip-000007", _EVEN_S, analytic_hands(60), source=source)
    (sequence,) = open_dataset(recordings).part("validation")
    assert sequence.segments == (Segment(0, 60, "stir"),)


def test_truth_is_aligned_by_frame_and_camera(tmp_path: Path) -> None:
    truth_m = analytic_hands(60)
    estimate_m = truth_m + np.random.default_rng(0).normal(0, 0.005, truth_m.shape)
    write_recording(tmp_path / "render", _EVEN_S, estimate_m)
    # The renderer's world is another one than the estimator's: turned by a quarter and moved.
    elsewhere = np.array(((0.0, -1, 0, 3), (1, 0, 0, -2), (0, 0, 1, 1), (0, 0, 0, 1)))
    cameras = moving_camera(60)
    np.savez(
        tmp_path / "render_truth.npz",
        joints_cam_m=from_world(cameras, truth_m).astype(np.float32),
        world_from_cam=elsewhere @ cameras,
        segment_frames=np.array(((0, 20), (30, 60))),
        segment_actions=np.array(("pour", "twist")),
        fps=np.array(30.0),
    )
    (sequence,) = open_dataset(tmp_path / "render")
    assert sequence.truth_m is not None
    np.testing.assert_allclose(sequence.truth_m, _in_first_camera(truth_m), atol=1e-5)
    np.testing.assert_allclose(sequence.joints_m, _in_first_camera(estimate_m), atol=1e-5)
    np.testing.assert_allclose(sequence.as_seen(sequence.joints_m, 40)[40], from_world(cameras, estimate_m)[40], atol=1e-5)
    assert sequence.segments == (Segment(0, 20, "pour"),)


def test_a_truth_that_is_too_short_is_refused(tmp_path: Path) -> None:
    write_recording(tmp_path / "render", _EVEN_S, analytic_hands(60))
    np.savez(tmp_path / "render_truth.npz", joints_cam_m=np.zeros((50, 2, 21, 3)), world_from_cam=moving_camera(50))
    with pytest.raises(UserError, match=r"render_truth\.npz: 50 poses"):
        list(open_dataset(tmp_path / "render"))


def test_a_truth_with_cameras_that_are_none_is_refused(tmp_path: Path) -> None:
    write_recording(tmp_path / "render", _EVEN_S, analytic_hands(60))
    np.savez(tmp_path / "render_truth.npz", joints_cam_m=analytic_hands(60), world_from_cam=np.zeros((60, 4, 4)))
    with pytest.raises(UserError, match=r"render_truth\.npz: a matrix is no camera pose"):
        list(open_dataset(tmp_path / "render"))


def test_hands_of_the_wrong_size_name_the_unit(tmp_path: Path) -> None:
    write_recording(tmp_path / "walk", _EVEN_S, analytic_hands(60) * 1000)
    with pytest.raises(UserError, match=r"walk: the median left hand .* millimetres where metres"):
        list(open_dataset(tmp_path / "walk"))
