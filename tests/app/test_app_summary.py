"""The closing words are right."""

from dataclasses import replace

import numpy as np
import pytest

from app.pipeline import PipelineStats
from app.pipeline.stats import Percentiles
from app.summary import ActionLog, summary


def log_of(*winners: tuple[float, int]) -> ActionLog:
    log = ActionLog(("pour", "stir"))
    for time_s, winner in winners:
        prob = np.full(2, 0.2, np.float32)
        prob[winner] = 0.8
        log.add(time_s, prob)
    return log


def stats(left: int, right: int) -> PipelineStats:
    hop = Percentiles("estimate", 10, 20.0, 30.0, 40.0, 50.0)
    return PipelineStats((hop,), hop, {"source": 7}, 10, (left, right), (), "clip")


def test_stretches_with_one_winner_are_found_and_flickers_left_out() -> None:
    steps = [(index / 10, 0) for index in range(10)] + [(1.0, 1), (1.1, 1)] + [(1.2 + index / 10, 0) for index in range(8)]
    found = log_of(*steps).segments()
    assert [(start, end, name) for start, end, name, _ in found] == [(0.0, 0.9, "pour"), (1.2, pytest.approx(1.9), "pour")]
    assert found[0][3] == pytest.approx(0.8)


def test_frames_without_probabilities_are_passed_over() -> None:
    log = ActionLog(("pour", "stir"))
    log.add(0.0, np.full(2, np.nan, np.float32))
    log.add(0.1, np.empty(0, np.float32))
    assert log.segments() == []
    assert "none was recognised" in log.lines()[0]


def test_what_the_user_reads() -> None:
    text = summary(stats(10, 5), log_of((0.0, 1), (0.7, 1)), 2.0, ["out.mp4 (video, 10 frames)"], live=False)
    assert "10 frames in 2.0 s (5.0 a second); left hand found in 100 % of them, right hand in 50 %" in text
    assert "0.0 -   0.7 s  stir (80 %)" in text
    assert "estimate 30.0 / 40.0 / 50.0 ms" in text
    assert "Written: out.mp4 (video, 10 frames)" in text
    assert "dropped" not in text
    assert "7 frames dropped" in summary(stats(10, 5), log_of(), 2.0, [], live=True)


def test_a_clip_without_hands_is_said() -> None:
    assert "No hand was found" in summary(stats(0, 0), log_of(), 2.0, [], live=False)
    assert "No hand was found" not in summary(stats(0, 1), log_of(), 2.0, [], live=False)


def test_names_that_were_put_right_are_counted() -> None:
    assert "put right" not in summary(stats(1, 1), log_of(), 2.0, [], live=False)
    told = summary(replace(stats(1, 1), swaps=2), log_of(), 2.0, [], live=False)
    assert "Left and right were confused and put right 2 times" in told
