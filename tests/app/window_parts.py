"""What the tests of the window share: opening it, pressing keys, looking at its pixels."""

from pathlib import Path

import numpy as np
from fake_session import FakeSession
from numpy.typing import NDArray
from PyQt6.QtCore import QPoint, QSettings, Qt
from PyQt6.QtGui import QImage
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.gui.port import Session
from app.gui.store import Store
from app.gui.window import MainWindow
from app.options import AppOptions

Key = Qt.Key
NONE, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def open_window(qtbot: QtBot, session: Session, settings_file: Path, options: AppOptions | None = None) -> MainWindow:
    store = Store(QSettings(str(settings_file), QSettings.Format.IniFormat))
    window = MainWindow(session, store, settings_file.parent / "out", options, smooth=False)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def press(widget: QWidget, key: Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(widget, key, modifier)


def click(widget: QWidget, at: QPoint | None = None) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, NONE, at or widget.rect().center())


def show(qtbot: QtBot, window: MainWindow, session: FakeSession, time_s: float) -> None:
    session.show(time_s)
    index = round(time_s * 30)
    qtbot.waitUntil(lambda: window.display.shown is not None and window.display.shown.frame.index == index)


def show_only(qtbot: QtBot, window: MainWindow, session: FakeSession, time_s: float) -> None:
    """Something newer arrives while a moment is held."""
    session.show(time_s)
    qtbot.waitUntil(lambda: window.display.newest is not None and window.display.newest.frame.index == round(time_s * 30))


def pixels(widget: QWidget) -> NDArray[np.int64]:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    bits = image.constBits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bits, np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def blue(picture: NDArray[np.int64]) -> int:
    return int(((picture[..., 2] > picture[..., 0] + 60) & (picture[..., 2] > 120)).sum())


def orange(picture: NDArray[np.int64]) -> int:
    return int(((picture[..., 0] > picture[..., 2] + 60) & (picture[..., 0] > 120)).sum())


def toasts(window: MainWindow) -> list[str]:
    return [toast.text for toast in window.toasts.toasts()]
