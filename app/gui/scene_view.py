"""The 3D view in the window: a picture that the mouse turns."""

import time

from PyQt6.QtCore import QPointF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.gui.text import tr
from app.viewer.hands_view import HandsView

_DEGREES_PER_PX = 0.4
SUPERSAMPLING = 2.0
_NOTCH = 120
"""What Qt tells of one notch of a wheel."""


class SceneView(QWidget):
    """Draws the hands in 3D as large as it is, and turns, moves and zooms them by mouse.

    Signals:
        painted: How long a drawing took, seconds.
    """

    painted = pyqtSignal(float)

    def __init__(self, hands: HandsView, *, smooth: bool) -> None:
        """Show a view.

        Args:
            hands: What is drawn.
            smooth: Draw at twice the size, so that edges are smooth: for graphics cards.
        """
        super().__init__()
        self.hands = hands
        self._scale = SUPERSAMPLING if smooth else 1.0
        self._image: QImage | None = None
        self._stale = True
        self._dragged_from: QPointF | None = None
        self.setAccessibleName(tr("3D view of the hands and their futures"))
        self.setMinimumSize(QSize(240, 180))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def redraw(self) -> None:
        """Something has changed: draw it anew when the window gets to it."""
        self._stale = True
        self.update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw at the new size."""
        self._stale = True

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw the scene if it is not as it was, and put it on the screen."""
        started_s = time.perf_counter()
        if self._stale or self._image is None:
            self._image, self._stale = self._render(), False
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._scale != 1.0)
        painter.drawImage(self.rect(), self._image)
        painter.end()
        self.painted.emit(time.perf_counter() - started_s)

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

    def _render(self) -> QImage:
        ratio = self._scale * self.devicePixelRatioF()
        pixels = self.hands.render(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        height, width = pixels.shape[:2]
        # Qt's stubs ask for bytes, which would be a copy; any buffer works. The copy then outlives the array.
        return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888).copy()  # type: ignore[call-overload, no-any-return]
