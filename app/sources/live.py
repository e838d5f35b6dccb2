"""What cameras and streams share: a thread that reads them, and reconnects with a visible state when they are lost."""

import logging
import time
from abc import ABC, abstractmethod
from threading import Event

import numpy as np
from numpy.typing import NDArray

from app.sources.base import Source, SourceInfo, SourceState
from app.workers import Mailbox, Worker
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame

_LOG = logging.getLogger(__name__)
_RETRY_S = (0.5, 1.0, 2.0)
"""Pauses before the first retries; the last one goes on for ever."""
_JOIN_S = 0.8


class ConnectionLostError(Exception):
    """A device or a stream that was open gives no more pictures; the text says why."""


class Connection(ABC):
    """An open device or stream.

    Attributes:
        fps: Frames a second as it states them, or None.
        note: Something the user should know, or "".
    """

    fps: float | None = None
    note: str = ""

    @abstractmethod
    def read(self) -> NDArray[np.uint8]:
        """Wait for the next (H, W, 3) BGR picture, at most a few seconds.

        Raises:
            ConnectionLostError: None will come.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the device or the connection back."""


class Connector(ABC):
    """Knows how to open one device or stream, again and again.

    Attributes:
        name: For people.
    """

    name: str

    @abstractmethod
    def connect(self) -> Connection:
        """Open it.

        Raises:
            UserError: It cannot be opened now.
        """


class LiveSource(Source):
    """A camera or a stream. Frames that nobody takes in time are replaced by newer ones."""

    def __init__(self, connector: Connector) -> None:
        """Connect.

        Raises:
            UserError: The first connection fails; later ones are retried.
        """
        self._connector = connector
        self._connection: Connection | None = connector.connect()
        self.info = SourceInfo(connector.name, live=True, fps=self._connection.fps, note=self._connection.note)
        self._frames: Mailbox[Frame] = Mailbox()
        self._closing = Event()
        self._reason, self._attempt = "", 0
        self._start_s: float | None = None
        self._count = 0
        self._reader = Worker(f"read {connector.name}", self._turn, at_end=self._disconnect)
        self._reader.start()

    def read(self, timeout_s: float) -> Frame | None:
        """The newest frame that was not taken yet."""
        frame = self._frames.take(timeout_s)
        if frame is None and self._reader.finished and self._reader.exception is not None:
            raise UserError(f"{self.info.name}: {self._reader.status.error}") from self._reader.exception
        return frame

    @property
    def state(self) -> SourceState:
        """Running or reconnecting; it never ends by itself."""
        return SourceState.RECONNECTING if self._attempt else SourceState.RUNNING

    @property
    def status(self) -> str:
        """What is wrong while reconnecting."""
        if not self._attempt:
            return ""
        return f"{self.info.name} is lost ({self._reason}); connecting again, attempt {self._attempt}."

    @property
    def dropped(self) -> int:
        """Frames that nobody took."""
        return self._frames.dropped

    def close(self) -> None:
        """Stop reading. A device that hangs in the driver is left to its thread, which ends by its own time limit."""
        self._closing.set()
        self._reader.request_stop()
        self._frames.close()
        if not self._reader.join(_JOIN_S):
            _LOG.warning("%s does not answer; its thread ends when its time limit is over", self.info.name)

    def _turn(self) -> bool:
        try:
            if self._connection is None:
                self._connection = self._connector.connect()
            image = self._connection.read()
        except (ConnectionLostError, UserError) as error:
            self._lost(str(error).removeprefix(f"Cannot open {self.info.name}: ").partition(";")[0].rstrip("."))
            return True
        if self._attempt:
            _LOG.info("%s is back after %d attempts", self.info.name, self._attempt)
            self._attempt = 0
        now_s = time.monotonic()
        self._start_s = now_s if self._start_s is None else self._start_s
        self._frames.put(Frame(image, self._count, now_s, now_s - self._start_s))
        self._count += 1
        return True

    def _lost(self, reason: str) -> None:
        self._disconnect()
        self._reason, self._attempt = reason, self._attempt + 1
        _LOG.warning("%s", self.status)
        self._closing.wait(_RETRY_S[min(self._attempt, len(_RETRY_S)) - 1])

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
