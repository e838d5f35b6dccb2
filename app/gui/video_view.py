"""The video with the hands drawn on it, at the window's own resolution."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.drawing.palette import HAND
from app.drawing.strokes import Image
from app.gui.easel import Easel
from app.gui.pictures import as_qimage
from app.gui.text import tr
from app.gui.video_picture import Overlay, compose

Overlays = Callable[[], list[Overlay]]
"""Makes what is drawn over a frame, in the drawing thread: one overlay, or several for pictures side by side."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """A finished picture, how many of its pixels one of the frame's takes, and what was drawn over it."""

    image: QImage
    scale: float
    overlay: Overlay


class VideoView(QWidget):
    """Shows frames as large as they fit.

    Attributes:
        easel: Where its pictures are drawn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.easel = Easel("draw video")
        self.easel.drawn.connect(self._show)
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
        self._shown: tuple[Image, Overlays] | None = None
        self._tiles: list[_Tile] = []
        self._message = ""
        self._badge = ""

    def set_theme(self, background: str, text: str) -> None:
        """Paint the border and the messages in these colours."""
        self._background, self._text_color = QColor(background), QColor(text)
        self.update()

    def show_frame(self, image_bgr: Image, overlays: Overlays) -> None:
        """Show a (H, W, 3) picture with its overlay, or side by side with several. The array must not change any more."""
        self._shown = (image_bgr, overlays)
        ratio = self.devicePixelRatioF()
        width_px, height_px = round(self.width() * ratio), round(self.height() * ratio)
        self.easel.draw(lambda: _draw(image_bgr, overlays(), width_px, height_px))

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw at the new size."""
        if self._shown is not None:
            self.show_frame(*self._shown)

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
        self._shown = None
        self.easel.forget()
        self._show([])

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Put the newest picture on the screen, and write the messages over it."""
        painter = QPainter(self)
        try:
            self._paint(painter)
        finally:
            painter.end()  # A painter that outlives its event takes the program down.

    def _show(self, tiles: list[_Tile]) -> None:
        self._tiles = tiles
        self.update()

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._background)
        for column, tile in enumerate(self._tiles):
            left, right = _edges(column, len(self._tiles), self.width())
            place = QRect(left, 0, right - left, self.height())
            self._draw_tile(painter, place, tile)
            self._draw_captions(painter, place, tile.overlay.captions)
        self._draw_badge(painter)
        self._draw_message(painter)

    def _draw_tile(self, painter: QPainter, place: QRect, tile: _Tile) -> None:
        size = QSizeF(tile.image.size())
        if (ratio := self.devicePixelRatioF()) != 1.0:
            size /= ratio
        if size.width() > place.width() or size.height() > place.height():  # One of the new size is being drawn.
            size.scale(QSizeF(place.size()), Qt.AspectRatioMode.KeepAspectRatio)
        origin = QPointF(place.x() + (place.width() - size.width()) / 2, (place.height() - size.height()) / 2)
        painter.drawImage(QRectF(origin, size), tile.image)
        if tile.overlay.observed_px is not None:
            scale = tile.scale * size.width() / tile.image.width()
            for hand, wrist in enumerate(tile.overlay.observed_px[:, 0] * scale):
                if np.isfinite(wrist).all():
                    self._draw_name(painter, hand, origin + QPointF(*wrist.tolist()))

    def _draw_name(self, painter: QPainter, hand: int, wrist: QPointF) -> None:
        painter.setFont(self._font(1.1, bold=True))
        text = self._names[hand]
        box = painter.fontMetrics().boundingRect(text).adjusted(-6, -2, 6, 2)
        box.moveCenter((wrist + QPointF(0, 1.1 * box.height())).toPoint())
        box.moveBottom(min(box.bottom(), self.height() - 4))
        box.moveLeft(min(max(box.left(), 4), self.width() - box.width() - 4))
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


def _draw(image_bgr: Image, overlays: list[Overlay], width_px: int, height_px: int) -> list[_Tile]:
    """In the drawing thread: pictures that fill a view of so many pixels side by side."""
    tiles = []
    for column, overlay in enumerate(overlays):
        left, right = _edges(column, len(overlays), width_px)
        picture = compose(image_bgr, overlay, right - left, height_px)
        tiles.append(_Tile(as_qimage(picture), picture.shape[1] / image_bgr.shape[1], overlay))
    return tiles


def _edges(column: int, columns: int, width: int) -> tuple[int, int]:
    return width * column // columns, width * (column + 1) // columns
