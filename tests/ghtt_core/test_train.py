"""Training: what it draws, that it learns, and that stopping or sharing the work changes nothing."""

import csv
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ghtt_core.card import card_markdown
from ghtt_core.checkpoint import load_checkpoint, save_checkpoint
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.motion import MotionSequence, Segment, at_rate
from ghtt_core.synthetic.motion import generate_motion
from ghtt_core.train.__main__ import main
from ghtt_core.train.action import CANDIDATES, ActionTask
from ghtt_core.train.augment import Hiding, hide, mirrored, mixed_noise, vary
from ghtt_core.train.calibrate import class_bias
from ghtt_core.train.loop import LoopOptions, Trainer, pose_card
from ghtt_core.train.mix import DataMix
from ghtt_core.train.pose import PoseTask
from ghtt_core.train.store import UNLABELLED, MotionStore, by_rarity

TINY = GHTTConfig("tiny", width=32, heads=2, feedforward=48, encoder_layers=1, decoder_layers=1)


@pytest.fixture(scope="module")
def sequences():
    return [generate_motion(seed, 12.0).sequence for seed in range(2)]


def walk(frames, name="walk", segments=()):
    """Frame t of hand h lies at (t, h, joint): every number tells where it comes from."""
    joints = np.zeros((frames, 2, 21, 3), np.float32)
    joints[..., 0], joints[..., 1], joints[..., 2] = np.arange(frames)[:, None, None], [[0], [1]], np.arange(21)
    return MotionSequence(joints, 30.0, name, name, segments=segments)


def task(sequences):
    torch.manual_seed(0)
    store = MotionStore(sequences)
    return PoseTask(TINY, DataMix([(store, 1.0)]), [("made", store)], mixed_noise)


def test_windows_end_where_they_should_and_stay_in_their_sequence():
    store = MotionStore([walk(40), walk(50, "other")])
    window = store.gather(store.seen_m, np.array([20, 41]), 4, 2)
    assert window[0, :, 0, 0, 0].tolist() == [17, 18, 19, 20, 21, 22]
    assert np.isnan(window[1, :2]).all()
    assert window[1, 2:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    rows = store.forecast_rows(16)
    assert rows.min() == 15
    assert set(rows) == {*range(15, 24), *range(55, 74)}


def test_labels_follow_their_segments_to_another_frame_rate():
    sequence = at_rate(MotionSequence(walk(120).joints_m, 60.0, "a", "a", segments=(Segment(20, 60, "pour"),)), 30.0)
    store = MotionStore([sequence], ("stir", "pour"))
    assert len(store) == 60
    assert np.flatnonzero(store.label == 1).tolist() == list(range(10, 30))
    assert (store.label[:10] == UNLABELLED).all()
    assert store.seen_m[7, 0, 0, 0] == pytest.approx(14)


def test_resampling_keeps_what_is_missing():
    joints = walk(8).joints_m.copy()
    joints[3, 1] = np.nan
    slow = at_rate(MotionSequence(joints, 30.0, "a", "a"), 60.0).joints_m
    assert np.isnan(slow[:, 1, 0, 0]).nonzero()[0].tolist() == [5, 6, 7]
    assert np.isfinite(slow[:, 0]).all()


def test_variation_and_mirrors_keep_truth_and_view_together():
    clean = np.stack([walk(16).joints_m] * 32)
    seen, truth = vary(clean.copy(), clean.copy(), np.random.default_rng(0))
    np.testing.assert_array_equal(seen, truth)
    assert not np.array_equal(seen, clean)
    np.testing.assert_array_equal(mirrored(mirrored(clean)), clean)


def test_hiding_leaves_the_newest_frame_of_a_hand_that_is_not_hidden_altogether():
    clean = np.zeros((500, 16, 2, 21, 3), np.float32)
    hidden = hide(clean, Hiding(short_past=0.5, hand=0.5, gap=1.0), np.random.default_rng(0))
    there = np.isfinite(hidden[..., 0, 0])
    never = ~there.any(axis=1)
    assert (there[:, -1] | never).all()
    assert 0.35 < never.any(axis=1).mean() < 0.65
    assert not never.all(axis=1).any()


def test_a_step_is_drawn_from_its_number_alone(sequences):
    first, second = (task(sequences).batch(np.random.default_rng([3, 7]), 8) for _ in range(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])


def test_it_learns_what_it_is_shown(sequences, tmp_path):
    pose = task(sequences)
    drawn = pose.batch(np.random.default_rng(9), 32)
    pose.batch = lambda rng, size: drawn
    batch = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in drawn.items()}
    with torch.no_grad():
        before = pose.module(batch)[0]
    Trainer(pose, LoopOptions(tmp_path, steps=60, batch=32, epoch=60, learning_rate=1e-2), {}).run()
    with torch.no_grad():
        after = pose.module(batch)[0]
    assert after < 0.8 * before
    with (tmp_path / "log.csv").open() as file:
        assert {name for _, name, _ in csv.reader(file)} >= {"train/loss", "made/ade_ratio", "made/ra_ratio"}
    assert (tmp_path / "best.safetensors").exists()


