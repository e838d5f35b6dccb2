"""The log: one line for each fault, rotating, without anybody's secrets."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import logs
from app.privacy import keep_private, without_private, without_secrets


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The program's logging into a fresh file, taken down again."""
    path = tmp_path / "log" / "ghtt.log"
    monkeypatch.setattr(logs, "log_file", lambda: path)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    monkeypatch.setattr("threading.excepthook", None)
    monkeypatch.setattr("app.privacy._named", {})
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.start_logging()
    yield path
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def fail(sentence: str) -> None:
    try:
        raise KeyError("the cause")
    except KeyError as cause:
        error = ValueError(sentence)
        error.add_note("at frame 25")
        raise error from cause


def test_a_fault_is_one_line_with_its_frame_its_cause_and_where(log: Path) -> None:
    try:
        fail("first\nsecond \x1b[31m")
    except ValueError as error:
        logging.getLogger("worker").error("faulted", exc_info=error)
        logging.getLogger("cli").error("the same on its way up", exc_info=error)
    (line,) = log.read_text("utf-8").splitlines()
    assert "ValueError: first | second \\x1b[31m, at frame 25" in line
    assert "KeyError: 'the cause'" in line
    assert f"tests/app/{Path(__file__).name}:" in line.replace("\\", "/")


def test_no_secret_and_no_private_path_reaches_the_log(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.privacy.Path.home", lambda: tmp_path / "mallory")
    clip = tmp_path / "mallory" / "my doctor's visit.mp4"
    keep_private(clip)
    logging.warning("%s ends early; %s too; see %s", clip, clip.name, tmp_path / "mallory" / "notes")
    logging.warning("lost rtsp://mallory:s3cret@cam.local:554/live?key=s3cret (no data)")
    text = log.read_text("utf-8")
    assert "<file>.mp4 ends early; <file>.mp4 too; see ~/notes" in text.replace("\\", "/")
    assert "lost rtsp://cam.local:554/live (no data)" in text
    assert "s3cret" not in text


def test_the_log_does_not_grow_without_end(log: Path) -> None:
    for _ in range(6):
        logging.warning("%s", "x" * 700_000)
    sizes = [path.stat().st_size for path in log.parent.iterdir()]
    assert len(sizes) == 4
    assert max(sizes) < 2 << 20


def test_words_that_only_look_private_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.privacy.getpass.getuser", lambda: "al")
    assert without_private("al also signals") == "<user> also signals"


@pytest.mark.parametrize("url", ["rtsp://me:p/w?#@h/x", "rt sp://me:p/w?#@h/x", "me:p/w?#@h/x", "http://a://me:p/w?#@h/x?p/w"])
def test_misspelt_addresses_lose_their_secrets_too(url: str) -> None:
    assert "p/w" not in without_secrets(url)
    assert without_secrets(url).endswith("h/x")
