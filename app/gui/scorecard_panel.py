"""The scorecard as curves: the model beside zero velocity, for two ages of the futures."""

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QWidget

from app.gui.scorecard import AGES_S, KEPT_S, Scorecard
from app.gui.text import tr
from app.gui.theme import DARK, Theme

_GRID_MM = (50, 100, 200, 400, 800)


class ScorecardPanel(QWidget):
    """One plot per age; less is better."""

    def __init__(self, scorecard: Scorecard) -> None:
        super().__init__()
        self.setAccessibleName(tr("Scorecard: distance of earlier futures from what happened"))
        self.setToolTip(tr("How far earlier futures were from what then happened. Grey: hands that had stayed still."))
        self._scorecard = scorecard
        self._theme = DARK

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for two small plots."""
        return QSize(330, 190)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for two tiny plots."""
        return QSize(220, 130)

    def set_theme(self, theme: Theme) -> None:
        """Paint in a theme's colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw the two plots, one above the other."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = (self.height() - 14) / len(AGES_S)
        for place, age_s in enumerate(AGES_S):
            box = QRectF(10, 6 + place * height, self.width() - 20, height - 6)
            self._draw_plot(painter, box, age_s)
        painter.end()

    def _draw_plot(self, painter: QPainter, box: QRectF, age_s: float) -> None:
        head = QRectF(box.x(), box.y(), box.width(), 1.5 * self.fontInfo().pixelSize())
        self._draw_head(painter, head, age_s)
        plot = box.adjusted(0, head.height() + 2, 0, 0)
        painter.fillRect(plot, QColor(self._theme.raised))
        scores = list(self._scorecard.scores[age_s])
        if len(scores) < 2:
            self._set_font(painter, 0.85)
            painter.setPen(QColor(self._theme.dim))
            words = tr("Futures are judged here when their time has come.")
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
            return
        step = max(1, len(scores) // max(1, int(plot.width() / 2)))
        kept = scores[::-step][::-1]  # No more of them than can be told apart, and the newest.
        values = np.array([(score.time_s, score.future_mm, score.best_mm, score.still_mm) for score in kept])
        top_mm = max(60.0, float(np.percentile(values[:, (1, 3)], 98)) * 1.15)
        self._draw_grid(painter, plot, top_mm)
        x = plot.right() - (values[-1, 0] - values[:, 0]) / KEPT_S * plot.width()
        still, best, future = self._colors()
        for column, color, width in ((3, still, 2.0), (2, best, 1.4), (1, future, 2.4)):
            y = plot.bottom() - np.minimum(values[:, column] / top_mm, 1.0) * plot.height()
            painter.setPen(QPen(color, width))
            painter.drawPolyline(QPolygonF([QPointF(*point) for point in np.stack((x, y), 1).tolist()]))

    def _draw_head(self, painter: QPainter, head: QRectF, age_s: float) -> None:
        """How old the judged futures are, and the means in the colours of their curves, as many as there is room for."""
        self._set_font(painter, 1.0, bold=True)
        painter.setPen(QColor(self._theme.text))
        title = tr("{age} s ago").format(age=f"{age_s:g}")
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        room = head.width() - painter.fontMetrics().horizontalAdvance(title) - 12
        mean = self._scorecard.mean(age_s)
        if mean is None:
            return
        future_mm, best_mm, still_mm = mean
        still, best, future = self._colors()
        right = head.right()
        for words, color, bold in (
            (f"×{future_mm / max(still_mm, 1e-6):.2f}", QColor(self._theme.text), True),
            (tr("{mm} mm").format(mm=f"G-HTT {future_mm:.0f}"), future, True),
            (tr("still {mm}").format(mm=f"{still_mm:.0f}"), still, False),
            (tr("best {mm}").format(mm=f"{best_mm:.0f}"), best, False),
        ):
            self._set_font(painter, 0.95, bold=bold)
            wide = painter.fontMetrics().horizontalAdvance(words) + 12
            room -= wide
            if room < 0:
                return
            painter.setPen(color)
            box = QRectF(right - wide, head.y(), wide, head.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
            right -= wide

    def _colors(self) -> tuple[QColor, QColor, QColor]:
        """Of zero velocity, the best sample and the deterministic future."""
        return QColor(self._theme.dim), QColor(self._theme.best), QColor(self._theme.accent)

    def _set_font(self, painter: QPainter, share: float, *, bold: bool = False) -> None:
        font = QFont(self.font())
        font.setPixelSize(max(10, round(share * self.fontInfo().pixelSize())))
        font.setBold(bold)
        painter.setFont(font)

    def _draw_grid(self, painter: QPainter, plot: QRectF, top_mm: float) -> None:
        self._set_font(painter, 0.75)
        for level_mm in [level for level in _GRID_MM if level < 0.8 * top_mm][-2:]:
            y = plot.bottom() - level_mm / top_mm * plot.height()
            painter.setPen(QPen(QColor(self._theme.border), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(QColor(self._theme.dim))
            painter.drawText(QPointF(plot.left() + 4, y - 2), f"{level_mm} mm")
