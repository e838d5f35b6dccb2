"""Controls of the futures: how far, how many, how bold, what if, and which moment of them to look at."""

from dataclasses import dataclass

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QListWidget, QPushButton, QSlider, QVBoxLayout, QWidget

from app.gui.action_panel import spoken
from app.gui.text import tr

HORIZON_S = (0.3, 2.1)
SAMPLES = (1, 60)
TEMPERATURE = (0.0, 5.0)
NUMBERED = 9


@dataclass(frozen=True, slots=True)
class FutureSettings:
    """What the controls say.

    Attributes:
        horizon_s: How far ahead.
        samples: How many futures.
        temperature: Spread of the samples; None leaves it to the checkpoint.
        condition: The class the futures follow; None follows what is recognised.
    """

    horizon_s: float = HORIZON_S[1]
    samples: int = 20
    temperature: float | None = None
    condition: int | None = None


class FuturesPanel(QWidget):
    """Sliders on the left, the what-if list on the right.

    Signals:
        changed: The settings; emitted while a slider moves.
        scrubbed: Seconds ahead, or None for whole futures.
        freeze_toggled: Whether the moment is held.
    """

    changed = pyqtSignal(object)
    scrubbed = pyqtSignal(object)
    freeze_toggled = pyqtSignal(bool)

    def __init__(self, settings: FutureSettings) -> None:
        super().__init__()
        self._temperature_chosen = settings.temperature is not None
        self._condition = settings.condition
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(7)
        self.horizon, self._horizon_text = self._slider(grid, 0, tr("Horizon"), HORIZON_S, tr("How far ahead to look."))
        self.samples = QSlider(Qt.Orientation.Horizontal)
        self._samples_text = QLabel()
        self._row(grid, 1, tr("Samples"), self.samples, self._samples_text, tr("How many futures are drawn."))
        self.samples.setRange(*SAMPLES)
        self.temperature, self._temperature_text = self._slider(
            grid, 2, tr("Boldness"), TEMPERATURE, tr("Sampling temperature: 0 draws one future only, more spreads them.")
        )
        self.scrub = QSlider(Qt.Orientation.Horizontal)
        self._scrub_text = QLabel()
        self._row(
            grid, 3, tr("Moment"), self.scrub, self._scrub_text, tr("Look at one moment of the futures; left: whole futures.")
        )
        self.freeze = QPushButton(tr("Freeze (F)"))
        self.freeze.setCheckable(True)
        self.freeze.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.freeze.setToolTip(tr("Hold this moment and look around in its futures."))
        self.freeze.toggled.connect(self.freeze_toggled)
        left = QVBoxLayout()
        left.addLayout(grid)
        left.addWidget(self.freeze)
        self._note = QLabel(tr("These are the recorded futures. Start with --replay and --checkpoint to draw new ones."))
        self._note.setWordWrap(True)
        self._note.setProperty("role", "dim")
        self._note.hide()
        left.addWidget(self._note)
        left.addStretch()
        self.what_if = QListWidget()
        self.what_if.setAccessibleName(tr("What if: the action the futures follow"))
        self.what_if.setToolTip(tr("What if: pick an action and see the futures that follow it."))
        self.what_if.setUniformItemSizes(True)
        right = QVBoxLayout()
        title = QLabel(tr("What if"))
        title.setProperty("role", "title")
        right.addWidget(title)
        right.addWidget(self.what_if, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(14)
        layout.addLayout(left, 3)
        layout.addLayout(right, 2)
        self.set_action_names(())
        self.set_settings(settings)
        self.scrub.setValue(0)
        self._show_scrub()
        self.horizon.valueChanged.connect(self._on_changed)
        self.samples.valueChanged.connect(self._on_changed)
        self.temperature.valueChanged.connect(self._on_temperature)
        self.scrub.valueChanged.connect(self._on_scrub)
        self.what_if.currentRowChanged.connect(self._on_condition)

    @property
    def settings(self) -> FutureSettings:
        """What the controls say now."""
        temperature = self.temperature.value() / 10 if self._temperature_chosen else None
        return FutureSettings(self.horizon.value() / 10, self.samples.value(), temperature, self._condition)

    @property
    def scrub_s(self) -> float | None:
        """The moment looked at, seconds ahead; None for whole futures."""
        return self.scrub.value() / 10 if self.scrub.value() > 0 else None

    def set_settings(self, settings: FutureSettings) -> None:
        """Put the controls where the settings are."""
        for slider, value in (
            (self.horizon, round(settings.horizon_s * 10)),
            (self.samples, settings.samples),
            (self.temperature, round((1.0 if settings.temperature is None else settings.temperature) * 10)),
        ):
            slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(False)
        self._temperature_chosen = settings.temperature is not None
        self.scrub.setRange(0, self.horizon.value())
        self._show_values()

    def set_fixed(self, fixed: bool) -> None:
        """Whether the futures are recorded ones, which cannot be drawn anew."""
        for widget in (self.samples, self.temperature, self.what_if):
            widget.setEnabled(not fixed)
        self._note.setVisible(fixed)

    def set_default_temperature(self, temperature: float) -> None:
        """Show the checkpoint's own temperature until another is chosen."""
        if not self._temperature_chosen:
            self.temperature.blockSignals(True)
            self.temperature.setValue(round(temperature * 10))
            self.temperature.blockSignals(False)
            self._show_values()

    def set_action_names(self, names: tuple[str, ...]) -> None:
        """Fill the what-if list; the first nine carry the keys 1 to 9."""
        self.what_if.blockSignals(True)
        self.what_if.clear()
        self.what_if.addItem(tr("0  as recognised"))
        for index, name in enumerate(names):
            self.what_if.addItem(f"{index + 1}  {spoken(name)}" if index < NUMBERED else f"    {spoken(name)}")
        self._condition = self._condition if self._condition is not None and self._condition < len(names) else None
        self.what_if.setCurrentRow(0 if self._condition is None else self._condition + 1)
        self.what_if.blockSignals(False)

    def choose_condition(self, index: int | None) -> None:
        """Pick a class of the list, or None for what is recognised; one that cannot be picked is ignored."""
        row = 0 if index is None else index + 1
        if row < self.what_if.count() and self.what_if.isEnabled():
            self.what_if.setCurrentRow(row)

    def _slider(self, grid: QGridLayout, row: int, name: str, limits: tuple[float, float], tip: str) -> tuple[QSlider, QLabel]:
        slider, value = QSlider(Qt.Orientation.Horizontal), QLabel()
        self._row(grid, row, name, slider, value, tip)
        slider.setRange(round(limits[0] * 10), round(limits[1] * 10))
        return slider, value

    @staticmethod
    def _row(grid: QGridLayout, row: int, name: str, slider: QSlider, value: QLabel, tip: str) -> None:
        label = QLabel(name)
        label.setBuddy(slider)
        slider.setAccessibleName(name)
        slider.setToolTip(tip)
        slider.setMinimumWidth(90)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        value.setMinimumWidth(52)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(label, row, 0)
        grid.addWidget(slider, row, 1)
        grid.addWidget(value, row, 2)

    def _show_values(self) -> None:
        self._horizon_text.setText(f"{self.horizon.value() / 10:.1f} s")
        self._samples_text.setText(str(self.samples.value()))
        self._temperature_text.setText(f"{self.temperature.value() / 10:.1f}")

    def _show_scrub(self) -> None:
        self._scrub_text.setText(tr("all") if self.scrub_s is None else f"+{self.scrub_s:.1f} s")

    def _on_changed(self) -> None:
        self.scrub.setRange(0, self.horizon.value())
        self._show_values()
        self.changed.emit(self.settings)

    def _on_temperature(self) -> None:
        self._temperature_chosen = True
        self._on_changed()

    def _on_scrub(self) -> None:
        self._show_scrub()
        self.scrubbed.emit(self.scrub_s)

    def _on_condition(self, row: int) -> None:
        self._condition = row - 1 if row > 0 else None
        self.changed.emit(self.settings)
