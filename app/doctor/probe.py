"""Ask a module in a process of its own: a driver that crashes or hangs there takes nothing else down."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class ProbeError(Exception):
    """The process gave no answer; the message says why."""


def ask(module: str, timeout_s: float = 60.0) -> Any:
    """Run `python -m module` and return the JSON in the last line of its output.

    Raises:
        ProbeError: It failed, crashed, took too long, or printed no JSON.
    """
    command = [sys.executable, "-m", module]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"no answer within {timeout_s:g} s") from error
    if done.returncode < 0:
        raise ProbeError(f"crashed with {signal.Signals(-done.returncode).name}")
    if done.returncode:
        raise ProbeError(_last_line(done.stderr) or f"ended with status {done.returncode}")
    try:
        return json.loads(_last_line(done.stdout))
    except ValueError as error:
        raise ProbeError("gave an answer that is not understood") from error


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
