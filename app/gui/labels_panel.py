"""The labels of the recording at hand, as a list."""

from collections.abc import Callable, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from app.gui.action_panel import spoken
from app.gui.text import tr
from ghtt_core.recording import Label


class LabelsPanel(QWidget):
    """Buttons for start and end, and what was marked so far.

    Signals:
        start_pressed, end_pressed: The two marks.
        removed: A label's place in the list.
        chosen: The start of a label that was double-clicked, to go there.
    """

    start_pressed = pyqtSignal()
    end_pressed = pyqtSignal()
    removed = pyqtSignal(int)
    chosen = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self._labels: Sequence[Label] = ()
        self.open_mark = QLabel()
        self.open_mark.setWordWrap(True)
        self.open_mark.setProperty("role", "dim")
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Labels"))
        self.list.setToolTip(tr("Double-click a label to go to its start; Delete removes it."))
        self.list.itemDoubleClicked.connect(lambda _item: self.chosen.emit(self._labels[self.list.currentRow()].start_s))
        row = QHBoxLayout()
        for text, signal in ((tr("Start (B)"), self.start_pressed), (tr("End (N)"), self.end_pressed)):
            row.addWidget(self._button(text, signal.emit))
        row.addWidget(self._button(tr("Remove"), self._remove))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.addLayout(row)
        layout.addWidget(self.open_mark)
        layout.addWidget(self.list, 1)

    def show_labels(self, labels: Sequence[Label], start_s: float | None) -> None:
        """List the labels, and the start that waits for its end."""
        self._labels = tuple(labels)
        self.list.clear()
        self.list.addItems([f"{label.start_s:7.2f} – {label.end_s:.2f} s   {spoken(label.action)}" for label in labels])
        self.list.setCurrentRow(len(labels) - 1)
        waiting = tr("Pick the action in the what-if list, mark its start, then its end.")
        self.open_mark.setText(waiting if start_s is None else tr("Started at {time} s ...").format(time=f"{start_s:.2f}"))

    def _remove(self) -> None:
        if self.list.currentRow() >= 0:
            self.removed.emit(self.list.currentRow())

    @staticmethod
    def _button(text: str, action: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _checked: action())
        return button
