"""The video with the hands drawn on it, at the window's own resolution."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRect, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.gui.pictures import as_qimage
from ghtt_core.skeleton import BONES, FINGERTIPS, HAND_NAMES, PALM

_TRAIL_PIECES = 3
_FAR_PX = 1e5
"""Points farther out than this are left to nobody: a point just before the lens projects to infinity."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn over one frame, in its own pixels; NaN where missing, empty where there is nothing.

    Attributes:
        observed_px: (2, 21, 2) the estimator's hands.
        refined_px: (2, 21, 2) the refined hands.
        paths_px: (S, T, 2, J, 2) paths of a few joints through the futures, the deterministic one first.
        poses_px: (S, 2, 21, 2) poses of the futures at the scrubbed time.
        captions: A line per compared method, in its colour, or nothing.
    """

    observed_px: NDArray[np.floating] | None = None
    refined_px: NDArray[np.floating] | None = None
    paths_px: NDArray[np.floating] | None = None
    poses_px: NDArray[np.floating] | None = None
    captions: tuple[str, ...] = field(default=())


class VideoView(QWidget):
    """Shows frames as large as they fit, without copying them.

    Signals:
        painted: How long a painting took, seconds.
    """

    painted = pyqtSignal(float)

    def __init__(self, hand_colors: Sequence[str], observed_colors: Sequence[str], future_colors: Sequence[str]) -> None:
        super().__init__()
        self.setObjectName("video")
        self.setAccessibleName("Video with the hands drawn on it")
        self.setMinimumSize(240, 180)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._hand_colors = [QColor(color) for color in hand_colors]
        self._future_colors = [QColor(color) for color in future_colors]
        self._observed_colors = [QColor(color) for color in observed_colors]
        self._background = QColor("black")
        self._text_color = QColor("white")
        self._pixels: NDArray[np.uint8] | None = None
        self._image: QImage | None = None
        self._overlays = [Overlay()]
        self._message = ""
        self._badge = ""

    def set_theme(self, background: str, text: str) -> None:
        """Paint the border and the messages in these colours."""
        self._background, self._text_color = QColor(background), QColor(text)
        self.update()

    def show_frame(self, image_bgr: NDArray[np.uint8], overlays: list[Overlay]) -> None:
        """Show a (H, W, 3) picture with its overlay, or side by side with several.

        The array is kept, not copied: it must not change any more.
        """
        pixels = np.ascontiguousarray(image_bgr)
        self._pixels, self._image = pixels, as_qimage(pixels)
        self._overlays = overlays
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
        self._image = self._pixels = None
        self._overlays = [Overlay()]
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw the picture, the overlay and the messages."""
        painter = QPainter(self)
        started_s = time.perf_counter()
        painter.fillRect(self.rect(), self._background)
        columns = len(self._overlays)
        for column, overlay in enumerate(self._overlays):
            left, right = (self.width() * edge // columns for edge in (column, column + 1))
            tile = QRectF(left, 0, right - left, self.height())
            self._draw_tile(painter, tile, overlay)
            self._draw_captions(painter, tile, overlay.captions)
        self._draw_badge(painter)
        self._draw_message(painter)
        painter.end()
        self.painted.emit(time.perf_counter() - started_s)

    def _draw_tile(self, painter: QPainter, tile: QRectF, overlay: Overlay) -> None:
        if self._image is None:
            return
        scale = min(tile.width() / self._image.width(), tile.height() / self._image.height())
        size = (self._image.width() * scale, self._image.height() * scale)
        target = QRectF(tile.x() + (tile.width() - size[0]) / 2, (tile.height() - size[1]) / 2, *size)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, self._image)
        painter.setClipRect(target)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_overlay(painter, overlay, scale, np.array([target.x(), target.y()]))
        painter.setClipping(False)

    def _draw_overlay(self, painter: QPainter, overlay: Overlay, scale: float, origin: NDArray[np.float64]) -> None:
        width = max(1.0, min(self.width(), self.height()) / 420)
        if overlay.paths_px is not None:
            self._draw_paths(painter, overlay.paths_px * scale + origin, width)
        if overlay.poses_px is not None:
            for sample, pose in enumerate(overlay.poses_px * scale + origin):
                for hand, color in enumerate(self._future_colors):
                    self._draw_bones(painter, pose[hand], _faded(color, 0.85 if sample == 0 else 0.28), width)
        if overlay.refined_px is not None:
            for hand, joints in enumerate(overlay.refined_px * scale + origin):
                self._draw_palm(painter, joints, _faded(self._hand_colors[hand], 0.28))
                self._draw_bones(painter, joints, _faded(QColor("black"), 0.45), 4.6 * width)
                self._draw_bones(painter, joints, self._hand_colors[hand], 2.8 * width)
        if overlay.observed_px is not None:
            for hand, joints in enumerate(overlay.observed_px * scale + origin):
                self._draw_bones(painter, joints, self._observed_colors[hand], 1.2 * width)
                self._draw_name(painter, hand, joints[0], width)

    def _draw_paths(self, painter: QPainter, paths: NDArray[np.floating], width: float) -> None:
        steps = paths.shape[1]
        cuts = np.linspace(0, steps - 1, _TRAIL_PIECES + 1).round().astype(int)
        for sample in range(len(paths) - 1, -1, -1):
            strength, thickness = (0.95, 2.2) if sample == 0 else (0.42, 1.0)
            for hand, color in enumerate(self._future_colors):
                for piece, (first, last) in enumerate(pairwise(cuts)):
                    fade = strength * (1 - piece / (_TRAIL_PIECES + 0.5))
                    painter.setPen(QPen(_faded(color, fade), thickness * width))
                    for joint in range(paths.shape[3]):
                        self._draw_path(painter, paths[sample, first : last + 1, hand, joint])

    @staticmethod
    def _draw_path(painter: QPainter, points: NDArray[np.floating]) -> None:
        points = points[np.isfinite(points).all(axis=1) & (np.abs(points) < _FAR_PX).all(axis=1)]
        if len(points) > 1:
            painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points.tolist()]))

    @staticmethod
    def _draw_bones(painter: QPainter, joints: NDArray[np.floating], color: QColor, width: float) -> None:
        if not np.isfinite(joints).all() or np.abs(joints).max() > _FAR_PX:
            return
        pen = QPen(color, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        points = [QPointF(x, y) for x, y in joints.tolist()]
        for parent, child in BONES:
            painter.drawLine(points[parent], points[child])

    @staticmethod
    def _draw_palm(painter: QPainter, joints: NDArray[np.floating], color: QColor) -> None:
        palm = joints[list(PALM)]
        if np.isfinite(palm).all() and np.abs(palm).max() < _FAR_PX:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in palm.tolist()]))
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_name(self, painter: QPainter, hand: int, wrist: NDArray[np.floating], width: float) -> None:
        if not np.isfinite(wrist).all():
            return
        painter.setFont(self._font(max(13, round(9 * width)), bold=True))
        text = HAND_NAMES[hand].capitalize()
        box = painter.fontMetrics().boundingRect(text)
        box.moveCenter(QPointF(float(wrist[0]), float(wrist[1]) + 1.1 * box.height()).toPoint())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(box.adjusted(-6, -2, 6, 2), 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self._hand_colors[hand])
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_message(self, painter: QPainter) -> None:
        if self._message:
            painter.setFont(self._font(17, bold=False))
            painter.setPen(self._text_color)
            box = self.rect().adjusted(30, 30, -30, -30)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)

    def _draw_captions(self, painter: QPainter, tile: QRectF, lines: tuple[str, ...]) -> None:
        painter.setFont(self._font(17 if tile.width() > 400 else 13, bold=True))
        top = 10
        for line in lines:
            box = painter.fontMetrics().boundingRect(line).adjusted(-9, -4, 9, 4)
            box.moveTopLeft(QPointF(tile.x() + 8, top).toPoint())
            self._draw_plate(painter, box, line)
            top += box.height() + 6

    def _draw_badge(self, painter: QPainter) -> None:
        if self._badge:
            painter.setFont(self._font(15, bold=False))
            box = painter.fontMetrics().boundingRect(self._badge).adjusted(-12, -5, 12, 5)
            box.moveCenter(QPointF(self.width() / 2, self.height() - 24).toPoint())
            self._draw_plate(painter, box, self._badge)

    @staticmethod
    def _draw_plate(painter: QPainter, box: QRect, text: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 170))
        painter.drawRoundedRect(box, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor("white"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _font(self, size_px: int, *, bold: bool) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(size_px)
        font.setBold(bold)
        return font


def _faded(color: QColor, alpha: float) -> QColor:
    faded = QColor(color)
    faded.setAlphaF(alpha)
    return faded


TRAIL_JOINTS = (0, FINGERTIPS[1])
"""The joints whose paths through the futures are drawn on the video."""
