"""Everything that the mouse does, and what a screen reader and the Tab key find."""

import logging

import pytest
from fake_session import FakeSession
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QKeySequence, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialog, QPlainTextEdit, QSlider, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from window_parts import NONE, Key, click, press, show, toasts

from app.gui.window import MainWindow

pytestmark = pytest.mark.gui


def _button(parent: QWidget, words: str) -> QAbstractButton:
    return next(button for button in parent.findChildren(QAbstractButton) if button.text().strip() == words)


def test_the_transport_is_worked_by_mouse(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 10.0)
    click(window.transport.play)
    assert not session.playing
    click(window.transport.forward)
    click(window.transport.back)
    assert session.calls[-2:] == [("step", 1), ("step", -1)]
    click(window.transport.loop)
    assert session.loop
    window.transport.speed.setCurrentIndex(3)
    assert session.speed == 2.0


def test_dragging_the_position_seeks(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 0.0)
    seek = window.transport.seek
    start, end = QPoint(3, seek.height() // 2), QPoint(seek.width() // 2, seek.height() // 2)
    QTest.mousePress(seek, Qt.MouseButton.LeftButton, NONE, start)
    QTest.mouseMove(seek, end)
    QTest.mouseRelease(seek, Qt.MouseButton.LeftButton, NONE, end)
    name, value = session.calls[-1]
    assert name == "seek"
    assert value == pytest.approx(30.0, abs=3.0)  # The middle of a minute.


def test_the_points_of_view_hang_on_buttons_too(window: MainWindow) -> None:
    click(_button(window.scene_bar, "Top"))
    assert window.scene.camera.elevation_deg > 80
    assert window.actions_by_name["view_top"].isChecked()
    press(window, Key.Key_S)
    assert _button(window.scene_bar, "Side").isChecked()


def test_the_scene_turns_and_comes_nearer_by_mouse(qtbot: QtBot, window: MainWindow) -> None:
    native, camera = window.scene_view, window.scene.camera
    azimuth, distance = camera.azimuth_deg, camera.distance_m
    middle = native.rect().center()
    QTest.mousePress(native, Qt.MouseButton.LeftButton, NONE, middle)
    QTest.mouseMove(native, middle + QPoint(60, 0))
    QTest.mouseRelease(native, Qt.MouseButton.LeftButton, NONE, middle + QPoint(60, 0))
    qtbot.waitUntil(lambda: camera.azimuth_deg != azimuth)
    at = QPointF(middle)
    for _ in range(3):
        wheel = QWheelEvent(
            at,
            QPointF(native.mapToGlobal(middle)),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            NONE,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(native, wheel)
    assert camera.distance_m < distance


def test_the_compare_button_names_the_method(window: MainWindow) -> None:
    button = _button(window.transport, "Compare: G-HTT")
    click(button)
    assert button.text() == "Compare: One-Euro"
    assert window.view_controls.compare == "One-Euro"


def test_the_record_button_shows_time_and_size(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    click(_button(window.record_bar, "Record"))
    assert session.video is not None
    window.refresh_metrics()
    bar = window.record_bar
    assert bar.writing.text() == "● MP4 0:00  0.0 MB"
    qtbot.waitUntil(lambda: bar.writing.width() >= bar.writing.sizeHint().width())  # Nothing of it is cut off.
    click(_button(window.record_bar, "Record"))
    window.refresh_metrics()
    assert window.record_bar.writing.text() == ""
    assert not _button(window.record_bar, "Record").icon().isNull()
    (saved,) = [toast for toast in window.toasts.toasts() if "Saved" in toast.text]
    assert _button(saved, "Show in folder").isVisible()


def test_what_if_is_picked_by_mouse(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    what_if = window.futures_panel.what_if
    qtbot.waitUntil(lambda: what_if.count() > 3)
    click(what_if.viewport(), what_if.visualItemRect(what_if.item(2)).center())
    assert session.settings.condition == 1


def test_recorded_futures_are_not_offered_to_be_drawn_anew(window: MainWindow, session: FakeSession) -> None:
    session.imagines = False
    window.refresh_metrics()
    panel = window.futures_panel
    assert not any(widget.isEnabled() for widget in (panel.samples, panel.temperature, panel.what_if))
    assert panel.horizon.isEnabled()
    assert panel.scrub.isEnabled()


def test_the_details_of_an_error_are_a_click_away(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    try:
        raise OSError("No space left on device")
    except OSError:
        logging.getLogger("app.test").exception("the recording failed")
    session.error = "Cannot write the recording: the disk is full."
    qtbot.waitUntil(lambda: session.error in toasts(window))
    toast = next(toast for toast in window.toasts.toasts() if toast.text == session.error)
    click(_button(toast, "Details"))
    dialog = next(dialog for dialog in window.findChildren(QDialog) if dialog.windowTitle() == "Details")
    detail = dialog.findChild(QPlainTextEdit).toPlainText()
    assert detail.startswith(session.error)
    assert "OSError: No space left on device" in detail
    assert "ghtt.log" in detail
    click(_button(dialog, "Copy"))
    assert "No space left" in QApplication.clipboard().text()
    click(_button(toast, "Close"))
    assert session.error not in toasts(window)


def test_a_note_about_the_source_is_told_once(window: MainWindow, session: FakeSession) -> None:
    session.note = "The clip it was made from is not there."
    window.refresh_metrics()
    window.refresh_metrics()
    assert toasts(window).count(session.note) == 1


def test_a_click_closes_the_help(window: MainWindow) -> None:
    QTest.keySequence(window, QKeySequence("?"))
    assert window.help.isVisible()
    click(window.help)
    assert not window.help.isVisible()


def test_full_screen_and_back(qtbot: QtBot, window: MainWindow) -> None:
    press(window, Key.Key_F11)
    qtbot.waitUntil(window.isFullScreen)
    press(window, Key.Key_F11)
    qtbot.waitUntil(lambda: not window.isFullScreen())


def test_tab_goes_from_the_video_to_its_controls_and_on_to_the_panels(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.futures_panel.what_if.count() > 1)
    window.video.setFocus()
    order: list[QWidget] = []
    while (focus := QApplication.focusWidget()) is not None and focus not in order:
        order.append(focus)
        press(focus, Key.Key_Tab)
    transport, panel = window.transport, window.futures_panel
    wanted = [window.video, transport.back, transport.play, transport.forward, transport.seek, transport.speed, transport.loop]
    assert order[: len(wanted)] == wanted
    places = [order.index(widget) for widget in (panel.horizon, panel.samples, panel.temperature, panel.scrub, panel.freeze)]
    assert places == sorted(places)
    assert panel.what_if in order


def test_everything_that_takes_the_keyboard_has_a_name(window: MainWindow) -> None:
    for kind in (QAbstractButton, QSlider, QComboBox, QToolButton):
        for widget in window.findChildren(kind):
            if widget.isVisible() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                assert widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text()), widget
