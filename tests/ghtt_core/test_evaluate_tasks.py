"""Each task on small motions whose answers are known, and the command line from end to end."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ghtt_core import metrics
from ghtt_core.baselines.action_trees import motion_statistics
from ghtt_core.baselines.forecasters import ConstantVelocity, TrainingWindows, ZeroVelocity
from ghtt_core.baselines.linear_predictor import LinearPredictor
from ghtt_core.baselines.smoothers import SMOOTHERS
from ghtt_core.checkpoint import save_checkpoint
from ghtt_core.evaluate import recognise
from ghtt_core.evaluate.__main__ import main
from ghtt_core.evaluate.bootstrap import Estimate
from ghtt_core.evaluate.fid_network import FidNetwork, sanity_table, train
from ghtt_core.evaluate.forecast import displacement_table, run_forecasts, shape_table
from ghtt_core.evaluate.goals import goals, goals_table
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.recordings import recording_tables
from ghtt_core.evaluate.refine import GAP_FRAMES, _gap_error, _gapped, gap_table, refinement_table, run_refinement
from ghtt_core.evaluate.tables import Column, Table, as_console, as_csv, as_json, as_markdown, with_means_over_seeds
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.packets import Futures, HandsObservation, Prediction
from ghtt_core.recording import RecordingHeader, RecordingWriter
from ghtt_core.skeleton import PALM_TEMPLATE

PROTOCOL = EvaluationProtocol(resamples=50)


def hand_shape() -> np.ndarray:
    """(2, 21, 3) flat open hands of 90 mm."""
    right = np.zeros((21, 3))
    palm = np.array(PALM_TEMPLATE) * 0.09
    right[[0, 5, 9, 13, 17]] = palm
    for finger, base in enumerate((5, 9, 13, 17)):
        direction = (palm[finger + 1] - palm[0]) / np.linalg.norm(palm[finger + 1] - palm[0])
        for joint in range(1, 4):
            right[base + joint] = right[base] + 0.03 * joint * direction
    for joint in range(1, 5):
        right[joint] = right[5] * 0.25 * joint + np.array([0.005 * joint, 0.0, 0.0])
    left = right * [-1.0, 1.0, 1.0]
    return np.stack([left, right])


def motion(frames: int, seed: int, pace: float = 0.003) -> np.ndarray:
    """(T, 2, 21, 3): rigid hands on smooth random paths."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0, pace, (frames + 20, 2, 3))
    kernel = np.ones(20) / 20.0
    smooth = np.stack([np.convolve(steps[:, hand, axis], kernel, "valid") for hand in range(2) for axis in range(3)], axis=-1)
    path = np.cumsum(smooth * 4.0, axis=0)[:frames].reshape(frames, 2, 1, 3)
    return (hand_shape() + path + [0.0, 0.0, 0.5]).astype(np.float32)


def sequences(count: int, frames: int = 90, first: int = 0) -> list[MotionSequence]:
    return [MotionSequence(motion(frames, seed), 30.0, f"s{seed}", f"r{seed % 4}") for seed in range(first, first + count)]


def noisy_pair(seed: int) -> MotionSequence:
    true = motion(120, seed)
    noise = np.random.default_rng(seed).normal(0.0, 0.004, true.shape)
    return MotionSequence((true + noise).astype(np.float32), 30.0, f"p{seed}", f"p{seed}", truth_m=true)


def test_forecast_table_holds_the_metrics_of_the_same_windows() -> None:
    test = sequences(6)
    runs = run_forecasts(test, sequences(6, first=10), [ZeroVelocity(), ConstantVelocity()], PROTOCOL, 16)
    table = displacement_table(runs, PROTOCOL, "paths")
    zero = table.value("zero velocity", "best_ade")
    by_hand = np.nanmean(metrics.mpjpe(np.repeat(runs[0].windows.observed_m[:, -1:], 16, axis=1), runs[0].windows.future_m))
    assert zero.value == pytest.approx(by_hand, rel=1e-5)
    assert table.value("zero velocity", "best_ade_ratio").value == 1.0
    faster = table.value("constant velocity", "best_ade").value
    assert table.value("constant velocity", "best_ade_ratio").value == pytest.approx(faster / zero.value)
    assert zero.low < zero.value < zero.high


