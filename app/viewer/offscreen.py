"""An OpenGL context that draws into an array.

A widget that draws with OpenGL makes Qt put its whole window together with OpenGL, at every change of anything in it: without
a graphics card that costs three times as much as the drawing itself. So the window stays a plain one, and gets a picture,
drawn in a thread of its own: the event loop waits neither for the drawing nor for the driver, which compiles at the first one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QOffscreenSurface, QOpenGLContext
from vispy import gloo
from vispy.gloo.context import FakeCanvas, set_current_canvas

_DEPTH_24 = 0x81A6
"""GL_DEPTH_COMPONENT24: vispy's usual 16 bits let fingers show through each other."""
_GLOO = Lock()
"""vispy keeps the canvas that is current in one place for all threads."""


class OffscreenContext:
    """A context and the buffers it draws into; belongs to the thread that makes it."""

    def __init__(self, surface: QOffscreenSurface) -> None:
        """Make the context for a surface, which the thread of the application object has made.

        Raises:
            RuntimeError: It cannot be made.
        """
        self._surface = surface
        self._context = QOpenGLContext()
        if not self._context.create():
            raise RuntimeError("Qt could not make an OpenGL context")
        self._size = (0, 0)
        self._buffer: gloo.FrameBuffer | None = None
        self._canvas = FakeCanvas()

    @contextmanager
    def current(self) -> Iterator[None]:
        """For as long as this lasts, vispy's calls go to this context.

        Raises:
            RuntimeError: The context is lost.
        """
        with _GLOO:
            if not self._context.makeCurrent(self._surface):
                raise RuntimeError("the OpenGL context is lost")
            set_current_canvas(self._canvas)
            yield

    def picture(self, width: int, height: int, draw: Callable[[], None]) -> NDArray[np.uint8]:
        """(height, width, 4) RGBA of what a function draws; while it is current."""
        if self._buffer is None or (width, height) != self._size:
            if self._buffer is not None:
                self._buffer.delete()
            self._size = (width, height)
            color, depth = gloo.RenderBuffer((height, width)), gloo.RenderBuffer((height, width), _DEPTH_24)
            self._buffer = gloo.FrameBuffer(color=color, depth=depth)
        with self._buffer:
            gloo.set_viewport(0, 0, width, height)
            draw()
            return np.asarray(self._buffer.read(), np.uint8)

    def close(self) -> None:
        """Free the context; in its own thread."""
        self._context.doneCurrent()
        del self._context
