"""Theme and size of the text."""

from collections.abc import Callable

import numpy as np
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication, QWidget

from app.gui.store import Store
from app.gui.theme import THEMES, Theme, apply_theme, hand_shades, rgb
from app.viewer.picture import SceneColors

_TEXT_SHARE, _USUAL_TEXT_PX, _TEXT_PX = 0.0175, (14, 22), (10, 32)
"""Of the window's height; what comes of it; what it can be made by hand."""
_SETTLED_MS = 150
"""Without another resize for so long, the text is fitted to the window: to paint all anew takes longer than a frame."""


class Looks:
    """Paints the application; the text grows with the window, for those who stand farther away from a larger one.

    Attributes:
        theme: In force.
    """

    def __init__(self, window: QWidget, store: Store, paint: Callable[[Theme], None]) -> None:
        """Prepare; `paint` paints what no style sheet reaches."""
        self.theme = THEMES.get(store.theme, THEMES["dark"])
        self._window, self._store, self._paint_rest = window, store, paint
        self._text_px = 0
        self._timer = QTimer(window)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.fit_text)

    @property
    def text_px(self) -> int:
        """How high the text should be."""
        usual = min(max(_TEXT_SHARE * self._window.height(), _USUAL_TEXT_PX[0]), _USUAL_TEXT_PX[1])
        return min(max(round(usual) + self._store.text_steps, _TEXT_PX[0]), _TEXT_PX[1])

    def set_theme(self, theme: Theme) -> None:
        """Paint everything in a theme's colours, now and the next time."""
        self.theme = theme
        self._store.theme = theme.name
        self._paint()
        self._paint_rest(theme)

    def change_text(self, steps: int) -> None:
        """Make all text larger or smaller than usual."""
        before = self._store.text_steps
        self._store.text_steps += steps
        if self.text_px == self._text_px:  # It is as large or small as it gets.
            self._store.text_steps = before
        self.fit_text()

    def resized(self) -> None:
        """The window has another size: fit the text when that is over."""
        self._timer.start(_SETTLED_MS)

    def fit_text(self) -> None:
        """Make the text as high as the window wants it."""
        if self.text_px != self._text_px:
            self._paint()

    def stop(self) -> None:
        """Paint no more."""
        self._timer.stop()

    def _paint(self) -> None:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self._text_px = self.text_px
        apply_theme(application, self.theme, self._text_px)


def scene_colors(theme: Theme) -> SceneColors:
    """A theme's colours for the 3D view."""
    hands, observed, futures = (
        np.array([rgb(color) for color in hand_shades(theme, kind)]) for kind in ("hand", "observed", "future")
    )
    return SceneColors(
        background=rgb(theme.scene),
        floor=rgb(theme.floor),
        grid=rgb(theme.grid),
        shadow=rgb(theme.shadow),
        camera=rgb(theme.camera),
        hands=hands,
        observed=observed,
        futures=futures,
    )
