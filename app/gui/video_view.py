"""The video with the hands drawn on it, at the window's own resolution."""

import time

import numpy as np
from PyQt6.QtCore import QPointF, QRect, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.drawing.palette import HAND
from app.drawing.strokes import Image
from app.gui.pictures import as_qimage
from app.gui.text import tr
from app.gui.video_picture import Overlay, compose


class VideoView(QWidget):
    """Shows frames as large as they fit.

    Signals:
        painted: How long a painting took, seconds.
    """

    painted = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("video")
        self.setAccessibleName(tr("Video with the hands drawn on it"))
        self._names = (tr("Left"), tr("Right"))
        self.setMinimumSize(240, 180)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._hand_colors = [QColor(*color) for color in HAND]
        self._background = QColor("black")
        self._text_color = QColor("white")
        self._frame: Image | None = None
        self._pictures: dict[int, Image] = {}
        self._sizes: dict[int, tuple[int, int]] = {}
        self._overlays = [Overlay()]
        self._message = ""
        self._badge = ""

    def set_theme(self, background: str, text: str) -> None:
        """Paint the border and the messages in these colours."""
        self._background, self._text_color = QColor(background), QColor(text)
        self.update()

    def show_frame(self, image_bgr: Image, overlays: list[Overlay]) -> None:
        """Show a (H, W, 3) picture with its overlay, or side by side with several. The array must not change any more."""
        self._frame, self._overlays = image_bgr, overlays
        self._sizes = {}
        self.update()

    def show_message(self, message: str) -> None:
        """Show a sentence in the middle (no source, waiting for one); "" hides it."""
        if message != self._message:
            self._message = message
            self.update()

    def show_badge(self, badge: str) -> None:
        """Show a few words in the upper corner (frozen, recording, building the model); "" hides them."""
        if badge != self._badge:
            self._badge = badge
            self.update()

    def clear(self) -> None:
        """Show no picture."""
        self._frame, self._overlays = None, [Overlay()]
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw the picture, the overlay and the messages."""
        started_s = time.perf_counter()
        painter = QPainter(self)
        try:
            self._paint(painter)
        finally:
            painter.end()  # A painter that outlives its event takes the program down.
        self.painted.emit(time.perf_counter() - started_s)

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._background)
        columns = len(self._overlays)
        for column, overlay in enumerate(self._overlays):
            left, right = (self.width() * edge // columns for edge in (column, column + 1))
            tile = QRect(left, 0, right - left, self.height())
            self._draw_tile(painter, tile, column, overlay)
            self._draw_captions(painter, tile, overlay.captions)
        self._draw_badge(painter)
        self._draw_message(painter)

    def _draw_tile(self, painter: QPainter, tile: QRect, column: int, overlay: Overlay) -> None:
        if self._frame is None:
            return
        ratio = self.devicePixelRatioF()
        width_px, height_px = round(tile.width() * ratio), round(tile.height() * ratio)
        if self._sizes.get(column) != (width_px, height_px):  # A repaint without news draws nothing anew.
            self._sizes[column] = (width_px, height_px)
            self._pictures[column] = compose(self._frame, overlay, width_px, height_px)
        picture = self._pictures[column]
        image = as_qimage(picture)
        image.setDevicePixelRatio(ratio)
        width, height = picture.shape[1] / ratio, picture.shape[0] / ratio
        origin = QPointF(tile.x() + (tile.width() - width) / 2, (tile.height() - height) / 2)
        painter.drawImage(origin, image)
        if overlay.observed_px is not None:
            scale = width / self._frame.shape[1]
            for hand, wrist in enumerate(overlay.observed_px[:, 0] * scale):
                if np.isfinite(wrist).all():
                    self._draw_name(painter, hand, origin + QPointF(*wrist.tolist()))

    def _draw_name(self, painter: QPainter, hand: int, wrist: QPointF) -> None:
        painter.setFont(self._font(1.1, bold=True))
        text = self._names[hand]
        box = painter.fontMetrics().boundingRect(text).adjusted(-6, -2, 6, 2)
        box.moveCenter((wrist + QPointF(0, 1.1 * box.height())).toPoint())
        box.moveBottom(min(box.bottom(), self.height() - 4))
        self._draw_plate(painter, box, text, self._hand_colors[hand])

    def _draw_message(self, painter: QPainter) -> None:
        if self._message:
            painter.setFont(self._font(1.25, bold=False))
            painter.setPen(self._text_color)
            box = self.rect().adjusted(40, 30, -40, -30)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)

    def _draw_captions(self, painter: QPainter, tile: QRect, lines: tuple[str, ...]) -> None:
        painter.setFont(self._font(1.25 if tile.width() > 25 * self.fontInfo().pixelSize() else 0.95, bold=True))
        top = 10
        for line in lines:
            box = painter.fontMetrics().boundingRect(line).adjusted(-9, -4, 9, 4)
            box.moveTopLeft(QPointF(tile.x() + 8, top).toPoint())
            self._draw_plate(painter, box, line, QColor("white"))
            top += box.height() + 6

    def _draw_badge(self, painter: QPainter) -> None:
        if self._badge:
            painter.setFont(self._font(1.05, bold=False))
            box = painter.fontMetrics().boundingRect(self._badge).adjusted(-12, -5, 12, 5)
            box.moveCenter(QPointF(self.width() / 2, self.height() - 24).toPoint())
            self._draw_plate(painter, box, self._badge, QColor("white"))

    @staticmethod
    def _draw_plate(painter: QPainter, box: QRect, text: str, color: QColor) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 170))
        painter.drawRoundedRect(box, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(color)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _font(self, size: float, *, bold: bool) -> QFont:
        """The window's font, so many times as large."""
        font = QFont(self.font())
        font.setPixelSize(round(size * self.fontInfo().pixelSize()))
        font.setBold(bold)
        return font