def test_one_hand_table_is_of_that_hand() -> None:
    test = [
        MotionSequence(one.joints_m * np.float32([[[1.0]], [[2.0]]])[None], 30.0, one.name, one.recording)
        for one in sequences(4)
    ]
    runs = run_forecasts(test, [], [ZeroVelocity()], PROTOCOL, 16)
    left, right = (
        displacement_table(runs, PROTOCOL, "paths", hand).value("zero velocity", "best_ade").value for hand in (0, 1)
    )
    both = displacement_table(runs, PROTOCOL, "paths").value("zero velocity", "best_ade").value
    assert both == pytest.approx((left + right) / 2.0)
    assert left != pytest.approx(right)


def test_forecasters_that_learn_are_left_out_without_training_data() -> None:
    runs = run_forecasts(sequences(4), [], [ZeroVelocity(), ConstantVelocity()], PROTOCOL, 16)
    assert [run.method for run in runs] == ["zero velocity"]
    assert run_forecasts(sequences(4, frames=20), [], [ZeroVelocity()], PROTOCOL, 16) == []
    assert run_forecasts(sequences(2, frames=40), [], [ZeroVelocity()], PROTOCOL, 16) == []  # 6 windows make no table


def test_a_method_that_leaves_a_hand_out_is_refused() -> None:
    class Half(ZeroVelocity):
        def forecast(self, observed_m: np.ndarray, samples: int) -> np.ndarray:
            futures = super().forecast(observed_m, samples)
            futures[:, :, :, 0] = np.nan
            return futures

    with pytest.raises(ValueError, match="no future for a hand that counts"):
        run_forecasts(sequences(4), [], [Half()], PROTOCOL, 16)


def test_rigid_hands_are_plausible_and_stretched_ones_are_not() -> None:
    class Stretched(ZeroVelocity):
        name = "stretched"

        def forecast(self, observed_m: np.ndarray, samples: int) -> np.ndarray:
            growth = np.linspace(1.0, 1.5, self._frames, dtype=np.float32)[None, None, :, None, None, None]
            return super().forecast(observed_m, samples) * growth

    runs = run_forecasts(sequences(4), [], [ZeroVelocity(), Stretched()], PROTOCOL, 16)
    table = shape_table(runs, PROTOCOL, "paths", None)
    assert table.value("what happened", "bone") == 100.0
    assert table.value("zero velocity", "angles") == 100.0
    assert table.value("stretched", "bone") < 30.0
    assert table.value("zero velocity", "cmd") > 0.0
    # All hands have the same shape here, so every window is in every group: the mean over the groups is the mean over all.
    plain = displacement_table(runs, PROTOCOL, "").value("zero velocity", "best_ade").value
    assert table.value("zero velocity", "mmade") == pytest.approx(plain, rel=1e-4)
    final = displacement_table(runs, PROTOCOL, "").value("zero velocity", "best_fde").value
    assert table.value("zero velocity", "mmfde") == pytest.approx(final, rel=1e-4)


def test_filters_are_tuned_on_training_pairs_and_measured_on_test_pairs() -> None:
    test, training = [noisy_pair(seed) for seed in range(3)], [noisy_pair(seed) for seed in range(5, 9)]
    runs = run_refinement(test, training, [])
    assert [run.method for run in runs] == ["estimator", *(smoother.name for smoother in SMOOTHERS)]
    table = refinement_table(runs, test, PROTOCOL, "pairs", 4)
    raw = np.mean([metrics.mpjpe(one.joints_m[15:], one.truth_m[15:]) for one in test])
    assert table.value("estimator", "mpjpe").value == pytest.approx(raw, rel=1e-5)
    assert table.value("estimator", "acceleration_error_ratio").value == 1.0
    for smoother in SMOOTHERS:
        assert table.value(smoother.name, "acceleration_error_ratio").value < 0.7
    assert abs(table.value("estimator", "lag")) < 0.1


def test_lag_of_a_delayed_motion_is_told_in_frames() -> None:
    test = [noisy_pair(seed) for seed in range(3)]
    late = [
        MotionSequence(np.roll(one.joints_m, 2, axis=0), 30.0, one.name, one.recording, truth_m=one.truth_m) for one in test
    ]
    table = refinement_table(run_refinement(late, [], []), late, PROTOCOL, "late", 0)
    assert "nothing to tune" in table.notes[1]
    assert table.value("estimator", "lag") == pytest.approx(2.0, abs=0.2)


