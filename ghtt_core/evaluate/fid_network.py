"""The network whose features the FID is measured on: a classifier of short motions.

    python -m ghtt_core.evaluate.fid_network train --data PATH... --out FILE
    python -m ghtt_core.evaluate.fid_network check --data PATH...

Action2Motion and its successors measure generated motion on the features of an action classifier (Guo et al., ACM MM 2020);
so does G-HTT, over 16 observed and 96 generated frames. Here a small convolutional network reads the 153-d features of a
motion of any length, with what is missing masked, and names the action; the FID is taken on the vector before the last layer.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ghtt_core.errors import UserError
from ghtt_core.evaluate.datasets import load_test_data
from ghtt_core.evaluate.pieces import in_pieces
from ghtt_core.evaluate.tables import Column, Table, as_console
from ghtt_core.evaluate.windows import seen
from ghtt_core.features import features_from_joints, hand_size
from ghtt_core.metrics import fid
from ghtt_core.motion import MotionSequence
from ghtt_core.runtime import FEATURES
from ghtt_core.skeleton import HANDS, MEAN_HAND_SIZE_M
from ghtt_core.untrusted import names
from ghtt_core.weights import read_metadata, write_weights

Array = NDArray[np.floating]
DEFAULT_NETWORK = Path(__file__).resolve().parents[2] / "assets" / "fid_network.safetensors"
FORMAT = "ghtt-fid-network-1"
LENGTHS = (48, 112)
"""Frames of the shortest and the longest motion it is trained on: one clip with one and with three seconds after it."""
WIDTH = 16
NOISE_MM = (1.0, 3.0, 10.0, 30.0)
_MOST_MOTIONS = 400
_MOST_CLASSES = 10_000


class _Network(nn.Module):
    """(B, T, 153) numbers and their masks to (B, 16) features; `classify` to (B, C) logits."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("std", torch.ones(FEATURES))
        sizes = (2 * FEATURES, 64, 64, WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, 5, stride=2, padding=2) for before, after in itertools.pairwise(sizes)
        )
        self.classify = nn.Linear(WIDTH, classes)

    def forward(self, values: Tensor, known: Tensor) -> Tensor:
        standard = torch.where(known, (values - self.get_buffer("mean")) / self.get_buffer("std"), 0.0)
        motion = torch.cat((standard, known.float()), dim=-1).mT
        for convolution in self.convolutions:
            motion = torch.tanh(convolution(motion))  # bounded, so that no single joint can carry the whole distance
        return motion.mean(dim=-1)


def _described(joints_m: Array) -> tuple[Tensor, Tensor]:
    """(B, T, 2, 21, 3) metres to (B, T, 153) features and which of them are known."""
    sizes = hand_size(joints_m.astype(np.float64))
    seen = np.isfinite(sizes)
    total = np.where(seen, sizes, 0.0).sum(axis=1)
    size_m = np.where(seen.any(axis=1), total / np.maximum(seen.sum(axis=1), 1), MEAN_HAND_SIZE_M)
    described = features_from_joints(joints_m.astype(np.float64), size_m)
    return torch.from_numpy(described.values.astype(np.float32)), torch.from_numpy(np.asarray(described.mask))


