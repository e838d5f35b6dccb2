"""Opening clips, recordings, cameras and streams."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QMimeData
from PyQt6.QtWidgets import QFileDialog, QInputDialog, QMenu

from app.gui.actions import Handler
from app.gui.camera_dialog import CameraDialog
from app.gui.port import Session
from app.gui.store import Store
from app.gui.text import tr
from app.sources import SourceRequest

if TYPE_CHECKING:
    from app.gui.window import MainWindow


class SourceControls:
    """Switches the session to another source while it runs."""

    def __init__(self, window: MainWindow, session: Session, store: Store) -> None:
        self._window = window
        self._session = session
        self._store = store

    def handlers(self) -> Mapping[str, Handler]:
        """What each command does."""
        return {
            "open_clip": self._choose_clip,
            "open_recording": self._choose_folder,
            "open_camera": self._choose_camera,
            "open_stream": self._choose_stream,
            "open_demo": lambda: self.open(SourceRequest("demo")),
        }

    def open(self, request: SourceRequest) -> None:
        """Switch the session; the window forgets what it knew of the old source."""
        self._session.open(request)
        self._window.forget_past(Path(request.target) if request.kind == "recording" else None)
        if request.kind != "demo":
            self._store.add_recent(request)

    def add_recent_menu(self, menu: QMenu) -> None:
        """Hang the sources opened lately into a menu."""
        recent = QMenu(tr("Recent"), menu)
        recent.aboutToShow.connect(lambda: self._fill_recent(recent))
        before = next(action for action in menu.actions() if action.objectName() == "quit")
        menu.insertMenu(before, recent)
        menu.insertSeparator(before)

    @staticmethod
    def dropped_path(data: QMimeData | None) -> Path | None:
        """The file or folder that is being dropped, if it is one."""
        urls = data.urls() if data is not None else []
        return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for request in self._store.recent():
            target = request.target.replace("&", "&&")  # One alone underlines the letter after it.
            action = menu.addAction(f"{request.kind}: {target}")
            assert action is not None
            action.triggered.connect(lambda _checked, request=request: self.open(request))
        menu.setEnabled(True)
        if menu.isEmpty():
            nothing = menu.addAction(tr("Nothing yet"))
            assert nothing is not None
            nothing.setEnabled(False)

    def _choose_clip(self) -> None:
        dialog = QFileDialog(self._window, tr("Open clip"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([tr("Videos") + " (*.mp4 *.mov *.mkv *.avi *.webm *.m4v)", tr("All files") + " (*)"])
        dialog.fileSelected.connect(lambda path: self.open(SourceRequest.for_path(Path(path))))
        dialog.open()

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self._window, tr("Open recording or folder of pictures"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda path: self.open(SourceRequest.for_path(Path(path))))
        dialog.open()

    def _choose_camera(self) -> None:
        dialog = CameraDialog(self._window)
        dialog.chosen.connect(lambda target: self.open(SourceRequest.for_camera(target)))
        dialog.open()

    def _choose_stream(self) -> None:
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(tr("Open stream"))
        dialog.setLabelText(tr("Address (rtsp://, http://, tcp://, ...)"))
        dialog.textValueSelected.connect(lambda url: self.open(SourceRequest("stream", url.strip())))
        dialog.open()
