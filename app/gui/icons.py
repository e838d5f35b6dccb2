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
    path.setFillRule(Qt.FillRule.WindingFill)
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


def _record() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QRectF(10, 10, 44, 44))
    return path


def _export() -> QPainterPath:
    return _bars((8, 50, 48, 8), (28, 6, 8, 26)).united(_triangle((14, 26), (50, 26), (32, 46)))


def _picture() -> QPainterPath:
    frame = _bars((4, 16, 56, 40), (22, 8, 20, 10))
    lens = QPainterPath()
    lens.addEllipse(QRectF(20, 24, 24, 24))
    glass = QPainterPath()
    glass.addEllipse(QRectF(26, 30, 12, 12))
    return frame.subtracted(lens).united(glass)


_SHAPES: dict[str, Callable[[], QPainterPath]] = {
    "play": _play,
    "pause": _pause,
    "forward": _forward,
    "back": _back,
    "loop": _loop,
    "record": _record,
    "export": _export,
    "picture": _picture,
}


def icon(name: str, color: str) -> QIcon:
    """The icon of that name, one of `_SHAPES`, in a colour."""
    pixmap = QPixmap(QSize(_SIDE, _SIDE))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(_SHAPES[name](), QColor(color))
    painter.end()
    return QIcon(pixmap)


def hand_icon(colors: tuple[str, str]) -> QIcon:
    """The program's own: an open hand of bones, in the colours of left and right."""
    pixmap = QPixmap(QSize(2 * _SIDE, 2 * _SIDE))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    wrist = QPointF(62, 116)
    for place, (x, y) in enumerate(((14, 66), (34, 22), (62, 10), (90, 20), (114, 42))):
        color = QColor(colors[0] if place < 3 else colors[1])
        painter.setPen(QPen(color, 11, cap=Qt.PenCapStyle.RoundCap))
        knuckle = QPointF(wrist.x() + 0.5 * (x - wrist.x()), wrist.y() + 0.5 * (y - wrist.y()))
        painter.drawLine(wrist, knuckle)
        painter.drawLine(knuckle, QPointF(x, y))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("white"))
    painter.drawEllipse(wrist, 9, 9)
    painter.end()
    return QIcon(pixmap)
