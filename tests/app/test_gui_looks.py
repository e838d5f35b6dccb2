"""Colours that everybody can tell apart, text that can be read and translated, and a window that remembers."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from fake_session import ACTIONS, FakeSession
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, QTranslator
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot
from window_parts import CONTROL, Key, click, open_window, pixels, press, show

from app.gui.theme import THEMES, Theme, hand_shades, rgb
from app.gui.window import MainWindow

pytestmark = pytest.mark.gui

SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopes": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
    "tritanopes": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]),
}
"""What colour-blind people see of linear RGB: Machado, Oliveira and Fernandes 2009, severity 1."""


def _linear(color: str) -> NDArray[np.float64]:
    value = np.array(rgb(color))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio."""
    low, high = sorted(float(_linear(color) @ (0.2126, 0.7152, 0.0722)) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(to_xyz @ linear / (0.9505, 1.0, 1.089), 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_text_stands_out_from_every_background(theme: Theme) -> None:
    for text, background in product((theme.text, theme.dim), (theme.window, theme.panel, theme.raised)):
        assert _contrast(text, background) >= 4.5
    for color in (theme.accent, theme.best, theme.warning, theme.recording):
        assert _contrast(color, theme.panel) >= 4.5
    assert _contrast(theme.accent, theme.window) >= 4.5  # What is switched on is written in the background's colour.


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("people", SEEN_BY)
def test_left_and_right_are_told_apart_by(people: str, theme: Theme) -> None:
    for kind in ("hand", "future"):
        left, right = (_lab(np.clip(SEEN_BY[people] @ _linear(color), 0, 1)) for color in hand_shades(theme, kind))
        assert np.linalg.norm(left - right) > 20  # 2.3 is just noticeable.


def test_the_theme_key_works_at_once_in_a_window_that_was_left_light(
    qtbot: QtBot, window: MainWindow, settings_file: Path
) -> None:
    press(window, Key.Key_D)
    window.close()
    again = open_window(qtbot, FakeSession(), settings_file)
    assert again.looks.theme.name == "light"
    press(again, Key.Key_D)
    assert again.looks.theme.name == "dark"
    again.close()


def test_larger_text_by_key_is_remembered(qtbot: QtBot, window: MainWindow, settings_file: Path) -> None:
    usual = window.action_panel.bars.fontInfo().pixelSize()
    press(window, Key.Key_Plus, CONTROL)
    press(window, Key.Key_Plus, CONTROL)
    press(window, Key.Key_Minus, CONTROL)
    qtbot.waitUntil(lambda: window.action_panel.bars.fontInfo().pixelSize() == usual + 1)
    window.close()
    again = open_window(qtbot, FakeSession(), settings_file)
    again.resize(window.size())
    qtbot.waitUntil(lambda: again.action_panel.bars.fontInfo().pixelSize() == usual + 1)
    again.close()


def test_text_and_panels_grow_with_the_window(qtbot: QtBot, window: MainWindow) -> None:
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: window.action_panel.bars.fontInfo().pixelSize() == 14)
    small = window.docks["actions"].height()
    window.resize(1500, 980)
    qtbot.waitUntil(lambda: window.action_panel.bars.fontInfo().pixelSize() == 17)
    assert window.docks["actions"].height() == pytest.approx(small * 980 / 720, rel=0.12)


def test_what_was_switched_off_stays_off(qtbot: QtBot, window: MainWindow, session: FakeSession, settings_file: Path) -> None:
    press(window, Key.Key_G)
    press(window, Key.Key_T)
    window.close()
    again = open_window(qtbot, FakeSession(), settings_file)
    assert not again.view_controls.options().futures
    assert again.actions_by_name["view_top"].isChecked()
    assert again.scene.camera.elevation_deg > 80
    again.close()


def test_the_first_hint_leads_to_the_keys(window: MainWindow) -> None:
    (hint,) = window.toasts.toasts()
    button = next(button for button in hint.findChildren(QAbstractButton) if "keys" in button.text())
    click(button)
    assert window.help.isVisible()


def test_a_window_without_a_picture_is_calm(qtbot: QtBot, window: MainWindow) -> None:
    window.refresh_metrics()
    assert "Opening demo" in window.video._message
    picture = pixels(window.video)
    assert (abs(picture - picture[2, 2]).sum(axis=2) < 30).mean() > 0.97  # A sentence, and nothing else.


class _Marking(QTranslator):
    """Puts every text that passes through it between marks."""

    def translate(self, context: str | None, text: str | None, note: str | None = None, n: int = -1) -> str:
        return f"«{text}»" if context == "ghtt" else ""


@pytest.fixture
def marked(qapp: QApplication) -> Iterator[None]:
    translator = _Marking()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def _texts(window: MainWindow) -> Iterator[str]:
    for action in window.findChildren(QAction):
        if action.objectName():
            yield from (action.text(), action.toolTip(), action.iconText())
    for widget in window.findChildren(QWidget):
        yield from (re.sub(r"</?(qt|br)>", "", widget.toolTip()), widget.accessibleName(), widget.accessibleDescription())
        if isinstance(widget, (QLabel, QAbstractButton)):
            yield widget.text()


MARKED = r"«[^»]*»"
NAMES = r"onnxruntime, CPU, float32|\bdemo\b|G-HTT|One-Euro|MP4"
KEYS = r"\b(Ctrl|Shift|Space|Left|Right|Up|Down|Home|F\d+|[A-Z?])\b"
UNITS = r"\b(ms|s|mm)\b"


@pytest.mark.usefixtures("marked")
def test_every_text_can_be_translated(qtbot: QtBot, settings_file: Path) -> None:
    session = FakeSession()
    window = open_window(qtbot, session, settings_file)
    show(qtbot, window, session, 2.0)
    window.refresh_metrics()
    plain = []
    for text in _texts(window):
        rest = text
        for known in (MARKED, NAMES, KEYS, UNITS):
            rest = re.sub(known, "", rest)
        if re.search(r"[A-Za-z]{2}", rest) and not any(name in text for name in session.action_names):
            plain.append(text)
    window.close()
    assert not plain


def test_what_strangers_named_is_shown_as_it_is(qtbot: QtBot, settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An action or a file may look like HTML, which Qt would follow."""
    name = "<img src='http://example.com/x.png'>"
    session = FakeSession()
    session.action_names = (name, *ACTIONS[1:])
    usual = session.status
    monkeypatch.setattr(session, "status", lambda: replace(usual(), source=name, source_note=name))
    window = open_window(qtbot, session, settings_file)
    show(qtbot, window, session, 2.0)
    window.refresh_metrics()
    shown = [label for label in window.findChildren(QLabel) if "<img" in label.text()]
    assert shown
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in shown)
    assert not [widget for widget in window.findChildren(QWidget) if "<img" in widget.toolTip()]
    window.close()
