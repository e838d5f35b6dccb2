"""A short queue between two threads: nothing is lost, nothing overtakes, and a fault travels behind what came before it."""

from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

from app.workers import Worker

Item = TypeVar("Item")
Given = TypeVar("Given")
Made = TypeVar("Made")


class LineEndedError(Exception):
    """Nothing comes any more, or nobody takes any more."""


class Line(Generic[Item]):
    """Holds a few items; who puts waits for room, who takes waits for an item.

    Attributes:
        error: What went wrong where the items came from, once the line has ended.
    """

    def __init__(self, room: int) -> None:
        self.error: Exception | None = None
        self._room = room
        self._items: deque[Item] = deque()
        self._changed = Condition()
        self._ended = False

    def put(self, item: Item) -> None:
        """Add an item, after waiting for room.

        Raises:
            LineEndedError: The line was cut.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._room or self._ended)
            if self._ended:
                raise LineEndedError
            self._items.append(item)
            self._changed.notify_all()

    def take(self, timeout_s: float | None = None) -> Item | None:
        """The oldest item; None if none came in time.

        Raises:
            LineEndedError: Everything was taken and nothing comes any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended, timeout_s)
            if not self._items:
                if self._ended:
                    raise LineEndedError
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def end(self, error: Exception | None = None) -> None:
        """Nothing will be put any more, because of `error` if there is one; what waits can still be taken."""
        with self._changed:
            self.error, self._ended = self.error or error, True
            self._changed.notify_all()

    def cut(self) -> None:
        """End the line, throw away what waits, and wake everyone."""
        with self._changed:
            self._items.clear()
            self._ended = True
            self._changed.notify_all()


def producer(name: str, make: Callable[[], Made | None], made: Line[Made], is_over: Callable[[], bool]) -> Worker:
    """A worker that puts what it makes into a line until it is over; `make` gives None where there is nothing yet."""

    def turn() -> bool:
        if is_over():
            return False
        item = make()
        return item is None or _put(made, item)

    worker = Worker(name, turn, at_end=lambda: made.end(worker.exception))
    return worker


def processor(name: str, given: Line[Given], work: Callable[[Given], Made], made: Line[Made]) -> Worker:
    """A worker that puts what it makes of each item of one line into the next; that ends where and as the first one does."""

    def turn() -> bool:
        try:
            item = given.take()
        except LineEndedError:
            return False
        return item is None or _put(made, work(item))

    worker = Worker(name, turn, at_end=lambda: made.end(worker.exception or given.error))
    return worker


def _put(line: Line[Item], item: Item) -> bool:
    try:
        line.put(item)
    except LineEndedError:
        return False
    return True
