"""Buttons for what is used most: recording in the window's upper corner, points of view under the 3D view."""

from collections.abc import Mapping

from PyQt6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QAction, QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.gui.icons import icon
from app.gui.text import tr
from app.gui.theme import DARK, Theme, hand_shades

_GAP_PX, _SWATCH_PX = 12, 22


def command_button(action: QAction, words: str) -> QToolButton:
    """A button that does what an action does, and is on when it is on; `words` are shorter than the menu's."""
    action.setIconText(words)
    button = QToolButton()
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setDefaultAction(action)
    button.setAccessibleName(action.text())
    return button


class RecordBar(QWidget):
    """Record, export, picture; while something is written, for how long and how much."""

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self.setAccessibleName(tr("Recording"))
        self.writing = QLabel()
        self.writing.setProperty("role", "recording")
        self.writing.setAccessibleName(tr("What is being written"))
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 2, 8, 2)
        row.setSpacing(6)
        row.addWidget(self.writing)
        self._actions = {}
        for name, words, shape in (
            ("toggle_record", tr("Record"), "record"),
            ("toggle_export", tr("Export"), "export"),
            ("save_picture", tr("Picture"), "picture"),
        ):
            button = command_button(actions[name], f" {words}")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(14, 14))
            actions[name].setIconVisibleInMenu(False)
            self._actions[shape] = actions[name]
            row.addWidget(button)

    def set_theme(self, theme: Theme) -> None:
        """Paint the icons in a theme's colours."""
        # The actions': a button takes everything from its action anew whenever that changes.
        for shape, action in self._actions.items():
            action.setIcon(icon(shape, theme.recording if shape == "record" else theme.text))

    def show_writing(self, text: str) -> None:
        """Say what is being written; "" for nothing."""
        if text == self.writing.text():
            return
        self.writing.setText(text)
        if not text or self.sizeHint().width() > self.width():
            # The menu bar gives its corner more room, or takes it back, only when it appears.
            QCoreApplication.sendEvent(self, QEvent(QEvent.Type.ShowToParent))


class SceneBar(QWidget):
    """What the lines of the 3D view mean, and from where it is seen."""

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self.setAccessibleName(tr("3D view"))
        self.legend = Legend()
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 8, 4)
        row.setSpacing(6)
        row.addWidget(self.legend, 1)
        for name, words in (
            ("view_shoulder", tr("Shoulder")),
            ("view_wearer", tr("Wearer")),
            ("view_side", tr("Side")),
            ("view_top", tr("Top")),
        ):
            row.addWidget(command_button(actions[name], words))

    def set_theme(self, theme: Theme) -> None:
        """Paint in a theme's colours."""
        self.legend.set_theme(theme)


class Legend(QWidget):
    """Solid: refined. Thin: as seen. Fading: futures. As much of it as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = DARK
        self._words = (tr("refined"), tr("as seen"), tr("futures"))
        self.setAccessibleName(tr("Legend"))
        self.setAccessibleDescription(tr("Solid: refined. Thin: as seen. Fading: futures. Blue is left, orange is right."))
        self.setToolTip(self.accessibleDescription())
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_theme(self, theme: Theme) -> None:
        """Paint in a theme's colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw a swatch of both hands' colours and a word for each kind of line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = 0.0
        for kind, words in zip(("hand", "observed", "future"), self._words, strict=True):
            wide = _SWATCH_PX + 6 + painter.fontMetrics().horizontalAdvance(words)
            if x + wide > self.width():
                break
            self._draw_swatch(painter, kind, x)
            painter.setPen(QColor(self._theme.dim))
            box = QRectF(x + _SWATCH_PX + 6, 0, wide, self.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
            x += wide + _GAP_PX
        painter.end()

    def _draw_swatch(self, painter: QPainter, kind: str, x: float) -> None:
        thick = {"hand": 5.0, "observed": 1.5, "future": 2.0}[kind]
        for hand, shade in enumerate(hand_shades(self._theme, kind)):
            y = self.height() / 2 + (4 if hand else -4)
            color = QColor(shade)
            fading = QLinearGradient(x, 0, x + _SWATCH_PX, 0)
            fading.setColorAt(0.0, color)
            if kind == "future":
                color.setAlphaF(0.1)
            fading.setColorAt(1.0, color)
            painter.setPen(QPen(fading, thick, cap=Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(x + 3, y), QPointF(x + _SWATCH_PX - 3, y))