def test_linear_interpolation_bridges_straight_motion_without_error() -> None:
    steps = np.arange(64, dtype=np.float32)[:, None, None, None] * np.float32(0.002)
    straight = [MotionSequence((hand_shape() + steps).astype(np.float32), 30.0, f"s{seed}", "r") for seed in range(3)]
    table = gap_table(straight, [], PROTOCOL, "straight")
    assert table.value("linear interpolation", "gap8").value == pytest.approx(0.0, abs=1e-3)
    wandering = gap_table(sequences(4), [], PROTOCOL, "wandering")
    assert wandering.value("linear interpolation", "gap8").value > wandering.value("linear interpolation", "gap1").value > 0.0


def test_gaps_lie_inside_their_clips_and_only_they_are_measured() -> None:
    for frames in GAP_FRAMES:
        clips, truth, hidden, _ = _gapped(sequences(2), frames, PROTOCOL)
        assert (hidden.sum(axis=(1, 2)) == frames).all()
        np.testing.assert_array_equal(np.isnan(clips[..., 0, 0]), hidden)
        assert not hidden[:, :2].any()
        assert not hidden[:, -1].any()
        bridged = truth + np.where(hidden[..., None, None], 0.010, 0.0) * [1.0, 0.0, 0.0]
        np.testing.assert_allclose(_gap_error(bridged, truth, hidden), 10.0, rtol=1e-4)


def labelled(count: int, first: int = 0) -> list[MotionSequence]:
    """Slow motion is "rest", fast motion is "shake"."""
    made = []
    for seed in range(first, first + count):
        fast = seed % 2 == 1
        joints = motion(80, seed, 0.02 if fast else 0.001)
        segments = (Segment(10, 80, "shake" if fast else "rest"),)
        made.append(MotionSequence(joints, 30.0, f"l{seed}", f"r{seed}", segments=segments))
    return made


def test_recognition_windows_follow_the_clips_of_an_action() -> None:
    windows = recognise.action_windows(labelled(1), ("rest", "shake"), PROTOCOL)
    assert windows.left.tolist() == [54, 38, 22, 6, 0]
    assert windows.last.tolist() == [False] * 4 + [True]
    np.testing.assert_array_equal(windows.histories_m[0, -26:], labelled(1)[0].joints_m[:26])
    assert np.isnan(windows.histories_m[0, :-26]).all()


def test_an_action_is_not_asked_for_where_no_hand_is_seen() -> None:
    (sequence,) = labelled(1)
    joints = sequence.joints_m.copy()
    joints[42:51] = np.nan  # nine of the sixteen frames before frame 58
    joints[26:34, 0] = np.nan  # one hand is enough
    hidden = MotionSequence(joints, 30.0, sequence.name, sequence.recording, segments=sequence.segments)
    windows = recognise.action_windows([hidden], ("rest", "shake"), PROTOCOL)
    assert windows.left.tolist() == [54, 38, 6, 0]


def test_recognition_table_by_hand() -> None:
    windows = recognise.ActionWindows(
        np.zeros((4, 16, 2, 21, 3), np.float32),
        np.array([0, 0, 0, 1]),
        np.array([40, 30, 29, 0]),
        np.array([False, False, False, True]),
        np.array(list("abcd")),
    )
    said = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])  # right, right, wrong, right
    table = recognise.recognition_table([recognise.RecognitionRun("made", said)], windows, ("a", "b"), PROTOCOL, "hand")
    values = {key: value.value for key in ("early", "all", "last") if (value := table.value("made", key)) is not None}
    assert values == {"early": 100.0, "all": 75.0, "last": 100.0}
    assert table.value("made", "recall") == pytest.approx((200.0 / 3.0 + 100.0) / 2.0)
    assert table.value("made", "ece") == pytest.approx((0.1 + 0.2 + 0.7 + 0.4) / 4.0)


def test_trees_learn_what_the_majority_class_cannot() -> None:
    classes = ("rest", "shake")
    training, test = (
        recognise.action_windows(labelled(count, first), classes, PROTOCOL) for count, first in ((16, 0), (8, 50))
    )
    runs = recognise.run_recognition(test, training, classes, [], PROTOCOL)
    table = recognise.recognition_table(runs, test, classes, PROTOCOL, "paces")
    assert table.value("majority class", "all").value == pytest.approx(50.0)
    assert table.value("gradient-boosted trees", "all").value > 90.0
    assert table.value("gradient-boosted trees", "recall") > 90.0


