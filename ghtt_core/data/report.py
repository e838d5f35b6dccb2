"""The text of `python -m ghtt_core.data inspect`."""

import numpy as np

from ghtt_core.data.registry import DataSet
from ghtt_core.data.summary import JUMP_M, Floats, HandSummary, SetSummary
from ghtt_core.skeleton import HAND_NAMES

_MOST_CLASSES = 60
_MANY_JUMPS_SHARE = 0.01
_SURE_SIDE_SHARE = 0.5


def format_summary(dataset: DataSet, summary: SetSummary) -> str:
    """The summary as lines of text."""
    lines = [f"{dataset.path}  ({dataset.kind})", *_size_lines(summary), ""]
    lines += [*_hand_lines(summary), "", *_difficulty_lines(summary)]
    if summary.classes:
        lines += ["", *_class_lines(summary)]
    notes = _notes(summary)
    if summary.recordings == 1 and not dataset.parts:
        notes.append("all is one recording: no split of it is independent")
    if notes:
        lines += ["", *(f"note: {note}" for note in notes)]
    return "\n".join(lines)


def _size_lines(summary: SetSummary) -> list[str]:
    lengths = np.percentile(summary.lengths, (0, 5, 50, 95, 100)).astype(int)
    subjects = f"{summary.subjects} subjects" if summary.subjects else "subjects unknown"
    rates = ", ".join(f"{rate:g}" for rate in summary.rates_hz)
    parts = ", ".join(f"{part} {number} sequences / {frames} frames" for part, (number, frames) in summary.parts.items())
    return [
        f"{summary.sequences} sequences, {summary.frames} frames, {summary.seconds:.1f} s at {rates} fps; "
        f"{summary.recordings} recordings, {subjects}",
        "frames a sequence: least {}, 5 % {}, median {}, 95 % {}, most {}".format(*lengths),
        f"official split: {parts}" if len(summary.parts) > 1 else "official split: none",
        ("lengths are metres" if summary.metric else "lengths are NOT metres: image landmarks scaled to an adult's hand")
        + (f"; {summary.with_truth} sequences have an exact motion beside the estimate" if summary.with_truth else ""),
    ]


def _hand_lines(summary: SetSummary) -> list[str]:
    frames = max(summary.frames, 1)
    lines = [f"both hands in {summary.both / frames:.1%} of the frames, none in {summary.none / frames:.1%}"]
    lines.append(
        f"{'hand':6}{'present':>9}{'size mm, 5/50/95 %':>21}{'speed mm/frame, 50/95/99 %':>29}"
        f"{'acceleration mm/frame2, 50/95/99 %':>37}{'jumps':>7}{'gaps':>6}{'longest':>9}{'own side':>10}"
    )
    for name, hand in zip(HAND_NAMES, summary.hands, strict=True):
        if not hand.frames:
            lines.append(f"{name:6}{'never':>9}")
            continue
        longest = int(hand.gap_frames.max(initial=0))
        lines.append(
            f"{name:6}{hand.frames / frames:9.1%}{_quantiles(hand.size_mm, (5, 50, 95)):>21}"
            f"{_quantiles(hand.speed_mm, (50, 95, 99)):>29}{_quantiles(hand.acceleration_mm, (50, 95, 99)):>37}"
            f"{hand.jumps:7}{hand.gap_frames.size:6}{longest:9}{hand.own_side_share:10.1%}"
        )
    return lines


def _difficulty_lines(summary: SetSummary) -> list[str]:
    return ["16 frames seen, the last pose held (zero velocity):"] + [
        f"  {one.frames} frames ahead: ADE {one.ade_mm:.1f} mm, FDE {one.fde_mm:.1f} mm over {one.windows} windows "
        f"({one.fit_share:.0%} of the places in long enough sequences)"
        if one.windows
        else f"  {one.frames} frames ahead: no window is long enough"
        for one in summary.difficulty
    ]


def _class_lines(summary: SetSummary) -> list[str]:
    lines = [f"{'action':28}{'segments':>9}{'frames':>9}{'recordings':>12}"]
    for action, (segments, frames, recordings) in list(summary.classes.items())[:_MOST_CLASSES]:
        lines.append(f"{action[:27]:28}{segments:9}{frames:9}{recordings:12}")
    if len(summary.classes) > _MOST_CLASSES:
        lines.append(f"... and {len(summary.classes) - _MOST_CLASSES} more")
    return lines


def _notes(summary: SetSummary) -> list[str]:
    notes = []
    for name, hand in zip(HAND_NAMES, summary.hands, strict=True):
        if hand.frames and hand.own_side_share < _SURE_SIDE_SHARE:
            notes.append(
                f"the {name} hand's fingers bend to the back in {1 - hand.own_side_share:.0%} of its frames: left and right "
                "are swapped, or an axis is flipped"
            )
        if _many_jumps(hand):
            notes.append(f"the {name} hand jumps more than {JUMP_M * 100:g} cm between frames {hand.jumps} times")
    return notes


def _many_jumps(hand: HandSummary) -> bool:
    return bool(hand.frames) and hand.jumps > _MANY_JUMPS_SHARE * hand.frames


def _quantiles(values: Floats, percent: tuple[int, ...]) -> str:
    if not values.size:
        return "-"
    return " / ".join(f"{value:.1f}" for value in np.percentile(values, percent))
