"""All keys on one page, over the window."""

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QHideEvent, QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.gui.commands import COMMANDS, MENUS
from app.gui.text import tr
from app.gui.theme import Theme

_COLUMNS = (("File", "Playback"), ("Futures", "Record"), ("View", "Labels", "Help"))


class HelpOverlay(QFrame):
    """Covers the window until a key or a click."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("All keys"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._page: QWidget | None = None
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(0, 0, 0, 0)
        parent.installEventFilter(self)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint in a theme's colours."""
        self.setStyleSheet(
            f"HelpOverlay {{ background: {theme.window}; }}"
            f"QLabel[role=headline] {{ font-size: 24px; font-weight: bold; }}"
            f"QLabel[role=section] {{ color: {theme.accent}; font-weight: bold; font-size: 15px; }}"
            f"QLabel[role=key] {{ background: {theme.raised}; border: 1px solid {theme.border}; border-radius: 4px;"
            f" padding: 0px 6px; font-size: 12px; font-weight: bold; }}"
        )

    def toggle(self) -> None:
        """Show or hide it."""
        if self.isVisible():
            self.hide()
            return
        self._page = self._page or _page()
        self._outer.addWidget(self._page)
        self._cover()
        self.show()
        self.raise_()
        self.setFocus()

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Let go of the page: it holds as many widgets as the rest of the window, and each change of theme goes through all."""
        if self._page is not None:
            self._page.deleteLater()
            self._page = None

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Any key closes it."""
        self.hide()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Any click closes it."""
        self.hide()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        """Follow the window's size."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._cover()
        return False

    def _cover(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())


def _page() -> QWidget:
    page = QWidget()
    outer = QVBoxLayout(page)
    outer.setContentsMargins(40, 28, 40, 20)
    title = QLabel(tr("Keys"))
    title.setProperty("role", "headline")
    outer.addWidget(title)
    columns = QHBoxLayout()
    columns.setSpacing(36)
    outer.addLayout(columns, 1)
    for menus in _COLUMNS:
        column = QVBoxLayout()
        for menu in menus:
            column.addWidget(_section(menu))
        column.addStretch()
        columns.addLayout(column, 1)
    words = tr("Drag in the 3D view to turn it, with Shift to move it; the wheel comes nearer.")
    hint = QLabel(words + "  " + tr("Any key or click closes this page."))
    hint.setProperty("role", "dim")
    outer.addWidget(hint)
    return page


def _section(menu: str) -> QWidget:
    assert menu in MENUS
    box = QWidget()
    grid = QGridLayout(box)
    grid.setContentsMargins(0, 0, 0, 8)
    grid.setVerticalSpacing(3)
    head = QLabel(tr(menu))
    head.setProperty("role", "section")
    grid.addWidget(head, 0, 0, 1, 2)
    grid.setColumnStretch(1, 1)
    grid.setColumnMinimumWidth(0, 16 * box.fontMetrics().averageCharWidth())
    rows = [(command.keys[0], command.text) for command in COMMANDS if command.menu == menu and command.keys]
    if menu == "Futures":
        rows.append(("1 - 9", "What if: the action of that number"))
    for row, (key, text) in enumerate(rows, start=1):
        cap = QLabel(key)
        cap.setProperty("role", "key")
        grid.addWidget(cap, row, 0, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(QLabel(tr(text)), row, 1)
    return box
