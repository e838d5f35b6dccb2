"""Pictures drawn beside the event loop, so that it never waits for one."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QObject, pyqtSignal

from app.workers import Mailbox, MailWorker

_CLOSE_S = 2.0
SHARE, _LARGEST_SHARE = 0.08, 0.5
"""The part of the machine that drawing a view may take; and of its thread's time, however many cores there are."""


@dataclass(frozen=True, slots=True)
class _Asked:
    number: int
    draw: Callable[[], object]


class Easel(QObject):
    """Draws in a thread of its own: the newest picture that was asked for, and no more of them than its share of the time.

    On a slow machine the window so sheds its own frames, not the poses.

    Signals:
        drawn: A picture, in the thread of the event loop.
    """

    drawn = pyqtSignal(object)
    _done = pyqtSignal(int, object)

    def __init__(self, name: str, share: float = SHARE, *, at_end: Callable[[], None] | None = None) -> None:
        """Start the thread.

        Args:
            name: Of the thread, for people.
            share: The part of the machine that it may take: of one core's time, as many times as there are cores.
            at_end: Called in the thread when it ends.
        """
        super().__init__()
        self._asked = self._shown = self._unwanted = 0
        self._mailbox: Mailbox[_Asked] = Mailbox()
        self._done.connect(self._show)
        own_share = min(share * (os.cpu_count() or 1), _LARGEST_SHARE)
        self._worker = MailWorker(name, self._mailbox, self._draw, share=own_share, at_end=at_end)
        self._worker.start()

    @property
    def idle(self) -> bool:
        """Whether the newest picture that was asked for has been handed over."""
        return self._shown == self._asked

    @property
    def error(self) -> str:
        """A sentence if drawing fails, or ""."""
        return self._worker.status.error

    def draw(self, draw: Callable[[], object]) -> None:
        """Ask for what `draw` gives; it is called in the thread, or never if another one is asked for meanwhile."""
        self._asked += 1
        self._mailbox.put(_Asked(self._asked, draw))

    def forget(self) -> None:
        """What was asked for is not wanted any more."""
        self._unwanted = self._shown = self._asked

    def close(self) -> None:
        """End the thread."""
        self._worker.request_stop()
        self._mailbox.close()
        self._worker.join(_CLOSE_S)

    def _draw(self, asked: _Asked) -> None:
        self._done.emit(asked.number, asked.draw())

    def _show(self, number: int, picture: object) -> None:
        if number > self._unwanted:
            self._shown = number
            self.drawn.emit(picture)
