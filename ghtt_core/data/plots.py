"""A picture of a few sequences: paths of the wrists over time, and hands in 3D. Needs Matplotlib (requirements-train.txt)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence
from ghtt_core.skeleton import BONES, HAND_NAMES, WRIST

SHOWN_SEQUENCES = 4
_SHOWN_POSES = 8
_HAND_COLOURS = ("#0072b2", "#d55e00")
_AXIS_STYLES = (("x", "-"), ("y", "--"), ("z", ":"))
_HIGHEST_SPEED_MM = 120.0


def plot_sequences(sequences: Sequence[MotionSequence], path: Path) -> None:
    """Draw sequences, a row each: wrist paths, speed, and a few poses from the front.

    Raises:
        UserError: Matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError("Plots need Matplotlib: pip install -r requirements-train.txt") from error
    figure = Figure(figsize=(16, 5.0 * len(sequences)), layout="constrained")
    grid = figure.add_gridspec(2 * len(sequences), 2, height_ratios=(1.3, 1.0) * len(sequences))
    for number, sequence in enumerate(sequences):
        _plot_wrists(figure.add_subplot(grid[2 * number, 0]), sequence)
        _plot_speed(figure.add_subplot(grid[2 * number, 1]), sequence)
        _plot_poses(figure.add_subplot(grid[2 * number + 1, :]), sequence)
    try:
        figure.savefig(path, dpi=80)
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot write the plot {path}: {error}.") from error


def spread_out(sequences: Sequence[MotionSequence]) -> list[MotionSequence]:
    """A few sequences from all over the set."""
    picks = np.unique(np.linspace(0, len(sequences) - 1, SHOWN_SEQUENCES).round().astype(int))
    return [sequences[pick] for pick in picks]


def _plot_wrists(axis: Any, sequence: MotionSequence) -> None:
    time_s = np.arange(len(sequence.joints_m)) / sequence.fps
    for hand, colour in _seen_hands(sequence):
        for dimension, (label, style) in enumerate(_AXIS_STYLES):
            path_cm = sequence.joints_m[:, hand, WRIST, dimension] * 100
            axis.plot(time_s, path_cm, style, color=colour, linewidth=1, label=f"{HAND_NAMES[hand]} {label}")
            if sequence.truth_m is not None:
                axis.plot(time_s, sequence.truth_m[:, hand, WRIST, dimension] * 100, style, color="0.6", linewidth=1)
    for segment in sequence.segments:
        axis.axvline(segment.start / sequence.fps, color="0.8", linewidth=0.8)
        axis.annotate(
            segment.action, (segment.start / sequence.fps, 1), xycoords=("data", "axes fraction"), fontsize=7, va="top"
        )
    axis.set_title(f"{sequence.name}  ({sequence.recording})", fontsize=9, loc="left")
    axis.set_xlabel("s")
    axis.set_ylabel("wrist, cm")
    axis.legend(fontsize=6, ncols=2)


def _plot_speed(axis: Any, sequence: MotionSequence) -> None:
    time_s = np.arange(1, len(sequence.joints_m)) / sequence.fps
    for hand, colour in _seen_hands(sequence):
        step_mm = np.linalg.norm(np.diff(sequence.joints_m[:, hand], axis=0), axis=-1) * 1000
        axis.plot(time_s, step_mm[:, WRIST], color=colour, linewidth=1, label=f"{HAND_NAMES[hand]} wrist")
    axis.set_ylim(0, _HIGHEST_SPEED_MM)
    axis.set_xlabel("s")
    axis.set_ylabel("mm a frame")
    axis.legend(fontsize=6)


def _plot_poses(axis: Any, sequence: MotionSequence) -> None:
    """Poses side by side as the camera sees them, x to the right and y down, each centred in its slot."""
    axis.set_axis_off()
    seen = np.flatnonzero(np.isfinite(sequence.joints_m[:, :, WRIST, 0]).any(axis=1))
    if not seen.size:
        return
    frames = np.unique(seen[np.linspace(0, seen.size - 1, _SHOWN_POSES).astype(int)])
    poses_cm = sequence.joints_m[frames].astype(np.float64) * 100
    low, high = np.nanmin(poses_cm, axis=(1, 2)), np.nanmax(poses_cm, axis=(1, 2))
    slot_cm = float((high - low)[:, 0].max()) + 5
    bottom_cm = float((high - low)[:, 1].max()) / 2
    for slot, (frame, pose_cm, centre_cm) in enumerate(zip(frames, poses_cm, (low + high) / 2, strict=True)):
        for hand, colour in enumerate(_HAND_COLOURS):
            flat = pose_cm[hand, :, :2] - centre_cm[:2] + (slot * slot_cm, 0)
            for parent, child in BONES:
                axis.plot(*flat[[parent, child]].T, color=colour, linewidth=1.5)
        axis.text(slot * slot_cm, bottom_cm + 1, f"frame {frame}", fontsize=8, ha="center", va="top")
    axis.set_aspect("equal")
    axis.invert_yaxis()


def _seen_hands(sequence: MotionSequence) -> list[tuple[int, str]]:
    """Index and colour of the hands that occur."""
    wrists = sequence.joints_m[:, :, WRIST, 0]
    return [(hand, colour) for hand, colour in enumerate(_HAND_COLOURS) if np.isfinite(wrists[:, hand]).any()]
