"""Display, OpenGL and cameras. The probes run in processes of their own, since drivers crash and hang."""

import os
import sys

from app.display import has_display
from app.doctor.finding import Finding, State
from app.doctor.probe import ProbeError, ask


def look_at_window() -> list[Finding]:
    """The display and its OpenGL."""
    if not has_display():
        return [Finding("Display", "none", State.LIMITED, "Run with --headless, or give the program a display (xvfb-run).")]
    name = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or sys.platform
    try:
        gl = ask("app.viewer.gl_info")
    except ProbeError as error:
        advice = "Install or update the graphics driver (Mesa on Linux); until then, run with --headless."
        return [Finding("Display", name), Finding("OpenGL", str(error), State.LIMITED, advice)]
    software = any(word in gl["renderer"].lower() for word in ("llvmpipe", "softpipe", "swrast"))
    seen = f"{gl['renderer']}, {gl['version']}"
    advice = "Drawn by the processor: the picture may update more slowly; a graphics driver makes it smooth."
    return [
        Finding("Display", f"{name} ({gl['platform']})"),
        Finding("OpenGL", seen, State.LIMITED, advice) if software else Finding("OpenGL", seen),
    ]


def look_at_cameras() -> list[Finding]:
    """The cameras, each opened for one picture."""
    advice = "Clips and streams work without one; a camera that is plugged in may be used by another program or not permitted."
    try:
        cameras = ask("app.doctor.camera_probe", timeout_s=30.0)
    except ProbeError as error:
        return [Finding("Cameras", str(error), State.LIMITED, advice)]
    working = [camera for camera in cameras if camera["size"]]
    if not working:
        return [Finding("Cameras", "none", State.LIMITED, advice)]
    return [Finding("Camera", "{name}, {size[0]}x{size[1]}: --camera {index}".format_map(camera)) for camera in working]
