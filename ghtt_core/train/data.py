"""The data sets that a training command names."""

import math
from collections.abc import Sequence
from pathlib import Path

from ghtt_core.data.registry import open_dataset
from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence
from ghtt_core.synthetic.motion import generate_motion

TrainingSet = tuple[str, list[MotionSequence], float]
HeldOutSet = tuple[str, list[MotionSequence]]
SYNTHETIC = "synthetic"
BACKWARDS = "backwards:"
"""Before a data set: its training motion with time turned round, without names."""
SYNTHETIC_SECONDS = 120.0
SYNTHETIC_VALIDATION_SEEDS = range(9000, 9003)


def load_data(specifications: Sequence[str]) -> tuple[list[TrainingSet], list[HeldOutSet]]:
    """Read data sets given as PATH[@SHARE].

    Returns:
        For training (name, sequences, share), for validation (name, sequences).

    Raises:
        UserError: A set cannot be read, a share is not a positive number, or nothing is left to train on.
    """
    train, validation = [], []
    for specification in specifications:
        path, _, share_text = specification.partition("@")
        share = _positive(share_text or "1")
        if share is None:
            raise UserError(
                f"{specification!r}: {share_text!r} is not a share; write PATH@2 for twice the usual part of a batch."
            )
        name, parts = _parts(path)
        if parts["train"]:
            train.append((name, parts["train"], share))
        if parts["validation"]:
            validation.append((name, parts["validation"]))
    if not train:
        raise UserError("None of the data sets has sequences to train on.")
    return train, validation


def short_name(specification: str) -> str:
    """A data set as a model card names it: without the folders it lies in."""
    prefix = BACKWARDS if specification.startswith(BACKWARDS) else ""
    return prefix + Path(specification.removeprefix(prefix)).name


def source_of(specification: str) -> str:
    """The name of the data set in a specification, as attributions go by it."""
    return specification.removeprefix(BACKWARDS).partition("@")[0].partition(":")[0].partition(".")[0]


def _positive(text: str) -> float | None:
    """A finite number above zero, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < math.inf else None


def _parts(path: str) -> tuple[str, dict[str, list[MotionSequence]]]:
    if path.startswith(BACKWARDS):
        name, parts = _parts(path.removeprefix(BACKWARDS))
        return name, {"train": [sequence.backwards() for sequence in parts["train"]], "validation": []}
    if path.partition(":")[0] == SYNTHETIC:
        minutes = _positive(path.partition(":")[2] or "60")
        if minutes is None:
            raise UserError(f"{path!r} does not say how many minutes of motion to make; write for example {SYNTHETIC}:60.")
        seeds = range(math.ceil(minutes * 60 / SYNTHETIC_SECONDS))
        made = {"train": seeds, "validation": SYNTHETIC_VALIDATION_SEEDS}
        return SYNTHETIC, {
            part: [generate_motion(seed, SYNTHETIC_SECONDS).sequence for seed in chosen] for part, chosen in made.items()
        }
    dataset = open_dataset(path)
    return Path(path).stem, {"train": list(dataset.part("train")), "validation": list(dataset.part("validation"))}
