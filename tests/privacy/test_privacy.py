"""What leaves the machine and what stays in files: no connection, no pictures, no secrets, no private paths."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import platformdirs
import pytest

from app.options import parse_options
from estimators.base import EstimatorOptions
from estimators.intrinsics import IntrinsicsChoice
from estimators.mediapipe_hands import MediaPipeHands
from estimators.model_bundle import default_bundle_path
from estimators.network_wall import kernel_can_refuse, refuse_internet
from estimators.side_thread import SideThread
from estimators.tracker import TrackedHands
from ghtt_core.errors import UserError

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


def test_onnx_runtime_keeps_no_record_of_who_runs_it(home: Path) -> None:
    """Its own telemetry leaves a device number and a queue of events in the cache folder before it sends them."""
    before = files_below(home)
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-m", "tests.privacy.quiet_onnx_runtime"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "ran 1", done.stderr
    assert files_below(home) == before


EXPORTED = ("recording.json", "poses.npz", "futures.npz", "hands.csv")


def threads_of_this_process() -> set[Path]:
    return set(Path("/proc/self/task").iterdir())


def is_walled(thread: Path) -> bool:
    return "\nSeccomp:\t2\n" in (thread / "status").read_text()


@pytest.mark.skipif(not kernel_can_refuse(), reason="no system call filter here")
def test_mediapipe_and_all_its_threads_are_kept_from_the_network(home: Path) -> None:
    """It sends usage figures to its makers otherwise, and has no switch for that."""
    before = threads_of_this_process()
    free = {thread for thread in before if not is_walled(thread)}  # MediaPipe's threads of earlier tests live on.
    estimator = MediaPipeHands(EstimatorOptions(IntrinsicsChoice()))
    try:
        started = threads_of_this_process() - before
        assert len(started) > 1
        assert all(is_walled(thread) for thread in started)
        assert Path("/proc/self/task", str(threading.main_thread().native_id)) in free
        assert not any(is_walled(thread) for thread in free & threads_of_this_process())
    finally:
        estimator.close()


@pytest.mark.skipif(not kernel_can_refuse(), reason="no system call filter here")
def test_the_network_is_refused_to_a_walled_thread_alone() -> None:
    walled = SideThread("walled", refuse_internet)
    for family in (socket.AF_INET, socket.AF_INET6):
        with pytest.raises(PermissionError):
            walled.submit(socket.socket, family).result()
        socket.socket(family).close()
    walled.submit(socket.socket, socket.AF_UNIX).result().close()
    walled.close()


@pytest.mark.parametrize("offline", [True, False])
def test_where_mediapipe_cannot_be_walled_in_offline_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, offline: bool
) -> None:
    monkeypatch.setattr("estimators.mediapipe_hands.kernel_can_refuse", lambda: False)
    options = EstimatorOptions(IntrinsicsChoice(), offline=offline)
    if offline:
        with pytest.raises(UserError, match=r"MediaPipe sends usage figures.*leave out --estimator mediapipe or --offline"):
            MediaPipeHands(options)
    else:
        MediaPipeHands(options).close()
        assert "MediaPipe sends usage figures" in caplog.text


def test_offline_without_a_hand_model_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_: tmp_path)
    monkeypatch.setattr("estimators.model_bundle.urllib.request.urlopen", refuse)
    monkeypatch.setattr("estimators.model_bundle.subprocess.run", refuse)
    assert parse_options(["--offline"]).for_estimator.offline
    with pytest.raises(UserError, match=r"not asked for \(offline\).*--hand-model FILE"):
        TrackedHands(EstimatorOptions(IntrinsicsChoice(), offline=True))
