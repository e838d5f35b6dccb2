"""The main window: what it does, and two timers that keep it fresh. What is where stands in `layout`."""

import platform
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import vispy
from PyQt6.QtCore import QT_VERSION_STR, QSignalBlocker, Qt, QTimer
from PyQt6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
from PyQt6.QtWidgets import QMessageBox

from app.gui.action_panel import top_actions
from app.gui.actions import Handler, build_menus
from app.gui.camera_dialog import CameraDialog
from app.gui.display import Display
from app.gui.futures_panel import NUMBERED
from app.gui.help_overlay import HelpOverlay
from app.gui.labels import LabelControls
from app.gui.layout import WindowLayout
from app.gui.looks import Looks, scene_colors
from app.gui.playback import PlaybackControls
from app.gui.port import Moment, Session, Status
from app.gui.presenter import hands_in
from app.gui.recent_log import RecentLog
from app.gui.record_controls import RecordControls
from app.gui.source_controls import SourceControls
from app.gui.status_line import writing_text
from app.gui.store import Store
from app.gui.text import tr
from app.gui.theme import Theme
from app.gui.toasts import ToastStack
from app.gui.view_controls import ViewControls
from app.options import AppOptions
from app.sources import SourceRequest
from app.viewer.hands_view import PRESETS
from ghtt_core.streaming import PredictorOptions

DISPLAY_MS = 33
METRICS_MS = 500
_REMEMBERED = ("toggle_overlay", "toggle_video_futures", *(f"view_{name}" for name in PRESETS))
"""Commands whose state is kept from run to run."""


