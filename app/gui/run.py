"""The window's start and end."""

import signal
import sys
from pathlib import Path

from PyQt6.QtCore import QSettings, QStandardPaths, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from app.gui.mishaps import finish_when_display_goes, survive_mistakes
from app.gui.session import LiveSession
from app.gui.store import Store
from app.gui.window import MainWindow
from app.options import AppOptions
from app.viewer.gl_info import gl_strings, is_software
from ghtt_core.errors import UserError


def run_window(options: AppOptions) -> int:
    """Show the window until it is closed; Ctrl-C in the terminal closes it too.

    Returns:
        The exit status.

    Raises:
        UserError: This machine cannot draw in 3D.
    """
    application = make_application()
    smooth = has_graphics_card()
    session = LiveSession(options)
    window = MainWindow(session, Store(QSettings()), output_directory(), options, smooth=smooth)
    finish_when_display_goes(session.close)
    survive_mistakes(lambda sentence: window.toasts.show(sentence, error=True))
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # The last is not known everywhere.
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), lambda *_: window.close())
    window.show()
    return application.exec()


def has_graphics_card() -> bool:
    """Whether OpenGL draws on a graphics card; else on the processor, which the pipeline needs.

    Raises:
        UserError: There is no OpenGL at all.
    """
    try:
        return not is_software(gl_strings()["renderer"])
    except RuntimeError as error:
        raise UserError(
            f"The window needs OpenGL ({error}): run `python -m app.doctor`, or use --headless with --record OUT.mp4."
        ) from error


def make_application() -> QApplication:
    """The one application object, with its names set for the settings file."""
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setStyle("Fusion")  # The same on every system: the style sheet is made for it.
    application.setApplicationName("ghtt")
    application.setOrganizationName("ghtt")
    application.setApplicationDisplayName("G-HTT")
    return application


def output_directory() -> Path:
    """Where recordings and pictures go: a folder of this program's among the user's videos."""
    movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    return Path(movies or Path.home()) / "G-HTT"
