"""The shared libraries that Python packages cannot bring along on Linux.

Standard library only, since `make` runs it as a script before anything is installed:
`python app/doctor/system_libraries.py [--install]`. It exits with 1 where a library is missing without which not even
`--headless` can run; a missing window library is named, but is no failure.
"""

import argparse
import ctypes
import os
import platform
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class SystemLibrary:
    """A shared library, the Debian package that holds it, and whether the program runs without it (`--headless`)."""

    soname: str
    debian_package: str
    window_only: bool


LIBRARIES = (
    # MediaPipe links EGL and GLES, OpenCV links GL, xcb and GLib: these load even where no window is opened.
    SystemLibrary("libEGL.so.1", "libegl1", window_only=False),
    SystemLibrary("libGLESv2.so.2", "libgles2", window_only=False),
    SystemLibrary("libGL.so.1", "libgl1", window_only=False),
    SystemLibrary("libxcb.so.1", "libxcb1", window_only=False),
    SystemLibrary("libgthread-2.0.so.0", "libglib2.0-0", window_only=False),
    # Qt's xcb platform plugin, and OpenGL for the 3D view.
    SystemLibrary("libOpenGL.so.0", "libopengl0", window_only=True),
    SystemLibrary("libGLX_mesa.so.0", "libglx-mesa0", window_only=True),
    SystemLibrary("libdbus-1.so.3", "libdbus-1-3", window_only=True),
    SystemLibrary("libfontconfig.so.1", "libfontconfig1", window_only=True),
    SystemLibrary("libX11-xcb.so.1", "libx11-xcb1", window_only=True),
    SystemLibrary("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", window_only=True),
    SystemLibrary("libxcb-cursor.so.0", "libxcb-cursor0", window_only=True),
    SystemLibrary("libxcb-glx.so.0", "libxcb-glx0", window_only=True),
    SystemLibrary("libxcb-icccm.so.4", "libxcb-icccm4", window_only=True),
    SystemLibrary("libxcb-image.so.0", "libxcb-image0", window_only=True),
    SystemLibrary("libxcb-keysyms.so.1", "libxcb-keysyms1", window_only=True),
    SystemLibrary("libxcb-randr.so.0", "libxcb-randr0", window_only=True),
    SystemLibrary("libxcb-render-util.so.0", "libxcb-render-util0", window_only=True),
    SystemLibrary("libxcb-shape.so.0", "libxcb-shape0", window_only=True),
    SystemLibrary("libxcb-xinerama.so.0", "libxcb-xinerama0", window_only=True),
    SystemLibrary("libxcb-xkb.so.1", "libxcb-xkb1", window_only=True),
)


def _loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def missing_libraries() -> list[SystemLibrary]:
    """Those of `LIBRARIES` that the loader does not find; none on Windows and macOS, whose packages bring theirs."""
    if platform.system() != "Linux":
        return []
    has_nvidia_gl = _loads("libGLX_nvidia.so.0")
    return [
        library
        for library in LIBRARIES
        if not _loads(library.soname) and not (has_nvidia_gl and library.soname == "libGLX_mesa.so.0")
    ]


def install_command(missing: list[SystemLibrary]) -> list[str] | None:
    """The command that installs them here, without `sudo`; None where the package manager is not a known one."""
    if shutil.which("apt-get"):
        return ["apt-get", "install", "-y", "--no-install-recommends", *sorted({lib.debian_package for lib in missing})]
    if shutil.which("dnf"):
        bits = "()(64bit)" if sys.maxsize > 2**32 else ""
        return ["dnf", "install", "-y", *sorted(f"{lib.soname}{bits}" for lib in missing)]
    return None


def describe(missing: list[SystemLibrary]) -> str:
    """One sentence naming what is missing and the command that puts it right."""
    names = ", ".join(library.soname for library in missing)
    consequence = "the window cannot open" if all(library.window_only for library in missing) else "the program cannot start"
    command = install_command(missing)
    remedy = (
        f"install them with: sudo {shlex.join(command)}" if command else "install the packages of your system that hold them"
    )
    return f"Missing system libraries, so {consequence} ({names}); {remedy}"


def _privilege() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
        return ["sudo", "-n"]
    return None


def _install(missing: list[SystemLibrary]) -> None:
    command, privilege = install_command(missing), _privilege()
    if command is None or privilege is None:
        return
    print(f"Installing system libraries: {shlex.join([*privilege, *command])}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if command[0] == "apt-get":
        subprocess.run([*privilege, "apt-get", "update", "-qq"], env=environment, stdout=subprocess.DEVNULL, check=False)
    subprocess.run([*privilege, *command], env=environment, stdout=subprocess.DEVNULL, check=False)


def main() -> int:
    """Name what is missing and, with `--install`, install it where root or a passwordless sudo allows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--install", action="store_true", help="install what is missing, where this user may")
    options = parser.parse_args()
    missing = missing_libraries()
    if missing and options.install:
        _install(missing)
        # glibc keeps no record of failed loads, so asking again in this process sees what was installed.
        missing = missing_libraries()
    if missing:
        print(describe(missing), file=sys.stderr)
    return int(any(not library.window_only for library in missing))


if __name__ == "__main__":
    sys.exit(main())
