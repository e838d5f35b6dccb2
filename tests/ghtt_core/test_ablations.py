"""The flat model and recognition alone: that they train, come back from their files, and stand in the tables."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ghtt_core.baselines.flat import FlatModel, load_flat, save_flat
from ghtt_core.baselines.forecasters import TrainingWindows
from ghtt_core.baselines.linear_predictor import LinearPredictor
from ghtt_core.checkpoint import save_checkpoint
from ghtt_core.errors import UserError
from ghtt_core.evaluate.__main__ import main
from ghtt_core.evaluate.ablations import FlatForecaster, load_companions
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.synthetic.motion import generate_motion
from ghtt_core.train.ablations import FlatTask, RecogniserTask, calibrate_flat
from ghtt_core.train.augment import paper_noise
from ghtt_core.train.calibrate import TEMPERATURES
from ghtt_core.train.loop import LoopOptions, Trainer
from ghtt_core.train.mix import DataMix
from ghtt_core.train.store import MotionStore

TINY = GHTTConfig("tiny", width=32, heads=2, feedforward=48, encoder_layers=1, decoder_layers=1)
ACTIONS = ("calm", "lively")
CARD = {"settings": {"seed": 3, "batch": 16}, "data": ["moving@0.5"]}


@pytest.fixture(scope="module")
def moving() -> list[MotionSequence]:
    """Hands at work for 14 s; their speed is slow in the first and doubled in the second, and labelled so."""
    made = [generate_motion(seed, 14.0).sequence.joints_m for seed in range(2)]
    made[1] = made[1][::2]
    return [
        MotionSequence(joints, 30.0, name, f"clips-{name}", segments=(Segment(0, len(joints), name),))
        for name, joints in zip(ACTIONS, made, strict=True)
    ]


def fixed_batch_loss(task: FlatTask | RecogniserTask, folder: Path, steps: int) -> tuple[float, float]:
    """The loss on one batch before and after training on it alone."""
    drawn = task.batch(np.random.default_rng(9), 16)
    task.batch = lambda rng, size: drawn  # type: ignore[method-assign]
    batch = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in drawn.items()}
    losses = []
    for run in (False, True):
        if run:
            Trainer(task, LoopOptions(folder, steps=steps, batch=16, epoch=steps, learning_rate=3e-3), CARD).run()
        with torch.no_grad():
            losses.append(float(task.module(batch)[0]))
    return losses[0], losses[1]


def test_the_flat_model_learns_what_it_is_shown_and_is_a_row_of_the_tables(
    moving: list[MotionSequence], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    task = FlatTask(TINY, DataMix([(MotionStore(moving), 1.0)]), [("moving", moving)], paper_noise)
    drawn = task.batch(np.random.default_rng(0), 4)
    assert drawn["future"].shape[1] == 64
    before, after = fixed_batch_loss(task, tmp_path, 30)
    assert after < 0.9 * before
    calibrate_flat(tmp_path / "best.safetensors", [("moving", moving)])
    assert load_flat(tmp_path / "best.safetensors")[1] in TEMPERATURES
    companions = load_companions([tmp_path / "best.safetensors"], seed=0)
    assert [forecaster.name for forecaster in companions.flat] == ["flat model, seed 3"]
    assert companions.trained == ["flat model, seed 3 (moving): 30 steps of 16"]


def windows(frames: int) -> TrainingWindows:
    return TrainingWindows(np.zeros((1, 16, 2, 21, 3)), np.zeros((1, frames, 2, 21, 3)), np.zeros(1, dtype=np.intp))


def test_a_flat_forecast_begins_alike_whatever_its_length(moving: list[MotionSequence]) -> None:
    torch.manual_seed(0)
    model = FlatModel(TINY).eval()
    torch.nn.init.xavier_uniform_(model.head[-1].weight)  # type: ignore[arg-type, union-attr]
    clips = np.stack([moving[0].joints_m[start : start + 16] for start in (0, 40)])
    clips[0, :, 0] = np.nan
    futures = {}
    for frames in (96, 64, 20):
        forecaster = FlatForecaster(model, 2.0)
        forecaster.fit(windows(frames))
        futures[frames] = forecaster.forecast(clips, 3)
    assert futures[96].shape == (2, 3, 96, 2, 21, 3)
    assert np.isnan(futures[96][0, :, :, 0]).all()
    assert np.isfinite(futures[96][1]).all()
    assert np.abs(futures[96][1, 1] - futures[96][1, 2]).max() > 1e-4
    for frames in (64, 20):
        np.testing.assert_allclose(futures[frames], futures[96][:, :, :frames], atol=1e-6)


def test_recognition_alone_learns_to_name_and_leaves_unlabelled_motion_out(
    moving: list[MotionSequence], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    unlabelled = MotionSequence(moving[0].joints_m, 30.0, "unlabelled", "unlabelled")
    text = np.eye(2, TINY.text_width, dtype=np.float32)
    train = [("moving", moving, 1.0), ("unlabelled", [unlabelled], 5.0)]
    task = RecogniserTask(GHTT(TINY, ACTIONS), text, train, [("moving", moving)], paper_noise)
    assert set(task.batch(np.random.default_rng(0), 8)["label"].tolist()) == {0, 1}
    before, after = fixed_batch_loss(task, tmp_path, 60)
    assert after < 0.3 * before
    assert "moving/top1" in task.validate(task.module)
    with pytest.raises(UserError, match="labelled"):
        RecogniserTask(GHTT(TINY, ACTIONS), text, [("unlabelled", [unlabelled], 1.0)], [], paper_noise)


def test_companions_stand_in_the_tables(moving: list[MotionSequence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The main checkpoint knows other actions; a head of its own, recognition alone and two flat models are rows beside it."""
    monkeypatch.setattr(LinearPredictor.__init__, "__defaults__", (5, 1, 16, 0))
    torch.manual_seed(0)
    files = {name: tmp_path / f"{name}.safetensors" for name in ("main", "signs", "alone", "flat0", "flat1")}
    save_checkpoint(files["main"], GHTT(TINY, ("pour", "stir")))
    save_checkpoint(files["signs"], GHTT(TINY, ACTIONS))
    save_checkpoint(files["alone"], GHTT(TINY, ACTIONS), card={"block": "recogniser", "settings": {"seed": 0}})
    for seed in (0, 1):
        save_flat(files[f"flat{seed}"], FlatModel(TINY), 1.0, {"settings": {"seed": seed}})
    data = tmp_path / "signs.npz"
    joints = [moving[0].joints_m[60 * index : 60 * index + 60] for index in range(6)] * 2
    np.savez(
        data,
        joints_mm=np.concatenate(joints) * np.float32(1000.0),
        offsets=np.arange(13) * 60,
        label=np.arange(12) % 2,
        class_names=np.array(ACTIONS),
        recording_block=np.array([0] * 6 + [6] * 6),
        take=np.arange(12),
        setting=np.array(["record"] * 12),
        fps=np.float64(30.0),
    )
    also = [str(files[name]) for name in ("signs", "alone", "flat0", "flat1")]
    arguments = ["--checkpoint", str(files["main"]), "--also", *also, "--data", str(data), "--json", str(tmp_path / "out.json")]
    assert main([*arguments, "--horizons", "16", "--windows", "24"]) == 0
    (report,) = json.loads((tmp_path / "out.json").read_text("utf-8"))["reports"]
    rows = {table["key"]: [row["name"] for row in table["rows"]] for table in report["tables"]}
    flat = ["flat model, seed 0", "flat model, seed 1", "flat model, mean of 2 seeds"]
    assert rows["forecast-16-both"][-5:] == [*flat, "G-HTT, P alone", "G-HTT"]
    assert rows["recognition"][-2:] == ["recognition only, seed 0", "G-HTT signs"]
    assert "Recognition by G-HTT: knows other actions." in report["skipped"]


@pytest.mark.parametrize("damage", ["format", "tensors"])
def test_a_file_that_is_no_flat_model_gets_one_sentence(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    if damage == "format":
        save_checkpoint(path, GHTT(TINY, ()))
    else:
        model = FlatModel(TINY)
        model.config = GHTTConfig("other", width=16, heads=2, feedforward=48, encoder_layers=1, decoder_layers=1)
        save_flat(path, model, 1.0, {})
    with pytest.raises(UserError, match="is not a flat model"):
        load_flat(path)
