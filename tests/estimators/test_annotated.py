"""Counting against frames labelled by eye."""

import json

import numpy as np
import pytest

from estimators.annotated import Mark, Score, as_entries, read_annotation
from ghtt_core.errors import UserError
from ghtt_core.packets import HandsObservation
from ghtt_core.skeleton import LEFT, RIGHT

MARKS = [Mark(LEFT, (100.0, 300.0), True), Mark(RIGHT, (400.0, 300.0), True)]


def seen(**places):
    """An observation with hands, all joints in one point, by slot."""
    joints_m, px = np.full((2, 21, 3), np.nan, np.float32), np.full((2, 21, 2), np.nan, np.float32)
    for name, place in places.items():
        slot = ("left", "right").index(name)
        joints_m[slot], px[slot] = 0.5, place
    return HandsObservation(joints_m, px, np.ones(2, np.float32), 0, 0.0)


def test_found_named_and_elsewhere_are_told_apart():
    score = Score()
    score.add("a", 0, MARKS, seen(left=(110, 310), right=(390, 300)))
    score.add("a", 1, MARKS[1:], seen(left=(390, 300), right=(20, 20)))
    assert (score.clear, score.found, score.named, score.other, score.frames) == (3, 3, 2, 1, 2)
    assert score.misses == [("a", 1, "right", "named wrongly")]


def test_swaps_are_counted_once_a_frame_and_not_across_clips():
    score = Score()
    right, wrong = seen(left=(100, 300), right=(400, 300)), seen(left=(400, 300), right=(100, 300))
    for frame, observation in enumerate((right, right, wrong, seen(), wrong, right)):
        score.add("a", frame, MARKS, observation)
    score.add("b", 0, MARKS, wrong)
    assert score.swaps == 2
    json.dumps(as_entries(score))


def test_the_annotation_that_ships_is_what_the_document_says():
    marks = read_annotation()
    frames = [frame for clip in marks.values() for frame in clip.values()]
    assert (len(marks), len(frames)) == (32, 302)
    assert sum(mark.clear for frame in frames for mark in frame) == 486
    assert all(0 <= v <= 480 for frame in frames for mark in frame for v in mark.centre_px)


def test_a_file_that_is_no_table_gets_one_sentence(tmp_path):
    path = tmp_path / "marks.csv"
    path.write_text("clip,frame\na,b\n")
    with pytest.raises(UserError, match="no annotation table"):
        read_annotation(path)