def test_motion_statistics_do_not_depend_on_where_the_camera_is() -> None:
    joints = np.stack([motion(64, seed) for seed in range(2)])
    joints[0, :8, 0] = np.nan
    moved = joints + np.float32([0.3, -0.1, 0.2])
    np.testing.assert_allclose(motion_statistics(joints, 16), motion_statistics(moved, 16), atol=1e-3)


def test_fid_grows_with_noise() -> None:
    torch.set_num_threads(1)
    network = train(labelled(12), labelled(4, first=40), steps=15, seed=0)
    table = sanity_table(network, labelled(8, first=60), 48, 0, "paces")
    values = [table.value(name, "fid") for name in ("itself", "1 mm of noise", "3 mm of noise", "10 mm of noise")]
    assert values == sorted(values)
    assert values[0] == pytest.approx(0.0, abs=1e-3)
    assert network.card["classes"] == ["rest", "shake"]
    assert "It grows with each step of noise." in table.notes
    assert sanity_table(network, labelled(1)[:0], 48, 0, "nothing").rows == []


def test_fid_network_comes_back_from_its_file(tmp_path: Path) -> None:
    network = train(labelled(4), [], steps=3, seed=0)
    network.save(tmp_path / "fid.safetensors")
    again = FidNetwork.load(tmp_path / "fid.safetensors")
    joints = np.stack([motion(48, 3)])
    np.testing.assert_array_equal(network.features(joints), again.features(joints))


def test_tables_come_out_in_every_form() -> None:
    table = Table(
        "key", "Title", [Column("a", "A", 2), Column("b", "B", 0)], [("row", {"a": 1.234, "b": float("nan")})], ["Note."]
    )
    assert as_console(table).splitlines()[3].split() == ["row", "1.23"]
    assert "| row | 1.23 |  |" in as_markdown(table)
    folded = Table(
        "key", "Title", [Column("a", "A", 2), Column("c", "C", deep=True)], [("row", {"a": 1.0, "c": 2.0})], deep=True
    )
    assert "| row | 1.00 |\n" in as_markdown(folded)
    assert as_markdown(folded).startswith("<details><summary>Title</summary>")
    assert as_console(folded).splitlines()[3].split() == ["row", "1.00", "2.0"]
    assert list(csv.reader(as_csv([table]).splitlines()))[1] == ["key", "row", "a", "1.234", "", ""]
    assert as_json(table)["rows"] == [{"name": "row", "a": 1.234, "b": None}]


def test_the_mean_over_seeds_stands_after_them() -> None:
    rows = [("a, seed 0", {"x": Estimate(1.0, 0.0, 2.0), "y": 4.0}), ("b", {"x": 9.0}), ("a, seed 7", {"x": 2.0, "y": None})]
    table = with_means_over_seeds(Table("key", "", [], rows))
    assert [name for name, _ in table.rows] == ["a, seed 0", "b", "a, seed 7", "a, mean of 2 seeds"]
    assert table.rows[-1][1] == {"x": Estimate(1.5, 1.0, 2.0), "y": None}


GOAL_CASES = [
    ("forecast-32-both", {"best_ade_ratio": 0.6}, {}, {"best_ade_ratio": 0.601}),
    ("forecast-64-both", {"best_fde_ratio": 0.5}, {}, {"best_fde_ratio": 0.501}),
    ("forecast-64-both", {"first_ade_ratio": 0.9}, {}, {"first_ade_ratio": 0.901}),
    *(
        ("forecast-32-both", {"best_ade": 9.9}, {other: {"best_ade": 10.0}}, {"best_ade": 10.0})
        for other in ("constant velocity", "damped velocity", "nearest neighbours", "G-HTT, P alone")
    ),
    ("shape-64", {"bone": 99.0}, {}, {"bone": 98.9}),
    ("shape-64", {"angles": 99.0}, {}, {"angles": 98.9}),
    ("refinement", {"acceleration_error_ratio": 0.2}, {}, {"acceleration_error_ratio": 0.21}),
    ("refinement", {"mpjpe_ra_ratio": 0.85}, {}, {"mpjpe_ra_ratio": 0.86}),
    ("refinement", {"acceleration_error": 1.0}, {"One-Euro": {"acceleration_error": 1.1}}, {"acceleration_error": 1.1}),
    ("refinement", {"mpjpe_ra": 1.0}, {"One-Euro": {"mpjpe_ra": 1.1}}, {"mpjpe_ra": 1.1}),
    ("refinement", {"lag": 0.35}, {"estimator": {"lag": 0.1}}, {"lag": 0.36}),
    *(("gaps", {f"ratio{frames}": 0.99}, {}, {f"ratio{frames}": 1.0}) for frames in (1, 2, 4, 8)),
    ("recognition", {"all": 45.0}, {"majority class": {"all": 25.0}}, {"all": 44.9}),
    ("recognition", {"all": 45.0}, {"gradient-boosted trees": {"all": 44.9}}, {"all": 44.9}),
]


