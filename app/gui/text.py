"""Every sentence the window shows passes through here, so that a translation can take its place."""

from PyQt6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """The text in the user's language where a translator is installed, else as it is."""
    return QCoreApplication.translate("ghtt", text)
