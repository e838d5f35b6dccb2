"""The cameras that deliver a picture, as JSON. The doctor runs it in a process of its own: camera drivers hang."""

import json
import re
import sys
from pathlib import Path

from estimators.opencv import cv2

INDEXES_TO_TRY = range(3)
V4L_FOLDER = Path("/sys/class/video4linux")


def _candidates() -> dict[int, str]:
    """Index and name of what may be a camera; without a list from the system, the first few indexes."""
    if sys.platform != "linux":
        return dict.fromkeys(INDEXES_TO_TRY, "camera")
    found = {}
    for device in sorted(V4L_FOLDER.glob("video*")):
        if number := re.fullmatch(r"video(\d+)", device.name):
            found[int(number[1])] = (device / "name").read_text("utf-8", errors="replace").strip()
    return found


def _picture_size(index: int) -> tuple[int, int] | None:
    capture = cv2.VideoCapture(index)
    try:
        picture = capture.read()[1] if capture.isOpened() else None
        return None if picture is None else (picture.shape[1], picture.shape[0])
    finally:
        capture.release()


def main() -> int:
    """Print index, name and picture size of each camera; the size is null where it delivers no picture."""
    print(json.dumps([{"index": index, "name": name, "size": _picture_size(index)} for index, name in _candidates().items()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
