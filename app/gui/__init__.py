"""The Qt window. Nothing outside `app/gui` and `app/viewer` imports Qt or vispy."""

from app.gui.run import run_window

__all__ = ["run_window"]
