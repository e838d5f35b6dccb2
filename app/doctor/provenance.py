"""Which program this is, and what it keeps on this machine. Standard library only, but for the folders' names."""

import subprocess
import tomllib

from app.doctor.probe import ROOT

_MOST_FILES = 40


def program_version() -> str:
    """The version, and in a checkout the commit and whether anything was changed since."""
    version = str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])
    try:
        command = ["git", "describe", "--always", "--dirty"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return version
    return f"{version} ({done.stdout.strip()})" if done.returncode == 0 else version


def kept_files() -> list[str]:
    """Names and sizes of what lies in the program's own cache and log folders."""
    try:
        import platformdirs
    except ImportError as error:
        return [f"unknown ({error})"]
    folders = (platformdirs.user_cache_path("ghtt"), platformdirs.user_log_path("ghtt"))
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return [f"{path} {path.stat().st_size} bytes" for path in files[:_MOST_FILES]] or ["nothing"]
