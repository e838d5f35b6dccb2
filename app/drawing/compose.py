"""The recorded view: the video with its overlay, the 3D panel and the actions in one picture."""

from dataclasses import dataclass

import numpy as np

from app.drawing import strokes
from app.drawing.actions import ActionPanel
from app.drawing.overlay import draw_overlay
from app.drawing.palette import BACKGROUND, DIM, TEXT, bgr
from app.drawing.panel3d import Panel3D
from app.drawing.strokes import Image
from app.pipeline.result import PipelineResult
from estimators.opencv import cv2

WIDTH, HEIGHT = 1280, 720
_WIDE = 1.45
"""From this aspect ratio on the actions go below the video instead of beside it."""
_GAP = 8
_LEGEND = "thin: as seen    solid: refined    fading: sampled futures"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the view, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


class ViewComposer:
    """Draws 1280x720 views of results. The first frame decides the layout; frames of other sizes are fitted into it."""

    def __init__(self, action_names: tuple[str, ...], caption: str) -> None:
        """Prepare; `caption` (source and backend) is written under the actions."""
        self._names, self._caption = action_names, caption
        self._video: Box | None = None

    def render(self, result: PipelineResult) -> Image:
        """(720, 1280, 3) BGR."""
        if self._video is None:
            self._lay_out(result.frame.image_bgr.shape[1] / result.frame.image_bgr.shape[0])
        assert self._video is not None
        view = self._backdrop.copy()
        self._draw_video(view[self._video.slices], result)
        self._panel.render(view[self._scene.slices], result)
        prob = None if result.prediction is None else result.prediction.action_prob
        self._actions.render(view[self._bars.slices], result.observation.time_s, prob)
        self._draw_captions(view, result.observation.time_s)
        return view

    def _lay_out(self, aspect: float) -> None:
        if aspect >= _WIDE:
            width = 832
            height = min(468, round(width / aspect))
            self._video = Box(0, 0, width, height)
            self._bars = Box(0, height + _GAP, width, HEIGHT - height - _GAP)
            self._scene = Box(width + _GAP, 0, WIDTH - width - _GAP, HEIGHT)
        else:
            width = max(360, round(HEIGHT * aspect))
            self._video = Box(0, 0, width, HEIGHT)
            left = width + _GAP
            self._scene = Box(left, 0, WIDTH - left, 424)
            self._bars = Box(left, 424 + _GAP, WIDTH - left, HEIGHT - 424 - _GAP)
        self._panel = Panel3D(self._scene.width, self._scene.height)
        self._actions = ActionPanel(self._bars.width, self._bars.height, self._names)
        self._backdrop: Image = np.tile(np.array(bgr(BACKGROUND), np.uint8), (HEIGHT, WIDTH, 1))
        self._backdrop[self._scene.slices] = self._panel.backdrop()
        self._backdrop[self._bars.slices] = self._actions.backdrop()

    @staticmethod
    def _draw_video(box: Image, result: PipelineResult) -> None:
        """Fit the frame into the box, and draw on it at the box's resolution."""
        image = result.frame.image_bgr
        height, width = image.shape[:2]
        scale = min(box.shape[1] / width, box.shape[0] / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        x, y = (box.shape[1] - size[0]) // 2, (box.shape[0] - size[1]) // 2
        shown = box[y : y + size[1], x : x + size[0]]
        # Averaging whole areas costs five times as much, and is needed only where pixels would be skipped.
        cv2.resize(image, size, dst=shown, interpolation=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR)
        draw_overlay(shown, result, scale)

    def _draw_captions(self, view: Image, time_s: float) -> None:
        """Last, so that nothing hides them."""
        scene = self._scene
        strokes.text(view, "3D", scene.x + 14, 20, 15, DIM)
        strokes.text(view, f"{time_s:.2f} s", WIDTH - 14, 20, 15, TEXT, anchor=1.0)
        for row, line in enumerate((_LEGEND, self._caption)):
            y = scene.height - 34 + 20 * row
            strokes.text(view, strokes.fitting(line, 13, scene.width - 28), scene.x + 14, y, 13, DIM)
