"""How good an estimator's output looks from itself alone: found hands, swaps, jitter, gaps, sound bones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimators.detections import palm_px
from estimators.intrinsics import Intrinsics
from ghtt_core.packets import HandsObservation
from ghtt_core.skeleton import BONES, HANDS, LEFT, PALM, RIGHT

_ONE_HAND = 0.5
"""Two skeletons nearer to each other than this many palm lengths are one hand."""
_LONGEST_GAP_S = 1.0


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of one estimator on one or more clips.

    Attributes:
        frames: Frames seen.
        no_hand, one_hand, two_hands: Shares of frames.
        doubles: Share of frames in which both slots hold the same hand.
        swaps: How often the two slots changed places from one frame to the next, as their places in the picture tell.
        gaps: How often a hand was lost for less than a second.
        acceleration_mm: Mean joint acceleration, millimetres per frame squared, swaps and depth jumps included.
        reprojection_px: Mean distance between the projected joints and the image landmarks.
        bone_spread: Mean over bones of standard deviation over mean length: 0 for a body that keeps its bones.
        latency_ms: p50 and p95 of the time per frame.
    """

    frames: int
    no_hand: float
    one_hand: float
    two_hands: float
    doubles: float
    swaps: int
    gaps: int
    acceleration_mm: float
    reprojection_px: float
    bone_spread: float
    latency_ms: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Run:
    """One estimator over one clip: its observations, the camera, and the seconds that each frame took."""

    observations: list[HandsObservation]
    intrinsics: Intrinsics
    seconds: list[float]


def judge(runs: Sequence[Run]) -> Quality:
    """The figures over all runs together."""
    visible = np.concatenate([np.stack([o.visible for o in run.observations]) for run in runs])
    found = visible.sum(axis=1)
    accelerations, errors, spreads = [], [], []
    for run in runs:
        joints = np.stack([o.joints_cam_m for o in run.observations]).astype(np.float64)
        px = np.stack([o.joints_px for o in run.observations]).astype(np.float64)
        accelerations.append(np.linalg.norm(joints[2:] - 2 * joints[1:-1] + joints[:-2], axis=-1).reshape(-1))
        errors.append(np.linalg.norm(run.intrinsics.project(joints) - px, axis=-1).reshape(-1))
        spreads += [_bone_spread(joints[:, hand]) for hand in range(HANDS)]
    seconds = np.concatenate([np.asarray(run.seconds) for run in runs])
    return Quality(
        frames=len(found),
        no_hand=float((found == 0).mean()),
        one_hand=float((found == 1).mean()),
        two_hands=float((found == 2).mean()),
        doubles=float(np.mean([_is_double(o) for run in runs for o in run.observations])),
        swaps=sum(_swaps(run.observations) for run in runs),
        gaps=sum(_gaps(run.observations) for run in runs),
        acceleration_mm=_mean(np.concatenate(accelerations)) * 1e3,
        reprojection_px=_mean(np.concatenate(errors)),
        bone_spread=_mean(np.array(spreads)),
        latency_ms=(float(np.percentile(seconds, 50)) * 1e3, float(np.percentile(seconds, 95)) * 1e3),
    )


def as_row(quality: Quality) -> Mapping[str, str]:
    """The figures as they are printed, by heading."""
    return {
        "frames": f"{quality.frames}",
        "0 / 1 / 2 hands": f"{quality.no_hand:.0%} / {quality.one_hand:.0%} / {quality.two_hands:.0%}",
        "doubles": f"{quality.doubles:.1%}",
        "swaps": f"{quality.swaps}",
        "gaps": f"{quality.gaps}",
        "accel mm/frame²": f"{quality.acceleration_mm:.1f}",
        "reproj px": f"{quality.reprojection_px:.1f}",
        "bones ±": f"{quality.bone_spread:.0%}",
        "ms p50 / p95": f"{quality.latency_ms[0]:.1f} / {quality.latency_ms[1]:.1f}",
    }


def _mean(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def _centre(joints_px: NDArray[np.float32]) -> NDArray[np.float32]:
    centre: NDArray[np.float32] = joints_px[list(PALM)].mean(axis=0)
    return centre


def _is_double(observation: HandsObservation) -> bool:
    if not observation.visible.all():
        return False
    left, right = observation.joints_px
    apart = float(np.linalg.norm(left - right, axis=1).mean())
    return apart < _ONE_HAND * max(palm_px(left), palm_px(right))


def _swaps(observations: Sequence[HandsObservation]) -> int:
    """Counts steps at which a slot's hand is where the other slot's was, and far from where its own was."""
    count = 0
    places: list[NDArray[np.float32] | None] = [None, None]
    for observation in observations:
        now = [_centre(px) if seen else None for px, seen in zip(observation.joints_px, observation.visible, strict=True)]
        for hand, other in ((LEFT, RIGHT), (RIGHT, LEFT)):
            here, was, others = now[hand], places[hand], places[other]
            if here is None or others is None:
                continue
            palm = palm_px(observation.joints_px[hand])
            came_from_other = float(np.linalg.norm(here - others)) < palm
            left_own = was is None or float(np.linalg.norm(here - was)) > 1.5 * palm
            if came_from_other and left_own and (now[other] is None or _moved(now[other], others, palm)):
                count += 1
                break
        places = [new if new is not None else None for new in now]
    return count


def _moved(now: NDArray[np.float32] | None, was: NDArray[np.float32], palm: float) -> bool:
    return now is not None and float(np.linalg.norm(now - was)) > palm


def _gaps(observations: Sequence[HandsObservation]) -> int:
    count = 0
    last_seen_s = [float("nan")] * HANDS
    seen_before = [False] * HANDS
    for observation in observations:
        for hand, seen in enumerate(observation.visible):
            if seen:
                count += not seen_before[hand] and observation.time_s - last_seen_s[hand] < _LONGEST_GAP_S
                last_seen_s[hand] = observation.time_s
            seen_before[hand] = bool(seen)
    return count


def _bone_spread(joints_m: NDArray[np.float64]) -> float:
    seen = joints_m[np.isfinite(joints_m).all(axis=(1, 2))]
    if len(seen) < 2:
        return float("nan")
    first, second = np.array(BONES).T
    lengths = np.linalg.norm(seen[:, second] - seen[:, first], axis=-1)
    return float((lengths.std(axis=0) / lengths.mean(axis=0)).mean())
