"""The newest lines of the log, for whoever asks an error message for its details."""

import logging
from collections import deque

from app.gui.text import tr
from app.logs import log_file

_KEPT = 4


class RecentLog(logging.Handler):
    """Keeps the last records with their tracebacks while the window is open."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
        self._lines: deque[str] = deque(maxlen=_KEPT)
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was logged about trouble."""
        if record.levelno >= logging.WARNING or record.exc_info:
            self._lines.append(self.format(record))

    def detail(self) -> str:
        """The last records, and where the whole log lies."""
        where = tr("The whole log: {path}").format(path=log_file())
        return "\n\n".join((*self._lines, where))

    def stop(self) -> None:
        """Keep no more."""
        logging.getLogger().removeHandler(self)
