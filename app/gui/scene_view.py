"""The 3D view in the window: a picture that the mouse turns."""

import numpy as np
from PyQt6.QtCore import QPointF, QSize, Qt
from PyQt6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.gui.easel import Easel
from app.gui.pictures import as_qimage
from app.gui.text import tr
from app.viewer.hands_view import HandsView
from app.viewer.picture import ScenePicture
from app.viewer.renderer import SceneRenderer
from estimators.opencv import cv2

_DEGREES_PER_PX = 0.4
_SUPERSAMPLING = 2.0
_NOTCH = 120
"""What Qt tells of one notch of a wheel."""


class SceneView(QWidget):
    """Shows the hands in 3D as large as it is, and turns, moves and zooms them by mouse.

    Attributes:
        easel: Where its pictures are drawn.
    """

    def __init__(self, hands: HandsView, *, smooth: bool) -> None:
        """Show a view.

        Args:
            hands: What is drawn.
            smooth: Draw at twice the size, so that edges are smooth: for graphics cards.
        """
        super().__init__()
        self.hands = hands
        self._scale = _SUPERSAMPLING if smooth else 1.0
        self._renderer = SceneRenderer(self._scale)
        self.easel = Easel("draw 3D", at_end=self._renderer.close)
        self.easel.drawn.connect(self._show)
        self._image: QImage | None = None
        self._dragged_from: QPointF | None = None
        self.setAccessibleName(tr("3D view of the hands and their futures"))
        self.setMinimumSize(QSize(240, 180))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def redraw(self) -> None:
        """Something has changed: have it drawn anew."""
        ratio = self._scale * self.devicePixelRatioF()
        picture = self.hands.picture(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        self.easel.draw(lambda: self._draw(picture))

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw at the new size."""
        self.redraw()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Put the newest picture on the screen; it fills the view even while one of the view's new size is being drawn."""
        painter = QPainter(self)
        if self._image is None:
            painter.fillRect(self.rect(), self.palette().window())
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._scale != 1.0)
            painter.drawImage(self.rect(), self._image)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Begin to turn or to move."""
        if event is not None:
            self._dragged_from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Turn with the left button, move with another one or with Shift."""
        if event is None or self._dragged_from is None:
            return
        way = event.position() - self._dragged_from
        self._dragged_from = event.position()
        moves = event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not event.buttons() & Qt.MouseButton.LeftButton
        if moves:
            self.hands.pan(way.x() / self.height(), way.y() / self.height())
        else:
            self.hands.turn(-way.x() * _DEGREES_PER_PX, way.y() * _DEGREES_PER_PX)
        self.redraw()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Let go."""
        self._dragged_from = None

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Come nearer or go away."""
        if event is not None:
            self.hands.zoom(event.angleDelta().y() / _NOTCH)
            self.redraw()
            event.accept()

    def _draw(self, picture: ScenePicture) -> QImage:
        """In the drawing thread."""
        pixels = cv2.cvtColor(self._renderer.render(picture), cv2.COLOR_RGBA2BGRA)
        return as_qimage(np.asarray(pixels, np.uint8))

    def _show(self, image: QImage) -> None:
        self._image = image
        self.update()