def test_what_is_only_estimated_teaches_forecasts_but_no_refinement(sequences):
    store = MotionStore([replace(sequence, estimated=True) for sequence in sequences])
    torch.manual_seed(0)
    pose = PoseTask(TINY, DataMix([(store, 1.0)]), [("made", store)], mixed_noise)
    drawn = pose.batch(np.random.default_rng(2), 8)
    assert not drawn["exact"].any()
    shown = np.isfinite(drawn["seen_truth"]).all(axis=-1)[..., 0] & drawn["mask"][..., [62, 125]]
    assert shown.any()
    parts = pose.module({name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in drawn.items()})[1]
    assert parts["refine"] == 0
    assert parts["next"] > 0
    assert set(pose.validate(pose.module)) == {"made/ade_ratio", "made/best_ade_ratio", "made/best_fde_ratio"}


def test_a_run_can_go_on_from_a_checkpoint(sequences, tmp_path):
    Trainer(task(sequences), LoopOptions(tmp_path / "first", steps=1, batch=4, epoch=1), {"command": "the first"}).run()
    begun = tmp_path / "first" / "last.safetensors"
    options = ["--data", "synthetic:2", "--batch", "4", "--threads", "1", "--steps", "1", "--epoch", "1"]
    still = ["--learning-rate", "1e-9", "--out", str(tmp_path / "second")]
    assert main(["pose", "--begin", str(begun), *options, *still]) == 0
    (first, _, _), (second, _, card) = (load_checkpoint(path) for path in (begun, tmp_path / "second" / "last.safetensors"))
    assert second.config == TINY
    for name, tensor in first.pose.state_dict().items():
        torch.testing.assert_close(second.pose.state_dict()[name], tensor, atol=1e-6, rtol=0)
    assert card["begin"]["command"] == "the first"


@pytest.mark.parametrize("card", [{"block": "pose"}, {"block": "action", "pose_block": {"block": "pose"}}])
def test_the_pose_block_of_a_whole_checkpoint_keeps_its_own_card(card):
    assert pose_card(card) == {"block": "pose"}


@pytest.mark.parametrize("block", ["flat", "recogniser"])
def test_what_the_model_is_compared_with_begins_at_the_beginning(block, sequences, tmp_path, capsys):
    save_checkpoint(tmp_path / "trained.safetensors", GHTT(TINY, ("pour",)))
    options = ["--data", "synthetic:1", "--out", str(tmp_path / "run"), "--begin", str(tmp_path / "trained.safetensors")]
    assert main([block, *options]) == 2
    assert f"{block} starts from random weights" in capsys.readouterr().err


def test_rare_actions_are_drawn_more_often_than_they_occur_and_the_bias_takes_that_back():
    label = np.repeat([0, 1], [900, 100])
    drawn = label[by_rarity(label, 40_000, np.random.default_rng(0))]
    odds = (drawn == 0).sum() / (drawn == 1).sum()
    assert odds == pytest.approx(3, rel=0.05)
    seen = [walk(frames, name, (Segment(0, frames, name),)) for name, frames in (("often", 9000), ("seldom", 1000))]
    often, seldom, never = class_bias(seen, ("often", "seldom", "never"))
    assert odds * np.exp(often - seldom) == pytest.approx(9, rel=0.1)
    assert seldom > never > -np.inf
    assert not class_bias([walk(30)], ("often", "seldom")).any()


