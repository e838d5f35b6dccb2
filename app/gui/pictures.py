"""Pictures between NumPy and Qt."""

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QImage


def as_qimage(pixels_bgr: NDArray[np.uint8]) -> QImage:
    """A (H, W, 3) contiguous picture as a QImage on the same memory: keep the array for as long as the image."""
    height, width = pixels_bgr.shape[:2]
    # Qt's stubs ask for bytes, which would be a copy; any buffer works.
    return QImage(pixels_bgr.data, width, height, 3 * width, QImage.Format.Format_BGR888)  # type: ignore[call-overload, no-any-return]
