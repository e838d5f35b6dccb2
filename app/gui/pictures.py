"""Pictures between NumPy and Qt."""

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QImage

from estimators.opencv import cv2


def as_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """A (H, W, 3) picture, blue first, or one of (H, W, 4) with opacity last, as a QImage of the kind Qt paints fastest."""
    height, width, channels = pixels.shape
    bgrx = np.ascontiguousarray(pixels if channels == 4 else cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA))
    # Qt's stubs ask for bytes, which would be a copy; any buffer works. The copy then outlives the array.
    return QImage(bgrx.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()  # type: ignore[call-overload, no-any-return]
