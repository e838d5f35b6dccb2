"""A frame with the hands drawn on it, at the size it is shown."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.drawing import strokes
from app.drawing.overlay import fade_pieces, trails
from app.drawing.palette import FUTURE, HAND, OBSERVED, bgr, mix
from app.drawing.strokes import Image
from estimators.opencv import cv2
from ghtt_core.skeleton import FINGERTIPS, PALM, WRIST

TRAIL_JOINTS = (WRIST, FINGERTIPS[1])
"""The joints whose paths through the futures are drawn."""
_BLACK = (0, 0, 0)
_PIECES = 6


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn over one frame, in its own pixels; NaN where missing, None where there is nothing.

    Attributes:
        observed_px: (2, 21, 2) the estimator's hands.
        refined_px: (2, 21, 2) the hands of the method that is shown.
        paths_px: (S, T, 2, J, 2) paths of a few joints through the futures, the deterministic one first.
        poses_px: (S, 2, 21, 2) poses of the futures at the scrubbed time.
        captions: Lines for the corner.
    """

    observed_px: NDArray[np.floating] | None = None
    refined_px: NDArray[np.floating] | None = None
    paths_px: NDArray[np.floating] | None = None
    poses_px: NDArray[np.floating] | None = None
    captions: tuple[str, ...] = ()


def compose(frame_bgr: Image, overlay: Overlay, width_px: int, height_px: int) -> Image:
    """The (H, W, 3) frame with its overlay, as large as fits into a box."""
    height, width = frame_bgr.shape[:2]
    scale = min(width_px / width, height_px / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = np.asarray(cv2.resize(frame_bgr, size, interpolation=cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR), np.uint8)
    weight = max(1.0, min(size) / 420)
    if overlay.paths_px is not None or overlay.poses_px is not None:
        _draw_futures(image, overlay, scale, weight)
    if overlay.refined_px is not None:
        for hand, joints_px in enumerate(overlay.refined_px * scale):
            _draw_hand(image, joints_px, hand, weight)
    if overlay.observed_px is not None:
        for hand, joints_px in enumerate(overlay.observed_px * scale):
            if strokes.drawable(joints_px).all():
                strokes.hand(image, joints_px, OBSERVED[hand], 1.2 * weight)
    return image


def _draw_hand(image: Image, joints_px: NDArray[np.floating], hand: int, weight: float) -> None:
    if not strokes.drawable(joints_px).all():
        return
    x0, y0 = np.clip(np.floor(joints_px.min(axis=0)), 0, None).astype(int)
    x1, y1 = np.clip(np.ceil(joints_px.max(axis=0)), 0, None).astype(int) + 1
    patch = image[y0:y1, x0:x1]
    if patch.size:  # The palm lets the picture through.
        palm = patch.copy()
        strokes.polygon(palm, joints_px[list(PALM)] - (x0, y0), HAND[hand])
        cv2.addWeighted(palm, 0.3, patch, 0.7, 0, dst=patch)
    strokes.hand(image, joints_px, _BLACK, 5.2 * weight)
    strokes.hand(image, joints_px, HAND[hand], 3.0 * weight)
    for joint in FINGERTIPS:
        strokes.disc(image, joints_px[joint], 3.0 * weight, mix(HAND[hand], (255, 255, 255), 0.45))


def _draw_futures(image: Image, overlay: Overlay, scale: float, weight: float) -> None:
    """How much each hand's futures cover is drawn on a channel of its own, then laid over the picture in one go."""
    covers = [np.zeros(image.shape[:2], np.uint8) for _ in HAND]
    if overlay.paths_px is not None and overlay.paths_px.shape[1] > 1:
        paths_px = overlay.paths_px.astype(np.float64) * scale
        main, samples = trails(paths_px[:1]), trails(paths_px[1:])
        for piece, strength in reversed(fade_pieces(paths_px.shape[1], _PIECES)):
            for paths, opacity, width in ((samples, 0.5, 1.0), (main, 0.95, 2.2)):
                level = round(255 * opacity * strength)
                for hand, cover in enumerate(covers):
                    paths[hand].draw(cover, piece, (level, level, level), width * weight)
    if overlay.poses_px is not None:
        for sample in range(len(overlay.poses_px) - 1, -1, -1):
            level, width = (230, 2.2) if sample == 0 else (80, 1.0)
            for cover, joints_px in zip(covers, overlay.poses_px[sample] * scale, strict=True):
                if strokes.drawable(joints_px).all():
                    strokes.hand(cover, joints_px, (level, level, level), width * weight)
    _lay_over(image, covers)


def _lay_over(image: Image, covers: list[Image]) -> None:
    """Mix each hand's colour into the picture as far as it covers it."""
    rows, columns = (np.flatnonzero(sum(cover.any(axis=axis) for cover in covers)) for axis in (1, 0))
    if not rows.size:
        return
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    left, right = (cover[box] for cover in covers)
    clear = cv2.bitwise_not(cv2.add(left, right))
    below = cv2.multiply(image[box], cv2.merge([clear] * 3), scale=1 / 255)
    shades = zip(bgr(FUTURE[0]), bgr(FUTURE[1]), strict=True)
    image[box] = cv2.add(below, cv2.merge([cv2.addWeighted(left, a / 255, right, b / 255, 0) for a, b in shades]))
