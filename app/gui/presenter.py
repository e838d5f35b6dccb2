"""From a moment to what is drawn of it: arithmetic only, no widget."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.drawing.overlay import upcoming
from app.gui.compare import METHODS
from app.gui.port import Moment
from app.gui.video_picture import TRAIL_JOINTS, Overlay
from app.viewer.geometry import pose_at
from ghtt_core.packets import Float32, Futures
from ghtt_core.skeleton import HAND_NAMES

SIDE_BY_SIDE = "side by side"
COMPARE_CHOICES = (*METHODS, SIDE_BY_SIDE)
"""What the compare key goes through; the first is the usual picture."""

_PATH_STEPS = 16
_DRAWN_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """What is to be drawn.

    Attributes:
        hands: Hands on the video.
        futures: Futures on the video.
        compare: One of `COMPARE_CHOICES`.
        horizon_s: How far the futures are drawn.
        at_s: The scrubbed moment of the futures; None for whole paths.
    """

    hands: bool = True
    futures: bool = True
    compare: str = METHODS[0]
    horizon_s: float = 2.1
    at_s: float | None = None


def still_ahead(moment: Moment) -> Futures | None:
    """The part of a moment's futures that lies ahead of it, its offsets counted from the moment; None where nothing is left."""
    if moment.futures is None:
        return None
    joints_cam_m, ahead_s = upcoming(moment.futures, moment.observation.time_s)
    if ahead_s.size < 2:
        return None
    now = moment.observation
    return Futures(joints_cam_m, ahead_s.astype(np.float32), now.frame_index, now.time_s)


def hands_in(moment: Moment) -> tuple[str, ...]:
    """The names of the hands seen at a moment."""
    return tuple(name for name, seen in zip(HAND_NAMES, moment.observation.visible, strict=True) if seen)


def overlays(moment: Moment, joints: Mapping[str, Float32], captions: Mapping[str, str], options: ShowOptions) -> list[Overlay]:
    """What is drawn over the video: one overlay, or one per method side by side.

    Args:
        moment: What is shown.
        joints: The hands of that moment by method.
        captions: The caption of each method, with its jitter.
        options: What is to be drawn.
    """
    if options.compare != SIDE_BY_SIDE:
        return [_overlay(moment, joints, captions, options)]
    single = [replace(options, compare=method, futures=False, at_s=None) for method in METHODS]
    return [_overlay(moment, joints, captions, one) for one in single]


def _overlay(moment: Moment, joints: Mapping[str, Float32], captions: Mapping[str, str], options: ShowOptions) -> Overlay:
    usual = options.compare == METHODS[0]
    written = () if usual and options.futures else (captions[options.compare],)
    if not options.hands:
        return Overlay(captions=written)
    raw_px, intrinsics = moment.observation.joints_px, moment.intrinsics
    hands = joints.get(options.compare)
    drawn_px = None if hands is None else intrinsics.project(hands)
    paths_px = poses_px = None
    futures = still_ahead(moment) if options.futures and usual else None
    if futures is not None:
        paths_px = intrinsics.project(future_paths(futures, options.horizon_s))
        if options.at_s is not None:
            poses_px = intrinsics.project(pose_at(futures.joints_cam_m[:_DRAWN_SAMPLES], futures.offset_s, options.at_s))
    return Overlay(raw_px if usual else None, drawn_px, paths_px, poses_px, written)


def future_paths(futures: Futures, horizon_s: float) -> NDArray[np.float32]:
    """(S, T, 2, J, 3) paths of the drawn joints up to a horizon, at evenly spread frames, in the camera frame."""
    last = max(int(np.searchsorted(futures.offset_s, horizon_s + 1e-4)), 2)
    steps = np.unique(np.linspace(0, min(last, len(futures.offset_s)) - 1, _PATH_STEPS).round().astype(int))
    return futures.joints_cam_m[:_DRAWN_SAMPLES, steps][:, :, :, list(TRAIL_JOINTS)]