@pytest.mark.parametrize(("key", "reached", "others", "missed"), GOAL_CASES)
def test_goals_lie_where_the_project_put_them(key: str, reached: dict, others: dict, missed: dict) -> None:
    for values, met in ((reached, True), (missed, False)):
        table = Table(key, "", [], [("G-HTT", values), *others.items()])
        assert [goal.met for goal in goals([table], "G-HTT")] == [met]
        assert goals([table], "another model") == []


def test_goals_stand_in_one_table_with_a_column_for_each_data_set() -> None:
    near = Table("forecast-32-both", "", [], [("G-HTT", {"best_ade_ratio": 0.55, "best_fde_ratio": 0.61})])
    far = Table("forecast-32-both", "", [], [("G-HTT", {"best_ade_ratio": 0.65})])
    found = [("near", goals([near], "G-HTT")), ("far", goals([far], "G-HTT"))]
    table = goals_table(found)
    assert [column.title for column in table.columns] == ["near", "far"]
    assert [values for _, values in table.rows] == [{"near": "0.550 yes", "far": "0.650 **no**"}, {"near": "0.610 **no**"}]


def test_a_head_for_the_actions_of_this_data_is_held_against_the_goals() -> None:
    table = Table("recognition", "", [], [("majority class", {"all": 5.0}), ("G-HTT signs", {"all": 60.0})])
    assert [goal.met for goal in goals([table], "G-HTT")] == [True]


def record(folder: Path, lost: int | None = None) -> Path:
    """60 frames in which both hands go straight; futures of 16 frames at three of them: 10 mm off, and exact.

    The camera moves and turns: what is exported is in its frame, what is compared stands still. Frame `lost` has no hand.
    """
    writer = RecordingWriter(folder, RecordingHeader("test", (640, 480), "none", action_names=("rest",)))
    velocity = np.array([0.003, 0.0, 0.0])
    pose = hand_shape() + np.array([0.0, 0.0, 0.5])
    for frame in range(60):
        world_from_cam = np.eye(4)
        world_from_cam[:3, :3] = Rotation.from_euler("y", 0.4 * frame, degrees=True).as_matrix()
        world_from_cam[:3, 3] = [0.0, 0.001 * frame, 0.0]

        def seen_from_camera(joints: np.ndarray, pose: np.ndarray = world_from_cam) -> np.ndarray:
            return ((joints - pose[:3, 3]) @ pose[:3, :3]).astype(np.float32)

        joints = pose + frame * velocity
        in_camera = seen_from_camera(joints if frame != lost else np.full_like(joints, np.nan))
        confidence, px = np.ones(2, np.float32), np.zeros((2, 21, 2), np.float32)
        observation = HandsObservation(in_camera, px, confidence, frame, frame / 30.0, world_from_cam)
        futures = None
        if frame in (20, 40, 50):  # the last reaches beyond the end
            ahead = joints + np.arange(1, 17)[:, None, None, None] * velocity
            drawn = seen_from_camera(np.stack([ahead + np.array([0.0, 0.010, 0.0]), ahead]))
            futures = Futures(drawn, np.arange(1, 17, dtype=np.float32) / np.float32(30.0), frame, frame / 30.0)
        writer.append(observation, Prediction(in_camera, np.ones(1, np.float32), frame, frame / 30.0, futures))
    writer.close()
    return folder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return record(tmp_path / "straight")


def test_a_hand_has_to_be_seen_at_the_end_of_a_recorded_future(tmp_path: Path) -> None:
    for lost, counted in ((55, "2 futures"), (56, "1 futures"), (20, "1 futures")):
        table, _ = recording_tables([record(tmp_path / str(lost), lost)], EvaluationProtocol(horizons=(16,)))
        assert table.notes[0].startswith(counted), lost


