"""Every sentence the window shows passes through here, so that a translation can take its place."""

import html

from PyQt6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """The text in the user's language where a translator is installed, else as it is."""
    return QCoreApplication.translate("ghtt", text)


def plain_tip(text: str) -> str:
    """A text for a tooltip, which Qt would take for HTML where it looks like it: it may name a stranger's file or action."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>")