def test_the_head_is_fitted_and_nothing_else_of_a_checkpoint_changes(tmp_path, capsys):
    """Latents of a random network say little, where the hands are says more."""
    torch.manual_seed(0)
    model = GHTT(TINY, ("pour", "stir", "type"))
    model.action.class_text.normal_()
    begun, out = tmp_path / "begun.safetensors", tmp_path / "head"
    save_checkpoint(
        begun, model, default_temperature=1.7, card={"command": "the first", "validation": {"a/top1": 0.5, "a/ade_ratio": 1}}
    )
    assert main(["head", "--begin", str(begun), "--data", "synthetic:4", "--out", str(out)]) == 0
    fitted, spec, card = load_checkpoint(out / "best.safetensors")
    before, after = model.state_dict(), fitted.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    readout = {f"action.readout.{name}" for name in ("mean", "std", "weight", "bias")}
    assert readout <= changed <= readout | {"action.logit_scale", "action.class_bias"}
    assert spec.default_temperature == 1.7
    assert card["command"] == "the first"
    assert card["validation"]["synthetic/nll"] < np.log(3)
    assert card["validation"].keys() >= {"a/ade_ratio", "synthetic/top1", "synthetic/recall"}
    assert "a/top1" not in card["validation"]  # what it was before the fit
    assert "train head --begin" in card_markdown(out / "best.safetensors")
    assert main(["head", "--data", "synthetic:1", "--out", str(out)]) == 2
    assert "--begin" in capsys.readouterr().err


@pytest.mark.parametrize("joint", [False, True])
def test_the_action_block_leaves_the_pose_block_alone_or_trains_all_but_its_head(joint, sequences, tmp_path):
    model = GHTT(TINY, ("pour",))
    model.pose.load_state_dict(task(sequences).module.block.state_dict())
    torch.nn.init.normal_(model.pose.head[-1].weight, std=0.02)  # untrained, it would answer the same to everything
    before = {name: tensor.clone() for name, tensor in model.pose.state_dict().items()}
    text = np.random.default_rng(0).standard_normal((1, TINY.text_width)).astype(np.float32)
    action = ActionTask(model, text, [("made", sequences, 1.0)], [("made", sequences)], mixed_noise, joint=joint)
    Trainer(action, LoopOptions(tmp_path, steps=2, batch=8, epoch=2, learning_rate=1e-2), {}).run()
    after = load_checkpoint(tmp_path / "last.safetensors")[0].pose.state_dict()
    changed = {name.partition(".")[0] for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    learned = {name.partition(".")[0] for name, _ in model.pose.named_parameters()} - {"head"}
    assert changed == (learned if joint else set())


def test_the_action_block_learns_to_foretell_where_nothing_has_a_name(sequences):
    model, text = GHTT(TINY, ()), np.empty((0, TINY.text_width), np.float32)
    torch.nn.init.normal_(model.pose.head[-1].weight, std=0.1)  # untrained, its turns would have no direction
    action = ActionTask(model, text, [("made", sequences, 1.0)], [], mixed_noise)
    batch = {name: torch.from_numpy(array) for name, array in action.batch(np.random.default_rng(0), 4).items()}
    loss, parts = action.module(batch)
    loss.backward()
    assert parts["class"] == parts["top1"] == 0
    assert action.module.block.head.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("block", "options", "message"),
    [
        ("pose", ["--joint"], "--joint is for the action block"),
        ("flat", ["--no-mirror"], "--no-mirror is for the action block"),
        ("pose", ["--level-noise", "2"], "--level-noise is for the action block"),
        ("action", ["--level-noise", "-1"], "level noise of -1"),
        ("action", ["--level-noise", "nan"], "level noise of nan"),
    ],
)
def test_options_that_mean_nothing_are_refused(block, options, message, tmp_path, capsys):
    assert main([block, "--data", "synthetic:1", "--out", str(tmp_path), *options]) == 2
    assert message in capsys.readouterr().err


def naming_task(sequences, **options):
    model, text = GHTT(TINY, ("pour",)), np.ones((1, TINY.text_width), np.float32)
    torch.nn.init.normal_(model.pose.head[-1].weight, std=0.1)  # untrained, its turns would have no direction
    return ActionTask(model, text, [("made", sequences, 1.0)], [], mixed_noise, **options)


@pytest.mark.parametrize("mirror", [False, True])
def test_mirrored_motion_is_trained_on_unless_left_out(mirror, sequences):
    action = naming_task(sequences, mirror=mirror)
    action.levels[0].seen[1] = np.nan  # of the motion in a mirror
    assert np.isnan(action.batch(np.random.default_rng(0), 16)["history"]).any() == mirror


