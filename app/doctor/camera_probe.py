"""The cameras that deliver a picture, as JSON. The doctor runs it in a process of its own: camera drivers hang."""

import json
import re
import sys
from pathlib import Path

from app.sources.camera import CameraConnector, CameraSettings
from app.sources.live import ConnectionLostError
from ghtt_core.errors import UserError

INDEXES_TO_TRY = range(3)
V4L_FOLDER = Path("/sys/class/video4linux")


def candidates() -> dict[int, str]:
    """Index and name of what may be a camera; without a list from the system, the first few indexes."""
    if sys.platform != "linux":
        return dict.fromkeys(INDEXES_TO_TRY, "camera")
    found = {}
    for device in sorted(V4L_FOLDER.glob("video*")):
        if number := re.fullmatch(r"video(\d+)", device.name):
            found[int(number[1])] = (device / "name").read_text("utf-8", errors="replace").strip()
    return found


def _picture_size(index: int) -> tuple[int, int] | None:
    try:
        connection = CameraConnector(str(index), CameraSettings()).connect()
    except UserError:
        return None
    try:
        height, width = connection.read().shape[:2]
        return width, height
    except ConnectionLostError:
        return None
    finally:
        connection.close()


def main() -> int:
    """Print index, name and picture size of each camera; the size is null where it delivers no picture."""
    print(json.dumps([{"index": index, "name": name, "size": _picture_size(index)} for index, name in candidates().items()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
