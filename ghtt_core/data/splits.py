"""Splits by recording or by subject; never by window, since neighbouring windows share frames."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence

Part = Literal["train", "validation", "test"]


def split(
    sequences: Iterable[MotionSequence],
    *,
    by: Literal["recording", "subject"] = "recording",
    validation: Iterable[str] | None = None,
    fraction: float = 0.2,
    seed: int = 0,
) -> tuple[list[MotionSequence], list[MotionSequence]]:
    """Training and validation sequences.

    Args:
        sequences: The motion to divide.
        by: The unit that stays on one side.
        validation: The recordings or subjects that validate; None: about `fraction` of the units, drawn by `seed` and their
            names, so that adding a recording moves no other one.
        fraction: Share of the units to validate on, where `validation` is None.
        seed: Draws another split.

    Raises:
        UserError: The subjects are not known, a unit of `validation` does not occur, or a side would be empty.
    """
    everything = list(sequences)
    units = sorted({getattr(sequence, by) for sequence in everything})
    if by == "subject" and "" in units:
        raise UserError("The data set does not say who moves in every sequence; split it by recording.")
    if validation is None:
        ranked = sorted(units, key=lambda unit: hashlib.sha256(f"{seed}/{unit}".encode()).digest())
        chosen = set(ranked[: max(1, round(fraction * len(units)))])
    else:
        chosen = set(validation)
        unknown = sorted(chosen.difference(units))
        if unknown:
            raise UserError(f"No {by} is named {unknown[0]!r}; there are: {', '.join(units[:10])}.")
    train = [sequence for sequence in everything if getattr(sequence, by) not in chosen]
    held_out = [sequence for sequence in everything if getattr(sequence, by) in chosen]
    if not train or not held_out:
        raise UserError(f"{len(units)} {by}s cannot be divided into training and validation; give more data.")
    return train, held_out


def neighbour_blocks(numbered: Mapping[str, int], parts: Mapping[str, Part], largest_gap: int = 24) -> dict[str, str]:
    """Recording names for clips whose neighbouring numbers come from the same recording.

    Args:
        numbered: Clip name to its number.
        parts: The official part of a clip; "train" where it is not listed. A block never crosses it.
        largest_gap: Clips further apart in number begin a new block. The egocentric clips are cut from two-minute recordings,
            24 clips of five seconds each.

    Returns:
        Clip name to block name, which carries the numbers of its first and last clip.
    """
    ordered = sorted(numbered, key=lambda clip: (numbered[clip], clip))
    blocks: list[list[str]] = [ordered[:1]] if ordered else []
    for before, clip in pairwise(ordered):
        apart = numbered[clip] - numbered[before] > largest_gap
        if apart or parts.get(clip, "train") != parts.get(before, "train"):
            blocks.append([])
        blocks[-1].append(clip)
    return {clip: _block_name(block, numbered) for block in blocks for clip in block}


def _block_name(block: Sequence[str], numbered: Mapping[str, int]) -> str:
    return f"clips-{numbered[block[0]]:06d}-{numbered[block[-1]]:06d}"
