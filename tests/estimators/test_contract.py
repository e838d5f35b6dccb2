"""The contract check, the documented example, and plug-ins found through entry points."""

import re
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

import estimators.base as base
from estimators.contract import check_estimator, main
from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError

DOCUMENT = Path(__file__).parents[2] / "docs" / "estimators.md"


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The class of the document's worked example, from a module of its name."""
    code = re.search(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL).group(1)
    (tmp_path / "steady_hands.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("steady_hands").SteadyHands
    sys.modules.pop("steady_hands", None)


@pytest.fixture
def installed(monkeypatch):
    """Pretend packages with these entry points are installed."""

    def install(**values):
        points = [EntryPoint(name, value, base.ENTRY_POINT_GROUP) for name, value in values.items()]
        monkeypatch.setattr(base, "entry_points", lambda group: points if group == base.ENTRY_POINT_GROUP else [])

    return install


def test_the_documented_example_keeps_the_contract(example):
    assert check_estimator(example) == []


def test_a_plug_in_is_found_by_name(example, installed, capsys):
    installed(steady="steady_hands:SteadyHands")
    assert "steady" in base.estimator_names()
    assert isinstance(base.create_estimator("steady", base.EstimatorOptions(IntrinsicsChoice())), example)
    assert main(["steady"]) == 0
    assert "keeps the contract" in capsys.readouterr().out


def test_a_broken_plug_in_and_an_unknown_name_are_told_apart(installed, capsys):
    installed(broken="no_such_module:Thing")
    with pytest.raises(UserError, match="does not load"):
        base.create_estimator("broken", base.EstimatorOptions(IntrinsicsChoice()))
    with pytest.raises(UserError, match="choose one of: broken, mediapipe, tracker"):
        base.create_estimator("nonsense", base.EstimatorOptions(IntrinsicsChoice()))


def test_what_an_estimator_breaks_is_named(example):
    class Rude(example):
        def estimate(self, frame):
            frame.image_bgr[:] = 0
            seen = super().estimate(frame)
            return replace(seen, confidence=np.array([0.5, 2.0], np.float32), time_s=seen.time_s + 1)

    problems = " ".join(check_estimator(Rude))
    for said in ("writes into the frame", "not between 0 and 1", "source time", "must all be NaN"):
        assert said in problems


def test_an_exception_is_a_finding_not_a_crash(example):
    class Fragile(example):
        def estimate(self, frame):
            raise IndexError("no hands")

    assert check_estimator(Fragile) == ["It raises IndexError: no hands"]
