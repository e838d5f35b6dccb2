"""Estimators against rendered clips: `python -m estimators.rendered CLIP... [--estimator A,B] [--json FILE]`.

Clips of `python -m ghtt_core.synthetic render` come with the truth, and with their lens, beside them.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from estimators.base import DEFAULT_ESTIMATOR, EstimatorOptions, create_estimator
from estimators.intrinsics import IntrinsicsChoice
from estimators.report import run_clip, table
from ghtt_core.errors import UserError
from ghtt_core.features import hand_size
from ghtt_core.packets import HandsObservation
from ghtt_core.skeleton import JOINTS, WRIST
from ghtt_core.synthetic.film import Truth, load_truth

Float64 = NDArray[np.float64]

_VELOCITY_S, _DRIFT_S = 0.5, 1.0
_SOUND = 0.2
"""A hand is sound where its image landmarks are within this many hand sizes of the truth, on average over the joints."""
_BINS = 10


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of one clip, or of several put together, one row a frame and hand; NaN where the estimator has no hand.

    Attributes:
        shown: (N,) whether the picture shows the hand.
        own: (N,) whether the slot holds the hand of its name, not the other one.
        joint_m: (N, 21) distance of each joint from the truth in camera space.
        from_wrist_m: (N, 21) the same with the wrists put together.
        depth: (N,) logarithm of the found over the true distance.
        depth_drift: (N,) by how much that changes within a second.
        acceleration_m: (N, 21) error of the acceleration, metres per frame squared.
        head_still, head_known: (N,) error of the true hand's velocity over half a second, metres per second, that the head's
            motion makes, with the camera taken for still and with the estimator's `world_from_cam`.
        confidence: (N,).
        sound: (N,) whether the image landmarks are right.
    """

    shown: NDArray[np.bool_]
    own: NDArray[np.bool_]
    joint_m: Float64
    from_wrist_m: Float64
    depth: Float64
    depth_drift: Float64
    acceleration_m: Float64
    head_still: Float64
    head_known: Float64
    confidence: Float64
    sound: NDArray[np.bool_]


def errors_of(observations: Sequence[HandsObservation], truth: Truth) -> Errors:
    """Compare an estimator's run over a whole rendered clip with the truth."""
    found = np.stack([o.joints_cam_m for o in observations]).astype(np.float64)
    px = np.stack([o.joints_px for o in observations]).astype(np.float64)
    poses = np.stack([o.world_from_cam for o in observations])
    true = truth.joints_cam_m.astype(np.float64)
    direction, true_direction = (_unit(joints.mean(axis=2)) for joints in (found, true))
    to_own, to_other = (np.linalg.norm(direction - other, axis=-1) for other in (true_direction, true_direction[:, ::-1]))
    own = to_own <= to_other
    off = np.where(own[..., None, None], found - true, np.nan)
    depth = np.log(_distance(found) / _distance(true))
    depth[~own] = np.nan
    half, second = round(_VELOCITY_S * truth.fps), round(_DRIFT_S * truth.fps)
    known_velocity = _velocity(true, truth.world_from_cam, half, truth.fps)
    moved = [
        _velocity(true, pose, half, truth.fps) - known_velocity for pose in (np.tile(np.eye(4), (len(poses), 1, 1)), poses)
    ]
    head_still, head_known = (np.linalg.norm(error, axis=-1).reshape(-1) for error in moved)
    return Errors(
        shown=truth.visible.reshape(-1),
        own=own.reshape(-1),
        joint_m=np.linalg.norm(off, axis=-1).reshape(-1, JOINTS),
        from_wrist_m=np.linalg.norm(off - off[:, :, [WRIST]], axis=-1).reshape(-1, JOINTS),
        depth=depth.reshape(-1),
        depth_drift=(depth[second:] - depth[:-second]).reshape(-1),
        acceleration_m=np.linalg.norm(off[2:] - 2 * off[1:-1] + off[:-2], axis=-1).reshape(-1, JOINTS),
        head_still=head_still,
        head_known=head_known,
        confidence=np.stack([o.confidence for o in observations]).astype(np.float64).reshape(-1),
        sound=is_sound(px, truth).reshape(-1),
    )


