"""A named thread whose state can be seen and which stops when told."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import Event, Thread
from typing import Generic, TypeVar

from app.workers.mailbox import Mailbox
from ghtt_core.errors import UserError

_LOG = logging.getLogger(__name__)
Item = TypeVar("Item")

TURN_S = 0.1
"""How long a worker waits for work before it looks whether to stop."""
HUNG_S = 5.0
"""A turn that takes longer than this is told: it hangs, or is far too slow."""
_LONGEST_REST_S = 0.5
"""A worker with a share of the time rests no longer at once, however long its work took."""
_TOLD_S = 2.0
"""How long a failure is told, if no other follows: long enough to be seen."""


class WorkerState(Enum):
    """What a worker is doing."""

    STARTING = "starting"
    RUNNING = "running"
    FAILING = "failing"
    """A piece of work has failed lately; it goes on with the next."""
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAULTED = "faulted"


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker's name and state, and a sentence where it fails, has faulted, or does not come back from a turn."""

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
        self._stop = Event()
        self._state = WorkerState.STARTING
        self._turn_began_s: float | None = None
        # The thread lets go of what it was given when it ends; kept here, it would tie the owner into a cycle, and pictures
        # and encoders would stay in memory until the collector comes by.
        self._thread = Thread(target=self._run, args=(turn, at_end), name=name, daemon=True)

    @property
    def status(self) -> WorkerStatus:
        """What it is doing now."""
        return WorkerStatus(self.name, self._state, self._trouble())

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
        if not self.finished:
            self._state = WorkerState.STOPPING

    def join(self, timeout_s: float) -> bool:
        """Wait for its end; whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _trouble(self) -> str:
        error, began_s = self.exception, self._turn_began_s
        if error is not None:
            return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        if began_s is not None and time.monotonic() - began_s > HUNG_S:
            return f"{self.name} has not come back for more than {HUNG_S:g} seconds"
        return ""

    def _run(self, turn: Callable[[], bool], at_end: Callable[[], None] | None) -> None:
        self._show(WorkerState.RUNNING)
        final = WorkerState.STOPPED
        try:
            while not self._stop.is_set():
                self._turn_began_s = time.monotonic()
                if not turn():
                    break
        except Exception as error:
            self.exception, final = error, WorkerState.FAULTED
            self._log(error, "faulted")
        self._turn_began_s = None
        try:
            if at_end is not None:
                at_end()
        except Exception as error:
            self.exception, final = self.exception or error, WorkerState.FAULTED
            self._log(error, "faulted at its end")
        self._state = final

    def _log(self, error: Exception, what: str) -> None:
        """One line with the notes that name the frame, and the traceback of what no user can put right below it."""
        trace = None if isinstance(error, UserError) else error
        sentence = ", ".join((str(error) or type(error).__name__, *getattr(error, "__notes__", ())))
        _LOG.error("worker %s %s: %s", self.name, what, sentence, exc_info=trace)

    def _show(self, state: WorkerState) -> None:
        if not self._stop.is_set():
            self._state = state


class MailWorker(Worker, Generic[Item]):
    """Takes one piece of work after the other out of a mailbox. One that fails is told, and is not the end."""

    def __init__(
        self,
        name: str,
        mailbox: Mailbox[Item],
        work: Callable[[Item], None],
        *,
        share: float = 1.0,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        """Prepare a thread that does `work` with every item it gets hold of.

        Args:
            name: Of the thread, for people.
            mailbox: Where the items come from.
            work: What is done with one.
            share: The part of the time that it may work; after each item it rests as long as that asks for, and what came
                meanwhile is overtaken by what is newest then.
            at_end: Called in the thread when it ends for whatever reason.
        """
        super().__init__(name, self._take, at_end=at_end)
        self._mailbox, self._work, self._share = mailbox, work, share
        self._failed_s = -math.inf

    def _take(self) -> bool:
        item = self._mailbox.take(TURN_S)
        if item is not None:
            start_s = time.perf_counter()
            self._attempt(item)
            if self._share < 1.0:
                spent_s = time.perf_counter() - start_s
                self._stop.wait(min(spent_s / self._share - spent_s, _LONGEST_REST_S))
        return True

    def _attempt(self, item: Item) -> None:
        try:
            self._work(item)
        except Exception as error:
            if time.monotonic() - self._failed_s > _TOLD_S:  # The first of a row is enough for the log.
                self._log(error, "failed and goes on")
            self.exception, self._failed_s = error, time.monotonic()
            self._show(WorkerState.FAILING)
        else:
            if self.exception is not None and time.monotonic() - self._failed_s > _TOLD_S:
                self.exception = None
                self._show(WorkerState.RUNNING)
