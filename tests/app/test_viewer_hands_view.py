import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from motion_fixture import FOCAL_PX, SIZE_PX, futures_at, hands_at
from numpy.typing import NDArray
from PyQt6.QtWidgets import QApplication

from app.gui.looks import scene_colors
from app.gui.theme import DARK, LIGHT
from app.viewer.hands_view import PRESETS, HandsView
from app.viewer.renderer import SceneRenderer
from ghtt_core.packets import Futures

pytestmark = pytest.mark.gui


class DrawnView(HandsView):
    """A view and what draws it."""

    def __init__(self) -> None:
        super().__init__(scene_colors(DARK))
        self.renderer = SceneRenderer()

    def render(self) -> NDArray[np.int64]:
        return self.renderer.render(self.picture(480, 360))[..., :3].astype(int)


@pytest.fixture
def view(qapp: QApplication) -> Iterator[DrawnView]:
    view = DrawnView()
    view.set_camera_picture(*SIZE_PX, FOCAL_PX)
    yield view
    view.renderer.close()


def _blue(picture: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (picture[..., 2] > picture[..., 0] + 60) & (picture[..., 2] > 90)


def _orange(picture: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (picture[..., 0] > picture[..., 2] + 60) & (picture[..., 0] > 90)


def test_left_is_blue_right_is_orange_and_each_is_where_the_wearer_sees_it(view: DrawnView) -> None:
    view.set_preset("wearer")
    view.show_hands(hands_at(0.0), hands_at(0.0))
    picture = view.render()
    blue, orange = _blue(picture), _orange(picture)
    assert blue.sum() > 800
    assert orange.sum() > 800
    assert np.nonzero(blue)[1].max() < np.nonzero(orange)[1].min()


def test_the_wearers_view_is_the_cameras(view: DrawnView) -> None:
    view.set_preset("wearer")
    hands = hands_at(0.0)
    view.show_hands(None, hands)
    rows, columns = np.nonzero(_blue(view.render()))
    pixels = hands[0, :, :2] / hands[0, :, 2:] * FOCAL_PX + np.array(SIZE_PX) / 2
    expected = pixels * 480 / SIZE_PX[0]
    assert columns.min() == pytest.approx(expected[:, 0].min(), abs=8)
    assert columns.max() == pytest.approx(expected[:, 0].max(), abs=8)
    assert rows.min() == pytest.approx(expected[:, 1].min(), abs=8)
    assert rows.max() == pytest.approx(expected[:, 1].max(), abs=8)


def test_a_lost_hand_vanishes(view: DrawnView) -> None:
    hands = hands_at(0.0)
    hands[1] = np.nan
    view.show_hands(hands, hands)
    picture = view.render()
    assert _blue(picture).sum() > 500
    assert _orange(picture).sum() == 0


def test_futures_add_to_the_picture_and_go_again(view: DrawnView) -> None:
    view.show_hands(hands_at(0.0), hands_at(0.0))
    without = _blue(view.render()).sum()
    view.show_futures(futures_at(0.0))
    with_futures = _blue(view.render()).sum()
    view.show_futures(None)
    assert with_futures > 1.2 * without
    assert _blue(view.render()).sum() == without


def test_a_longer_horizon_reaches_farther(view: DrawnView) -> None:
    view.set_preset("wearer")
    view.show_futures(futures_at(0.0, samples=1), horizon_s=0.3)
    near = _blue(view.render()).sum()
    view.show_futures(futures_at(0.0, samples=1), horizon_s=2.0)
    assert _blue(view.render()).sum() > 1.2 * near


def test_scrubbing_moves_the_hands_of_the_future(view: DrawnView) -> None:
    view.set_preset("wearer")
    view.show_futures(futures_at(0.0), at_s=0.2)
    soon = view.render()
    view.show_futures(futures_at(0.0), at_s=1.9)
    late = view.render()
    assert np.nonzero(_blue(soon))[0].mean() != pytest.approx(np.nonzero(_blue(late))[0].mean(), abs=3)


def test_many_updates_draw_the_same_as_one(view: DrawnView) -> None:
    view.show_hands(hands_at(1.0), hands_at(1.0))
    view.show_futures(futures_at(1.0))
    view.set_preset("top")
    once = view.render()
    for time_s in np.linspace(0, 1, 12):
        view.show_hands(None, hands_at(float(time_s)))
        view.show_futures(futures_at(float(time_s), samples=1 + round(30 * time_s)))
        view.render()
    view.show_hands(None, hands_at(1.0))
    view.show_futures(futures_at(1.0))
    view.show_hands(hands_at(1.0), hands_at(1.0))
    view.set_preset("top")
    again = view.render()
    assert abs(int(_blue(once).sum()) - int(_blue(again).sum())) < 0.1 * _blue(once).sum()


def test_every_preset_shows_both_hands(view: DrawnView) -> None:
    view.show_hands(hands_at(0.0), hands_at(0.0))
    for preset in PRESETS:
        view.set_preset(preset)
        picture = view.render()
        assert _blue(picture).sum() > 200, preset
        assert _orange(picture).sum() > 200, preset


def test_the_light_theme_has_a_light_background(view: DrawnView) -> None:
    view.set_colors(scene_colors(LIGHT))
    assert view.render()[2, 2].min() > 200


def test_the_deterministic_future_is_stronger_than_the_others(view: DrawnView) -> None:
    """Two futures: the same motion, once as the deterministic one and once as a sample."""
    view.set_preset("wearer")
    empty = view.render()
    pair = futures_at(0.0, samples=2)
    strength = []
    for first in (0, 1):
        order = [first, 1 - first]
        joints = pair.joints_cam_m[order].copy()
        joints[1] = np.nan if first == 0 else joints[1]
        joints[0] = joints[0] if first == 0 else np.nan
        view.show_futures(replace(pair, joints_cam_m=joints))
        strength.append((view.render() - empty)[..., 2].sum())
    assert strength[0] > 2 * strength[1] > 0


def test_futures_fade_with_time(view: DrawnView) -> None:
    """A hand that goes straight on: near its start the path is bright, at its end it is nearly gone."""
    view.set_preset("wearer")
    empty = view.render()
    still = hands_at(0.0)
    steps = np.arange(1, 61, dtype=np.float32)
    joints = np.repeat(still[None, None], len(steps), axis=1)
    joints[0, :, :, :, 0] += 0.004 * steps[:, None, None]
    joints[0, :, 1] = np.nan
    view.show_futures(Futures(joints, steps / 30, 0, 0.0))
    brightest = (view.render() - empty)[..., 2].max(axis=0)
    columns = np.nonzero(brightest > 5)[0]
    start, end = brightest[columns[: len(columns) // 4]], brightest[columns[-len(columns) // 4 :]]
    assert start.mean() > 1.5 * end.mean()


def test_hands_throw_shadows_on_the_floor(view: DrawnView) -> None:
    view.set_preset("side")
    view.show_hands(None, hands_at(0.0))
    picture = view.render()
    view.set_colors(replace(scene_colors(DARK), shadow=(1.0, 1.0, 1.0)))
    darker = picture.sum(axis=2) < view.render().sum(axis=2) - 15
    assert darker.sum() > 40
    assert np.nonzero(darker)[0].mean() > np.nonzero(_blue(picture) | _orange(picture))[0].mean()  # Below the hands.


def test_a_lost_context_is_made_anew(view: DrawnView, monkeypatch: pytest.MonkeyPatch) -> None:
    view.show_hands(None, hands_at(0.0))
    before = view.render()
    with monkeypatch.context() as lost:
        lost.setattr("app.viewer.offscreen.QOpenGLContext.makeCurrent", lambda *_: False)
        with pytest.raises(RuntimeError, match="context is lost"):
            view.render()
    np.testing.assert_array_equal(view.render(), before)


def test_a_picture_can_be_drawn_in_another_thread(view: DrawnView) -> None:
    view.show_hands(hands_at(0.0), hands_at(0.0))
    view.show_futures(futures_at(0.0))
    here = view.render()
    other, pictures = SceneRenderer(), []

    def draw() -> None:
        pictures.append(other.render(view.picture(480, 360))[..., :3])
        other.close()

    thread = threading.Thread(target=draw)
    thread.start()
    thread.join(60)
    np.testing.assert_array_equal(pictures[0], here)