@dataclass(frozen=True, slots=True)
class FidNetwork:
    """A trained classifier.

    Attributes:
        network: In evaluation mode.
        card: Data, accuracy and command of its training.
    """

    network: _Network
    card: dict[str, Any]

    @classmethod
    def load(cls, path: Path = DEFAULT_NETWORK) -> "FidNetwork":
        """From its file.

        Raises:
            UserError: It is missing or not a network of this kind.
        """
        if not path.exists():
            raise UserError(f"There is no FID network at {path}; train one: python -m ghtt_core.evaluate.fid_network train.")
        metadata = read_metadata(path, "FID network")
        if metadata.get("format") != FORMAT:
            raise UserError(
                f"{path} is not a FID network of this version (format {metadata.get('format')!r}, need {FORMAT!r})."
            )
        card = _card(path, metadata.get("card", ""))
        network = _Network(len(card["classes"]))
        try:
            network.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError, OSError) as error:
            raise UserError(f"The tensors in {path} do not fit its {len(card['classes'])} actions.") from error
        return cls(network.eval(), card)

    @property
    def description(self) -> str:
        """What it is and how good, for people."""
        card = self.card
        return (
            f"`assets/fid_network.safetensors`, which names {len(card['classes'])} actions of {', '.join(card['data'])}, "
            f"{card['test accuracy']:.0%} of them right on test motion ({card['width']} features, {card['steps']} steps,"
            f" seed {card['seed']})"
        )

    def save(self, path: Path) -> None:
        """To a file, with the card."""
        write_weights(path, self.network.state_dict(), {"format": FORMAT, "card": json.dumps(self.card)})

    def features(self, joints_m: Array) -> NDArray[np.float32]:
        """(N, T, 2, 21, 3) metres, NaN where missing, to (N, 16)."""

        @torch.inference_mode()
        def seen_as(rows: slice) -> NDArray[np.float32]:
            features: Tensor = self.network(*_described(joints_m[rows]))
            return features.numpy()

        return np.concatenate(in_pieces(seen_as, len(joints_m)))


