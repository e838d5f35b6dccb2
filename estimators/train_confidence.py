"""Weighs the signs of `estimators.confidence` on rendered clips: `python -m estimators.train_confidence CLIP...`.

The weights that it prints belong into that module. Clips of `python -m ghtt_core.synthetic render`; others than those on which
`python -m estimators.rendered` judges.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from estimators.base import EstimatorOptions
from estimators.clips import ClipReader
from estimators.confidence import Confidence
from estimators.intrinsics import IntrinsicsChoice
from estimators.rendered import calibration_error, is_sound
from estimators.slots import Slots
from estimators.tracker import TrackedHands
from ghtt_core.errors import UserError
from ghtt_core.skeleton import HANDS, JOINTS
from ghtt_core.synthetic.film import load_truth


def signs_of(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(N, 3) signs of the hands found in a rendered clip, and (N,) whether their landmarks are right.

    Raises:
        UserError: The clip or its truth cannot be read.
    """
    truth = load_truth(path.with_name(f"{path.stem}_truth.npz"))
    frames = len(truth.visible)
    px, signs = np.full((frames, HANDS, JOINTS, 2), np.nan), np.full((frames, HANDS, 3), np.nan)
    tracker, slots, confidence = (
        TrackedHands(EstimatorOptions(IntrinsicsChoice())),
        Slots(),
        [Confidence() for _ in range(HANDS)],
    )
    with ClipReader(path) as reader:
        for frame in reader:
            size = frame.image_bgr.shape[1], frame.image_bgr.shape[0]
            for hand, detection in slots.name(tracker.look(frame), size, frame.source_time_s).items():
                px[frame.index, hand] = detection.joints_px
                signs[frame.index, hand] = confidence[hand].signs(detection, hand, frame.source_time_s)
    tracker.close()
    found = np.isfinite(signs[..., 0])
    return signs[found], is_sound(px, truth)[found]


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, print the weights, and what they are worth on each clip when they are fitted to the others."""
    parser = argparse.ArgumentParser(prog="python -m estimators.train_confidence", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="rendered clips, at least two")
    arguments = parser.parse_args(argv)
    try:
        if len(arguments.clips) < 2:
            raise UserError("One clip cannot be held out from itself: name at least two.")
        parts = [signs_of(path) for path in arguments.clips]
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    signs, sound = (np.concatenate(values) for values in zip(*parts, strict=True))
    clip = np.repeat(np.arange(len(parts)), [len(part[1]) for part in parts])
    held_out = np.empty(len(sound))
    for number in range(len(parts)):
        fitted = LogisticRegression(C=10.0).fit(signs[clip != number], sound[clip != number])
        held_out[clip == number] = fitted.predict_proba(signs[clip == number])[:, 1]
    fitted = LogisticRegression(C=10.0).fit(signs, sound)
    weights = ", ".join(f"{weight:.2f}" for weight in fitted.coef_[0])
    print(f"_BIAS, _WEIGHTS = {fitted.intercept_[0]:.2f}, ({weights})")
    print(f"{len(sound)} hands, {sound.mean():.1%} of them right; calibration error {calibration_error(held_out, sound):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
