"""Messages that slide into the corner and never stop the work."""

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.text import tr
from app.gui.theme import DARK, Theme

Button = tuple[str, Callable[[], object]]
"""What a toast's own button says and does."""

_SHOWN_MS = 6000
_MOST = 4


class Toast(QFrame):
    """One message; it goes by itself, unless it is an error or has to stay."""

    def __init__(
        self, parent: QWidget, text: str, detail: str, button: Button | None, *, error: bool, stays: bool, theme: Theme
    ) -> None:
        super().__init__(parent)
        self.text = text
        self.detail = detail
        self.error = error
        self.set_theme(theme)
        self.setAccessibleName(tr("Error") if error else tr("Message"))
        self.setAccessibleDescription(text)
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)  # It may name a stranger's file or action.
        label.setWordWrap(True)
        label.setMinimumWidth(300)
        label.setMaximumWidth(380)
        buttons = QHBoxLayout()
        buttons.addStretch()
        if detail:
            more = QPushButton(tr("Details"))
            more.clicked.connect(self._show_detail)
            buttons.addWidget(more)
        if button is not None:
            extra = QPushButton(button[0])
            extra.clicked.connect(lambda _checked: button[1]())
            buttons.addWidget(extra)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.dismiss)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 10, 8)
        layout.addWidget(label)
        layout.addLayout(buttons)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(18)
        shadow.setOffset(0, 3)
        shadow.setColor(QColor(0, 0, 0, 130))
        self.setGraphicsEffect(shadow)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        if not (error or stays):
            self._timer.start(_SHOWN_MS)
        self.adjustSize()
        self.show()

    def set_theme(self, theme: Theme) -> None:
        """Paint in a theme's colours."""
        edge = theme.warning if self.error else theme.accent
        self.setStyleSheet(
            f"Toast {{ background: {theme.raised}; border: 1px solid {theme.border}; border-left: 5px solid {edge};"
            " border-radius: 6px; }"
        )

    def dismiss(self) -> None:
        """Take it off the screen."""
        self._timer.stop()
        parent = self.parent()
        self.setParent(None)
        self.deleteLater()
        if parent is not None:
            for stack in parent.findChildren(ToastStack):
                stack.arrange()

    def _show_detail(self) -> None:
        dialog = QDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Details"))
        dialog.resize(760, 420)
        text = QPlainTextEdit(f"{self.text}\n\n{self.detail}")
        text.setReadOnly(True)
        text.setAccessibleName(tr("Details"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        assert copy is not None
        copy.clicked.connect(text.selectAll)
        copy.clicked.connect(text.copy)
        buttons.rejected.connect(dialog.reject)
        layout = QVBoxLayout(dialog)
        layout.addWidget(text)
        layout.addWidget(buttons)
        dialog.open()


class ToastStack(QObject):
    """Keeps a window's toasts in its upper right corner, the newest on top."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._theme = DARK
        window.installEventFilter(self)

    def set_theme(self, theme: Theme) -> None:
        """Paint those on the screen and those to come in a theme's colours."""
        self._theme = theme
        for toast in self.toasts():
            toast.set_theme(theme)

    def toasts(self) -> list[Toast]:
        """Those on the screen, the oldest first."""
        return self._window.findChildren(Toast, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def show(
        self, text: str, detail: str = "", *, error: bool = False, stays: bool = False, action: Button | None = None
    ) -> None:
        """Show a sentence, maybe with a button; the same sentence is not shown twice at once."""
        if any(toast.text == text for toast in self.toasts()):
            return
        Toast(self._window, text, detail, action, error=error, stays=stays, theme=self._theme)
        for old in self.toasts()[:-_MOST]:
            old.dismiss()
        self.arrange()

    def clear(self, *, errors: bool = True) -> None:
        """Take them off the screen: all, or all but the errors."""
        for toast in self.toasts():
            if errors or not toast.error:
                toast.dismiss()

    def arrange(self) -> None:
        """Stack them from the top."""
        top = 44
        for toast in reversed(self.toasts()):
            toast.adjustSize()
            toast.move(self._window.width() - toast.width() - 18, top)
            toast.raise_()
            top += toast.height() + 10

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        """Follow the window's size."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self.arrange()
        return False
