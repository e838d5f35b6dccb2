"""The log file: rotating, in the user's own log folder, one line for each fault, fit to be shown to others."""

import copy
import logging
import logging.handlers
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

import platformdirs

from app.privacy import without_private

_MAX_BYTES, _KEPT = 1 << 20, 3
_FRAMES_TOLD = 6
_FORMAT = "%(asctime)s %(levelname)s [%(threadName)s] %(name)s: %(message)s"
"""The thread is named after its stage; the frame stands in the notes of the exception."""


def log_file() -> Path:
    """Where the log lies."""
    return platformdirs.user_log_path("ghtt") / "ghtt.log"


def start_logging() -> None:
    """Send warnings and faults to the log file; without one, where the home folder cannot be written, to nowhere.

    A second start takes the place of the first.
    """
    root = logging.getLogger()
    for earlier in [handler for handler in root.handlers if isinstance(handler.formatter, OneLineFormatter)]:
        root.removeHandler(earlier)
        earlier.close()
    root.setLevel(logging.INFO)
    handler: logging.Handler = logging.NullHandler()
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            log_file(), maxBytes=_MAX_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True
        )
    except OSError:
        pass
    handler.setFormatter(OneLineFormatter(_FORMAT))
    handler.addFilter(_is_news)
    root.addHandler(handler)
    logging.raiseExceptions = False  # A full disk must not turn a log line into a second fault.
    threading.excepthook = lambda arguments: logging.getLogger("thread").error(
        "a thread failed", exc_info=arguments.exc_value or sys.exc_info()[1]
    )


class OneLineFormatter(logging.Formatter):
    """One line a record, whatever it quotes; an exception with its notes, its causes and where it came from."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without private paths and secrets."""
        record = copy.copy(record)
        record.exc_text = None  # Another handler may have kept its own form of it there.
        line = without_private(super().format(record).replace("\n", " | "))
        return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)

    def formatException(  # noqa: N802 (the library's name)
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """The exception and what caused it, the newest first."""
        told: list[str] = []
        error = ei[1]
        while error is not None and len(told) < _FRAMES_TOLD:
            told.append(_describe(error))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return " <- ".join(told)


def _describe(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
    where = " > ".join(f"{Path(*Path(frame.filename).parts[-3:])}:{frame.lineno}" for frame in frames)
    sentence = ", ".join((f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())))
    return f"{sentence} ({where})" if where else sentence


def _is_news(record: logging.LogRecord) -> bool:
    """Whether the record's exception was not logged before: a fault passes several places on its way to the screen."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return True
    news = not getattr(error, "is_in_the_log", False)
    error.is_in_the_log = True  # type: ignore[attr-defined]
    return news