def _card(path: Path, text: str) -> dict[str, Any]:
    """The card of a file, with everything that is said about the network.

    Raises:
        UserError: It lacks something, or holds what cannot be shown.
    """
    try:
        card = json.loads(text)
        classes, data = names(card["classes"], _MOST_CLASSES), names(card["data"], _MOST_CLASSES)
        numbers = {key: int(card[key]) for key in ("examples", "steps", "seed", "width")}
        return numbers | {"classes": classes, "data": data, "test accuracy": float(card["test accuracy"])}
    except (KeyError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise UserError(f"The FID network {path} has a damaged card: {error}.") from error


def _labelled(sequences: Sequence[MotionSequence]) -> list[tuple[Array, str]]:
    """The labelled stretches, each with the motion around it so that it is long enough; shorter sequences as they are."""
    found: list[tuple[Array, str]] = []
    for sequence in sequences:
        for segment in sequence.segments:
            missing = max(0, LENGTHS[1] - (segment.end - segment.start))
            start, end = max(0, segment.start - missing // 2), min(len(sequence.joints_m), segment.end + missing // 2)
            if end - start >= LENGTHS[0] // 2:
                found.append((sequence.joints_m[start:end], segment.action))
    return found


def _crops(motions: Sequence[Array], frames: int, rng: np.random.Generator) -> Array:
    """(B, frames, 2, 21, 3): a random stretch of each motion, NaN after the end of a shorter one."""
    crops = np.full((len(motions), frames, HANDS, *motions[0].shape[2:]), np.nan, dtype=np.float32)
    for crop, motion in zip(crops, motions, strict=True):
        start = int(rng.integers(max(1, len(motion) - frames + 1)))
        piece = motion[start : start + frames]
        crop[: len(piece)] = piece
    return crops


def train(sequences: Sequence[MotionSequence], test: Sequence[MotionSequence], steps: int, seed: int) -> FidNetwork:
    """Train on labelled motion; the card tells the accuracy on the test sequences.

    Raises:
        UserError: Fewer than two actions are labelled.
    """
    examples, held_out = _labelled(sequences), _labelled(test)
    classes = sorted({action for _, action in examples})
    if len(classes) < 2:
        raise UserError("The FID network needs motion with at least two labelled actions.")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = _Network(len(classes))
    values, known = _described(_crops([motion for motion, _ in examples], LENGTHS[1], rng))
    count = known.sum(dim=(0, 1)).clamp(min=1)
    mean = torch.where(known, values, 0.0).sum(dim=(0, 1)) / count
    network.get_buffer("mean").copy_(mean)
    spread = torch.where(known, (values - mean) ** 2, 0.0).sum(dim=(0, 1)) / count
    network.get_buffer("std").copy_(spread.sqrt().clamp(min=1e-3))
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1e-2, total_steps=steps)
    for _ in range(steps):
        batch = rng.integers(len(examples), size=64)
        frames = int(rng.choice(LENGTHS))
        crops = _crops([examples[index][0] for index in batch], frames, rng)
        truth = torch.tensor([classes.index(examples[index][1]) for index in batch])
        loss = nn.functional.cross_entropy(network.classify(network(*_described(crops))), truth, label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    card = {"classes": classes, "data": [], "examples": len(examples), "steps": steps, "seed": seed, "width": WIDTH}
    return FidNetwork(network.eval(), card | {"test accuracy": _accuracy(network, held_out, classes, rng)})


def _accuracy(network: _Network, examples: Sequence[tuple[Array, str]], classes: list[str], rng: np.random.Generator) -> float:
    """Share of the test motions that it names right; NaN without any."""
    known = [(motion, action) for motion, action in examples if action in classes]
    if not known:
        return float("nan")
    with torch.inference_mode():
        logits = network.classify(network(*_described(_crops([motion for motion, _ in known], LENGTHS[1], rng))))
    return float(np.mean([classes[said] == action for said, (_, action) in zip(logits.argmax(dim=1), known, strict=True)]))


def sanity_table(network: FidNetwork, sequences: Sequence[MotionSequence], frames: int, seed: int, data: str) -> Table:
    """True motion against itself, other true motion, and itself noised more and more, held still, and shuffled.

    No rows where there are fewer than four stretches of motion; of many, some, spread evenly.
    """
    table = Table(f"fid-check-{frames}", f"Sanity of the FID over {frames} frames: {data}", [Column("fid", "FID × 1000", 1)])
    rng = np.random.default_rng(seed)
    stretches = [
        sequence.joints_m[start : start + frames]
        for sequence in sequences
        for start in range(0, len(sequence.joints_m) - frames + 1, 4)
    ]
    kept = [motion for motion in stretches if seen(motion).any(axis=1).mean() > 0.5]
    if len(kept) < 4:
        return table
    motions = np.stack([kept[index] for index in np.linspace(0, len(kept) - 1, min(len(kept), _MOST_MOTIONS)).astype(int)])
    order = rng.permutation(len(motions))
    reference, other = motions[order[::2]], motions[order[1::2]]
    truth = network.features(reference)
    rows = {"itself": reference, "other true motion": other}
    for noise in NOISE_MM:
        rows[_noised(noise)] = reference + rng.normal(0.0, noise / 1000.0, reference.shape).astype(np.float32)
    held = np.repeat(reference[:, 15:16], frames - 16, axis=1)
    rows["first clip, then its last pose held"] = np.concatenate([reference[:, :16], held], axis=1)
    rows["frames shuffled"] = reference[:, rng.permutation(frames)]
    for name, changed in rows.items():
        table.rows.append((name, {"fid": 1000.0 * fid(network.features(changed), truth)}))
    table.notes.append(
        f"{len(reference)} true motions against themselves, against {len(other)} others of the same sequences (what sampling"
        " alone makes), and against themselves made worse."
    )
    noised = [float(str(table.value(name, "fid"))) for name in ("itself", *(_noised(noise) for noise in NOISE_MM))]
    table.notes.append(
        "It grows with each step of noise." if noised == sorted(noised) else "It does not grow with each step of noise here."
    )
    return table


def _noised(noise_mm: float) -> str:
    return f"{noise_mm:g} mm of noise"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ghtt_core.evaluate.fid_network", description="Train or check the FID network."
    )
    parser.add_argument("task", choices=("train", "check"))
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="PATH")
    parser.add_argument("--out", type=Path, default=DEFAULT_NETWORK, metavar="FILE")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        sets = [load_test_data(path) for path in arguments.data]
        if arguments.task == "train":
            learned = [sequence for data in sets for sequence in data.training]
            trained = train(learned, [sequence for data in sets for sequence in data.test], arguments.steps, arguments.seed)
            trained.card["data"] = [data.name for data in sets]
            trained.save(arguments.out)
            accuracy = f"{trained.card['test accuracy']:.1%} right on test motion"
            print(f"{arguments.out}: {len(trained.card['classes'])} actions, {accuracy}")
        network = FidNetwork.load(arguments.out)
        for data in sets:
            longest = sorted(len(sequence.joints_m) for sequence in data.test)[-max(1, len(data.test) // 3)]
            frames = LENGTHS[1] if longest >= LENGTHS[1] else LENGTHS[0]
            print(as_console(sanity_table(network, data.test, frames, arguments.seed, data.name)), end="\n\n")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
