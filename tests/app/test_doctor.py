import ctypes
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.doctor import __main__ as doctor
from app.doctor import devices, machine, main_job, probe, system_libraries
from app.doctor.finding import Finding, State
from app.doctor.probe import ProbeError, ask


@pytest.fixture
def no_probes(monkeypatch):
    """Answers in place of the probe processes, by module; an exception is raised."""
    answers = {}

    def answer(module, timeout_s=0.0):
        if isinstance(answers[module], Exception):
            raise answers[module]
        return answers[module]

    for user in (devices, main_job):
        monkeypatch.setattr(user, "ask", answer)
    return answers


def probe_module(monkeypatch, tmp_path, source):
    """A module `probed` that the probe process can import."""
    (tmp_path / "probed.py").write_text(source, "utf-8")
    monkeypatch.setattr(probe, "ROOT", tmp_path)
    return "probed"


def test_probe_returns_the_last_line(monkeypatch, tmp_path):
    module = probe_module(monkeypatch, tmp_path, "print('a driver talks'); print('{\"size\": [640, 480]}')")
    assert ask(module) == {"size": [640, 480]}


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_probe_survives_a_crash(monkeypatch, tmp_path):
    module = probe_module(monkeypatch, tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(ProbeError, match="crashed with SIGSEGV"):
        ask(module)


def test_probe_survives_a_hang(monkeypatch, tmp_path):
    module = probe_module(monkeypatch, tmp_path, "import threading; threading.Event().wait()")
    with pytest.raises(ProbeError, match=r"no answer within 0\.5 s"):
        ask(module, timeout_s=0.5)


def test_probe_passes_on_the_reason(monkeypatch, tmp_path):
    module = probe_module(monkeypatch, tmp_path, "import sys; sys.exit('the driver is too old')")
    with pytest.raises(ProbeError, match="the driver is too old"):
        ask(module)


def test_camera_that_delivers_is_named_with_its_option(no_probes):
    no_probes["app.doctor.camera_probe"] = [
        {"index": 0, "name": "metadata of a camera", "size": None},
        {"index": 2, "name": "HD webcam", "size": [1280, 720]},
    ]
    (finding,) = devices.look_at_cameras()
    assert finding == Finding("Camera", "HD webcam, 1280x720: --camera 2")


def test_broken_camera_driver_is_no_reason_to_stop(no_probes):
    no_probes["app.doctor.camera_probe"] = ProbeError("crashed with SIGSEGV")
    (finding,) = devices.look_at_cameras()
    assert finding.state is State.LIMITED
    assert "SIGSEGV" in finding.seen


def test_software_gl_is_told_apart(no_probes, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":7")
    no_probes["app.viewer.gl_info"] = {"renderer": "llvmpipe (LLVM 15)", "version": "4.5", "platform": "xcb"}
    assert devices.look_at_window()[1].state is State.LIMITED
    no_probes["app.viewer.gl_info"] = {"renderer": "NVIDIA RTX 4070", "version": "4.6", "platform": "xcb"}
    assert devices.look_at_window()[1].state is State.FINE


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_without_a_display_headless_is_advised(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    (finding,) = devices.look_at_window()
    assert finding.state is State.LIMITED
    assert "--headless" in finding.advice


def test_a_model_that_does_not_load_stops_the_main_job(no_probes):
    no_probes["app.doctor.backend_probe"] = ProbeError("There is no checkpoint at x.")
    (finding,) = main_job.look_at_model()
    assert finding.state is State.BROKEN
    assert finding.seen == "There is no checkpoint at x."


def test_reasons_for_passing_over_a_backend_are_shown(no_probes):
    no_probes["app.doctor.backend_probe"] = {
        "checkpoint": "small",
        "actions": 12,
        "description": "ONNX Runtime on the CPU",
        "load_s": 0.5,
        "remarks": ["TensorRT is not installed."],
    }
    (finding,) = main_job.look_at_model()
    assert "ONNX Runtime on the CPU" in finding.seen
    assert "TensorRT is not installed." in doctor.show(finding)


def test_missing_hand_model_is_no_reason_to_stop(no_probes):
    no_probes["app.doctor.estimator_probe"] = {
        "hand_model": "m.task",
        "state": "missing",
        "estimator": "tracker",
        "load_s": None,
    }
    (finding,) = main_job.look_at_estimator()
    assert finding.state is State.LIMITED
    assert "python -m estimators.model_bundle" in finding.advice


def test_estimator_that_cannot_load_stops_the_main_job(no_probes):
    no_probes["app.doctor.estimator_probe"] = ProbeError("libGLESv2.so.2: cannot open shared object file")
    (finding,) = main_job.look_at_estimator()
    assert finding.state is State.BROKEN


def test_without_an_encoder_only_recording_is_lost(no_probes):
    no_probes["app.doctor.encoder_probe"] = []
    (finding,) = main_job.look_at_encoders()
    assert finding.state is State.LIMITED


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(machine, "_pins", lambda: {"numpy": "2.0", "no-such-package-of-ours": "1.0"})
    finding = machine.look_at_packages()[0]
    assert finding.state is State.BROKEN
    assert "no-such-package-of-ours" in finding.seen
    assert "requirements.txt" in finding.advice


def test_another_version_than_the_tested_one_is_named(monkeypatch):
    monkeypatch.setattr(machine, "_pins", lambda: {"numpy": "0.0.1"})
    finding = machine.look_at_packages()[0]
    assert finding.state is State.LIMITED
    assert "numpy" in finding.seen


def test_second_opencv_is_a_finding(monkeypatch):
    class Distribution:
        def __init__(self, name):
            self.metadata = {"Name": name}

    both = [Distribution("opencv-python"), Distribution("opencv-contrib-python")]
    monkeypatch.setattr(machine.importlib.metadata, "distributions", lambda: both)
    finding = machine.look_at_packages()[1]
    assert finding.state is State.LIMITED
    assert "uninstall -y opencv-contrib-python opencv-python" in finding.advice


@pytest.fixture
def bare_linux(monkeypatch):
    """A Linux with apt-get on which the loader finds nothing but the libraries in the returned set."""
    found = set()

    def load(soname):
        if soname not in found:
            raise OSError(soname)

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(system_libraries.platform, "system", lambda: "Linux")
    monkeypatch.setattr(system_libraries.shutil, "which", lambda tool: tool if tool == "apt-get" else None)
    return found


def test_missing_libraries_are_named_with_the_command(bare_linux):
    bare_linux |= {library.soname for library in system_libraries.LIBRARIES} - {"libEGL.so.1", "libxcb-cursor.so.0"}
    missing = system_libraries.missing_libraries()
    sentence = system_libraries.describe(missing)
    assert "libxcb-cursor.so.0" in sentence
    assert "cannot start" in sentence
    assert sentence.endswith("sudo apt-get install -y --no-install-recommends libegl1 libxcb-cursor0")


def test_missing_window_library_is_no_failure(bare_linux, monkeypatch, capsys):
    bare_linux |= {library.soname for library in system_libraries.LIBRARIES if not library.window_only}
    monkeypatch.setattr(sys, "argv", ["system_libraries.py"])
    assert system_libraries.main() == 0
    assert "the window cannot open" in capsys.readouterr().err


def test_missing_headless_library_is_a_failure(bare_linux, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["system_libraries.py"])
    assert system_libraries.main() == 1


def test_nvidia_driver_stands_in_for_mesa(bare_linux):
    bare_linux |= {library.soname for library in system_libraries.LIBRARIES} - {"libGLX_mesa.so.0"} | {"libGLX_nvidia.so.0"}
    assert system_libraries.missing_libraries() == []


def test_system_libraries_script_needs_nothing_installed():
    script = str(Path(system_libraries.__file__).resolve())
    done = subprocess.run([sys.executable, "-I", "-S", script], capture_output=True, text=True, check=False)
    assert done.returncode == int(any(not library.window_only for library in system_libraries.missing_libraries()))


def test_report_shortens_private_paths(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setattr("app.privacy.getpass.getuser", lambda: "al")
    monkeypatch.setattr("app.privacy.platform.node", lambda: "als-laptop")
    monkeypatch.setenv("QT_PLUGIN", "rtsp://al:s3cret@cam.local/live?token=s3cret")
    seen = f"{probe.ROOT}/assets and {tmp_path / '.cache'} of al, also on als-laptop"
    monkeypatch.setattr(doctor, "look_at_everything", lambda: [Finding("Model", seen)])
    monkeypatch.setattr(sys, "argv", ["doctor", "--report"])
    assert doctor.main() == 0
    report = capsys.readouterr().out
    assert f"<checkout>/assets and {Path('~', '.cache')} of <user>, also on <host>" in report
    assert "QT_PLUGIN=rtsp://cam.local/live" in report
    assert "s3cret" not in report
    assert f"program: {tomllib.loads(Path('pyproject.toml').read_text())['project']['version']}" in report


def test_report_holds_the_end_of_the_log(monkeypatch, capsys, tmp_path):
    log = tmp_path / "ghtt.log"
    log.write_text("\n".join(f"line {number}" for number in range(100)), "utf-8")
    monkeypatch.setattr("app.logs.log_file", lambda: log)
    monkeypatch.setattr(doctor, "look_at_everything", list)
    monkeypatch.setattr(sys, "argv", ["doctor", "--report"])
    assert doctor.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert "line 99" in lines
    assert "line 0" not in lines


@pytest.mark.parametrize(("state", "status"), [(State.LIMITED, 0), (State.BROKEN, 1)])
def test_exit_status_tells_whether_the_main_job_can_run(monkeypatch, capsys, state, status):
    monkeypatch.setattr(doctor, "look_at_everything", lambda: [Finding("Model", "seen", state, "Do this.")])
    monkeypatch.setattr(sys, "argv", ["doctor"])
    assert doctor.main() == status
    out = capsys.readouterr().out
    assert "-> Do this." in out
    assert ("The main job can run." in out) == (status == 0)


def test_probes_speak_json():
    assert "libx264" in ask("app.doctor.encoder_probe")
    assert isinstance(ask("app.doctor.camera_probe"), list)
    assert set(ask("app.doctor.estimator_probe")) == {"hand_model", "state", "estimator", "load_s"}
