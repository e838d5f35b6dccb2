"""Damaged and hostile files through every parser: a result or one sentence, whatever the bytes."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, check, kept_inputs, seeds_of

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TOKENS = (
    *(b"NaN", b"Infinity", b"-1", b"0", b"1e999", b"1e-999", b"4294967296", b"9" * 30, b"9" * 5000, b"null", b"true", b'"x"'),
    *(
        b"[]",
        b"{}",
        b"[" * 3000,
        b'{"a":' * 3000,
        b"\x00",
        b"\xff\xfe",
        b"\r\n",
        b",",
        b'"',
        b"\\ud800",
        b"\x1b]0;x\x07",
        b"../",
    ),
)
_EXAMPLES = 30


@st.composite
def _changed(draw, seeds):
    """A valid file after a few of the changes that break parsers."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        change = draw(st.sampled_from(("number", "token", "byte", "cut", "repeat", "end")))
        if change == "number":
            found = _NUMBER.search(data, start) or _NUMBER.search(data)
            span = found.span() if found else (start, start)
            data = data[: span[0]] + draw(st.sampled_from(_TOKENS)) + data[span[1] :]
        elif change == "token":
            data = data[:start] + draw(st.sampled_from(_TOKENS)) + data[start:]
        elif change == "byte":
            data = data[:start] + draw(st.binary(min_size=1, max_size=8)) + data[start + 1 :]
        elif change == "cut":
            data = data[:start] + data[start + draw(st.integers(1, 64)) :]
        elif change == "repeat":
            data = data[:start] + data[start : start + 64] * draw(st.integers(1, 4)) + data[start:]
        else:
            data = data[:start]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_give_a_sentence(name, tmp_path):
    seeds = seeds_of(name)

    @settings(max_examples=_EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(_changed(seeds) | st.binary(max_size=64))
    def feed(data):
        check(TARGETS[name], data, tmp_path)

    feed()


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_read_without_complaint(name, tmp_path):
    folder = tmp_path / "seeds"
    folder.mkdir()
    target = TARGETS[name]
    for number, data in enumerate(list(target.seeds(folder))):
        fresh = tmp_path / str(number)
        fresh.mkdir()
        target.read(data, fresh)


@pytest.mark.parametrize(
    ("name", "path"),
    [(name, path) for name in TARGETS for path in kept_inputs(name)],
    ids=lambda value: getattr(value, "name", value),
)
def test_what_was_once_found_stays_fixed(name, path, tmp_path):
    check(TARGETS[name], path.read_bytes(), tmp_path)


def test_every_kept_input_belongs_to_a_target():
    assert {path.name for path in (Path(__file__).parent / "corpus").iterdir() if path.is_dir()} <= set(TARGETS)
