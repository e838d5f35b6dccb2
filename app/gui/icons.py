"""Small icons, painted in a theme's colours so that none is missing on any system."""

from collections.abc import Callable

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPainterPathStroker, QPen, QPixmap, QPolygonF

_SIDE = 64


def _triangle(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


def _bars(*boxes: tuple[float, float, float, float]) -> QPainterPath:
    path = QPainterPath()
    for box in boxes:
        path.addRoundedRect(QRectF(*box), 3, 3)
    return path


def _play() -> QPainterPath:
    return _triangle((16, 8), (16, 56), (56, 32))


def _pause() -> QPainterPath:
    return _bars((14, 8, 13, 48), (37, 8, 13, 48))


def _forward() -> QPainterPath:
    return _bars((44, 12, 8, 40)).united(_triangle((12, 12), (12, 52), (42, 32)))


def _back() -> QPainterPath:
    return _bars((12, 12, 8, 40)).united(_triangle((52, 12), (52, 52), (22, 32)))


def _loop() -> QPainterPath:
    ring = QPainterPath()
    ring.arcMoveTo(QRectF(12, 14, 40, 40), 60)
    ring.arcTo(QRectF(12, 14, 40, 40), 60, -300)
    stroker = QPainterPathStroker(QPen(Qt.GlobalColor.black, 7))
    return stroker.createStroke(ring).united(_triangle((38, 2), (38, 30), (58, 15)))


_SHAPES: dict[str, Callable[[], QPainterPath]] = {
    "play": _play,
    "pause": _pause,
    "forward": _forward,
    "back": _back,
    "loop": _loop,
}


def icon(name: str, color: str) -> QIcon:
    """The icon of that name ("play", "pause", "forward", "back", "loop") in a colour."""
    pixmap = QPixmap(QSize(_SIDE, _SIDE))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(_SHAPES[name](), QColor(color))
    painter.end()
    return QIcon(pixmap)
