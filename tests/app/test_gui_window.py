from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_session import ACTIONS, FakeSession, moment_at
from motion_fixture import FOCAL_PX, SIZE_PX, hands_at
from PyQt6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PyQt6.QtGui import QDropEvent, QImage
from PyQt6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot
from window_parts import CONTROL, Key, blue, open_window, orange, pixels, press, show, show_only, toasts

from app.gui.commands import COMMANDS
from app.gui.window import MainWindow
from app.sources import SourceRequest

pytestmark = pytest.mark.gui


def test_the_video_shows_both_hands_where_they_are(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    press(window, Key.Key_G)
    show(qtbot, window, session, 0.5)
    qtbot.waitUntil(lambda: blue(pixels(window.video)) > 300 and orange(pixels(window.video)) > 300)
    picture = pixels(window.video)
    height, width = picture.shape[:2]
    scale = min(width / SIZE_PX[0], height / SIZE_PX[1])
    tip = hands_at(0.5)[0, 12]
    column, row = tip[:2] / tip[2] * FOCAL_PX * scale + np.array([width, height]) / 2
    around = picture[int(row) - 4 : int(row) + 5, int(column) - 4 : int(column) + 5]
    assert around[..., 2].max() > 180


def test_hiding_the_hands_leaves_the_picture(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 0.5)
    qtbot.waitUntil(lambda: blue(pixels(window.video)) > 300)
    press(window, Key.Key_H)
    qtbot.waitUntil(lambda: blue(pixels(window.video)) == 0)


def test_the_bars_name_the_top_actions_for_screen_readers_too(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    qtbot.waitUntil(lambda: window.futures_panel.what_if.count() == len(ACTIONS) + 1)
    show(qtbot, window, session, 4.0)
    prob = moment_at(4.0).prediction.action_prob
    spoken = window.action_panel.bars.accessibleDescription().split(", ")
    assert len(spoken) == 5
    assert spoken[0] == f"{ACTIONS[int(prob.argmax())]} {prob.max():.0%}"


def test_the_status_line_tells_of_every_stage(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 0.5)
    window.refresh_metrics()
    texts = {name: label.text() for name, label in window.status_line.fields.items()}
    assert "estimate 30/s 24 ms" in texts["stages"]
    assert texts["age"] == "age 38 ms"
    assert texts["drops"] == "dropped 3"
    assert texts["hands"] == "hands: left + right"
    assert "onnxruntime" in texts["backend"]


def test_a_frozen_moment_stays_while_the_session_goes_on(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 0.5)
    press(window, Key.Key_F)
    show_only(qtbot, window, session, 2.0)
    assert window.display.shown is not None
    assert window.display.shown.frame.index == 15
    assert window.futures_panel.freeze.isChecked()
    press(window, Key.Key_F)
    assert window.display.shown.frame.index == 60


def test_a_frozen_moment_keeps_its_own_hands(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 0.5)
    qtbot.waitUntil(lambda: blue(pixels(window.video)) > 300)
    press(window, Key.Key_G)
    press(window, Key.Key_F)
    show_only(qtbot, window, session, 2.0)
    press(window, Key.Key_G)
    press(window, Key.Key_G)
    before = pixels(window.video)
    tip = hands_at(0.5)[0, 12]
    height, width = before.shape[:2]
    scale = min(width / SIZE_PX[0], height / SIZE_PX[1])
    column, row = (tip[:2] / tip[2] * FOCAL_PX * scale + np.array([width, height]) / 2).astype(int)
    qtbot.waitUntil(lambda: pixels(window.video)[row - 4 : row + 5, column - 4 : column + 5, 2].max() > 180)


def test_a_moment_without_futures_gets_its_own_when_it_is_frozen(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    show(qtbot, window, session, 0.4)
    session.show_moment(replace(moment_at(0.5), futures=None))
    qtbot.waitUntil(lambda: window.display.shown is not None and window.display.shown.frame.index == 15)
    press(window, Key.Key_F)
    qtbot.waitUntil(lambda: window.display.shown is not None and window.display.shown.futures is not None)
    assert ("draw_again", 15) in session.calls


def test_scrubbing_by_key_moves_the_drawn_future(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 0.5)
    press(window, Key.Key_F)
    for _ in range(5):
        press(window, Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert window.view_controls.options().at_s == pytest.approx(0.5)
    press(window, Key.Key_Home, Qt.KeyboardModifier.ShiftModifier)
    assert window.view_controls.options().at_s is None


def test_a_number_key_asks_what_if_and_zero_takes_it_back(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    qtbot.waitUntil(lambda: window.futures_panel.what_if.count() > 1)
    press(window, Key.Key_3)
    assert session.settings.condition == 2
    show(qtbot, window, session, 0.5)
    qtbot.waitUntil(lambda: window.action_panel.bars.accessibleDescription().startswith(ACTIONS[2]))
    press(window, Key.Key_0)
    assert session.settings.condition is None


def test_what_if_on_a_frozen_moment_draws_its_futures_again(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    qtbot.waitUntil(lambda: window.futures_panel.what_if.count() > 1)
    show(qtbot, window, session, 0.5)
    press(window, Key.Key_F)
    press(window, Key.Key_2)
    assert ("draw_again", 15) in session.calls
    qtbot.waitUntil(lambda: window.display.shown is not None and window.display.shown.futures is session.redrawn())


def test_horizon_and_samples_by_key_reach_the_session(window: MainWindow, session: FakeSession) -> None:
    press(window, Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    press(window, Key.Key_Minus)
    assert session.settings.horizon_s == pytest.approx(2.0)
    assert session.settings.samples == 15
    assert session.settings.temperature is None


def test_moving_boldness_overrides_the_checkpoints_temperature(window: MainWindow, session: FakeSession) -> None:
    window.futures_panel.temperature.setValue(30)
    assert session.settings.temperature == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Key.Key_Comma, ("step", -1)),
        (Key.Key_Period, ("step", 1)),
        (Key.Key_Left, ("seek", 8.0)),
        (Key.Key_Home, ("seek", 0.0)),
    ],
)
def test_playback_keys(qtbot: QtBot, window: MainWindow, session: FakeSession, key: Key, expected: tuple[str, object]) -> None:
    show(qtbot, window, session, 10.0)
    press(window, key)
    assert session.calls[-1] == expected


def test_space_pauses_and_goes_on(window: MainWindow, session: FakeSession) -> None:
    press(window, Key.Key_Space)
    assert not session.playing
    press(window, Key.Key_Space)
    assert session.playing


def test_space_presses_the_button_that_the_keyboard_has_reached(window: MainWindow, session: FakeSession) -> None:
    window.futures_panel.freeze.setFocus()
    press(window, Key.Key_Space)
    assert window.display.held
    assert session.playing


def test_speed_and_loop_keys(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    qtbot.waitUntil(window.transport.speed.isEnabled)  # The window knows what it plays.
    press(window, Key.Key_BracketLeft)
    assert session.speed == 0.5
    press(window, Key.Key_L)
    assert session.loop


def test_a_live_source_cannot_be_paused(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    session.live = True
    qtbot.waitUntil(lambda: not window.transport.seek.isEnabled())
    press(window, Key.Key_Space)
    assert session.playing
    assert window.transport.clock.text() == ""  # Nothing has come yet.
    show(qtbot, window, session, 2.0)
    qtbot.waitUntil(lambda: window.transport.clock.text() == "live 0:02.0")


def test_compare_goes_round_and_shows_jitter(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    for index in range(8):
        show(qtbot, window, session, index / 30)
    seen = []
    for _ in range(4):
        press(window, Key.Key_C)
        seen.append(window.view_controls.compare)
    assert seen == ["One-Euro", "raw", "side by side", "G-HTT"]
    assert "mm/frame" in window.display.comparison.caption("One-Euro")


def test_side_by_side_draws_every_method(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    for index in range(8):
        show(qtbot, window, session, index / 30)
    for _ in range(3):
        press(window, Key.Key_C)

    def every_third_has_both_hands() -> None:
        picture = pixels(window.video)
        thirds = np.array_split(picture, 3, axis=1)
        assert all(blue(third) > 60 and orange(third) > 60 for third in thirds)

    qtbot.waitUntil(lambda: every_third_has_both_hands() is None)


def test_the_theme_key_makes_it_light_and_it_is_remembered(
    qtbot: QtBot, window: MainWindow, session: FakeSession, settings_file: Path
) -> None:
    dark = pixels(window.status_line).mean()
    press(window, Key.Key_D)
    qtbot.waitUntil(lambda: pixels(window.status_line).mean() > dark + 100)
    window.close()
    again = open_window(qtbot, FakeSession(), settings_file)
    assert again.looks.theme.name == "light"
    again.close()


def test_the_help_page_lists_every_key_and_any_key_closes_it(window: MainWindow) -> None:
    press(window, Key.Key_F1)
    assert window.help.isVisible()
    texts = {label.text() for label in window.help.findChildren(QLabel)}
    for command in COMMANDS:
        if command.keys:
            assert command.keys[0] in texts
            assert command.text in texts
    assert window.focusWidget() is window.help
    on_top = window.childAt(window.rect().center())
    assert on_top is window.help or window.help.isAncestorOf(on_top)
    press(window.help, Key.Key_X)
    assert not window.help.isVisible()


def test_the_welcome_goes_when_the_keys_have_been_seen(window: MainWindow) -> None:
    assert any("Press ?" in text for text in toasts(window))
    window.toasts.show("The disk is full.", error=True)
    press(window, Key.Key_F1)
    assert toasts(window) == ["The disk is full."]


def test_another_source_leaves_nothing_of_the_one_before(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 0.5)
    qtbot.waitUntil(lambda: orange(pixels(window.scene_view)) > 200)
    window.toasts.show("The clip is cut off.", error=True)
    press(window, Key.Key_D, CONTROL)
    assert session.opened
    assert toasts(window) == []
    qtbot.waitUntil(lambda: orange(pixels(window.scene_view)) == 0)
    assert "%" not in window.action_panel.bars.accessibleDescription()


def test_every_command_hangs_in_a_menu(window: MainWindow) -> None:
    for command in COMMANDS:
        action = window.actions_by_name[command.name]
        assert action in window.menus_by_name[command.menu].actions()
        assert action.statusTip() or not command.tip


def test_no_key_means_two_things(window: MainWindow) -> None:
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set("123456789")


def test_a_first_run_is_greeted_and_a_second_is_not(qtbot: QtBot, window: MainWindow, settings_file: Path) -> None:
    assert any("Press ?" in toast.text for toast in window.toasts.toasts())
    window.close()
    again = open_window(qtbot, FakeSession(), settings_file)
    assert not again.toasts.toasts()
    again.close()


def test_a_toast_on_the_screen_takes_the_new_theme(qtbot: QtBot, window: MainWindow) -> None:
    (toast,) = window.toasts.toasts()
    dark = pixels(toast).mean()
    press(window, Key.Key_D)
    qtbot.waitUntil(lambda: pixels(toast).mean() > dark + 100)


def test_an_error_becomes_one_toast_that_stays(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    session.error = "Cannot open camera 7: it is not connected."
    qtbot.waitUntil(lambda: any(toast.text == session.error for toast in window.toasts.toasts()))
    window.refresh_metrics()
    assert [toast.text for toast in window.toasts.toasts()].count(session.error) == 1


def test_without_a_picture_the_window_says_what_it_waits_for(qtbot: QtBot, window: MainWindow) -> None:
    window.refresh_metrics()
    assert "Opening" in window.video._message


def test_building_the_model_is_said_while_the_video_runs(qtbot: QtBot, settings_file: Path) -> None:
    session = FakeSession(loaded=False)
    session.notice = "Building the model"
    window = open_window(qtbot, session, settings_file)
    show(qtbot, window, session, 0.5)
    window.refresh_metrics()
    assert window.video._badge == "Building the model"
    assert window.futures_panel.what_if.count() == 1
    window.close()


def test_a_dropped_file_is_opened_and_remembered(window: MainWindow, session: FakeSession, tmp_path: Path) -> None:
    clip = tmp_path / "hands.mp4"
    clip.touch()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(clip))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(event)
    assert session.opened == [SourceRequest("clip", str(clip))]
    assert window.store.recent() == [SourceRequest("clip", str(clip))]


def test_another_source_forgets_the_old_one(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    show(qtbot, window, session, 0.5)
    press(window, Key.Key_F)
    press(window, Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert session.opened == [SourceRequest("demo")]
    assert window.display.shown is None
    assert not window.display.held


def test_a_streams_password_is_not_remembered(window: MainWindow) -> None:
    window.store.add_recent(SourceRequest("stream", "rtsp://me:secret@cam.local/1?token=7"))
    assert "secret" not in str(window.store.recent())
    assert "token" not in str(window.store.recent())


def test_recording_goes_to_a_new_file_and_ends_with_the_same_key(window: MainWindow, session: FakeSession) -> None:
    press(window, Key.Key_R)
    assert session.video is not None
    assert session.video.path.suffix == ".mp4"
    window.refresh_metrics()
    assert "MP4 0:00" in window.record_bar.writing.text()
    press(window, Key.Key_R)
    assert session.video is None
    window.refresh_metrics()
    assert any("Saved" in toast.text for toast in window.toasts.toasts())


def test_a_recording_that_failed_is_no_longer_marked(window: MainWindow, session: FakeSession) -> None:
    press(window, Key.Key_R)
    window.refresh_metrics()
    session.video = None
    window.refresh_metrics()
    assert not window.actions_by_name["toggle_record"].isChecked()


def test_a_picture_is_saved(qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path) -> None:
    show(qtbot, window, session, 0.5)
    press(window, Key.Key_P)
    qtbot.waitUntil(lambda: any("Saved" in toast.text for toast in window.toasts.toasts()))
    (saved,) = (tmp_path / "out").glob("*.png")
    assert QImage(str(saved)).width() == window.width()


def test_labels_made_by_key_are_saved_with_the_export(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    qtbot.waitUntil(lambda: window.futures_panel.what_if.count() > 1)
    press(window, Key.Key_E)
    press(window, Key.Key_4)
    show(qtbot, window, session, 1.0)
    press(window, Key.Key_B)
    show(qtbot, window, session, 2.5)
    press(window, Key.Key_N)
    (labels,) = (tmp_path / "out").glob("*/labels.csv")
    assert labels.read_text("utf-8").splitlines() == ["start_s,end_s,action", f"1.000,2.500,{ACTIONS[3]}"]
    press(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert labels.read_text("utf-8").splitlines() == ["start_s,end_s,action"]


def test_an_end_without_a_start_is_explained(window: MainWindow) -> None:
    press(window, Key.Key_N)
    assert any("Mark the start first" in toast.text for toast in window.toasts.toasts())


def test_view_keys_turn_the_scene(window: MainWindow) -> None:
    camera = window.scene.camera
    press(window, Key.Key_T)
    assert camera.elevation_deg > 80
    press(window, Key.Key_W)
    assert camera.elevation_deg == 0
    assert window.actions_by_name["view_wearer"].isChecked()


def test_the_layout_is_remembered(qtbot: QtBot, window: MainWindow, settings_file: Path) -> None:
    window.docks["scorecard"].hide()
    window.close()
    again = open_window(qtbot, FakeSession(), settings_file)
    assert again.docks["scorecard"].isHidden()
    press(again, Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert not again.docks["scorecard"].isHidden()
    again.close()


def test_closing_stops_the_session_and_every_timer(window: MainWindow, session: FakeSession) -> None:
    window.close()
    assert session.closed
    assert not any(timer.isActive() for timer in window.findChildren(QTimer))
    assert QApplication.activeModalWidget() is None


def test_closing_waits_in_the_open_for_what_is_being_written(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(session, "stop_export", lambda: stopped.append("export"))  # It takes its time.
    show(qtbot, window, session, 1.0)
    press(window, Key.Key_E)
    assert session.export is not None
    window.close()
    assert stopped == ["export"]
    assert window.isVisible()
    assert not session.closed
    assert "Finishing" in window.video._badge
    session.export = None
    qtbot.waitUntil(lambda: session.closed)
    assert not window.isVisible()


def test_closing_twice_waits_no_longer(window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "stop_video", lambda: None)
    press(window, Key.Key_R)
    window.close()
    assert not session.closed
    window.close()
    assert session.closed


def test_the_keyboard_reaches_every_control(window: MainWindow) -> None:
    panel = window.futures_panel
    wanted = {panel.horizon, panel.samples, panel.temperature, panel.scrub, panel.freeze, panel.what_if, window.transport.play}
    reached = set()
    widget: QWidget | None = window.focusWidget() or window
    for _ in range(80):
        widget = None if widget is None else widget.nextInFocusChain()
        reached.add(widget)
    assert wanted <= reached
    assert all(widget.accessibleName() for widget in wanted - {panel.freeze})
