"""Action bars and their timeline."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from app.drawing import strokes
from app.drawing.palette import CLASSES, DIM, GRID, PANEL, RAISED, TEXT, Rgb, bgr
from app.drawing.strokes import Image
from ghtt_core.packets import Float32

TOP = 5
HISTORY_S = 8.0


def class_color(index: int) -> Rgb:
    """A class's colour in bars and curves."""
    return CLASSES[index % len(CLASSES)]


def top_actions(prob: Float32, count: int = TOP) -> list[int]:
    """The most probable classes, best first; empty while there are no probabilities."""
    return [] if not np.isfinite(prob).all() else np.argsort(-prob, kind="stable")[:count].tolist()


class ActionPanel:
    """Draws the top actions as bars above a timeline of the last seconds."""

    def __init__(self, width: int, height: int, names: tuple[str, ...]) -> None:
        self._size, self._names = (width, height), names
        self._history: deque[tuple[float, Float32]] = deque()

    def render(self, time_s: float, prob: Float32 | None) -> Image:
        """(height, width, 3) BGR; the probabilities join the timeline."""
        width, height = self._size
        image: Image = np.empty((height, width, 3), np.uint8)
        image[:] = bgr(PANEL)
        margin, size = round(0.035 * width), max(12, round(min(height / 17, width / 28)))
        strokes.text(image, "ACTION", margin, 1.5 * size, round(0.85 * size), DIM)
        self._remember(time_s, prob)
        row = 1.75 * size
        top = top_actions(prob) if prob is not None else []
        if prob is None or not top:
            words = "waiting for half a second of hands" if self._names else "no action model"
            strokes.text(image, words, margin, 3.2 * size, size, DIM)
        else:
            for rank, index in enumerate(top):
                self._draw_bar(image, margin, (2.9 * size) + rank * row, size, index, float(prob[index]))
        self._draw_timeline(image, margin, round(2.9 * size + TOP * row), height - round(1.2 * size), time_s, size)
        return image

    def _remember(self, time_s: float, prob: Float32 | None) -> None:
        if self._history and time_s < self._history[-1][0]:
            self._history.clear()
        if prob is not None:
            self._history.append((time_s, prob))
        while self._history and self._history[0][0] < time_s - HISTORY_S:
            self._history.popleft()

    def _draw_bar(self, image: Image, margin: int, y: float, size: int, index: int, prob: float) -> None:
        width = self._size[0] - 2 * margin
        name_width, number_width = round(0.46 * width), round(3.0 * size)
        name = strokes.fitting(self._names[index].replace("_", " "), size, name_width - size)
        strokes.text(image, name, margin, y, size, TEXT)
        x0, x1 = margin + name_width, margin + width - number_width
        y0, y1 = round(y - 0.42 * size), round(y + 0.42 * size)
        image[y0:y1, x0:x1] = bgr(RAISED)
        image[y0:y1, x0 : x0 + max(2, round(prob * (x1 - x0)))] = bgr(class_color(index))
        strokes.text(image, f"{100 * prob:.0f} %", margin + width, y, size, TEXT, anchor=1.0)

    def _draw_timeline(self, image: Image, margin: int, y0: int, y1: int, time_s: float, size: int) -> None:
        if y1 - y0 < 3 * size:
            return
        x0, x1 = margin, self._size[0] - margin
        for share in (0.0, 0.5, 1.0):
            y = round(y1 - share * (y1 - y0))
            image[y, x0:x1] = bgr(GRID if share else DIM)
        strokes.text(image, f"last {HISTORY_S:g} s", x0, y1 + 0.75 * size, round(0.8 * size), DIM)
        known = [(at_s, prob) for at_s, prob in self._history if np.isfinite(prob).all()]
        if len(known) < 2:
            return
        times_s, probs = np.array([at_s for at_s, _ in known]), np.stack([prob for _, prob in known]).astype(np.float64)
        x = x1 - (time_s - times_s) / HISTORY_S * (x1 - x0)
        for index in sorted(set(probs.argmax(axis=1).tolist())):
            self._draw_curve(image, x, y1 - probs[:, index] * (y1 - y0), times_s, class_color(index))

    @staticmethod
    def _draw_curve(
        image: Image, x: NDArray[np.float64], y: NDArray[np.float64], times_s: NDArray[np.float64], color: Rgb
    ) -> None:
        """One class's curve, broken where nothing was recognised for a while."""
        points_px = np.stack((x, y), axis=1)
        for run in np.split(points_px, np.flatnonzero(np.diff(times_s) > 0.5) + 1):
            if len(run) > 1:
                strokes.polylines(image, run[None], color, 2)
