"""The widgets of the main window and their places: what is where, not what it does."""

from collections.abc import Mapping

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QAction, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.gui.action_panel import ActionPanel
from app.gui.bars import RecordBar, SceneBar, command_button
from app.gui.futures_panel import FuturesPanel
from app.gui.icons import hand_icon
from app.gui.labels_panel import LabelsPanel
from app.gui.looks import scene_colors
from app.gui.scene_view import SceneView
from app.gui.scorecard import Scorecard
from app.gui.scorecard_panel import ScorecardPanel
from app.gui.status_line import StatusLine
from app.gui.store import Store
from app.gui.text import tr
from app.gui.theme import DARK, HAND_COLORS
from app.gui.transport import Transport
from app.gui.video_view import VideoView
from app.viewer.hands_view import HandsView

_SMALLEST, _SCREEN_SHARE = QSize(1280, 720), (0.85, 0.88)
_PANELS_SHARE, _PANEL_WIDTHS = 0.31, {"actions": 420, "futures": 480, "scorecard": 380}


class WindowLayout(QMainWindow):
    """Video and 3D view above, panels below, each with the controls that belong to it."""

    def __init__(self, store: Store, *, smooth: bool) -> None:
        super().__init__()
        self.store = store
        self._shown = False
        self.setWindowTitle("G-HTT")
        self.setWindowIcon(hand_icon((HAND_COLORS[0], HAND_COLORS[1])))
        self.setAcceptDrops(True)
        self.setAnimated(False)
        self._fit_screen()
        self.scorecard = Scorecard()
        self._build_views(smooth)
        self._build_docks()

    def reset_layout(self) -> None:
        """Put every panel back where it was at first."""
        self.restoreState(self._first_state)
        for dock in self.docks.values():
            dock.show()
        self._size_docks()
        self.splitter.setSizes([1, 1])

    def restore_layout(self) -> None:
        """Put the window where it was left."""
        geometry, state, splitter = self.store.layout()
        self.restoreGeometry(geometry)
        self.restoreState(state)
        self.splitter.restoreState(splitter)

    def save_layout(self) -> None:
        """Remember where everything is."""
        self.store.save_layout(self.saveGeometry(), self.saveState(), self.splitter.saveState())

    def add_bars(self, actions: Mapping[str, QAction]) -> None:
        """Put the commands that are used most onto buttons."""
        self.record_bar, self.scene_bar = RecordBar(actions), SceneBar(actions)
        self._right.addWidget(self.scene_bar)
        self.transport.add_button(command_button(actions["cycle_compare"], ""))
        bar = self.menuBar()
        assert bar is not None
        bar.setCornerWidget(self.record_bar)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 (Qt's name)
        """The first time, give the panels their share of the window."""
        super().showEvent(event)
        if not self._shown and self.store.first_run:
            self._size_docks()
        self._shown = True

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Let the panels keep their share of the window."""
        super().resizeEvent(event)
        before = 0 if event is None else event.oldSize().height()
        if before > 0 and before != self.height() and self.isVisible():
            dock = self.docks["actions"]
            self.resizeDocks([dock], [round(dock.height() * self.height() / before)], Qt.Orientation.Vertical)

    def _fit_screen(self) -> None:
        """Take most of the screen."""
        screen = self.screen()
        room = _SMALLEST if screen is None else screen.availableSize()
        wanted = QSize(round(_SCREEN_SHARE[0] * room.width()), round(_SCREEN_SHARE[1] * room.height()))
        self.resize(wanted.expandedTo(_SMALLEST).boundedTo(room))

    def _build_views(self, smooth: bool) -> None:
        self.video = VideoView()
        self.transport = Transport()
        left, column = _column()
        column.addWidget(self.video, 1)
        column.addWidget(self.transport)
        self.scene = HandsView(scene_colors(DARK))
        self.scene_view = SceneView(self.scene, smooth=smooth)
        right, self._right = _column()
        self._right.addWidget(self.scene_view, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(left)
        self.splitter.addWidget(right)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setSizes([640, 640])
        self.setCentralWidget(self.splitter)
        self.status_line = StatusLine()
        self.setStatusBar(self.status_line)

    def _build_docks(self) -> None:
        self.action_panel = ActionPanel()
        self.futures_panel = FuturesPanel(self.store.futures())
        self.scorecard_panel = ScorecardPanel(self.scorecard)
        self.labels_panel = LabelsPanel()
        self.docks = {}
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for name, title, widget in (
            ("actions", tr("Actions"), self.action_panel),
            ("futures", tr("Futures"), self.futures_panel),
            ("scorecard", tr("Scorecard"), self.scorecard_panel),
            ("labels", tr("Labels"), self.labels_panel),
        ):
            dock = QDockWidget(title, self)
            dock.setObjectName(name)
            dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
            widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            dock.setWidget(widget)
            self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
            self.docks[name] = dock
        self.tabifyDockWidget(self.docks["scorecard"], self.docks["labels"])
        for name in ("scorecard", "labels"):
            self.docks[name].setTitleBarWidget(QWidget())  # The tab says it already.
        self.docks["scorecard"].raise_()
        self._size_docks()
        self._first_state = self.saveState()

    def _size_docks(self) -> None:
        side_by_side = [self.docks[name] for name in _PANEL_WIDTHS]
        self.resizeDocks(side_by_side, list(_PANEL_WIDTHS.values()), Qt.Orientation.Horizontal)
        self.resizeDocks(side_by_side[:1], [round(_PANELS_SHARE * self.height())], Qt.Orientation.Vertical)


def _column() -> tuple[QWidget, QVBoxLayout]:
    """A widget whose children lie close, one above the other."""
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    return widget, column