def test_the_level_noise_is_that_of_what_is_to_be_named_alone(sequences):
    action = naming_task(sequences, level_noise=0.0)
    batch = {name: torch.from_numpy(array) for name, array in action.batch(np.random.default_rng(0), 16).items()}
    labelled = torch.arange(16) < 8
    batch["label"] = torch.where(labelled, 0, UNLABELLED)
    losses = {}
    for rows, chosen in (("named", labelled), ("nameless", ~labelled)):
        some = {name: tensor[chosen] for name, tensor in batch.items()}
        other = {**some, "noise_history": torch.randn_like(some["noise_history"])}
        with torch.no_grad():
            losses[rows] = [float(action.module(each)[0]) for each in (some, other)]
    assert losses["named"][0] == losses["named"][1]
    assert losses["nameless"][0] != losses["nameless"][1]


def test_the_kind_that_foretells_what_came_learns_from_it(sequences):
    model = GHTT(TINY, ("pour",))
    for part in (model.pose.head[-1], model.action.head):
        torch.nn.init.normal_(part.weight, std=0.1)  # untrained, they would answer the same to everything
    text = np.ones((1, TINY.text_width), np.float32)
    action = ActionTask(model, text, [("made", sequences, 1.0)], [], mixed_noise)
    batch = {name: torch.from_numpy(array) for name, array in action.batch(np.random.default_rng(3), 6).items()}
    assert batch["noise_m"].shape == batch["noise_alpha"].shape == (6, CANDIDATES, TINY.width)

    def best(candidates):
        """Its part of the loss where the given candidates, (6, any number), are to choose from."""
        index = candidates[..., None].expand(-1, -1, TINY.width)
        chosen = {name: batch[name].gather(1, index) for name in ("noise_m", "noise_alpha")}
        return action.module({**batch, **chosen})[1]["future_best"].item()

    alone = [best(torch.full((6, 1), number)) for number in range(CANDIDATES)]
    together = best(torch.arange(CANDIDATES).expand(6, -1))
    assert together < min(alone)


@pytest.mark.gpu
def test_both_blocks_train_on_a_card(tmp_path):
    assert torch.cuda.is_available()
    options = ["--data", "synthetic:1", "--batch", "4", "--steps", "2", "--epoch", "2"]
    assert main(["pose", *options, "--out", str(tmp_path / "pose")]) == 0
    pose = str(tmp_path / "pose" / "last.safetensors")
    assert main(["action", *options, "--joint", "--pose", pose, "--out", str(tmp_path / "action")]) == 0


def test_a_resumed_run_takes_the_same_steps(sequences, tmp_path):
    options = {"steps": 6, "batch": 4, "epoch": 3}
    Trainer(task(sequences), LoopOptions(tmp_path / "whole", **options), {}).run()
    stopped = Trainer(task(sequences), LoopOptions(tmp_path / "parts", **options), {})
    interrupt_after(stopped, 3)
    Trainer(task(sequences), LoopOptions(tmp_path / "parts", **options, resume=True), {}).run()
    whole, parts = (load_file(tmp_path / name / "state.safetensors") for name in ("whole", "parts"))
    for name, tensor in whole.items():
        torch.testing.assert_close(parts[name], tensor, rtol=1e-5, atol=1e-6)


def interrupt_after(trainer, steps):
    """Ctrl-C in the step after a validation."""
    take = trainer._take_step

    def step(batch):
        if trainer.step == steps:
            raise KeyboardInterrupt
        return take(batch)

    trainer._take_step = step
    with pytest.raises(KeyboardInterrupt):
        trainer.run()


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("/nowhere/at/all", "no data set at"),
        ("synthetic:1@0", "not a share"),
        ("synthetic:1@x", "not a share"),
        ("synthetic:x", "minutes"),
        ("backwards:/nowhere/at/all", "no data set at"),
    ],
)
def test_bad_data_gets_one_sentence(data, complaint, tmp_path, capsys):
    assert main(["pose", "--data", data, "--out", str(tmp_path)]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_give_what_one_gives(tmp_path):
    common = [
        "-m",
        "ghtt_core.train",
        "pose",
        "--data",
        "synthetic:2",
        "--steps",
        "3",
        "--batch",
        "8",
        "--epoch",
        "3",
        "--threads",
        "1",
    ]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    for prefix, name in (([], "one"), (launch, "two")):
        command = [sys.executable, *prefix, *common, "--out", str(tmp_path / name)]
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=600)
    one, two = (load_file(tmp_path / name / "state.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        # Attention does not depend on the bias of its keys: its gradient is all rounding, of which Adam makes three steps here.
        atol = 3e-3 if name.endswith("key.bias") else 1e-5
        torch.testing.assert_close(two[name], tensor, rtol=1e-3, atol=atol)
