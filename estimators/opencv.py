"""The one place that imports OpenCV.

OpenCV's wheel points `QT_QPA_PLATFORM_PLUGIN_PATH` at its own Qt plug-ins when it is imported, which keeps PyQt6 from
finding its own: the variable is put back as it was. Use `from estimators.opencv import cv2`.
"""

import os

from ghtt_core.untrusted import MOST_PIXELS

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_PIXELS))  # read when OpenCV is loaded
_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_before = {name: os.environ.get(name) for name in _VARIABLES}

import cv2  # noqa: E402

for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value

cv2.setNumThreads(1)  # the pipeline's threads share the cores already; OpenCV's own pool only gets in their way

__all__ = ["cv2"]
