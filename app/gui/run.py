"""The window's start and end."""

import signal
import sys
from pathlib import Path

from PyQt6.QtCore import QSettings, QStandardPaths, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from app.gui.session import LiveSession
from app.gui.store import Store
from app.gui.window import MainWindow
from app.options import AppOptions


def run_window(options: AppOptions) -> int:
    """Show the window until it is closed; Ctrl-C in the terminal closes it too.

    Returns:
        The exit status.
    """
    application = make_application()
    window = MainWindow(LiveSession(options), Store(QSettings()), output_directory(), options)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    window.show()
    return application.exec()


def make_application() -> QApplication:
    """The one application object, with its names set for the settings file."""
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("ghtt")
    application.setOrganizationName("ghtt")
    application.setApplicationDisplayName("G-HTT")
    return application


def output_directory() -> Path:
    """Where recordings and pictures go: a folder of this program's among the user's videos."""
    movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    return Path(movies or Path.home()) / "G-HTT"
