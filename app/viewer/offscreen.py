"""A vispy canvas that draws into an array.

A widget that draws with OpenGL makes Qt put its whole window together with OpenGL, at every change of anything in it: without
a graphics card that costs three times as much as the drawing itself. So the window stays a plain one, and gets a picture.
"""

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtOpenGLWidgets import QOpenGLWidget
from vispy import app as vispy_app
from vispy import gloo, scene

_DEPTH_24 = 0x81A6
"""GL_DEPTH_COMPONENT24: vispy's usual 16 bits let fingers show through each other."""


class OffscreenCanvas:
    """Holds the canvas, which is never on the screen, and the buffers it draws into.

    Attributes:
        canvas: The vispy canvas.
    """

    def __init__(self, background: tuple[float, float, float]) -> None:
        vispy_app.use_app("pyqt6")
        self.canvas = scene.SceneCanvas(bgcolor=background, show=False)
        self._size = self._points = (0, 0)
        self._buffer: gloo.FrameBuffer | None = None
        native = self.canvas.native
        assert isinstance(native, QOpenGLWidget)
        self._native = native
        native.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        native.show()  # Only what was shown once has an OpenGL context;
        native.hide()  # and what is hidden does not draw by itself.

    def resize(self, width: int, height: int) -> None:
        """Draw pictures of so many pixels from now on."""
        if (width, height) == self._size:
            return
        self._size = (width, height)
        ratio = self._native.devicePixelRatioF()  # vispy counts in points, of which a fine screen makes several pixels.
        self._points = max(1, round(width / ratio)), max(1, round(height / ratio))
        self._native.resize(*self._points)
        self.canvas.set_current()
        self._native.resizeGL(*self._points)  # Qt tells no hidden widget.
        if self._buffer is not None:
            self._buffer.delete()
        color, depth = gloo.RenderBuffer((height, width)), gloo.RenderBuffer((height, width), _DEPTH_24)
        self._buffer = gloo.FrameBuffer(color=color, depth=depth)

    def render(self) -> NDArray[np.uint8]:
        """(H, W, 4) RGBA of the scene as it is."""
        assert self._buffer is not None  # `resize` comes first.
        self.canvas.set_current()
        self.canvas.push_fbo(self._buffer, (0, 0), self._points)
        try:
            self.canvas._draw_scene(bgcolor=self.canvas.bgcolor)
            return np.ascontiguousarray(self._buffer.read(), np.uint8)
        finally:
            self.canvas.pop_fbo()

    def close(self) -> None:
        """Free the canvas."""
        self.canvas.close()
