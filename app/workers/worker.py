"""A named thread whose state can be seen and which stops when told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import Event, Thread

from ghtt_core.errors import UserError

_LOG = logging.getLogger(__name__)


class WorkerState(Enum):
    """What a worker is doing."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAULTED = "faulted"


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker's name and state, and the sentence of its error where it faulted."""

    name: str
    state: WorkerState
    error: str


class Worker:
    """Calls `turn` again and again until it returns False or the worker is told to stop.

    A turn must come back within a fraction of a second, so that stopping is quick. An exception faults the worker; its
    sentence is kept, its traceback goes to the log.
    """

    def __init__(self, name: str, turn: Callable[[], bool], *, at_end: Callable[[], None] | None = None) -> None:
        """Prepare a thread.

        Args:
            name: Of the thread, for people.
            turn: One round of work; False ends the worker.
            at_end: Called in the thread when it ends for whatever reason.
        """
        self.name = name
        self.exception: Exception | None = None
        self._turn, self._at_end = turn, at_end
        self._stop = Event()
        self._state = WorkerState.STARTING
        self._thread = Thread(target=self._run, name=name, daemon=True)

    @property
    def status(self) -> WorkerStatus:
        """What it is doing now."""
        error = self.exception
        sentence = "" if error is None else str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        return WorkerStatus(self.name, self._state, sentence)

    @property
    def finished(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._state in (WorkerState.STOPPED, WorkerState.FAULTED)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def request_stop(self) -> None:
        """Ask it to end after its current turn."""
        self._stop.set()
        if self._state in (WorkerState.STARTING, WorkerState.RUNNING):
            self._state = WorkerState.STOPPING

    def join(self, timeout_s: float) -> bool:
        """Wait for its end; whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        if not self._stop.is_set():
            self._state = WorkerState.RUNNING
        final = WorkerState.STOPPED
        try:
            while not self._stop.is_set() and self._turn():
                pass
        except Exception as error:
            self.exception, final = error, WorkerState.FAULTED
            _LOG.error("worker %s faulted", self.name, exc_info=error)
        try:
            if self._at_end is not None:
                self._at_end()
        except Exception as error:
            self.exception, final = self.exception or error, WorkerState.FAULTED
            _LOG.exception("worker %s faulted at its end", self.name)
        self._state = final