def is_sound(joints_px: Float64, truth: Truth) -> NDArray[np.bool_]:
    """(T, 2) whether (T, 2, 21, 2) image landmarks are near the true ones; False where a hand is missing."""
    true = truth.joints_cam_m.astype(np.float64)
    size_px = truth.lens.fx * hand_size(true) / _distance(true)
    return np.asarray(np.linalg.norm(joints_px - truth.joints_px, axis=-1).mean(axis=-1) < _SOUND * size_px)


def together(parts: Sequence[Errors]) -> Errors:
    """The errors of several clips as those of one."""
    names = asdict(parts[0])
    return Errors(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def figures(errors: Errors) -> dict[str, float]:
    """What is reported, in the units of the names."""
    seen = np.isfinite(errors.joint_m).all(axis=-1)
    return {
        "hands": int(errors.shown.sum()),
        "found": float((seen & errors.shown).sum() / max(errors.shown.sum(), 1)),
        "misnamed": float((~errors.own & (errors.confidence > 0)).sum() / max((errors.confidence > 0).sum(), 1)),
        "joint_mm": float(np.nanmean(errors.joint_m)) * 1e3,
        "from_wrist_mm": float(np.nanmean(errors.from_wrist_m)) * 1e3,
        "depth_bias": float(np.nanmean(errors.depth)),
        "depth_drift_1s": float(np.sqrt(np.nanmean(errors.depth_drift**2))),
        "acceleration_error_mm": float(np.nanmean(errors.acceleration_m)) * 1e3,
        "head_still_mm_s": float(errors.head_still.mean()) * 1e3,
        "head_known_mm_s": float(errors.head_known.mean()) * 1e3,
        "calibration_error": calibration_error(errors.confidence, errors.sound),
    }


def calibration_error(confidence: Float64, sound: NDArray[np.bool_]) -> float:
    """Mean gap between confidence and share of sound hands over ten bins, weighted by their hands; missing hands left out."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    shown = confidence > 0
    gaps = [
        abs(float((confidence[part] - sound[part]).mean())) * part.sum()
        for part in (shown & (bins == number) for number in range(_BINS))
        if part.any()
    ]
    return float(sum(gaps) / max(shown.sum(), 1))


def _velocity(joints_cam_m: Float64, world_from_cam: Float64, frames: int, fps: float) -> Float64:
    """(T - frames, 2, 3) velocity of the hands' centres in the axes of the earlier camera."""
    centre = joints_cam_m.mean(axis=2)
    first_from_world = np.linalg.inv(world_from_cam[:-frames])
    step = first_from_world @ world_from_cam[frames:]
    later = centre[frames:] @ step[:, :3, :3].transpose(0, 2, 1) + step[:, None, :3, 3]
    return np.asarray((later - centre[:-frames]) * fps / frames)


def _distance(joints_m: Float64) -> Float64:
    return np.asarray(np.linalg.norm(joints_m.mean(axis=-2), axis=-1))


def _unit(vectors: Float64) -> Float64:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def judge_clip(path: Path, names: Sequence[str]) -> dict[str, Errors]:
    """Run estimators over one rendered clip, with its own lens.

    Raises:
        UserError: The clip, its truth or its intrinsics cannot be read, or belong to another clip.
    """
    truth = load_truth(path.with_name(f"{path.stem}_truth.npz"))
    choice = IntrinsicsChoice(path.with_name(f"{path.stem}_intrinsics.json"))
    estimators = [create_estimator(name, EstimatorOptions(choice)) for name in names]
    try:
        runs = run_clip(path, estimators, choice, (0, 0))
    finally:
        for estimator in estimators:
            estimator.close()
    if len(runs[0].observations) != len(truth.visible):
        raise UserError(f"{path} has {len(runs[0].observations)} frames and its truth {len(truth.visible)}; render it again.")
    return {name: errors_of(run.observations, truth) for name, run in zip(names, runs, strict=True)}


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m estimators.rendered", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="rendered clips")
    parser.add_argument("--estimator", default=f"mediapipe,{DEFAULT_ESTIMATOR}", help="names, separated by commas")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the figures")
    arguments = parser.parse_args(argv)
    names = arguments.estimator.split(",")
    try:
        clips = [judge_clip(path, names) for path in arguments.clips]
        rows = {name: figures(together([clip[name] for clip in clips])) for name in names}
        print(table({name: {key: f"{value:.4g}" for key, value in row.items()} for name, row in rows.items()}))
        if arguments.json is not None:
            arguments.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Cannot write {arguments.json}: {error.strerror}.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
