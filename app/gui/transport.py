"""Play, pause, step and seek, under the video."""

from PyQt6.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from app.gui.icons import icon
from app.gui.port import Position
from app.gui.text import tr
from app.gui.theme import DARK, Theme

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
_TICKS = 1000


class Transport(QWidget):
    """The controls of a source with a beginning and an end; for a camera it says "live".

    Signals:
        play_toggled, step (frames), sought (seconds), speed_chosen, loop_toggled.
    """

    play_toggled = pyqtSignal()
    step = pyqtSignal(int)
    sought = pyqtSignal(float)
    speed_chosen = pyqtSignal(float)
    loop_toggled = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._start_s = self._duration_s = 0.0
        self._playing: bool | None = None
        self.play = self._button(tr("Play or pause (Space)"))
        self.back = self._button(tr("One frame back (,)"))
        self.forward = self._button(tr("One frame on (.)"))
        self.loop = self._button(tr("Loop (L)"))
        self.loop.setCheckable(True)
        self.seek = QSlider(Qt.Orientation.Horizontal)
        self.seek.setAccessibleName(tr("Position in the clip"))
        self.seek.setRange(0, _TICKS)
        self.seek.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clock = QLabel()
        self.clock.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.speed = QComboBox()
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.speed.setAccessibleName(tr("Speed"))
        self.speed.setToolTip(tr("Speed ([ and ])"))
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.set_theme(DARK)
        layout = self._row = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        for button in (self.back, self.play, self.forward):
            layout.addWidget(button)
        layout.addWidget(self.seek, 1)
        for widget in (self.clock, self.speed, self.loop):
            layout.addWidget(widget)
        self.play.clicked.connect(self.play_toggled)
        self.back.clicked.connect(lambda: self.step.emit(-1))
        self.forward.clicked.connect(lambda: self.step.emit(1))
        self.loop.toggled.connect(self.loop_toggled)
        self.seek.sliderMoved.connect(self._on_seek)
        self.seek.actionTriggered.connect(self._on_slider_action)
        self.speed.currentIndexChanged.connect(lambda index: self.speed_chosen.emit(SPEEDS[index]))
        self.show_live(None)

    def add_button(self, button: QToolButton) -> None:
        """Put one more button at the end of the row."""
        self._row.addWidget(button)

    def set_theme(self, theme: Theme) -> None:
        """Paint the icons in a theme's colours."""
        self._theme = theme
        for button, name in ((self.back, "back"), (self.forward, "forward"), (self.loop, "loop")):
            button.setIcon(icon(name, theme.text))
        self._playing = None

    def show_live(self, position_s: float | None) -> None:
        """A source without an end: only the time since it began; None for one that has not begun."""
        self._set_enabled(False)
        self.seek.setValue(0)
        self.clock.setText("" if position_s is None else tr("live {time}").format(time=_clock(position_s)))
        self._show_playing(True)

    def show_position(self, position: Position) -> None:
        """A clip: where it is and whether it runs."""
        self._set_enabled(True)
        self._start_s, self._duration_s = position.start_s, position.duration_s
        gone_s = position.position_s - position.start_s
        if not self.seek.isSliderDown():
            self.seek.setValue(round(_TICKS * gone_s / max(position.duration_s, 1e-6)))
        self.clock.setText(f"{_clock(gone_s)} / {_clock(position.duration_s)}")
        self._show_playing(position.playing)
        with QSignalBlocker(self.loop), QSignalBlocker(self.speed):
            self.loop.setChecked(position.loop)
            self.speed.setCurrentIndex(min(range(len(SPEEDS)), key=lambda index: abs(SPEEDS[index] - position.speed)))

    def change_speed(self, steps: int) -> None:
        """Go to a neighbouring speed."""
        if self.speed.isEnabled():
            self.speed.setCurrentIndex(min(max(self.speed.currentIndex() + steps, 0), len(SPEEDS) - 1))

    def _set_enabled(self, enabled: bool) -> None:
        for widget in (self.back, self.play, self.forward, self.seek, self.speed, self.loop):
            widget.setEnabled(enabled)

    def _show_playing(self, playing: bool) -> None:
        if playing != self._playing:
            self._playing = playing
            self.play.setIcon(icon("pause" if playing else "play", self._theme.text))
            self.play.setAccessibleName(tr("Pause") if playing else tr("Play"))

    def _on_seek(self, tick: int) -> None:
        self.sought.emit(self._start_s + tick / _TICKS * self._duration_s)

    def _on_slider_action(self, _action: int) -> None:
        self._on_seek(self.seek.sliderPosition())

    @staticmethod
    def _button(tip: str) -> QToolButton:
        button = QToolButton()
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setIconSize(QSize(18, 18))
        return button


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(seconds, 0.0), 60.0)
    return f"{int(minutes)}:{rest:04.1f}"
