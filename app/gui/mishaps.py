"""What must not take a recording along: a display that goes away, and a mistake in the window's own code."""

import ctypes
import logging
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

from PyQt6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_LOG = logging.getLogger(__name__)
_DISPLAY_GONE = ("connection broke", "connection experienced a fatal error")
"""How Qt's X11 and Wayland parts say that the display is gone, just before they end the process."""
_TOLD_EVERY_S = 2.0
_kept: list[object] = []
"""Callbacks that C code holds."""


def finish_when_display_goes(finish: Callable[[], None]) -> None:
    """Call `finish` when the connection to the display breaks.

    Qt and Xlib then end the process by `exit`, past every `finally` of Python; whichever notices first gives us a last word.
    """
    gone = threading.Event()

    def end(reason: str) -> None:
        if gone.is_set():
            return
        gone.set()
        _LOG.error("the display is gone: %s", reason)
        finish()
        print("The display is gone; what was being recorded is closed.", file=sys.stderr, flush=True)

    def tell(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
        if message is not None and any(words in message for words in _DISPLAY_GONE):
            end(message)
        if previous is not None:
            previous(kind, context, message)

    previous = qInstallMessageHandler(tell)
    _kept.append(tell)
    if sys.platform != "linux":
        return
    handler_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)

    def lost(_display: int) -> int:
        end("Xlib lost its connection")
        return 0

    try:
        xlib = ctypes.CDLL("libX11.so.6")
    except OSError:
        return  # Wayland alone.
    handler = handler_type(lost)
    _kept.append(handler)
    xlib.XSetIOErrorHandler(handler)


def survive_mistakes(tell: Callable[[str], None]) -> None:
    """Log an exception that nobody caught and tell it; Qt would abort the process, and the recordings with it."""
    told_s = -_TOLD_EVERY_S

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        nonlocal told_s
        if time.monotonic() - told_s < _TOLD_EVERY_S:  # A mistake in drawing comes thirty times a second.
            return
        told_s = time.monotonic()
        _LOG.error("the window failed: %s", error, exc_info=(kind, error, trace))
        tell(f"{kind.__name__}: {error}")

    sys.excepthook = note
