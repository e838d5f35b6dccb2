"""Cameras by index or device path, through OpenCV."""

import os
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.sources.live import Connection, ConnectionLostError, Connector, LiveSource
from estimators.opencv import cv2
from ghtt_core.errors import UserError

# OpenCV waits ten seconds for a frame from a V4L2 device that was unplugged; read when a device is opened.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
# OpenCV writes its own account of a camera that does not open to the terminal; ours is enough.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
_BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_DSHOW}
_FAILURES_ALLOWED = 5
"""A driver may fail to give a frame now and then; so many in a row mean that the camera is gone."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """What a camera is asked for; cameras may give something else."""

    width: int = 640
    height: int = 480
    fps: float = 30.0


class CameraConnector(Connector):
    """One camera."""

    def __init__(self, target: str, settings: CameraSettings) -> None:
        self._device: int | str = int(target) if target.isdecimal() else target
        self._settings = settings
        self.name = f"camera {target}"

    def connect(self) -> "CameraConnection":
        """Open the camera, set it up and check what it made of that."""
        backend = _BACKENDS.get(sys.platform, cv2.CAP_ANY)
        capture = cv2.VideoCapture(self._device, backend)
        if not capture.isOpened():
            capture.release()
            raise UserError(
                f"Cannot open {self.name}: it is not connected, in use by another program, or may not be used; "
                "`python -m app.doctor` lists the cameras."
            )
        settings = self._settings
        wanted = {
            cv2.CAP_PROP_FRAME_WIDTH: settings.width,
            cv2.CAP_PROP_FRAME_HEIGHT: settings.height,
            cv2.CAP_PROP_FPS: settings.fps,
            cv2.CAP_PROP_BUFFERSIZE: 1,
        }
        for key, value in wanted.items():
            capture.set(key, value)
        return CameraConnection(capture, settings, self.name)


class CameraConnection(Connection):
    """An open camera."""

    def __init__(self, capture: cv2.VideoCapture, settings: CameraSettings, name: str) -> None:
        self._capture, self._name = capture, name
        width, height = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        self.fps = fps if fps > 0 else None
        asked = f"{settings.width}x{settings.height} at {settings.fps:g} frames/s"
        given = f"{width}x{height} at {fps:g} frames/s"
        self.note = "" if asked == given else f"{name} was asked for {asked} and gives {given}"

    def read(self) -> NDArray[np.uint8]:
        """The next picture."""
        for _ in range(_FAILURES_ALLOWED):
            taken, image = self._capture.read()
            if taken and image is not None and image.ndim == 3:
                return np.asarray(image, np.uint8)
        raise ConnectionLostError("it gives no more pictures")

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()


def open_camera(target: str) -> LiveSource:
    """Open a camera by index ("0") or device path."""
    if not target:
        raise UserError("--camera needs an index, a device path or a stream URL.")
    return LiveSource(CameraConnector(target, CameraSettings()))
