"""Labels made while watching: which action was done from when to when."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app.gui.action_panel import spoken
from app.gui.actions import Handler
from app.gui.labels_panel import LabelsPanel
from app.gui.text import tr
from ghtt_core.errors import UserError
from ghtt_core.recording import Label, read_labels

if TYPE_CHECKING:
    from app.gui.window import MainWindow

LABELS_FILE = "labels.csv"


def write_labels(path: Path, labels: Sequence[Label]) -> None:
    """Write `labels.csv` (start_s, end_s, action) in one step, so that a crash leaves the old file or the new one.

    Raises:
        OSError: It cannot be written.
    """
    draft = path.with_suffix(".csv.tmp")
    with draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("start_s", "end_s", "action"))
        writer.writerows((f"{label.start_s:.3f}", f"{label.end_s:.3f}", label.action) for label in labels)
    draft.replace(path)


class LabelControls:
    """Start and end marks by key; the action is the one chosen in the what-if list, else the most probable one.

    The labels go to the recording that is being exported or replayed; without one, they wait for it.
    """

    def __init__(self, window: MainWindow, panel: LabelsPanel) -> None:
        self._window = window
        self._panel = panel
        panel.start_pressed.connect(self._start)
        panel.end_pressed.connect(self._end)
        panel.removed.connect(self._remove)
        panel.chosen.connect(window.session.seek)
        self._start_s: float | None = None
        self.labels: list[Label] = []

    def handlers(self) -> Mapping[str, Handler]:
        """What each command does."""
        return {"label_start": self._start, "label_end": self._end, "label_undo": self._undo}

    def begin(self, recording: Path | None) -> None:
        """Begin anew with another source; a recording brings its labels along."""
        self._start_s = None
        self.labels = []
        if recording is not None:
            with suppress(UserError):  # The session says what is wrong with it.
                self.labels = list(read_labels(recording))
        self._show()

    def save(self) -> None:
        """Write the labels to the recording, where there is one."""
        directory = self._window.recording.labelled_directory()
        if directory is None:
            return
        try:
            directory.mkdir(parents=True, exist_ok=True)
            write_labels(directory / LABELS_FILE, self.labels)
        except OSError as error:
            sentence = tr("The labels cannot be saved in {path}: {reason}.").format(path=directory, reason=error.strerror)
            self._window.toasts.show(sentence, error=True)

    def _now_s(self) -> float | None:
        shown = self._window.display.shown
        return None if shown is None else shown.frame.source_time_s

    def _start(self) -> None:
        self._start_s = self._now_s()
        self._show()

    def _end(self) -> None:
        end_s = self._now_s()
        if self._start_s is None or end_s is None or end_s <= self._start_s:
            self._window.toasts.show(tr("Mark the start first: press B when the action begins, and N when it ends."))
            return
        action = self._window.chosen_action()
        if action is None:
            self._window.toasts.show(tr("Pick the action in the what-if list first: nothing is recognised yet."))
            return
        self.labels.append(Label(self._start_s, end_s, action))
        self._start_s = None
        self._show()
        where = self._window.recording.labelled_directory()
        sentence = f"{spoken(action)}: {self.labels[-1].start_s:.2f} – {end_s:.2f} s."
        self._window.toasts.show(sentence if where is not None else f"{sentence} {tr('Export (E) to keep it.')}")
        self.save()

    def _undo(self) -> None:
        if self.labels:
            self._remove(len(self.labels) - 1)

    def _remove(self, index: int) -> None:
        gone = self.labels.pop(index)
        self._window.toasts.show(tr("Removed the label {action}.").format(action=spoken(gone.action)))
        self._show()
        self.save()

    def _show(self) -> None:
        self._panel.show_labels(self.labels, self._start_s)
        if self.labels or self._start_s is not None:
            self._window.docks["labels"].raise_()
