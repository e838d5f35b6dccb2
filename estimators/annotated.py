"""Estimators against frames labelled by eye: `python -m estimators.annotated --clips FOLDER [--estimator A,B]`.

The annotation that ships says, for 302 frames of 32 first-person clips (HOT3D's, cut by jianingnz/hot3d-motion-filter-demo;
the footage is not part of this repository), where the middle of each palm is and whose hand it is. A hand is found where
an estimator has a palm within a third of a hand's reach of it, and named where that palm is in the right slot.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from estimators.base import DEFAULT_ESTIMATOR, Estimator, EstimatorOptions, create_estimator
from estimators.clips import ClipReader
from estimators.extract import masked, parse_crop
from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.packets import HandsObservation
from ghtt_core.skeleton import HAND_NAMES, HANDS, PALM

ANNOTATION_FILE = Path(__file__).with_name("annotations") / "egocentric_validation.csv"
COLUMNS = ("clip", "frame", "hand", "x_px", "y_px", "view")
_REACH_PX = 50.0
"""How far off a palm may be found, in pictures 480 wide: about half a hand's length."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One hand in one frame: where its palm is, and whether it is clearly in view or cut off or hidden in part."""

    hand: int
    centre_px: tuple[float, float]
    clear: bool


@dataclass(slots=True)
class Score:
    """Counts over the annotated frames; the shares are of hands clearly in view.

    Attributes:
        clear: Hands clearly in view.
        found: Of these, how many have a palm.
        named: Of these, how many have it in the right slot.
        other: Palms where no hand is annotated.
        swaps: Frames at which a hand changed its name, right to wrong or back, since it was last found in the clip.
        frames: Frames looked at.
        misses: (clip, frame, hand, what happened) of every hand not found or wrongly named.
    """

    clear: int = 0
    found: int = 0
    named: int = 0
    other: int = 0
    swaps: int = 0
    frames: int = 0
    misses: list[tuple[str, int, str, str]] = field(default_factory=list)
    _names: dict[tuple[str, int], int] = field(default_factory=dict)

    def add(self, clip: str, frame: int, marks: Sequence[Mark], observation: HandsObservation) -> None:
        """Count one frame."""
        self.frames += 1
        palms = {hand: _palm(observation, hand) for hand in range(HANDS) if observation.visible[hand]}
        pairs = sorted(
            (float(np.linalg.norm(palm - mark.centre_px)), index, slot)
            for index, mark in enumerate(marks)
            for slot, palm in palms.items()
        )
        slot_of: dict[int, int] = {}
        for distance, index, slot in pairs:
            if distance < _REACH_PX and index not in slot_of and slot not in slot_of.values():
                slot_of[index] = slot
        self.other += len(palms) - len(slot_of)
        names = {(clip, marks[index].hand): slot for index, slot in slot_of.items()}
        self.swaps += any(self._names.get(hand, slot) != slot for hand, slot in names.items())
        self._names |= names
        for index, mark in enumerate(marks):
            if not mark.clear:
                continue
            self.clear += 1
            self.found += index in slot_of
            self.named += slot_of.get(index) == mark.hand
            if slot_of.get(index) != mark.hand:
                what = "named wrongly" if index in slot_of else "not found"
                self.misses.append((clip, frame, HAND_NAMES[mark.hand], what))


def read_annotation(path: Path = ANNOTATION_FILE) -> dict[str, dict[int, list[Mark]]]:
    """Marks by clip and frame; a frame without hands has an empty list.

    Raises:
        UserError: The file cannot be read as such a table.
    """
    marks: dict[str, dict[int, list[Mark]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                frame = marks.setdefault(row["clip"], {}).setdefault(int(row["frame"]), [])
                if row["hand"] != "none":
                    centre = (float(row["x_px"]), float(row["y_px"]))
                    frame.append(Mark(HAND_NAMES.index(row["hand"]), centre, row["view"] == "clear"))
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} is no annotation table with the columns {', '.join(COLUMNS)}.") from error
    return marks


def score_clip(path: Path, marks: dict[int, list[Mark]], estimator: Estimator, score: Score, crop: tuple[int, int]) -> None:
    """Run one clip and count its annotated frames.

    Raises:
        UserError: The clip cannot be read.
    """
    estimator.reset()
    with ClipReader(path) as reader:
        for frame in reader:
            observation = estimator.estimate(masked(frame, crop))
            if frame.index in marks:
                score.add(path.stem, frame.index, marks[frame.index], observation)


def as_entries(score: Score) -> dict[str, object]:
    """The figures of a score, for JSON."""
    return {name: value for name, value in asdict(score).items() if not name.startswith("_")}


def _palm(observation: HandsObservation, hand: int) -> NDArray[np.float32]:
    palm: NDArray[np.float32] = observation.joints_px[hand, list(PALM)].mean(axis=0)
    return palm


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m estimators.annotated", description=__doc__)
    parser.add_argument("--clips", type=Path, required=True, metavar="FOLDER", help="where the clips named in the table are")
    parser.add_argument("--annotation", type=Path, default=ANNOTATION_FILE, metavar="CSV")
    parser.add_argument("--estimator", default=f"mediapipe,{DEFAULT_ESTIMATOR}", help="names, separated by commas")
    parser.add_argument("--crop", default="12,8", metavar="TOP,BOTTOM", help="rows that are no picture")
    parser.add_argument("--fov", type=float, metavar="DEGREES", help="field of view along the longer side (these clips: 98)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save counts and misses")
    arguments = parser.parse_args(argv)
    scores: dict[str, Score] = {}
    try:
        marks, crop = read_annotation(arguments.annotation), parse_crop(arguments.crop)
        for name in arguments.estimator.split(","):
            score = scores[name] = Score()
            estimator = create_estimator(name, EstimatorOptions(IntrinsicsChoice(fov_deg=arguments.fov)))
            for clip, frames in marks.items():
                score_clip(arguments.clips / f"{clip}.mp4", frames, estimator, score, crop)
            estimator.close()
            found, named = score.found / max(score.clear, 1), score.named / max(score.clear, 1)
            print(
                f"{name}: {score.frames} frames, {score.clear} hands clearly in view, found {found:.1%}, "
                f"found and rightly named {named:.1%}; {score.swaps} swaps, {score.other} palms elsewhere"
            )
        if arguments.json is not None:
            arguments.json.write_text(
                json.dumps({name: as_entries(score) for name, score in scores.items()}, indent=2) + "\n", "utf-8"
            )
    except OSError as error:
        print(f"Cannot write {arguments.json}: {error.strerror}.", file=sys.stderr)
        return 2
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