class MainWindow(WindowLayout):
    """Shows a session and steers it. Closing the window closes the session."""

    def __init__(
        self, session: Session, store: Store, output_dir: Path, options: AppOptions | None = None, *, smooth: bool = True
    ) -> None:
        """Build every widget once.

        Args:
            session: What runs behind the window.
            store: What is remembered.
            output_dir: Where recordings and pictures go.
            options: What the command line said: it goes before what is remembered.
            smooth: Smooth edges in the 3D view.
        """
        super().__init__(store, smooth=smooth)
        self.session = session
        self.looks = Looks(self, store, self._paint)
        self.toasts = ToastStack(self)
        self.log = RecentLog()
        self._names: tuple[str, ...] = ()
        self._last_error = self._last_note = ""
        self._closing = False
        self._connect_panels()
        self.playback = PlaybackControls(session, self.transport)
        self.sources = SourceControls(self, session, store)
        self.recording = RecordControls(self, session, output_dir)
        self.labels = LabelControls(self, self.labels_panel)
        self.view_controls = ViewControls(self)
        self.display = Display(session, self.video, self.scene_view, self.view_controls.options)
        self.actions_by_name, self.menus_by_name = build_menus(self, self._handlers())
        self._finish_menus()
        self.add_bars(self.actions_by_name)
        self.show_method(self.view_controls.compare)
        self.help = HelpOverlay(self)
        self.looks.set_theme(self.looks.theme)
        self._greet()
        self.restore_layout()
        self._restore_states()
        self._apply(options or AppOptions())
        self._start_timers()
        self.video.setFocus()  # Else the keyboard would begin on a button, which Space would press.

    def _paint(self, theme: Theme) -> None:
        """Give a theme to what paints itself."""
        for part in (self.action_panel, self.scorecard_panel, self.transport, self.record_bar, self.scene_bar):
            part.set_theme(theme)
        self.toasts.set_theme(theme)
        self.help.set_theme(theme)
        self.video.set_theme(theme.scene, theme.dim)
        self.scene.set_colors(scene_colors(theme))
        self.scene_view.redraw()

    def show_method(self, method: str) -> None:
        """Name the method whose hands are shown."""
        self.actions_by_name["cycle_compare"].setIconText(tr("Compare: {method}").format(method=tr(method)))

    def chosen_action(self) -> str | None:
        """The action picked in the what-if list, else the most probable one."""
        index = self.futures_panel.settings.condition
        shown = self.display.shown
        if index is None and shown is not None and shown.prediction is not None:
            top = top_actions(shown.prediction.action_prob, 1)
            index = top[0][0] if top else None
        return None if index is None or index >= len(self._names) else self._names[index]

    def forget_past(self, recording: Path | None) -> None:
        """Begin anew: another source, maybe a recording."""
        self.recording.opened_recording = recording
        self.labels.begin(recording)
        self.scorecard.clear()
        self.action_panel.timeline.clear()
        self.action_panel.bars.set_actions((), np.empty(0, np.float32), None)
        self.toasts.clear()
        self._last_error = self._last_note = ""
        self.actions_by_name["toggle_freeze"].setChecked(False)
        self.display.forget()

    def _apply(self, options: AppOptions) -> None:
        """Take over what was said on the command line."""
        usual, said = PredictorOptions(), options.prediction
        panel = self.futures_panel
        if said.horizon_s != usual.horizon_s:
            panel.horizon.setValue(round(said.horizon_s * 10))
        if said.samples != usual.samples:
            panel.samples.setValue(said.samples)
        if said.temperature is not None:
            panel.temperature.setValue(round(said.temperature * 10))
        self._wanted_condition = said.condition
        self._max_frames = options.max_frames
        self.actions_by_name["toggle_loop"].setChecked(options.loop)
        if options.source.kind == "recording":  # It shows the futures it holds.
            self.recording.opened_recording = Path(options.source.target)
            self.labels.begin(self.recording.opened_recording)
        else:
            self.session.configure(panel.settings)
        self.recording.start_at_once(options.record, options.export)

    def _connect_panels(self) -> None:
        self.futures_panel.changed.connect(self._on_futures_changed)
        self.futures_panel.scrubbed.connect(lambda _at_s: self.display.redraw())
        self.futures_panel.freeze_toggled.connect(lambda on: self.actions_by_name["toggle_freeze"].setChecked(on))

    def _handlers(self) -> Mapping[str, Handler]:
        parts = (self.sources, self.playback, self.view_controls, self.recording, self.labels)
        handlers: dict[str, Handler] = {
            "quit": self._quit,
            "toggle_help": self._toggle_help,
            "show_about": self._show_about,
            "toggle_freeze": self._freeze,
        }
        for part in parts:
            handlers |= part.handlers()
        return handlers

    def _finish_menus(self) -> None:
        view = self.menus_by_name["View"]
        view.addSeparator()
        for dock in self.docks.values():
            view.addAction(dock.toggleViewAction())
        self.sources.add_recent_menu(self.menus_by_name["File"])
        for number in range(1, NUMBERED + 1):
            shortcut = QShortcut(QKeySequence(str(number)), self)
            shortcut.activated.connect(lambda index=number - 1: self.futures_panel.choose_condition(index))

    def _start_timers(self) -> None:
        self._display_timer = QTimer(self)
        self._display_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._display_timer.timeout.connect(self.refresh)
        self._display_timer.start(DISPLAY_MS)
        self._metrics_timer = QTimer(self)
        self._metrics_timer.timeout.connect(self.refresh_metrics)
        self._metrics_timer.start(METRICS_MS)

    def refresh(self) -> None:
        """Take the newest moment and draw what is due."""
        moment = self.display.take()
        if moment is not None:
            self._digest(moment)
        newest = self.display.newest
        self.playback.refresh(None if newest is None else newest.frame.source_time_s)
        if self.isVisible() and not self.isMinimized():
            self.display.draw()

    def refresh_metrics(self) -> None:
        """Bring the slow texts up to date and tell of trouble."""
        if self._closing and self.recording.finished:
            self.close()
            return
        status = self.session.status()
        self.status_line.show_status(status, () if self.display.newest is None else hands_in(self.display.newest))
        video, export = self.session.writing()
        self.record_bar.show_writing("   ".join(filter(None, (writing_text(video, "MP4"), writing_text(export, tr("export"))))))
        self.recording.follow(video, export)
        error = status.error or self.display.error
        if error and error != self._last_error:
            self.toasts.show(error, self.log.detail(), error=True)
        self._last_error = error
        if status.source_note and status.source_note != self._last_note:
            self.toasts.show(status.source_note)
        self._last_note = status.source_note
        self.futures_panel.set_fixed(not self.session.imagines)
        self.setWindowTitle(f"{status.source} - G-HTT")
        if not self._names:
            self.action_panel.bars.set_hint(status.notice or tr("no model: the hands are shown as the estimator sees them"))
        badge = tr("Frozen · Shift+Right looks ahead · F goes on") if self.display.held else status.notice
        self.video.show_badge(tr("Finishing what is being recorded ...") if self._closing else badge)
        self.video.show_message("" if self.display.shown is not None else self._waiting_text(status))
        if self.session.action_names != self._names:
            self._names = self.session.action_names
            self.action_panel.bars.set_hint(tr("waiting for half a second of hands"))
            self.futures_panel.set_action_names(self._names)
            self.futures_panel.set_default_temperature(self.session.default_temperature)
            if self._wanted_condition in self._names:
                self.futures_panel.choose_condition(self._names.index(self._wanted_condition))
            if self.display.newest is not None:
                self._show_actions(self.display.newest)
        self.scorecard_panel.update()
        self.action_panel.catch_up()

    @staticmethod
    def _waiting_text(status: Status) -> str:
        if not status.error:
            return tr("Opening {source} ...").format(source=status.source)
        return status.error + "\n\n" + tr("Drop a clip here, or open one with Ctrl+O, a camera with Ctrl+K.")

    def _digest(self, moment: Moment) -> None:
        if self._max_frames is not None and moment.frame.index + 1 >= self._max_frames:
            QTimer.singleShot(0, self.close)
        self.scorecard.add(moment.observation, moment.futures)
        self._show_actions(moment)

    def _show_actions(self, moment: Moment) -> None:
        prob = np.empty(0, np.float32) if moment.prediction is None else moment.prediction.action_prob
        self.action_panel.timeline.append(moment.observation.time_s, prob)
        self.action_panel.bars.set_actions(self._names, prob[: len(self._names)], self.futures_panel.settings.condition)

    def _freeze(self, on: bool) -> None:
        self.futures_panel.freeze.setChecked(on)
        self.display.hold(on)
        shown = self.display.shown
        if on and shown is not None and (shown.futures is None or shown.futures.frame_index != shown.frame.index):
            self.session.draw_again(shown)  # Else it would have an earlier moment's, or none.
        self.refresh_metrics()

    def _quit(self) -> None:
        self.close()

    def _show_about(self) -> None:
        status = self.session.status()
        text = "G-HTT\n\n" + tr("Model") + f": {status.backend or tr('not loaded')}\n"
        text += f"Python {platform.python_version()}, Qt {QT_VERSION_STR}, vispy {vispy.__version__}"
        box = QMessageBox(QMessageBox.Icon.NoIcon, tr("About"), text, QMessageBox.StandardButton.Close, self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _on_futures_changed(self, settings: object) -> None:
        self.session.configure(self.futures_panel.settings)
        position = self.session.position()
        shown = self.display.shown
        if shown is not None and (self.display.held or (position is not None and not position.playing)):
            self.session.draw_again(shown)
        self.store.save_futures(self.futures_panel.settings)
        self.display.redraw()

    def _greet(self) -> None:
        if self.store.first_run:
            words = tr("Welcome. Press ? to see every key; drop a video on the window to open it.")
            self.toasts.show(words, stays=True, action=(tr("Show the keys"), self._toggle_help))

    def _toggle_help(self) -> None:
        self.toasts.clear(errors=False)
        self.help.toggle()

    def _restore_states(self) -> None:
        """Switch on and off what was when the window was left."""
        for name, on in self.store.states().items():
            action = self.actions_by_name[name] if name in _REMEMBERED else None
            if action is not None and on != action.isChecked() and (on or action.actionGroup() is None):
                action.trigger()
        with QSignalBlocker(self.actions_by_name["toggle_theme"]):
            self.actions_by_name["toggle_theme"].setChecked(self.looks.theme.name == "light")

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Take the measure of the window as it opens."""
        super().showEvent(event)
        self.looks.fit_text()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Let the text keep its share of the window."""
        super().resizeEvent(event)
        self.looks.resized()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Take files."""
        if event is not None and self.sources.dropped_path(event.mimeData()) is not None:
            event.acceptProposedAction()
            self.video.show_badge(tr("Drop it to open it"))

    def dragLeaveEvent(self, event: QDragLeaveEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Think no more of it."""
        self.refresh_metrics()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Open the file that was dropped."""
        path = None if event is None else self.sources.dropped_path(event.mimeData())
        if path is not None:
            self.sources.open(SourceRequest.for_path(path))
        self.refresh_metrics()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Finish what is being written, remember the layout, stop the timers, the session and the drawing."""
        if event is not None and not self._closing and not self.recording.finish():
            self._closing = True  # Asked once more, it goes at once.
            event.ignore()
            self.refresh_metrics()
            return
        self.save_layout()
        self.store.save_states({name: self.actions_by_name[name].isChecked() for name in _REMEMBERED})
        self._display_timer.stop()
        self._metrics_timer.stop()
        self.looks.stop()
        self.toasts.clear()
        self.log.stop()
        for dialog in self.findChildren(CameraDialog):
            dialog.stop_now()
        self.hide()  # It is gone for the user; ending the threads may take a moment more.
        self.session.close()
        self.recording.close()
        self.display.close()
        super().closeEvent(event)
