"""The status line: one short text per thing that people ask about."""

import math

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QLabel, QStatusBar

from app.gui.port import Status, Writing
from app.gui.text import plain_tip, tr

_WANTED = {"source": 22, "backend": 40}
"""Letters that these show at most where room is short."""
_STRETCH = {"backend": 1}


def stage_text(status: Status) -> str:
    """Rate and 95th percentile of every worker; a worker that does not run shows its state."""
    parts = []
    for stage in status.stages:
        name = tr(stage.name)
        if stage.state != "running":
            parts.append(f"{name} {tr(stage.state)}")
        elif math.isfinite(stage.p95_ms):
            parts.append(f"{name} {stage.fps:.0f}/s {stage.p95_ms:.0f} ms")
        else:
            parts.append(f"{name} {stage.fps:.0f}/s")
    return " · ".join(parts)


def writing_text(writing: Writing | None, name: str) -> str:
    """A recording's time and size."""
    if writing is None:
        return ""
    minutes, seconds = divmod(int(writing.seconds), 60)
    return f"● {name} {minutes}:{seconds:02d}  {writing.size_bytes / 1e6:.1f} MB"


def _corrected(swaps: int) -> str:
    return tr(" (put right {count} times)").format(count=swaps) if swaps else ""


class ElidedLabel(QLabel):
    """A label that shortens its text to the room there is, and asks for little."""

    def __init__(self, wanted: int) -> None:
        """Ask for room for so many letters at most."""
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._wanted = wanted

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for a few letters."""
        return QSize(30, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The whole text, up to the wanted width."""
        whole = super().sizeHint()
        return QSize(min(whole.width(), self._wanted * self.fontMetrics().averageCharWidth()), whole.height())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw what fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        box = self.contentsRect()
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.end()


class StatusLine(QStatusBar):
    """Source, backend, stages, age, drops, hands."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setAccessibleName(tr("Status"))
        self.fields: dict[str, QLabel] = {}
        self._tips: dict[str, str] = {}
        for name, tip in (
            ("source", tr("Where the pictures come from")),
            ("backend", tr("What computes the model")),
            ("stages", tr("Each worker: frames a second and the 95th percentile of its work")),
            ("age", tr("Time from the camera to the screen's newest pose")),
            ("drops", tr("Frames overtaken by newer ones")),
            ("hands", tr("Hands in the picture, and how often left and right were put right")),
        ):
            label = ElidedLabel(_WANTED.get(name, 120))
            self._tips[name] = tip
            label.setObjectName(f"status_{name}")
            label.setContentsMargins(6, 0, 6, 0)
            self.fields[name] = label
            self.addWidget(label, _STRETCH.get(name, 0))

    def show_status(self, status: Status, hands: tuple[str, ...]) -> None:
        """Write the state of the run and the names of the hands in view."""
        age = "–" if math.isnan(status.frame_age_ms) else f"{status.frame_age_ms:.0f} ms"
        for name, text in (
            ("source", status.source),
            ("backend", status.backend or tr("no model yet")),
            ("stages", stage_text(status)),
            ("age", tr("age {ms}").format(ms=age)),
            ("drops", tr("dropped {count}").format(count=status.dropped)),
            ("hands", tr("hands: {names}").format(names=" + ".join(map(tr, hands)) or tr("none")) + _corrected(status.swaps)),
        ):
            label = self.fields[name]
            if label.text() != text:
                label.setText(text)
                note = f"\n{status.backend_note}" if name == "backend" else ""
                label.setToolTip(plain_tip(f"{self._tips[name]}: {text}{note}"))
