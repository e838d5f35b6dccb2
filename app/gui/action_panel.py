"""What the hands are doing: the most probable actions as bars, and how they came and went."""

import math
import time
from collections import deque

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.gui.clock import WatchingClock
from app.gui.text import tr
from app.gui.theme import CLASS_COLORS, DARK, Theme
from ghtt_core.packets import Float32

TOP = 5
TIMELINE_S = 20.0
_STEP_S = 0.2
"""Bars and curves move on in steps of so much time: nobody reads faster, and text and curves are dear to draw."""
_FIRST = 1.6
"""The first action is so many times as high as the others: it is what people look for across a room."""


def top_actions(prob: Float32, count: int = TOP) -> list[tuple[int, float]]:
    """The most probable classes, best first; empty while there are no probabilities."""
    if prob.size == 0 or not np.isfinite(prob).all():
        return []
    return [(int(index), float(prob[index])) for index in np.argsort(-prob, kind="stable")[:count]]


def spoken(name: str) -> str:
    """A class's name as it is read: "pick_up" is "pick up"."""
    return name.replace("_", " ")


def class_color(index: int) -> QColor:
    """A class's colour in bars and curves."""
    return QColor(CLASS_COLORS[index % len(CLASS_COLORS)])


class ActionBars(QWidget):
    """The five most probable actions, large enough to read across a room."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Most probable actions"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._theme = DARK
        self._names: tuple[str, ...] = ()
        self._top: list[tuple[int, float]] = []
        self._condition: int | None = None
        self._hint = tr("waiting for half a second of hands")
        self._painted_s, self._stale = -math.inf, False

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for five bars."""
        return QSize(320, 5 * 30)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for five small bars."""
        return QSize(200, 5 * 22)

    def set_theme(self, theme: Theme) -> None:
        """Paint in a theme's colours."""
        self._theme = theme
        self.update()

    def set_hint(self, hint: str) -> None:
        """What is said while there are no probabilities."""
        if hint != self._hint:
            self._hint = hint
            self.update()

    def set_actions(self, names: tuple[str, ...], prob: Float32, condition: int | None) -> None:
        """Show (C,) probabilities of C classes, and which class the futures are conditioned on."""
        top = top_actions(prob)
        if (names, top, condition) == (self._names, self._top, self._condition):
            return
        chosen = (names, condition) != (self._names, self._condition) or not self._top
        self._names, self._top, self._condition, self._stale = names, top, condition, True
        if chosen or time.monotonic() - self._painted_s >= _STEP_S:
            self.catch_up()

    def catch_up(self) -> None:
        """Paint what has come since the last step."""
        if self._stale:
            told = ", ".join(f"{spoken(self._names[index])} {value:.0%}" for index, value in self._top)
            self.setAccessibleDescription(told or self._hint)
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw a row per action: its bar, its name, its percentage."""
        self._painted_s, self._stale = time.monotonic(), False
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._top:
            painter.setPen(QColor(self._theme.dim))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._hint)
            painter.end()
            return
        row = self.height() / (TOP - 1 + _FIRST)
        font = QFont(self.font())
        for place, (index, value) in enumerate(self._top):
            high = row * (1.0 if place else _FIRST)
            font.setPixelSize(int(np.clip(0.55 * high, 11, 40)))
            font.setBold(place == 0)
            painter.setFont(font)
            box = QRectF(0, self.height() - (TOP - place) * row + 2 if place else 0, self.width(), high - 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.raised))
            painter.drawRoundedRect(box, 4, 4)
            color = class_color(index)
            color.setAlphaF(0.62 if self._theme.name == "dark" else 0.75)
            painter.setBrush(color)
            painter.drawRoundedRect(QRectF(box.x(), box.y(), max(4.0, box.width() * value), box.height()), 4, 4)
            painter.setPen(QColor(self._theme.text))
            name = spoken(self._names[index]) + (f"  ({tr('what if')})" if index == self._condition else "")
            text = box.adjusted(10, 0, -10, 0)
            name = painter.fontMetrics().elidedText(
                name, Qt.TextElideMode.ElideRight, int(text.width() - 4.5 * font.pixelSize())
            )
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{value:.0%}")
        painter.end()


class ActionTimeline(QWidget):
    """The probabilities of the last seconds, scrolling to the left."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Action probabilities over time"))
        self.setMinimumHeight(56)
        self._theme = DARK
        self._history: deque[tuple[float, Float32]] = deque()
        self._clock = WatchingClock()
        self._painted_s = -math.inf

    def set_theme(self, theme: Theme) -> None:
        """Paint in a theme's colours."""
        self._theme = theme
        self.update()

    def catch_up(self) -> None:
        """Paint what has come since the last step."""
        if self._history and self._history[-1][0] != self._painted_s:
            self.update()

    def clear(self) -> None:
        """Forget the past (another source)."""
        self._history.clear()
        self.update()

    def append(self, time_s: float, prob: Float32) -> None:
        """Add the probabilities of one moment; after a seek or a loop the curves go on."""
        time_s = self._clock.at(time_s)
        if self._history and (time_s == self._history[-1][0] or prob.size != self._history[-1][1].size):
            return
        if prob.size and np.isfinite(prob).all():
            self._history.append((time_s, prob))
            while self._history[0][0] < time_s - TIMELINE_S:
                self._history.popleft()
            if time_s - self._painted_s >= _STEP_S:
                self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw a curve for every class that was among the first in the time shown."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot = QRectF(0, 4, self.width(), self.height() - 8 - self._small_px)
        painter.fillRect(plot, QColor(self._theme.raised))
        self._draw_axis(painter, plot)
        if len(self._history) > 1:
            times = np.array([time_s for time_s, _ in self._history])
            self._painted_s = times[-1]
            prob = np.stack([values for _, values in self._history])
            shown = np.unique(np.concatenate((prob.argmax(axis=1), np.argsort(-prob[-1])[:TOP])))
            stride = max(1, len(times) // max(1, int(plot.width() / 2)))
            x = plot.right() - (times[-1] - times[::stride]) / TIMELINE_S * plot.width()
            for index in shown.tolist():
                self._draw_curve(painter, plot, x, prob[::stride, index], index)
        painter.end()

    @property
    def _small_px(self) -> int:
        return max(10, round(0.8 * self.fontInfo().pixelSize()))

    def _draw_axis(self, painter: QPainter, plot: QRectF) -> None:
        font = QFont(self.font())
        font.setPixelSize(self._small_px)
        painter.setFont(font)
        for seconds in range(0, int(TIMELINE_S) + 1, 5):
            x = plot.right() - seconds / TIMELINE_S * plot.width()
            painter.setPen(QPen(QColor(self._theme.border), 1))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            painter.setPen(QColor(self._theme.dim))
            label = tr("now") if seconds == 0 else f"−{seconds} s"
            box = QRectF(x - 40, plot.bottom() + 1, 40 if seconds == 0 else 80, 4 + self._small_px)
            flag = Qt.AlignmentFlag.AlignRight if seconds == 0 else Qt.AlignmentFlag.AlignHCenter
            if seconds < TIMELINE_S:
                painter.drawText(box, flag, label)

    @staticmethod
    def _draw_curve(painter: QPainter, plot: QRectF, x: NDArray[np.float64], value: Float32, index: int) -> None:
        color = class_color(index)
        y = plot.bottom() - value * plot.height()
        points = [QPointF(*point) for point in np.stack((x, y), axis=1).tolist()]
        fill = QColor(color)
        fill.setAlphaF(0.22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        base = [QPointF(points[-1].x(), plot.bottom()), QPointF(points[0].x(), plot.bottom())]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # The curve covers its edge.
        painter.drawPolygon(QPolygonF(points + base))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        again = index >= len(CLASS_COLORS)  # The colours go round: the second time they are dashed.
        painter.setPen(QPen(color, 2, Qt.PenStyle.DashLine if again else Qt.PenStyle.SolidLine))
        painter.drawPolyline(QPolygonF(points))


class ActionPanel(QWidget):
    """Bars above, timeline below."""

    def __init__(self) -> None:
        super().__init__()
        self.bars = ActionBars()
        self.timeline = ActionTimeline()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.addWidget(self.bars, 3)
        layout.addWidget(self.timeline, 2)

    def catch_up(self) -> None:
        """Paint what has come since the last step."""
        self.bars.catch_up()
        self.timeline.catch_up()

    def set_theme(self, theme: Theme) -> None:
        """Paint in a theme's colours."""
        self.bars.set_theme(theme)
        self.timeline.set_theme(theme)
