"""A slot between two threads in which the newest item wins, so that nothing queues and nothing grows old."""

from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Holds at most one item that waits to be taken; remembers the newest one for readers that only look.

    Attributes:
        dropped: How many items were replaced before anyone took them.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._changed = Condition()
        self._waiting: Item | None = None
        self._newest: Item | None = None
        self._closed = False

    def put(self, item: Item) -> None:
        """Replace what is waiting."""
        with self._changed:
            self.dropped += self._waiting is not None
            self._waiting = self._newest = item
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Item | None:
        """Wait for an item and take it; None if none came in time or the mailbox was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closed, timeout_s)
            item, self._waiting = self._waiting, None
            return item

    def newest(self) -> Item | None:
        """The newest item, taken or not; None before the first."""
        with self._changed:
            return self._newest

    def close(self) -> None:
        """Wake everyone who waits; from now on `take` returns at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
