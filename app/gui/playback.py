"""Play, pause, step, seek, speed and loop, by key and by mouse."""

import math
from collections.abc import Mapping

from PyQt6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication

from app.gui.actions import Handler
from app.gui.port import Position, Session
from app.gui.transport import Transport

_JUMP_S = 2.0


class PlaybackControls:
    """Joins the transport bar and the keys to a session. Sources without an end take none of it."""

    def __init__(self, session: Session, transport: Transport) -> None:
        self._session = session
        self._transport = transport
        transport.play_toggled.connect(self.toggle_play)
        transport.step.connect(self._step)
        transport.sought.connect(session.seek)
        transport.speed_chosen.connect(session.set_speed)
        transport.loop_toggled.connect(session.set_loop)

    def handlers(self) -> Mapping[str, Handler]:
        """What each command does."""
        return {
            "toggle_play": self._space,
            "step_back": lambda: self._step(-1),
            "step_forward": lambda: self._step(1),
            "seek_back": lambda: self._sideways(-1),
            "seek_forward": lambda: self._sideways(1),
            "seek_start": lambda: self._seek(-math.inf),
            "slower": lambda: self._transport.change_speed(-1),
            "faster": lambda: self._transport.change_speed(1),
            "toggle_loop": self._session.set_loop,
        }

    def refresh(self, live_s: float | None) -> None:
        """Show where the source is; `live_s` is the time of a live one, None before its first picture."""
        position = self._session.position()
        if position is None:
            self._transport.show_live(live_s)
        else:
            self._transport.show_position(position)

    def toggle_play(self) -> None:
        """Pause or go on."""
        position = self._session.position()
        if position is not None:
            self._session.set_playing(not position.playing)

    def _space(self) -> None:
        # The key belongs to the button that the keyboard has reached, else to the clip.
        focus = QApplication.focusWidget()
        if isinstance(focus, QAbstractButton):
            focus.click()
        else:
            self.toggle_play()

    def _sideways(self, direction: int) -> None:
        focus = QApplication.focusWidget()
        if isinstance(focus, QAbstractSlider):
            add, sub = QAbstractSlider.SliderAction.SliderSingleStepAdd, QAbstractSlider.SliderAction.SliderSingleStepSub
            focus.triggerAction(add if direction > 0 else sub)
            return
        position = self._session.position()
        if position is not None:
            self._seek(position.position_s + direction * _JUMP_S)

    def _seek(self, time_s: float) -> None:
        position: Position | None = self._session.position()
        if position is not None:
            self._session.seek(min(max(time_s, position.start_s), position.start_s + position.duration_s))

    def _step(self, frames: int) -> None:
        if self._session.position() is not None:
            self._session.step(frames)
