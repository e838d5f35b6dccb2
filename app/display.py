"""Whether there is a screen."""

import os
import sys


def has_display() -> bool:
    """Whether there is a screen to open a window on, as far as the environment tells."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
