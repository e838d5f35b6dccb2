"""What is drawn and from where it is seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.gui.actions import Handler
from app.gui.presenter import COMPARE_CHOICES, ShowOptions
from app.gui.theme import DARK, LIGHT
from app.viewer.hands_view import PRESETS

if TYPE_CHECKING:
    from app.gui.window import MainWindow

_SCRUB_STEP = 1
_SAMPLES_STEP = 5


class ViewControls:
    """Holds the drawing options and changes them by key."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._hands = self._futures = True
        self._compare = COMPARE_CHOICES[0]

    @property
    def compare(self) -> str:
        """The method that is shown."""
        return self._compare

    def options(self) -> ShowOptions:
        """What is to be drawn now."""
        panel = self._window.futures_panel
        return ShowOptions(self._hands, self._futures, self._compare, panel.settings.horizon_s, panel.scrub_s)

    def handlers(self) -> Mapping[str, Handler]:
        """What each command does."""
        panel = self._window.futures_panel
        presets: dict[str, Handler] = {f"view_{name}": lambda name=name: self._look_from(name) for name in PRESETS}
        return presets | {
            "cycle_compare": self._cycle_compare,
            "toggle_overlay": self._show_hands,
            "toggle_video_futures": self._show_futures,
            "toggle_theme": lambda light: self._window.looks.set_theme(LIGHT if light else DARK),
            "larger_text": lambda: self._window.looks.change_text(1),
            "smaller_text": lambda: self._window.looks.change_text(-1),
            "toggle_full_screen": self._full_screen,
            "reset_layout": self._window.reset_layout,
            "scrub_back": lambda: panel.scrub.setValue(panel.scrub.value() - _SCRUB_STEP),
            "scrub_forward": lambda: panel.scrub.setValue(panel.scrub.value() + _SCRUB_STEP),
            "scrub_off": lambda: panel.scrub.setValue(0),
            "longer_horizon": lambda: panel.horizon.setValue(panel.horizon.value() + 1),
            "shorter_horizon": lambda: panel.horizon.setValue(panel.horizon.value() - 1),
            "more_samples": lambda: panel.samples.setValue(panel.samples.value() + _SAMPLES_STEP),
            "fewer_samples": lambda: panel.samples.setValue(panel.samples.value() - _SAMPLES_STEP),
            "condition_none": lambda: panel.choose_condition(None),
        }

    def _look_from(self, preset: str) -> None:
        self._window.scene.set_preset(preset)
        self._window.scene_view.redraw()

    def _cycle_compare(self) -> None:
        index = COMPARE_CHOICES.index(self._compare)
        self._compare = COMPARE_CHOICES[(index + 1) % len(COMPARE_CHOICES)]
        self._window.show_method(self._compare)
        self._window.display.redraw()

    def _show_hands(self, on: bool) -> None:
        self._hands = on
        self._window.display.redraw()

    def _show_futures(self, on: bool) -> None:
        self._futures = on
        self._window.display.redraw()

    def _full_screen(self, on: bool) -> None:
        if on:
            self._window.showFullScreen()
        else:
            self._window.showNormal()
