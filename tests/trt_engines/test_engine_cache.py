import os
import threading
import time
from pathlib import Path

import pytest

from trt_engines import cache
from trt_engines.cache import fetch, is_intact


def writer(text, calls):
    def produce(folder):
        calls.append(folder)
        (folder / "a.plan").write_text(text)
        (folder / "b.plan").write_text(text * 2)

    return produce


def test_content_is_made_once(tmp_path):
    calls = []
    first = fetch(tmp_path / "key", writer("x", calls))
    again = fetch(tmp_path / "key", writer("y", calls))
    assert first == again == tmp_path / "key"
    assert len(calls) == 1
    assert (again / "a.plan").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("damage", ["truncate", "change", "remove", "foreign", "manifest", "empty-manifest"])
def test_what_is_damaged_or_not_ours_is_made_anew(tmp_path, damage):
    entry = fetch(tmp_path / "key", writer("x", []))
    plan, manifest = entry / "b.plan", entry / "manifest.json"
    match damage:
        case "truncate":
            plan.write_text("x")
        case "change":
            plan.write_text("zz")
        case "remove":
            plan.unlink()
        case "foreign":
            manifest.unlink()
        case "manifest":
            manifest.write_text("[1")
        case "empty-manifest":
            manifest.write_text("{}")
    assert not is_intact(entry)
    calls = []
    assert fetch(entry, writer("x", calls)) == entry
    assert len(calls) == 1
    assert is_intact(entry)


def test_an_interrupted_build_leaves_nothing(tmp_path):
    def produce(folder):
        (folder / "a.plan").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path / "key", produce)
    assert list(tmp_path.iterdir()) == []


def test_where_the_cache_cannot_be_written_the_content_is_made_all_the_same(tmp_path, monkeypatch):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
    folder = fetch(blocker / "key", writer("x", []))
    assert (folder / "a.plan").read_text() == "x"


def test_what_a_killed_program_left_is_swept_away_in_time(tmp_path):
    for name, age_s in ((".new-old", 2 * 24 * 3600), (".new-young", 60)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.plan").write_text("half")
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    fetch(tmp_path / "key", writer("x", []))
    assert {path.name for path in tmp_path.iterdir()} == {"key", ".new-young"}


def test_several_programs_at_once_agree_on_one(tmp_path):
    barrier, folders = threading.Barrier(4), []

    def produce(folder: Path):
        barrier.wait(10)
        (folder / "a.plan").write_text("x")

    threads = [threading.Thread(target=lambda: folders.append(fetch(tmp_path / "key", produce))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(folders) == 4
    assert all((folder / "a.plan").read_text() == "x" for folder in folders)
    assert is_intact(tmp_path / "key")
