from pathlib import Path

import numpy as np
import pytest

from ghtt_core.data import open_dataset, split
from ghtt_core.data.vocabulary import EGOCENTRIC_ACTIONS, EGOCENTRIC_MERGES, merge_segments
from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence, Segment


def _sequence(name: str, recording: str, subject: str = "") -> MotionSequence:
    return MotionSequence(np.zeros((3, 2, 21, 3), np.float32), 30.0, name, recording, subject)


_SEQUENCES = [
    _sequence(f"{recording}/{take}", recording, recording[0]) for recording in ("a1", "a2", "b1", "c1") for take in "xyz"
]


@pytest.mark.parametrize("by", ["recording", "subject"])
def test_no_unit_is_on_both_sides(by: str) -> None:
    train, validation = split(_SEQUENCES, by=by)
    units = [{getattr(sequence, by) for sequence in side} for side in (train, validation)]
    assert units[0].isdisjoint(units[1])
    assert len(train) + len(validation) == len(_SEQUENCES)


def test_another_recording_moves_no_other_one() -> None:
    _, before = split(_SEQUENCES, fraction=0.25)
    _, after = split([*_SEQUENCES, _sequence("d1/x", "d1", "d")], fraction=0.25)
    assert {s.recording for s in after} <= {s.recording for s in before} | {"d1"}


def test_named_recordings_validate() -> None:
    train, validation = split(_SEQUENCES, validation=["b1"])
    assert {sequence.recording for sequence in validation} == {"b1"}
    assert {sequence.recording for sequence in train} == {"a1", "a2", "c1"}


def test_unknown_names_and_impossible_splits_are_one_sentence() -> None:
    with pytest.raises(UserError, match="No recording is named 'b9'"):
        split(_SEQUENCES, validation=["b9"])
    with pytest.raises(UserError, match="cannot be divided"):
        split(_SEQUENCES[:3])
    with pytest.raises(UserError, match="does not say who moves"):
        split([_sequence("x", "r"), _sequence("y", "s")], by="subject")


def test_rare_actions_are_merged_or_dropped() -> None:
    segments = (Segment(0, 5, "stir"), Segment(5, 9, "scoop"), Segment(9, 12, "other"), Segment(12, 20, "pour"))
    assert merge_segments(segments) == (Segment(0, 9, "stir"), Segment(12, 20, "pour"))
    assert set(EGOCENTRIC_MERGES).isdisjoint(EGOCENTRIC_ACTIONS)
    assert {action for action in EGOCENTRIC_MERGES.values() if action} <= set(EGOCENTRIC_ACTIONS)


def test_unknown_layouts_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no data set at"):
        open_dataset(tmp_path / "nothing")
    with pytest.raises(UserError, match="none of the layouts"):
        open_dataset(tmp_path)
    with pytest.raises(UserError, match="no kind of data set named 'mano'"):
        open_dataset(tmp_path, "mano")
