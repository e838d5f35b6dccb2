"""Opening sources as people do: dialogs, drag and drop, the recent menu."""

from pathlib import Path

import numpy as np
import pytest
from fake_parts import ScriptedSource, write_clip
from fake_session import FakeSession
from PyQt6 import sip
from PyQt6.QtCore import QMimeData, QPoint, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDragLeaveEvent
from PyQt6.QtWidgets import QDialogButtonBox, QFileDialog, QInputDialog, QPushButton
from pytestqt.qtbot import QtBot
from window_parts import CONTROL, Key, click, pixels, press

from app.gui.camera_dialog import CameraDialog
from app.gui.window import MainWindow
from app.sources import SourceRequest, register_source
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame

pytestmark = pytest.mark.gui


class OrangeCamera(ScriptedSource):
    """A live camera that sees nothing but orange."""

    opened: "list[OrangeCamera]"

    def __init__(self) -> None:
        super().__init__(None, live=True)
        self.opened.append(self)

    def read(self, timeout_s: float) -> Frame | None:
        frame = super().read(timeout_s)
        assert frame is not None
        image = np.full((120, 160, 3), (0, 140, 255), np.uint8)
        return Frame(image, frame.index, frame.capture_time_s, frame.source_time_s)


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> list[OrangeCamera]:
    """Two cameras: the first works, the second is taken."""

    def open_camera(target: str) -> ScriptedSource:
        if target == "0":
            return OrangeCamera()
        raise UserError(f"Cannot open camera {target}: it is in use.")

    OrangeCamera.opened = []
    monkeypatch.setattr("app.gui.camera_dialog.candidates", lambda: {0: "Orange camera", 2: "Taken camera"})
    register_source("camera", open_camera)
    return OrangeCamera.opened


@pytest.fixture
def dialog(qtbot: QtBot, window: MainWindow, cameras: list[OrangeCamera]) -> CameraDialog:
    press(window, Key.Key_K, CONTROL)
    qtbot.waitUntil(lambda: window.findChild(CameraDialog) is not None)
    dialog = window.findChild(CameraDialog)
    assert dialog is not None
    qtbot.waitExposed(dialog)
    return dialog


def _button(dialog: CameraDialog, kind: QDialogButtonBox.StandardButton) -> QPushButton:
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    button = box.button(kind)
    assert button is not None
    return button


def test_a_camera_is_chosen_by_its_picture(
    qtbot: QtBot, window: MainWindow, session: FakeSession, dialog: CameraDialog, cameras: list[OrangeCamera]
) -> None:
    assert [dialog.list.item(row).text() for row in range(2)] == ["0  Orange camera", "2  Taken camera"]
    click(dialog.list.viewport(), dialog.list.visualItemRect(dialog.list.item(0)).center())
    qtbot.waitUntil(lambda: not dialog.picture.pixmap().isNull())
    middle = pixels(dialog.picture)[180, 240]
    assert middle[0] > 200 > 180 > middle[1] > 90 > middle[2]
    click(_button(dialog, QDialogButtonBox.StandardButton.Open))
    qtbot.waitUntil(lambda: session.opened == [SourceRequest("camera", "0")])
    assert [camera.closed for camera in cameras] == [True]


def test_a_camera_that_is_taken_says_so_and_another_one_can_be_tried(qtbot: QtBot, dialog: CameraDialog) -> None:
    dialog.list.setFocus()
    press(dialog.list, Key.Key_End)
    qtbot.waitUntil(lambda: "in use" in dialog.picture.text())
    press(dialog.list, Key.Key_Home)
    qtbot.waitUntil(lambda: not dialog.picture.pixmap().isNull())
    press(dialog, Key.Key_Escape)
    qtbot.waitUntil(lambda: sip.isdeleted(dialog) or dialog.isHidden())


def test_leaving_the_camera_dialog_gives_the_camera_back(
    qtbot: QtBot, session: FakeSession, dialog: CameraDialog, cameras: list[OrangeCamera]
) -> None:
    dialog.list.setCurrentRow(0)
    qtbot.waitUntil(lambda: not dialog.picture.pixmap().isNull())
    press(dialog, Key.Key_Escape)
    qtbot.waitUntil(lambda: sip.isdeleted(dialog) or dialog.isHidden())
    assert cameras[0].closed
    assert session.opened == []


def test_closing_the_window_gives_the_previewed_camera_back(
    qtbot: QtBot, window: MainWindow, dialog: CameraDialog, cameras: list[OrangeCamera]
) -> None:
    dialog.list.setCurrentRow(0)
    qtbot.waitUntil(lambda: not dialog.picture.pixmap().isNull())
    window.close()
    assert cameras[0].closed


def test_without_a_camera_the_dialog_says_what_to_do(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gui.camera_dialog.candidates", dict)
    press(window, Key.Key_K, CONTROL)
    dialog = window.findChild(CameraDialog)
    assert dialog is not None
    assert "No camera was found" in dialog.picture.text()
    click(_button(dialog, QDialogButtonBox.StandardButton.Open))
    assert dialog.isVisible()  # There is nothing to open yet.
    qtbot.keyClicks(dialog.target, "rtsp://cam.local/1")
    click(_button(dialog, QDialogButtonBox.StandardButton.Open))
    qtbot.waitUntil(lambda: session.opened == [SourceRequest("stream", "rtsp://cam.local/1")])


def test_a_clip_is_opened_by_dialog_and_found_again_in_the_menu(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "hands.mp4", 3)
    press(window, Key.Key_O, CONTROL)
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    dialog.selectFile(str(clip))
    dialog.accept()
    assert session.opened == [SourceRequest("clip", str(clip))]
    recent = next(action.menu() for action in window.menus_by_name["File"].actions() if action.menu() is not None)
    recent.aboutToShow.emit()
    (entry,) = recent.actions()
    assert "hands.mp4" in entry.text()
    entry.trigger()
    assert session.opened == 2 * [SourceRequest("clip", str(clip))]


def test_a_stream_is_opened_by_its_address(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    press(window, Key.Key_U, CONTROL)
    dialog = window.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue(" http://127.0.0.1:9/video ")
    dialog.accept()
    assert session.opened == [SourceRequest("stream", "http://127.0.0.1:9/video")]


def test_a_file_over_the_window_is_told_that_it_may_drop(window: MainWindow, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "hands.mp4"))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, left, none)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    assert "Drop" in window.video._badge
    window.dragLeaveEvent(QDragLeaveEvent())
    assert "Drop" not in window.video._badge
