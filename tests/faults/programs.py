"""Starting the program, watching what it writes, and reading it back."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from estimators.clips import ClipReader
from ghtt_core.errors import UserError
from ghtt_core.recording import read_recording

FAKE_PROGRAM = Path(__file__).with_name("fake_program.py")
WAIT_S = 240.0


def start(
    *words: str | Path, pace_s: float = 0.005, env: Mapping[str, str] | None = None, before: str = ""
) -> subprocess.Popen[str]:
    """Start the program; `before` is a shell command that its process runs first, such as a limit."""
    command = [sys.executable, str(FAKE_PROGRAM), str(pace_s), *map(str, words)]
    if before:
        command = ["bash", "-c", f'{before}; exec "$0" "$@"', *command]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def wait_for_rows(process: subprocess.Popen[str], folder: Path, rows: int) -> int:
    """Until so many frames lie on the disk; how many there are then."""
    wait_until(process, lambda: rows_in(folder) >= rows)
    return rows_in(folder)


def wait_until(process: subprocess.Popen[str], done: Callable[[], bool]) -> None:
    """Look again and again while the program runs."""
    deadline = time.monotonic() + WAIT_S
    while not done():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, f"nothing after {WAIT_S} s"
        time.sleep(0.02)


def rows_in(folder: Path) -> int:
    """Frames of a recording that may just be being begun."""
    try:
        return len(read_recording(folder))
    except UserError:
        return 0


def video_times_s(path: Path) -> list[float]:
    """Decode a whole video; the time of every frame. A frame that was cut off in the middle is passed over, as players do."""
    with ClipReader(path) as reader:
        return [frame.source_time_s for frame in reader]