def test_recorded_futures_are_held_against_what_then_happened(recording: Path) -> None:
    table, motion_table = recording_tables([recording], EvaluationProtocol(horizons=(16,)))
    assert table.value("recorded futures", "best_ade").value == pytest.approx(0.0, abs=0.01)
    assert table.value("recorded futures", "first_ade").value == pytest.approx(10.0, abs=0.01)
    assert table.value("zero velocity", "best_ade").value == pytest.approx(3.0 * 8.5, rel=1e-3)
    assert table.value("zero velocity", "best_fde").value == pytest.approx(48.0, rel=1e-3)
    assert motion_table.value("observed", "acceleration").value == pytest.approx(0.0, abs=1e-3)
    assert motion_table.value("refined", "left").value == 100.0
    assert motion_table.value("refined", "moved").value == pytest.approx(0.0, abs=1e-3)
    assert "2 futures of 1 recording;" in table.notes[0]


def leap_file(path: Path) -> Path:
    """A data set in the layout of the Leap Motion signs: 14 sequences, two classes, blocks 0 and 6."""
    motions = [motion(60, seed, 0.002 + 0.004 * (seed % 2)) for seed in range(14)]
    np.savez(
        path,
        joints_mm=np.concatenate(motions) * np.float32(1000.0),
        offsets=np.arange(15) * 60,
        label=np.arange(14) % 2,
        class_names=np.array(["calm", "lively"]),
        recording_block=np.array([0] * 8 + [6] * 6),
        take=np.arange(14),
        setting=np.array(["record"] * 14),
        fps=np.float64(30.0),
    )
    return path


def test_the_command_line_measures_a_checkpoint_and_writes_every_file(
    tmp_path: Path, recording: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LinearPredictor.__init__, "__defaults__", (5, 1, 16, 0))
    torch.manual_seed(0)
    network = GHTT(
        GHTTConfig("tiny", width=16, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1), ("calm", "lively")
    )
    network.action.class_text.normal_()
    torch.nn.init.xavier_uniform_(network.pose.head[-1].weight)  # zero before training
    save_checkpoint(tmp_path / "tiny.safetensors", network)
    data = leap_file(tmp_path / "signs.npz")
    outputs = {kind: tmp_path / f"out.{kind}" for kind in ("markdown", "csv", "json")}
    arguments = ["all", "--checkpoint", str(tmp_path / "tiny.safetensors"), "--data", str(data), "--recording", str(recording)]
    arguments += ["--horizons", "16", "--windows", "24", "--plots", str(tmp_path / "plots")]
    arguments += [part for kind, path in outputs.items() for part in (f"--{kind}", str(path))]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    for text in ("zero velocity", "nearest neighbours", "G-HTT, P alone", "gradient-boosted trees", "recorded futures"):
        assert text in said
    markdown = outputs["markdown"].read_text("utf-8")
    assert "## How it is measured" in markdown
    assert "](plots/signs-films.png)" in markdown
    keys = {table["key"] for report in json.loads(outputs["json"].read_text("utf-8"))["reports"] for table in report["tables"]}
    assert {"forecast-16-both", "shape-16", "gaps", "recognition", "recorded-16", "recorded-motion"} <= keys
    rows = list(csv.DictReader(outputs["csv"].read_text("utf-8").splitlines()))
    ratio = next(row for row in rows if row["row"] == "zero velocity" and row["measure"] == "best_ade_ratio")
    assert float(ratio["value"]) == 1.0
    for name in ("horizon", "films", "reliability", "confusion"):
        assert (tmp_path / "plots" / f"signs-{name}.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to evaluate"),
        (["--data", "/nowhere/at/all"], "no data set at /nowhere/at/all"),
        (["--recording", "/nowhere/at/all"], "no recording folder"),
        (["--data", "x", "--windows", "1"], "1 windows are too few"),
        (["--data", "x", "--checkpoint", "/nowhere.safetensors"], "no checkpoint at /nowhere.safetensors"),
        (["--data", "x", "--also", "/nowhere.safetensors"], "no checkpoint at /nowhere.safetensors"),
        (["--data", "x", "--also", __file__], "is not a safetensors checkpoint"),
    ],
)
def test_errors_of_the_user_are_one_sentence(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_training_windows_keep_their_sequences() -> None:
    windows = TrainingWindows(np.zeros((1, 16, 2, 21, 3)), np.zeros((1, 8, 2, 21, 3)), np.zeros(1, dtype=np.intp))
    still = ZeroVelocity()
    still.fit(windows)
    assert still.forecast(windows.observed_m, 3).shape == (1, 1, 8, 2, 21, 3)
