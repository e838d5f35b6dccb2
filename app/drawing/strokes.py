"""Anti-aliased lines and text on BGR pictures, at sub-pixel positions."""

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.drawing.palette import Rgb, bgr
from estimators.opencv import cv2
from ghtt_core.skeleton import FINGERS, WRIST

Image: TypeAlias = NDArray[np.uint8]

_SHIFT = 4
ONE = 1 << _SHIFT
"""A pixel in fixed-point coordinates."""
_FARTHEST_PX = 8000.0
"""Points beyond are not drawn: OpenCV's fixed-point coordinates overflow."""
_CHAINS = np.array([(WRIST, *finger) for finger in FINGERS.values()])
"""The bones as five lines from the wrist to a tip, which OpenCV draws in one call."""
_FONT = cv2.FontFace("sans")
_ASCENT, _DESCENT = 1.0, 0.35


def drawable(points_px: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(..., 2) pixels to (...) bool: which points can be drawn."""
    return np.asarray((np.abs(points_px) < _FARTHEST_PX).all(axis=-1))  # NaN compares as False.


def fixed(points_px: NDArray[np.floating]) -> NDArray[np.int32]:
    """Pixels to OpenCV's fixed-point coordinates; only for `drawable` points."""
    return np.rint(np.ascontiguousarray(points_px, np.float64) * ONE).astype(np.int32)


def line(image: Image, start: list[int], end: list[int], color: Rgb, width: float) -> None:
    """One line with round ends, between `fixed` points."""
    cv2.line(image, start, end, bgr(color), max(1, round(width)), cv2.LINE_AA, _SHIFT)


def hand(image: Image, joints_px: NDArray[np.floating], color: Rgb, width: float) -> None:
    """The 20 bones of a (21, 2) hand, all `drawable`."""
    cv2.polylines(image, list(fixed(joints_px)[_CHAINS]), False, bgr(color), max(1, round(width)), cv2.LINE_AA, _SHIFT)


def disc(image: Image, centre_px: NDArray[np.floating], radius_px: float, color: Rgb) -> None:
    """One filled circle."""
    x, y = fixed(centre_px).tolist()
    cv2.circle(image, (x, y), max(1, round(radius_px * ONE)), bgr(color), -1, cv2.LINE_AA, _SHIFT)


def polygon(image: Image, corners_px: NDArray[np.floating], color: Rgb) -> None:
    """One filled convex polygon."""
    cv2.fillConvexPoly(image, fixed(corners_px), bgr(color), cv2.LINE_AA, _SHIFT)


def polylines(image: Image, paths_px: NDArray[np.floating], color: Rgb, width: float) -> None:
    """(N, T, 2) open paths; one with a point that cannot be drawn is left out."""
    Paths(paths_px).draw(image, slice(None), color, width)


class Paths:
    """(N, T, 2) open paths that are drawn piece by piece; a piece with a point that cannot be drawn is left out."""

    def __init__(self, paths_px: NDArray[np.floating]) -> None:
        self._drawable = drawable(paths_px)
        self._fixed = fixed(np.where(self._drawable[..., None], paths_px, 0.0))
        self._all = bool(self._drawable.all())

    def draw(self, image: Image, piece: slice, color: Rgb, width: float) -> None:
        """Draw some points of every path; on a picture of one channel the colour's first value counts."""
        points = self._fixed[:, piece]
        if not self._all:
            points = points[self._drawable[:, piece].all(axis=1)]
        if points.size:
            shade = bgr(color) if image.ndim == 3 else color[:1]
            cv2.polylines(image, list(points), False, shade, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def text(image: Image, words: str, x: float, y: float, size: int, color: Rgb, anchor: float = 0.0) -> int:
    """Write one line; `y` is its middle, `anchor` 0, 0.5 or 1 puts its left end, its middle or its right end at `x`.

    Returns:
        Its width in pixels.
    """
    mask = _text_mask(words, size)
    height, width = mask.shape
    left, top = round(x - anchor * width), round(y - size * (_ASCENT - 0.36))
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, image.shape[1]), min(top + height, image.shape[0])
    if x0 < x1 and y0 < y1:
        alpha = mask[y0 - top : y1 - top, x0 - left : x1 - left, None]
        patch = image[y0:y1, x0:x1]
        patch[:] = (patch * (1 - alpha) + np.array(bgr(color), np.float32) * alpha).astype(np.uint8)
    return int(width)


def text_width(words: str, size: int) -> int:
    """How many pixels a line takes."""
    return int(_text_mask(words, size).shape[1])


def fitting(words: str, size: int, width: int) -> str:
    """The words, shortened to fit a width."""
    if text_width(words, size) <= width:
        return words
    while words and text_width(f"{words}…", size) > width:
        words = words[:-1]
    return f"{words.rstrip()}…"


@lru_cache(maxsize=2048)
def _text_mask(words: str, size: int) -> NDArray[np.float32]:
    """(h, w) coverage in [0, 1]: drawing letters takes milliseconds, and most lines repeat from frame to frame."""
    height = round(size * (_ASCENT + _DESCENT))
    canvas = np.zeros((height, max(1, size * (len(words) + 2)), 3), np.uint8)
    (right, _), _ = cv2.putText(canvas, words, (0, round(size * _ASCENT)), (255, 255, 255), _FONT, size)[:2]
    return np.asarray(canvas[:, : max(1, right), 0] / np.float32(255), np.float32)
