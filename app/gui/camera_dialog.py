"""Choosing a camera, with its picture."""

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QLineEdit, QListWidget, QVBoxLayout, QWidget

from app.doctor.camera_probe import candidates
from app.gui.pictures import as_qimage
from app.gui.text import tr
from app.sources import Source, SourceRequest, open_source
from app.workers import Worker

_PREVIEW_PX = (480, 360)
_POLL_MS = 50
_READ_S = 0.1
_PATIENCE_S = 3.0


class Preview:
    """Reads one camera in a thread of its own and keeps the newest picture."""

    def __init__(self, target: str) -> None:
        self.image: NDArray[np.uint8] | None = None
        self._target = target
        self._source: Source | None = None
        self._worker = Worker(f"preview {target}", self._turn, at_end=self._close)
        self._worker.start()

    @property
    def error(self) -> str:
        """Why there is no picture, or ""."""
        return self._worker.status.error

    def request_stop(self) -> None:
        """Begin to give the camera back."""
        self._worker.request_stop()

    def stopped(self, timeout_s: float = 0.0) -> bool:
        """Whether the camera was given back, maybe after a while."""
        return self._worker.join(timeout_s)

    def _turn(self) -> bool:
        if self._source is None:
            self._source = open_source(SourceRequest.for_camera(self._target))
        frame = self._source.read(_READ_S)
        if frame is not None:
            self.image = np.ascontiguousarray(frame.image_bgr)
        return not self._source.ended

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()


class CameraDialog(QDialog):
    """A list of cameras, a field for another one, a preview. A camera is given back before anyone else may open it.

    Signals:
        chosen: The camera's index, device path or address.
    """

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Open camera"))
        self._preview: Preview | None = None
        self._leaving: list[Preview] = []
        self._wanted = ""
        self._result: int | None = None
        cameras = candidates()
        self._indexes = list(cameras)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Cameras"))
        self.list.setMaximumWidth(240)
        self.list.addItems([f"{index}  {name}" for index, name in cameras.items()])
        self.target = QLineEdit()
        self.target.setAccessibleName(tr("Camera number, device path or stream address"))
        self.target.setPlaceholderText(tr("0, /dev/video0, rtsp://..."))
        self.picture = QLabel(tr("Choose a camera on the left, or type an address and press Preview."))
        self.picture.setTextFormat(Qt.TextFormat.PlainText)
        if not cameras:
            self.picture.setText(tr("No camera was found. Plug one in and open this again, or type the address of a stream."))
        self.picture.setFixedSize(*_PREVIEW_PX)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        self.picture.setProperty("role", "dim")
        self.picture.setAccessibleName(tr("Preview"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        look = buttons.addButton(tr("Preview"), QDialogButtonBox.ButtonRole.ActionRole)
        assert look is not None
        label = QLabel(tr("Camera number, device path or stream address:"))
        label.setBuddy(self.target)
        row = QHBoxLayout()
        row.addWidget(self.list)
        row.addWidget(self.picture, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(10)
        layout.addLayout(row)
        layout.addWidget(label)
        layout.addWidget(self.target)
        layout.addWidget(buttons)
        look.clicked.connect(lambda: self._look(self.target.text().strip()))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.chosen.emit(self.target.text().strip()))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._refresh)
        self._timer.start(_POLL_MS)
        self.list.currentRowChanged.connect(self._select)
        (self.list if cameras else self.target).setFocus()

    def done(self, result: int) -> None:
        """Give the camera back, then close."""
        if result == QDialog.DialogCode.Accepted and not self.target.text().strip():
            self.target.setFocus()
            return
        self._result = result
        self._leave()

    def stop_now(self) -> None:
        """The window goes: close, and wait for the camera."""
        self._timer.stop()
        self._leave()
        for preview in self._leaving:
            preview.stopped(_PATIENCE_S)
        super().done(QDialog.DialogCode.Rejected)

    def _leave(self) -> None:
        if self._preview is not None:
            self._preview.request_stop()
            self._leaving.append(self._preview)
            self._preview = None

    def _select(self, row: int) -> None:
        if row >= 0:
            self.target.setText(str(self._indexes[row]))
            self._look(self.target.text())

    def _look(self, target: str) -> None:
        if target:
            self._leave()
            self._wanted = target
            self.picture.setText(tr("Opening ..."))

    def _refresh(self) -> None:
        self._leaving = [preview for preview in self._leaving if not preview.stopped()]
        if self._result is not None:
            if not self._leaving:
                self._timer.stop()
                super().done(self._result)
        elif self._wanted and not self._leaving:  # It may be the camera that is just being given back.
            self._preview, self._wanted = Preview(self._wanted), ""
        elif self._preview is not None and self._preview.error:
            self.picture.setText(self._preview.error)
        elif self._preview is not None and self._preview.image is not None:
            ratio = self.devicePixelRatioF()
            width, height = (round(side * ratio) for side in _PREVIEW_PX)
            fitted = as_qimage(self._preview.image).scaled(
                width, height, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            fitted.setDevicePixelRatio(ratio)
            self.picture.setPixmap(QPixmap.fromImage(fitted))
