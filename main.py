"""The command line: `python main.py --help`."""

import os
import signal
import sys
from types import FrameType

_ENDINGS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Ctrl-C, and what a service manager, a closed terminal or a shutdown sends: files are closed, and the program ends."""


def _ignore_endings() -> None:
    """Everything is closed: one that comes while the interpreter is taken down would only kill it in the middle of that."""
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def run() -> int:
    """Run the program; its parts are imported here so that Ctrl-C while they load ends it quietly too."""
    received: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        if received:  # Somebody will not wait: what was written by now can be read, closed or not.
            os._exit(128 + received[0])
        received.append(number)
        raise KeyboardInterrupt

    for number in _ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # As under nohup.
            signal.signal(number, end)
    try:
        from app.cli import main

        status = main()
        _ignore_endings()
    except KeyboardInterrupt:
        status = 130
        _ignore_endings()
    return 128 + received[0] if received and status == 130 else status


if __name__ == "__main__":
    sys.exit(run())
