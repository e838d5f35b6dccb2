"""`python -m ghtt_core.train pose|action|head|flat|recogniser`: train a block, or an ablation.

`head` trains nothing: it fits anew what turns the action latent and the last clips into confidences, and leaves the rest of a
checkpoint alone.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from accelerate import PartialState

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.data.vocabulary import EGOCENTRIC_ACTIONS
from ghtt_core.errors import UserError
from ghtt_core.model.config import CONFIGS
from ghtt_core.model.ghtt import GHTT
from ghtt_core.text import embed
from ghtt_core.train.ablations import FlatTask, RecogniserTask, calibrate_flat
from ghtt_core.train.action import M_NOISE, ActionTask
from ghtt_core.train.augment import mixed_noise
from ghtt_core.train.calibrate import calibrate, calibrate_names
from ghtt_core.train.data import BACKWARDS, SYNTHETIC, HeldOutSet, TrainingSet, load_data
from ghtt_core.train.loop import LoopOptions, Task, Trainer, card_of, command_of, pose_card
from ghtt_core.train.mix import DataMix
from ghtt_core.train.pose import PoseTask
from ghtt_core.train.store import MotionStore


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    try:
        _train(options, given)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"Stopped. Go on with the same command and --resume; the last state is in {options.out}.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ghtt_core.train", description=__doc__)
    parser.add_argument("block", choices=("pose", "action", "head", "flat", "recogniser"))
    parser.add_argument(
        "--data",
        nargs="+",
        required=True,
        metavar="PATH[@SHARE]",
        help=f"data sets or folders of recordings, with their share of each batch (1); '{SYNTHETIC}:MINUTES' generates motion, "
        f"'{BACKWARDS}PATH' turns that of a data set round",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--begin", type=Path, help="pose, action, head: a checkpoint to go on from, in place of random weights")
    parser.add_argument(
        "--pose",
        type=Path,
        help="action, recogniser: a checkpoint; its pose block is used, frozen, or its sizes and scales alone",
    )
    parser.add_argument(
        "--classes",
        choices=("egocentric", "all"),
        default="egocentric",
        help="action: the shipped vocabulary, or all labels",
    )
    parser.add_argument("--joint", action="store_true", help="action: train the pose block too, for whole futures")
    parser.add_argument(
        "--no-mirror", action="store_true", help="action: train on no mirrored motion, where left and right mean something"
    )
    parser.add_argument(
        "--level-noise",
        type=float,
        default=M_NOISE,
        metavar="STD",
        help=f"action: noise on what is to be named, in units of the mid-levels' spread ({M_NOISE}); more for few examples",
    )
    parser.add_argument("--config", choices=tuple(CONFIGS), default="small")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="time budget")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--epoch", type=int, default=500, help="steps between validations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mixed-precision", choices=("no", "bf16"), default="no")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    return parser


def _train(options: argparse.Namespace, given: list[str]) -> None:
    if options.begin is not None and options.block in ("flat", "recogniser"):
        raise UserError(f"{options.block} starts from random weights, as what it is compared with did; leave --begin out.")
    for_action = {"--joint": options.joint, "--no-mirror": options.no_mirror, "--level-noise": options.level_noise != M_NOISE}
    misplaced = [name for name, used in for_action.items() if used and options.block != "action"]
    if misplaced:
        raise UserError(f"{misplaced[0]} is for the action block; leave it out for {options.block}.")
    if not 0 <= options.level_noise < math.inf:
        raise UserError(f"A level noise of {options.level_noise:g} is not possible; choose 0 or more.")
    if options.threads:
        torch.set_num_threads(options.threads)
    train, validation = load_data(options.data)
    # How often an action happens, and how boldly to sample, is not for generated motion to say, unless there is no other.
    real = [some for name, some, _ in train if name != SYNTHETIC] or [some for _, some, _ in train]
    labelled = [sequence for some in real for sequence in some]
    examples = [sequence for _, some, _ in train for sequence in some]
    held_out = [one for one in validation if one[0] != SYNTHETIC] or validation
    best = options.out / "best.safetensors"
    if options.block == "head":
        if options.begin is None:
            raise UserError("head is fitted to a trained checkpoint; give it with --begin.")
        calibrate_names(options.begin, best, held_out, labelled, examples, command_of(given))
        print(f"The checkpoint is {best}.")
        return
    loop = LoopOptions(
        out=options.out,
        steps=options.steps,
        minutes=options.minutes,
        batch=options.batch,
        learning_rate=options.learning_rate,
        epoch=options.epoch,
        seed=options.seed,
        mixed_precision=options.mixed_precision,
        resume=options.resume,
    )
    torch.manual_seed(options.seed)
    task: Task
    begin, _, begun = (None, None, {}) if options.begin is None else load_checkpoint(options.begin)
    if options.block in ("pose", "flat"):
        mix = DataMix([(MotionStore(sequences), share) for _, sequences, share in train])
        config = CONFIGS[options.config] if begin is None else begin.config
        if options.block == "flat":
            task = FlatTask(config, mix, validation, mixed_noise)
        else:
            stores = [(name, MotionStore(sequences)) for name, sequences in validation]
            task = PoseTask(config, mix, stores, mixed_noise, None if begin is None else begin.pose)
    else:
        task = _naming_task(options, train, validation, begin)
    card = card_of(options.block, given, options.data, loop)
    if begin is not None:
        card["begin"] = pose_card(begun) if options.block == "pose" else begun
    if options.pose is not None:
        card["pose_block"] = pose_card(load_checkpoint(options.pose)[2])
    Trainer(task, loop, card).run()
    if not PartialState().is_main_process:
        return
    if isinstance(task, ActionTask):
        calibrate(best, held_out, labelled, examples)
        print(f"The checkpoint is {best}.")
    elif isinstance(task, RecogniserTask):
        calibrate_names(best, best, held_out, labelled, examples)
    elif isinstance(task, FlatTask):
        calibrate_flat(best, held_out)


def _naming_task(
    options: argparse.Namespace, train: list[TrainingSet], validation: list[HeldOutSet], begin: GHTT | None
) -> ActionTask | RecogniserTask:
    if options.pose is None:
        raise UserError(f"{options.block} is trained after a pose block; give its checkpoint with --pose.")
    classes: tuple[str, ...] = EGOCENTRIC_ACTIONS
    if options.classes == "all":
        found = {segment.action for _, sequences, _ in train for sequence in sequences for segment in sequence.segments}
        classes = tuple(sorted(found))
    trained, _, _ = load_checkpoint(options.pose)
    model = GHTT(trained.config, classes)
    if options.block == "recogniser":
        model.pose.feature_mean.copy_(trained.pose.feature_mean)
        model.pose.feature_std.copy_(trained.pose.feature_std)
        return RecogniserTask(model, embed(classes), train, validation, mixed_noise)
    model.pose.load_state_dict(trained.pose.state_dict())
    if begin is not None:
        model.action.load_state_dict(begin.action.state_dict())
    return ActionTask(
        model,
        embed(classes),
        train,
        validation,
        mixed_noise,
        joint=options.joint,
        mirror=not options.no_mirror,
        level_noise=options.level_noise,
    )


if __name__ == "__main__":
    sys.exit(main())
