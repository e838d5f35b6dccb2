"""The log file: rotating, in the user's own log folder. Tracebacks go there, not to the screen."""

import logging
import logging.handlers
import sys
import threading
from pathlib import Path

import platformdirs

_MAX_BYTES, _KEPT = 1 << 20, 3


def log_file() -> Path:
    """Where the log lies."""
    return platformdirs.user_log_path("ghtt") / "ghtt.log"


def start_logging() -> None:
    """Send warnings and tracebacks to the log file; without one, where the home folder cannot be written, to nowhere."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    handler: logging.Handler = logging.NullHandler()
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            log_file(), maxBytes=_MAX_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True
        )
    except OSError:
        pass
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root.addHandler(handler)
    logging.raiseExceptions = False  # A full disk must not turn a log line into a second fault.
    threading.excepthook = lambda arguments: logging.getLogger("thread").error(
        "a thread failed", exc_info=arguments.exc_value or sys.exc_info()[1]
    )
