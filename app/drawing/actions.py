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
_ROW = 1.75
"""Height of a bar's row in letter sizes."""


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
        self._text = max(12, round(min(height / 17, width / 28)))
        self._margin = round(0.035 * width)
        top = round((2.9 + TOP * _ROW) * self._text)
        self._plot = (self._margin, width - self._margin, top, max(top + 2, height - round(1.2 * self._text)))

    def backdrop(self) -> Image:
        """(height, width, 3) BGR: what `render` draws over."""
        width, height = self._size
        image = np.tile(np.array(bgr(PANEL), np.uint8), (height, width, 1))
        strokes.text(image, "ACTION", self._margin, 1.5 * self._text, round(0.85 * self._text), DIM)
        x0, x1, y0, y1 = self._plot
        for share in (0.0, 0.5, 1.0):
            image[round(y1 - share * (y1 - y0)), x0:x1] = bgr(GRID if share else DIM)
        words = f"last {HISTORY_S:g} s"
        strokes.text(image, words, x0, y1 + 0.75 * self._text, round(0.8 * self._text), DIM)
        return image

    def render(self, image: Image, time_s: float, prob: Float32 | None) -> None:
        """Draw over a picture that holds the backdrop; the probabilities join the timeline."""
        self._remember(time_s, prob)
        top = top_actions(prob) if prob is not None else []
        if prob is None or not top:
            words = "waiting for half a second of hands" if self._names else "no action model"
            strokes.text(image, words, self._margin, 3.2 * self._text, self._text, DIM)
        else:
            for rank, index in enumerate(top):
                self._draw_bar(image, (2.9 + _ROW * rank) * self._text, index, float(prob[index]))
        self._draw_timeline(image, time_s)

    def _remember(self, time_s: float, prob: Float32 | None) -> None:
        if self._history and time_s < self._history[-1][0]:
            self._history.clear()
        if prob is not None:
            self._history.append((time_s, prob))
        while self._history and self._history[0][0] < time_s - HISTORY_S:
            self._history.popleft()

    def _draw_bar(self, image: Image, y: float, index: int, prob: float) -> None:
        size, width = self._text, self._size[0] - 2 * self._margin
        name_width, number_width = round(0.46 * width), round(3.0 * size)
        name = strokes.fitting(self._names[index].replace("_", " "), size, name_width - size)
        strokes.text(image, name, self._margin, y, size, TEXT)
        x0, x1 = self._margin + name_width, self._margin + width - number_width
        y0, y1 = round(y - 0.42 * size), round(y + 0.42 * size)
        image[y0:y1, x0:x1] = bgr(RAISED)
        image[y0:y1, x0 : x0 + max(2, round(prob * (x1 - x0)))] = bgr(class_color(index))
        strokes.text(image, f"{100 * prob:.0f} %", self._margin + width, y, size, TEXT, anchor=1.0)

    def _draw_timeline(self, image: Image, time_s: float) -> None:
        known = [(at_s, prob) for at_s, prob in self._history if prob.size and np.isfinite(prob).all()]
        if len(known) < 2:
            return
        x0, x1, y0, y1 = self._plot
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
