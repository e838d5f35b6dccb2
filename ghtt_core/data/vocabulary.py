"""The action vocabulary of the egocentric clips.

Decided from the training clips alone. A class stays when at least five training clips show it. Of the rest, what looks the same
is merged, and what resembles no class is left without a label: its frames still train the pose block.

| label | training clips | what becomes of it |
|---|---|---|
| pick_up, put_down, inspect, hold | 46-85 | kept |
| rest, stir, pour, type, drink | 7-19 | kept |
| scoop | 4 | `stir`: a utensil moves food about on a plate; the annotators could not tell them apart either |
| mouse | 2 | `type`: fingers work an input device |
| wipe, twist | 2 each | dropped: too few to learn, like no other class |
| other | 13 | dropped: dumbbell curls, shaken bowls and touches have nothing in common |
"""

from collections.abc import Mapping

from ghtt_core.motion import Segment

EGOCENTRIC_ACTIONS = ("drink", "hold", "inspect", "pick_up", "pour", "put_down", "rest", "stir", "type")
"""The classes of the shipped checkpoint, in the order of its outputs."""

EGOCENTRIC_MERGES: Mapping[str, str | None] = {"scoop": "stir", "mouse": "type", "wipe": None, "twist": None, "other": None}
"""Label to class; None: no label."""


def merge_segments(segments: tuple[Segment, ...], merges: Mapping[str, str | None] = EGOCENTRIC_MERGES) -> tuple[Segment, ...]:
    """Rename or drop segments; neighbours that touch and now share a class become one."""
    merged: list[Segment] = []
    for segment in segments:
        action = merges.get(segment.action, segment.action)
        if action is None:
            continue
        if merged and merged[-1].action == action and merged[-1].end == segment.start:
            merged[-1] = Segment(merged[-1].start, segment.end, action)
        else:
            merged.append(Segment(segment.start, segment.end, action))
    return tuple(merged)
