"""The machine and the packages installed on it. Standard library only, so that it works where nothing else does."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from app.doctor.finding import Finding, State
from app.doctor.probe import ROOT
from app.doctor.system_libraries import describe, missing_libraries

OLDEST_PYTHON = (3, 11)
LEAST_FREE_GIB = 2.0


def look_at_machine() -> list[Finding]:
    """Python, system, processor, graphics card and disk."""
    return [_python(), _system(), _nvidia(), _disk()]


def look_at_packages() -> list[Finding]:
    """The pinned packages, OpenCV's distributions, and the system libraries beneath them."""
    return [_pinned_packages(), _opencv(), _libraries()]


def package_versions() -> dict[str, str | None]:
    """Installed version of each package in `requirements.txt`, None where it is missing."""
    return {name: _version(name) for name in _pins()}


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", version, State.BROKEN, "Install Python 3.11 or newer.")
    return Finding(
        "Python", f"{version}, {'its own environment' if sys.prefix != sys.base_prefix else 'no environment of its own'}"
    )


def _system() -> Finding:
    cores = os.cpu_count() or 1
    return Finding("System", f"{platform.platform(terse=True)}, {platform.machine()}, {_processor()}, {cores} cores")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "processor unknown"


def _nvidia() -> Finding:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Finding("NVIDIA GPU", "none")
    query = [tool, "--query-gpu=name,driver_version,memory.total,compute_cap", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return Finding("NVIDIA GPU", "nvidia-smi hangs", State.LIMITED, "Restart the machine or reinstall the NVIDIA driver.")
    if done.returncode or not done.stdout.strip():
        return Finding("NVIDIA GPU", "driver does not answer", State.LIMITED, "Run nvidia-smi and follow what it says.")
    return Finding("NVIDIA GPU", "; ".join(line.strip() for line in done.stdout.strip().splitlines()))


def _disk() -> Finding:
    free_gib = shutil.disk_usage(ROOT).free / 2**30
    if free_gib < LEAST_FREE_GIB:
        return Finding("Disk", f"{free_gib:.1f} GiB free", State.LIMITED, "Free some space: recordings need room.")
    return Finding("Disk", f"{free_gib:.0f} GiB free")


def _pins() -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines())
    return dict(line.split("==", 1) for line in lines if "==" in line)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _pinned_packages() -> Finding:
    pins, installed = _pins(), package_versions()
    missing = [name for name, version in installed.items() if version is None]
    if missing:
        return Finding("Packages", f"missing: {', '.join(missing)}", State.BROKEN, f"Run: {_pip_install()}")
    # A local build such as 2.13.0+cpu meets the pin 2.13.0.
    other = [f"{name} {version}" for name, version in installed.items() if (version or "").partition("+")[0] != pins[name]]
    if other:
        return Finding("Packages", f"not the tested versions: {', '.join(other)}", State.LIMITED, f"Run: {_pip_install()}")
    return Finding("Packages", f"all {len(pins)} at their pinned versions (torch {installed['torch']})")


def _pip_install() -> str:
    return "python -m pip install -r requirements.txt"


def _opencv() -> Finding:
    names = {(each.metadata["Name"] or "").lower() for each in importlib.metadata.distributions()}
    found = sorted(name for name in names if name.startswith("opencv"))
    if len(found) > 1:
        advice = f"Run: python -m pip uninstall -y {' '.join(found)}, then {_pip_install()}"
        return Finding("OpenCV", f"{len(found)} packages share one folder: {', '.join(found)}", State.LIMITED, advice)
    return Finding("OpenCV", " ".join((found[0], _version(found[0]) or "")) if found else "missing")


def _libraries() -> Finding:
    missing = missing_libraries()
    if not missing:
        return Finding("System libraries", "all there")
    state = State.LIMITED if all(library.window_only for library in missing) else State.BROKEN
    return Finding("System libraries", f"{len(missing)} missing", state, describe(missing))
