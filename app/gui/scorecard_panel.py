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
        font = QFont(self.font())
        font.setPixelSize(13)
        painter.setFont(font)
        mean = self._scorecard.mean(age_s)
        head = QRectF(box.x(), box.y(), box.width(), 20)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, tr("after") + f" {age_s:g} s")
        text = tr("waiting")
        if mean is not None:
            text = f"G-HTT {mean[0]:.0f}   " + tr("still") + f" {mean[2]:.0f} mm   ×{mean[0] / max(mean[2], 1e-6):.2f}"
        painter.setPen(QColor(self._theme.dim if mean is None else self._theme.accent))
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        plot = box.adjusted(0, 21, 0, 0)
        painter.fillRect(plot, QColor(self._theme.raised))
        scores = list(self._scorecard.scores[age_s])
        if len(scores) < 2:
            return
        values = np.array([(score.time_s, score.future_mm, score.best_mm, score.still_mm) for score in scores])
        top_mm = max(60.0, float(np.percentile(values[:, (1, 3)], 98)) * 1.15)
        self._draw_grid(painter, plot, top_mm)
        x = plot.right() - (values[-1, 0] - values[:, 0]) / KEPT_S * plot.width()
        best = QColor(self._theme.accent)
        best.setAlphaF(0.45)
        for column, color, width in ((3, QColor(self._theme.dim), 2.0), (2, best, 1.2), (1, QColor(self._theme.accent), 2.4)):
            y = plot.bottom() - np.minimum(values[:, column] / top_mm, 1.0) * plot.height()
            painter.setPen(QPen(color, width))
            painter.drawPolyline(QPolygonF([QPointF(*point) for point in np.stack((x, y), 1).tolist()]))

    def _draw_grid(self, painter: QPainter, plot: QRectF, top_mm: float) -> None:
        font = QFont(self.font())
        font.setPixelSize(11)
        painter.setFont(font)
        for level_mm in [level for level in _GRID_MM if level < 0.8 * top_mm][-2:]:
            y = plot.bottom() - level_mm / top_mm * plot.height()
            painter.setPen(QPen(QColor(self._theme.border), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(QColor(self._theme.dim))
            painter.drawText(QPointF(plot.left() + 4, y - 2), f"{level_mm} mm")
