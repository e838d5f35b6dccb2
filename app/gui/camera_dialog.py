"""Choosing a camera, with its picture."""

import platform
from pathlib import Path
from threading import Event, Thread

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QLineEdit, QListWidget, QVBoxLayout, QWidget

from app.gui.pictures import as_qimage
from app.gui.text import tr
from app.sources import SourceRequest, open_source
from ghtt_core.errors import UserError

_PROBED = 4
_PREVIEW_PX = (400, 300)


def camera_targets() -> list[str]:
    """Cameras that may be there: the devices on Linux, the first few numbers elsewhere."""
    if platform.system() == "Linux":
        devices = sorted(Path("/dev").glob("video*"), key=lambda path: (len(path.name), path.name))
        return [path.name.removeprefix("video") for path in devices]
    return [str(index) for index in range(_PROBED)]


class Preview:
    """Reads one source in a thread and keeps its newest picture."""

    def __init__(self, target: str) -> None:
        self.image: NDArray[np.uint8] | None = None
        self.error = ""
        self._target = target
        self._stop = Event()
        self._thread = Thread(target=self._run, name=f"preview {target}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give the camera back and wait for it."""
        self._stop.set()
        self._thread.join(3.0)

    def _run(self) -> None:
        try:
            with open_source(SourceRequest.for_camera(self._target)) as source:
                while not self._stop.is_set():
                    frame = source.read(0.2)
                    if frame is not None:
                        self.image = frame.image_bgr
        except UserError as error:
            self.error = str(error)


class CameraDialog(QDialog):
    """A list of cameras, a field for another one, a preview.

    Signals:
        chosen: The camera's index, device path or address.
    """

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Open camera"))
        self._preview: Preview | None = None
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Cameras"))
        self.list.setMaximumWidth(150)
        self.target = QLineEdit("0")
        self.target.setAccessibleName(tr("Camera number, device path or stream address"))
        self.picture = QLabel()
        self.picture.setFixedSize(*_PREVIEW_PX)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        self.picture.setAccessibleName(tr("Preview"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        row = QHBoxLayout()
        row.addWidget(self.list)
        row.addWidget(self.picture, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(QLabel(tr("Camera number, device path or stream address:")))
        layout.addWidget(self.target)
        layout.addWidget(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.chosen.emit(self.target.text().strip()))
        self.finished.connect(self._stop)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._refresh)
        self._timer.start(50)
        self.list.currentTextChanged.connect(self._select)
        targets = camera_targets()
        self.list.addItems(targets)
        self.picture.setText("" if targets else tr("No camera was found. Type an address, or plug one in and open this again."))

    def _select(self, target: str) -> None:
        self.target.setText(target)
        if self._preview is not None:
            self._preview.stop()
        self.picture.setText(tr("Opening ..."))
        self._preview = Preview(target)

    def _refresh(self) -> None:
        if self._preview is None:
            return
        if self._preview.error:
            self.picture.setText(self._preview.error)
        elif self._preview.image is not None:
            pixels = np.ascontiguousarray(self._preview.image)
            fitted = as_qimage(pixels).scaled(*_PREVIEW_PX, Qt.AspectRatioMode.KeepAspectRatio)
            self.picture.setPixmap(QPixmap.fromImage(fitted))

    def _stop(self) -> None:
        self._timer.stop()
        if self._preview is not None:
            self._preview.stop()
            self._preview = None
