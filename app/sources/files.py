"""Sources that lie on disk: clips, folders of pictures, the bundled demo."""

import io
import re
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.sources.base import Source, SourceInfo, SourceState
from estimators.clips import ClipReader
from estimators.opencv import cv2
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame
from ghtt_core.untrusted import MOST_PIXELS

DEMO_CLIP = Path(__file__).parents[2] / "assets" / "demo.mp4"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
IMAGE_FPS = 30.0
"""Pictures carry no time: they are taken for a clip at this rate."""


class ClipSource(Source):
    """A video file, with its own time stamps."""

    def __init__(self, path: Path, name: str) -> None:
        self._reader = ClipReader(path)
        self._state = SourceState.RUNNING
        self.info = SourceInfo(name, live=False, fps=self._reader.fps, length=self._reader.length_estimate)

    @classmethod
    def open(cls, target: str) -> "ClipSource":
        """Open a clip by its path."""
        return cls(Path(target), target)

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame."""
        frame = next(self._reader, None)
        if frame is None:
            self._state = SourceState.ENDED
        return frame

    @property
    def state(self) -> SourceState:
        """Running until the last frame was read."""
        return self._state

    @property
    def status(self) -> str:
        """Whether the file was cut off."""
        return self._reader.truncated or ""

    def seek(self, index: int) -> None:
        """Go to a frame."""
        self._reader.seek(index)
        self._state = SourceState.RUNNING

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


def open_demo(target: str = "") -> ClipSource:
    """Open the clip that comes with the program."""
    if not DEMO_CLIP.exists():
        raise UserError(f"The bundled demo clip {DEMO_CLIP} is missing: check the repository out again, or use --video FILE.")
    return ClipSource(DEMO_CLIP, "demo")


class ImageFolderSource(Source):
    """The pictures of a folder in natural order: frame 2 before frame 10. Their sizes may differ."""

    def __init__(self, folder: Path) -> None:
        try:
            entries = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
        except OSError as error:
            raise UserError(f"Cannot read the folder {folder}: {error.strerror}.") from error
        if not entries:
            raise UserError(f"The folder {folder} holds no pictures ({', '.join(IMAGE_SUFFIXES)}).")
        self._paths = sorted(entries, key=lambda path: natural_key(path.name))
        self._next = 0
        self.info = SourceInfo(str(folder), live=False, fps=IMAGE_FPS, length=len(self._paths))

    @classmethod
    def open(cls, target: str) -> "ImageFolderSource":
        """Open a folder by its path."""
        return cls(Path(target))

    def read(self, timeout_s: float) -> Frame | None:
        """The next picture."""
        if self._next >= len(self._paths):
            return None
        index, self._next = self._next, self._next + 1
        return Frame(read_image(self._paths[index]), index, time.monotonic(), index / IMAGE_FPS)

    @property
    def state(self) -> SourceState:
        """Running until the last picture was read."""
        return SourceState.RUNNING if self._next < len(self._paths) else SourceState.ENDED

    def seek(self, index: int) -> None:
        """Go to a picture."""
        if not 0 <= index < len(self._paths):
            raise UserError(f"{self.info.name} has pictures 0 to {len(self._paths) - 1}; there is no {index}.")
        self._next = index


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key that takes runs of digits as numbers."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in re.split(r"(\d+)", name) if part]


def read_image(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) BGR, upright.

    Raises:
        UserError: It is no picture.
    """
    try:
        # OpenCV's own file reading fails on Windows for paths outside the code page; bytes always work.
        if path.stat().st_size > MOST_PIXELS * 4:
            raise UserError(f"{path} is too large for a picture: take it out of the folder.")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if _is_whole(data) else None
    except cv2.error as error:
        raise UserError(f"{path} cannot be decoded: {error.err}.") from error
    if image is None:
        raise UserError(f"{path} is not a picture that can be decoded: take it out of the folder.")
    return np.asarray(image, np.uint8)


def _is_whole(data: bytes) -> bool:
    """Whether a picture's parts are as long as it says; OpenCV takes the memory first, gigabytes for a hundred bytes."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.verify()
    except Exception:  # Pillow raises whatever a broken picture leads to.
        return False
    return True
