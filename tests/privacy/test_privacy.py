"""What leaves the machine and what stays in files: no connection, no pictures, no secrets, no private paths."""

import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from app.options import parse_options
from estimators.base import EstimatorOptions
from estimators.intrinsics import IntrinsicsChoice
from estimators.model_bundle import default_bundle_path
from estimators.tracker import TrackedHands
from ghtt_core.errors import UserError
from tests.privacy.without_network import kernel_can_refuse

ROOT = Path(__file__).parents[2]
WALLED = [sys.executable, str(ROOT / "tests" / "privacy" / "without_network.py")]
PROBE = "import ctypes; ctypes.CDLL(None).socket({family}, 1, 0); print('reached')"


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home folder that holds nothing but the hand model."""
    if not default_bundle_path().is_file():
        pytest.skip("the hand model is not there: run `make hand-model`")
    cache = tmp_path / "cache" / "ghtt"
    cache.mkdir(parents=True)
    (cache / "models").symlink_to(default_bundle_path().parent, target_is_directory=True)
    for name in ("CACHE", "CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return tmp_path


@pytest.mark.skipif(not kernel_can_refuse(), reason="no system call filter here")
@pytest.mark.parametrize(("family", "refused"), [("1", False), ("2", True), ("10", True)])
def test_the_wall_itself_holds(tmp_path: Path, family: str, refused: bool) -> None:
    script = tmp_path / "probe.py"
    script.write_text(PROBE.format(family=family))
    done = subprocess.run([*WALLED, str(script)], capture_output=True, text=True, check=False)
    assert ("reached" in done.stdout, done.returncode < 0) == (not refused, refused)


def test_a_run_makes_no_connection_and_writes_only_what_was_asked_for(home: Path) -> None:
    command = [*WALLED, "main.py", "--headless", "--offline", "--backend", "torch", "--max-frames", "4"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for extra, written in (([], set()), (["--export", str(home / "rec")], {f"rec/{name}" for name in EXPORTED})):
        before = files_below(home)
        done = subprocess.run([*command, *extra], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        fresh = {name for name in files_below(home) - before if "/log/" not in name}
        assert fresh == written
    exported = "".join((home / "rec" / name).read_text("utf-8") for name in ("recording.json", "hands.csv"))
    assert str(home) not in exported
    assert str(ROOT) not in exported


EXPORTED = ("recording.json", "poses.npz", "futures.npz", "hands.csv")


def test_offline_without_a_hand_model_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_: tmp_path)
    monkeypatch.setattr("estimators.model_bundle.urllib.request.urlopen", refuse)
    monkeypatch.setattr("estimators.model_bundle.subprocess.run", refuse)
    assert parse_options(["--offline"]).for_estimator.offline
    with pytest.raises(UserError, match=r"not asked for \(offline\).*--hand-model FILE"):
        TrackedHands(EstimatorOptions(IntrinsicsChoice(), offline=True))
