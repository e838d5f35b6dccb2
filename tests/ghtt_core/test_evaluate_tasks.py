"""Each task on small motions whose answers are known, and the command line from end to end."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from small_motions import hand_shape, motion, noisy_pair, sequences

from ghtt_core import metrics
from ghtt_core.baselines.forecasters import ConstantVelocity, TrainingWindows, ZeroVelocity
from ghtt_core.baselines.linear_predictor import LinearPredictor
from ghtt_core.baselines.smoothers import SMOOTHERS
from ghtt_core.checkpoint import save_checkpoint
from ghtt_core.evaluate.__main__ import main
from ghtt_core.evaluate.bootstrap import Estimate
from ghtt_core.evaluate.forecast import displacement_table, ratios_to_zero, run_forecasts, shape_table
from ghtt_core.evaluate.goals import goals, goals_table
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.recordings import recording_tables
from ghtt_core.evaluate.refine import GAP_FRAMES, _gap_error, _gapped, gap_table, refinement_table, run_refinement
from ghtt_core.evaluate.tables import Column, Table, as_console, as_csv, as_json, as_markdown, with_means_over_seeds
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.motion import MotionSequence
from ghtt_core.packets import Futures, HandsObservation, Prediction
from ghtt_core.recording import RecordingHeader, RecordingWriter, read_recording

PROTOCOL = EvaluationProtocol(resamples=50)


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
    assert table.value("zero velocity", "acceleration") == 0.0
    truth = runs[0].windows.future_m.astype(np.float64)
    assert table.value("what happened", "acceleration") == pytest.approx(
        1000.0 * np.linalg.norm(truth[:, 2:] - 2.0 * truth[:, 1:-1] + truth[:, :-2], axis=-1).mean(), rel=1e-5
    )
    assert table.value("zero velocity", "cmd") > 0.0
    # All hands have the same shape here, so every window is in every group: the mean over the groups is the mean over all.
    plain = displacement_table(runs, PROTOCOL, "").value("zero velocity", "best_ade").value
    assert table.value("zero velocity", "mmade") == pytest.approx(plain, rel=1e-4)
    final = displacement_table(runs, PROTOCOL, "").value("zero velocity", "best_fde").value
    assert table.value("zero velocity", "mmfde") == pytest.approx(final, rel=1e-4)


@pytest.mark.parametrize(("stretch", "share"), [(0.018, 100.0), (0.022, 0.0)])
def test_bones_are_steady_within_two_percent_of_their_mean(stretch: float, share: float) -> None:
    class Breathing(ZeroVelocity):
        """Hands that are larger and smaller than their mean by turns."""

        name = "breathing"

        def forecast(self, observed_m: np.ndarray, samples: int) -> np.ndarray:
            sizes = 1.0 + stretch * np.where(np.arange(self._frames) % 2 == 0, 1.0, -1.0)
            return super().forecast(observed_m, samples) * sizes[None, None, :, None, None, None]

    runs = run_forecasts(sequences(4), [], [ZeroVelocity(), Breathing()], PROTOCOL, 16)
    assert shape_table(runs, PROTOCOL, "paths", None).value("breathing", "bone") == share


class TwoSided(ZeroVelocity):
    """The last pose, 30 mm to one side and 10 mm to the other."""

    name = "two-sided"

    def forecast(self, observed_m: np.ndarray, samples: int) -> np.ndarray:
        still = super().forecast(observed_m, samples)
        return np.concatenate([still + np.float32([0.0, 0.030, 0.0]), still - np.float32([0.0, 0.010, 0.0])], axis=1)


def resting(count: int) -> list[MotionSequence]:
    """Hands that move by 20 mm at the first frame of every forecast of 48 frames, and rest."""
    joints = np.repeat(hand_shape()[None], 112, axis=0).astype(np.float32)
    joints[16:, ..., 0] += 0.020
    joints[64:, ..., 0] += 0.020
    return [MotionSequence(joints, 30.0, f"s{seed}", f"r{seed}") for seed in range(count)]


def test_first_best_and_spread_of_several_futures_are_told_apart() -> None:
    runs = run_forecasts(resting(12), [], [ZeroVelocity(), TwoSided()], replace(PROTOCOL, stride=48), 48)
    table = displacement_table(runs, PROTOCOL, "rest")
    values = {column.key: table.value("two-sided", column.key).value for column in table.columns}
    best, first = np.hypot(20.0, 10.0), np.hypot(20.0, 30.0)
    assert values["best_ade"] == values["best_fde"] == pytest.approx(best)
    assert values["first_ade"] == values["first_fde"] == pytest.approx(first)
    assert values["mean_ade"] == pytest.approx((best + first) / 2.0)
    assert values["apd"] == pytest.approx(40.0)
    assert values["best_ade_ratio"] == pytest.approx(best / 20.0)
    assert values["first_ade_ratio"] == pytest.approx(first / 20.0)
    ratios = {"ade_ratio": first / 20.0, "best_ade_ratio": best / 20.0, "best_fde_ratio": best / 20.0}
    assert ratios_to_zero(*runs) == pytest.approx(ratios)


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


def test_lag_is_told_between_frames() -> None:
    between = [
        MotionSequence(
            (one.truth_m + np.roll(one.truth_m, 1, axis=0)) / 2.0, 30.0, one.name, one.recording, truth_m=one.truth_m
        )
        for one in (noisy_pair(seed) for seed in range(6))
    ]
    table = refinement_table(run_refinement(between, [], []), between, PROTOCOL, "between", 0)
    assert table.value("estimator", "lag") == pytest.approx(0.5, abs=0.02)


def test_sequences_smoothed_together_are_smoothed_as_if_alone() -> None:
    pairs = [noisy_pair(0), noisy_pair(1), noisy_pair(2)]
    pairs[1].joints_m[40:50, 0] = np.nan
    cut = MotionSequence(pairs[2].joints_m[:70], 30.0, "cut", "cut", truth_m=pairs[2].truth_m[:70])
    test = [pairs[0], cut, pairs[1]]
    for run, smoother in zip(run_refinement(test, [], [])[1:], SMOOTHERS, strict=True):
        for smoothed, sequence in zip(run.refined_m, test, strict=True):
            alone = smoother.run(sequence.joints_m, **smoother.usual)
            alone[:15] = np.nan
            np.testing.assert_allclose(smoothed, alone, atol=1e-9, err_msg=smoother.name)


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
        for other in ("constant velocity", "damped velocity", "nearest neighbours", "fixed futures")
    ),
    (
        "forecast-32-both",
        {"best_ade": 9.9},
        {
            f"flat model, {row}": {"best_ade": error}
            for row, error in (("seed 0", 12.0), ("seed 3", 10.0), ("mean of 2 seeds", 11.0))
        },
        {"best_ade": 10.0},
    ),
    ("forecast-64-both", {"best_ade": 9.9}, {"G-HTT, P alone": {"best_ade": 10.0}}, {"best_ade": 10.0}),
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
    rows = [("majority class", {"all": 5.0}), ("G-HTT signs", {"all": 60.0, "last": 84.9})]
    assert [goal.met for goal in goals([Table("recognition", "", [], rows)], "G-HTT")] == [True, False]


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
        table, _ = recording_tables([read_recording(record(tmp_path / str(lost), lost))], EvaluationProtocol(horizons=(16,)))
        assert table.notes[0].startswith(counted), lost


def test_recorded_futures_are_held_against_what_then_happened(recording: Path) -> None:
    table, motion_table = recording_tables([read_recording(recording)], EvaluationProtocol(horizons=(16,)))
    assert table.value("recorded futures", "best_ade").value == pytest.approx(0.0, abs=0.01)
    assert table.value("recorded futures", "first_ade").value == pytest.approx(10.0, abs=0.01)
    assert table.value("zero velocity", "best_ade").value == pytest.approx(3.0 * 8.5, rel=1e-3)
    assert table.value("zero velocity", "best_fde").value == pytest.approx(48.0, rel=1e-3)
    assert motion_table.value("observed", "acceleration").value == pytest.approx(0.0, abs=1e-3)
    assert motion_table.value("refined", "left").value == 100.0
    assert motion_table.value("refined", "moved").value == pytest.approx(0.0, abs=1e-3)
    assert "2 futures of 1 recording;" in table.notes[0]


def test_jitter_and_presence_of_a_recording_are_those_of_its_own_rate(tmp_path: Path) -> None:
    """Both hands move with a jerk of 4 m/s³ at 20 frames a second; the left one is lost now and then at the end."""
    writer = RecordingWriter(tmp_path / "jerk", RecordingHeader("test", (640, 480), "none", action_names=("rest",)))
    pose = hand_shape() + np.array([0.0, 0.0, 0.5])
    for frame in range(60):
        joints = (pose + np.array([4.0 * (frame / 20.0) ** 3 / 6.0, 0.0, 0.0])).astype(np.float32)
        refined = joints.copy()
        if frame >= 40 and frame % 4 == 0:
            joints[0] = np.nan
        blank, sure = np.zeros((2, 21, 2), np.float32), np.ones(2, np.float32)
        observation = HandsObservation(joints, blank, sure, frame, frame / 20.0)
        writer.append(observation, Prediction(refined, np.ones(1, np.float32), frame, frame / 20.0, None))
    writer.close()
    table = recording_tables([read_recording(tmp_path / "jerk")], PROTOCOL)[-1]
    assert table.value("refined", "jitter").value == pytest.approx(4.0, rel=0.02)
    assert table.value("observed", "left").value == pytest.approx(100.0 * 55 / 60)
    assert table.value("observed", "right").value == 100.0


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
    measured = f"{(6 * 60 + 59) / 30 / 60:.1f} minutes of motion measured in "  # six test sequences, and 60 frames recorded
    assert measured in said
    assert measured in markdown
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
