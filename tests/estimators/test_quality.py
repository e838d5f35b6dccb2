"""The report's figures and the score against labelled frames, on observations made here."""

import json

import numpy as np
import pytest

from estimators import annotated, report
from estimators.annotated import Mark, Score, read_annotation
from estimators.intrinsics import IntrinsicsChoice
from estimators.quality import Run, judge
from ghtt_core.errors import UserError
from ghtt_core.packets import HandsObservation
from ghtt_core.skeleton import LEFT, RIGHT

INTRINSICS = IntrinsicsChoice(fov_deg=70).for_size(640, 480)
HAND_M = np.random.default_rng(0).uniform(-0.05, 0.05, (21, 3))
PLACES = {LEFT: np.array([-0.15, 0.0, 0.5]), RIGHT: np.array([0.15, 0.0, 0.5])}


def observe(index, places):
    joints = np.full((2, 21, 3), np.nan, np.float32)
    for hand, place in places.items():
        joints[hand] = HAND_M + place
    px = INTRINSICS.project(joints).astype(np.float32)
    return HandsObservation(joints, px, np.isfinite(joints[:, 0, 0]).astype(np.float32), index, index / 30)


def quality_of(frames):
    observations = [observe(i, places) for i, places in enumerate(frames)]
    return judge([Run(observations, INTRINSICS, [0.01] * len(frames))])


def test_a_perfect_run_has_nothing_to_report():
    quality = quality_of([PLACES] * 10)
    assert (quality.two_hands, quality.swaps, quality.gaps, quality.doubles) == (1.0, 0, 0, 0.0)
    assert quality.acceleration_mm == pytest.approx(0, abs=1e-3)
    assert quality.reprojection_px < 0.01
    assert quality.latency_ms[0] == pytest.approx(10)


def test_swaps_gaps_and_doubles_are_counted():
    swapped = {LEFT: PLACES[RIGHT], RIGHT: PLACES[LEFT]}
    assert quality_of([PLACES] * 5 + [swapped] * 5 + [PLACES] * 5).swaps == 2
    lost = {LEFT: PLACES[LEFT]}
    assert quality_of([PLACES] * 5 + [lost] * 5 + [PLACES] * 5).gaps == 1
    assert quality_of([{LEFT: PLACES[LEFT], RIGHT: PLACES[LEFT]}] * 4).doubles == 1.0


def test_acceleration_is_in_millimetres_per_frame_squared():
    path = [{LEFT: PLACES[LEFT] + (0.5 * 0.004 * i * i, 0, 0)} for i in range(8)]
    assert quality_of(path).acceleration_mm == pytest.approx(4.0, rel=0.01)


def test_found_and_named_are_told_apart():
    centres = [tuple(observe(0, PLACES).joints_px[hand][[0, 5, 9, 13, 17]].mean(axis=0)) for hand in (LEFT, RIGHT)]
    marks = [Mark(LEFT, centres[0], True), Mark(RIGHT, centres[1], True)]
    score = Score()
    score.add("clip", 0, marks, observe(0, PLACES))
    score.add("clip", 1, marks, observe(1, {RIGHT: PLACES[LEFT]}))
    score.add("clip", 2, [], observe(2, PLACES))
    assert (score.clear, score.found, score.named, score.other) == (4, 3, 2, 2)
    assert {miss[3] for miss in score.misses} == {"named wrongly", "not found"}


def test_the_shipped_annotation_can_be_read():
    marks = read_annotation()
    assert len(marks) == 32
    assert sum(len(frames) for frames in marks.values()) >= 290
    with pytest.raises(UserError, match="no annotation table"):
        read_annotation(annotated.Path(__file__))


def test_the_report_of_a_plug_in(tmp_path, monkeypatch, capsys):
    """End to end on a clip, with an estimator that always sees the same two hands."""
    from test_clips import write_clip

    class Fixed:
        name = "fixed"

        def __init__(self, options):
            pass

        def estimate(self, frame):
            seen = observe(frame.index, PLACES)
            return HandsObservation(seen.joints_cam_m, seen.joints_px, seen.confidence, frame.index, frame.source_time_s)

        def reset(self):
            pass

        def close(self):
            pass

    monkeypatch.setitem(report.create_estimator.__globals__["_FACTORIES"], "fixed", Fixed)
    clip, figures = write_clip(tmp_path / "clip.mp4"), tmp_path / "figures.json"
    assert report.main([str(clip), str(tmp_path / "missing.mp4"), "--estimator", "fixed", "--json", str(figures)]) == 0
    told = capsys.readouterr()
    assert "There is no file" in told.err
    assert "0% / 0% / 100%" in told.out
    assert json.loads(figures.read_text())["total"]["fixed"]["frames"] == 30
    assert report.main([str(tmp_path / "missing.mp4"), "--estimator", "fixed"]) == 2
