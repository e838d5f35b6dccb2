"""The hands drawn on their own frame."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.drawing import strokes
from app.drawing.palette import FUTURE, HAND, OBSERVED, bgr, mix
from app.drawing.strokes import Image
from app.pipeline.result import PipelineResult
from estimators.opencv import cv2
from ghtt_core.packets import Float32, Float64, Futures
from ghtt_core.skeleton import FINGERTIPS, HAND_NAMES, WRIST

MAIN_JOINTS = [WRIST, *FINGERTIPS]
"""Joints whose paths are drawn for the deterministic future, and"""
SAMPLE_JOINTS = [WRIST, 8]
"""for the samples: more of them would hide the picture."""
_PIECES = 6
_BLACK = (0, 0, 0)


def draw_overlay(image: Image, result: PipelineResult, scale: float) -> None:
    """Draw futures, refined and observed hands on a picture that is `scale` times as large as the frame."""
    weight = max(1.0, min(image.shape[:2]) / 480)
    if result.futures is not None:
        _draw_futures(image, result, result.futures, scale, weight)
    if result.prediction is not None:
        refined_px = result.intrinsics.project(result.prediction.refined_cam_m) * scale
        for hand, joints_px in enumerate(refined_px):
            _draw_hand(image, joints_px, hand, weight)
    for hand, joints_px in enumerate(result.observation.joints_px * scale):
        if not strokes.drawable(joints_px).all():
            continue
        strokes.hand(image, joints_px, OBSERVED[hand], 1)
        _draw_name(image, joints_px, hand, float(result.observation.confidence[hand]), weight)


def upcoming(futures: Futures, now_s: float) -> tuple[Float32, Float32]:
    """The part of futures that still lies ahead.

    Args:
        futures: Maybe drawn some frames ago.
        now_s: Source time of the frame they are shown on.

    Returns:
        (S, T', 2, 21, 3) joints and (T',) seconds from now.
    """
    ahead_s = futures.offset_s - np.float32(now_s - futures.time_s)
    first = int(np.searchsorted(ahead_s, 0.0))
    return futures.joints_cam_m[:, first:], ahead_s[first:]


def fade_pieces(steps: int, pieces: int) -> list[tuple[slice, float]]:
    """Cut a path of `steps` points into pieces that share their ends, with their strengths from 1 to near 0."""
    cuts = np.unique(np.linspace(0, steps - 1, pieces + 1).round().astype(int))
    strengths = np.linspace(1.0, 0.0, cuts.size)[:-1]
    return [(slice(int(first), int(last) + 1), float(s)) for (first, last), s in zip(pairwise(cuts), strengths, strict=True)]


def thinned(joints_m: Float32, ahead_s: Float32) -> tuple[Float32, Float32]:
    """Every second step of futures, which is as much as the eye needs, and the last one."""
    kept = np.unique(np.append(np.arange(0, ahead_s.size, 2), ahead_s.size - 1))
    return joints_m[:, kept], ahead_s[kept]


def trails(paths_px: Float64) -> list[strokes.Paths]:
    """(S, T, 2, J, 2) to the paths of each hand."""
    samples, steps, hands, joints, _ = paths_px.shape
    lines_px = paths_px.transpose(2, 0, 3, 1, 4).reshape(hands, samples * joints, steps, 2)
    return [strokes.Paths(lines) for lines in lines_px]


def _draw_hand(image: Image, joints_px: Float64, hand: int, weight: float) -> None:
    if not strokes.drawable(joints_px).all():
        return
    strokes.hand(image, joints_px, _BLACK, 5.5 * weight)
    strokes.hand(image, joints_px, HAND[hand], 3.0 * weight)
    for joint in FINGERTIPS:
        strokes.disc(image, joints_px[joint], 3.2 * weight, mix(HAND[hand], (255, 255, 255), 0.45))


def _draw_name(image: Image, joints_px: NDArray[np.floating], hand: int, confidence: float, weight: float) -> None:
    size = round(13 * weight)
    words = f"{HAND_NAMES[hand].capitalize()} {100 * confidence:.0f} %"
    width = strokes.text_width(words, size) + size
    x = float(np.clip(joints_px[WRIST, 0], width / 2, max(width / 2, image.shape[1] - width / 2)))
    y = float(np.clip(joints_px[WRIST, 1] + 1.4 * size, size, max(size, image.shape[0] - size)))
    x0, x1, y0, y1 = (max(0, round(value)) for value in (x - width / 2, x + width / 2, y - 0.8 * size, y + 0.8 * size))
    patch = image[y0:y1, x0:x1]
    patch[:] = patch // 3
    strokes.text(image, words, x, y, size, HAND[hand], anchor=0.5)


def _draw_futures(image: Image, result: PipelineResult, futures: Futures, scale: float, weight: float) -> None:
    """Paths, the samples faint, the deterministic future strong, all fading with time."""
    joints_m, ahead_s = upcoming(futures, result.observation.time_s)
    if ahead_s.size < 2:
        return
    joints_m, ahead_s = thinned(joints_m, ahead_s)
    main_px = result.intrinsics.project(joints_m[:1, :, :, MAIN_JOINTS]) * scale
    samples_px = result.intrinsics.project(joints_m[1:, :, :, SAMPLE_JOINTS]) * scale
    reachable = np.concatenate([paths[strokes.drawable(paths)] for paths in (main_px, samples_px)])
    if not reachable.size:
        return
    x0, y0 = np.clip(reachable.min(axis=0) - 6, 0, None).astype(int)
    x1, y1 = np.ceil(reachable.max(axis=0)).astype(int) + 6
    patch = image[y0:y1, x0:x1]
    if not patch.size:
        return
    coverage = [np.zeros(patch.shape[:2], np.uint8) for _ in HAND]
    origin = np.array((x0, y0), np.float64)
    main, samples = trails(main_px - origin), trails(samples_px - origin)
    for piece, strength in reversed(fade_pieces(ahead_s.size, _PIECES)):
        for paths, opacity, width in ((samples, 0.5, 1.0), (main, 0.95, 2.0)):
            level = round(255 * opacity * strength)
            for hand, cover in enumerate(coverage):
                paths[hand].draw(cover, piece, (level, level, level), width * weight)
    _blend(patch, coverage)


def _blend(patch: Image, coverage: list[Image]) -> None:
    """Lay each hand's colour over the picture as far as it covers it."""
    left, right = coverage
    right = cv2.min(right, cv2.bitwise_not(left))  # Where both cover all, they share.
    clear = cv2.bitwise_not(cv2.add(left, right))
    below = cv2.multiply(patch, cv2.merge([clear] * 3), scale=1 / 255)
    (left_bgr, right_bgr) = (bgr(color) for color in FUTURE)
    colors = [cv2.addWeighted(left, a / 255, right, b / 255, 0) for a, b in zip(left_bgr, right_bgr, strict=True)]
    cv2.add(below, cv2.merge(colors), dst=patch)
