"""What is drawn is where it belongs, in its colour, and nothing is drawn of what is not there."""

import numpy as np
import pytest
from motion_fixture import FOCAL_PX, SIZE_PX, futures_at, hands_at, observation_at, prediction_at
from numpy.typing import NDArray

from app.drawing import palette, strokes
from app.drawing.actions import ActionPanel, top_actions
from app.drawing.compose import HEIGHT, WIDTH, ViewComposer
from app.drawing.overlay import draw_overlay, fade_pieces, upcoming
from app.drawing.panel3d import Panel3D
from app.pipeline import PipelineResult
from estimators.intrinsics import Intrinsics
from ghtt_core.packets import Frame, HandsObservation, Prediction

CAMERA = Intrinsics(FOCAL_PX, FOCAL_PX, SIZE_PX[0] / 2, SIZE_PX[1] / 2, *SIZE_PX, "test")
NAMES = tuple(f"action_{index}" for index in range(8))
GREY = 128


def result_at(time_s: float, size: tuple[int, int] = SIZE_PX, *, futures: bool = True, hands: bool = True) -> PipelineResult:
    image = np.full((size[1], size[0], 3), GREY, np.uint8)
    frame = Frame(image, round(time_s * 30), 0.0, time_s)
    if not hands:
        joints_m = np.full((2, 21, 3), np.nan, np.float32)
        nothing = np.full(8, np.nan, np.float32)
        observation = HandsObservation(joints_m, joints_m[..., :2], np.zeros(2, np.float32), frame.index, time_s)
        return PipelineResult(frame, observation, Prediction(joints_m, nothing, frame.index, time_s), None, CAMERA)
    drawn = futures_at(time_s) if futures else None
    return PipelineResult(frame, observation_at(time_s), prediction_at(time_s), drawn, CAMERA)


def near(image: NDArray[np.uint8], color: palette.Rgb, tolerance: int = 40) -> NDArray[np.bool_]:
    return np.asarray(np.abs(image.astype(int) - palette.bgr(color)).sum(axis=2) < tolerance)


def overlay(result: PipelineResult) -> NDArray[np.uint8]:
    image = result.frame.image_bgr.copy()
    draw_overlay(image, result, 1.0)
    return image


def test_each_refined_hand_is_drawn_at_its_place_in_its_colour() -> None:
    image = overlay(result_at(0.5, futures=False))
    projected = CAMERA.project(hands_at(0.5))
    for hand, color in enumerate(palette.HAND):
        rows, columns = np.nonzero(near(image, color))
        assert rows.size > 300
        lowest, highest = projected[hand].min(axis=0) - 12, projected[hand].max(axis=0) + np.array((12, 40))
        assert columns.min() > lowest[0]
        assert columns.max() < highest[0]
        assert rows.min() > lowest[1]
        assert rows.max() < highest[1]


def test_futures_change_the_picture_around_the_hands_and_fade() -> None:
    with_futures, without = overlay(result_at(0.5)), overlay(result_at(0.5, futures=False))
    changed = (with_futures != without).any(axis=2)
    assert 0.01 < changed.mean() < 0.6
    pieces = fade_pieces(63, 6)
    assert pieces[0][0].start == 0
    assert pieces[-1][0].stop == 63
    strengths = [strength for _, strength in pieces]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-1] < 0.3


def test_only_what_lies_ahead_is_drawn() -> None:
    futures = futures_at(1.0)
    joints_m, ahead_s = upcoming(futures, 1.5)
    assert ahead_s.min() >= 0
    assert joints_m.shape[1] == ahead_s.size == (futures.offset_s >= 0.5).sum()


def test_without_hands_the_frame_stays_as_it_is() -> None:
    np.testing.assert_array_equal(overlay(result_at(0.0, hands=False)), GREY)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, -1e-30])
def test_numbers_that_make_no_sense_do_no_harm(value: float) -> None:
    result = result_at(0.5)
    assert result.prediction is not None
    assert result.futures is not None
    result.prediction.refined_cam_m[0, 3] = value
    result.observation.joints_px[1, 7] = value
    result.observation.joints_cam_m[1, 7] = value
    result.futures.joints_cam_m[2:5] = value
    result.prediction.action_prob[2] = value
    with np.errstate(all="ignore"):
        view = ViewComposer(NAMES, "caption").render(result)
    assert view.shape == (HEIGHT, WIDTH, 3)


def panel_picture(panel: Panel3D, result: PipelineResult) -> NDArray[np.uint8]:
    image = panel.backdrop()
    panel.render(image, result)
    return image


def test_the_scene_shows_left_on_the_left_and_right_on_the_right() -> None:
    image = panel_picture(Panel3D(500, 400), result_at(0.0, futures=False))
    columns = [np.nonzero(near(image, color, 90))[1] for color in palette.HAND]
    assert all(found.size > 100 for found in columns)
    assert columns[0].mean() < columns[1].mean()


def test_the_scene_has_futures_and_stays_empty_without_hands() -> None:
    panel = Panel3D(500, 400)
    with_futures = panel_picture(panel, result_at(0.0))
    without = panel_picture(Panel3D(500, 400), result_at(0.0, futures=False))
    assert (with_futures != without).any(axis=2).mean() > 0.01
    empty = panel_picture(Panel3D(500, 400), result_at(0.0, hands=False))
    assert not any(near(empty, color, 90).any() for color in palette.HAND)


def test_bars_are_as_long_as_their_probabilities() -> None:
    panel = ActionPanel(500, 280, NAMES)
    prob = np.array([0.5, 0.25, 0.1, 0.06, 0.04, 0.03, 0.01, 0.01], np.float32)
    image = panel.backdrop()
    panel.render(image, 0.0, prob)
    lengths = [near(image, palette.CLASSES[index], 10).sum(axis=1).max() for index in range(3)]
    assert lengths[0] == pytest.approx(2 * lengths[1], rel=0.05)
    assert lengths[1] == pytest.approx(2.5 * lengths[2], rel=0.1)


def test_the_timeline_draws_the_winners() -> None:
    panel = ActionPanel(500, 280, NAMES)
    for index in range(60):
        prob = np.full(8, 0.02, np.float32)
        prob[1 if index < 30 else 2] = 0.86
        image = panel.backdrop()
        panel.render(image, index / 30, prob)
    lower = image[200:]
    assert near(lower, palette.CLASSES[1], 60).any()
    assert near(lower, palette.CLASSES[2], 60).any()
    assert not near(lower, palette.CLASSES[3], 60).any()


def test_a_model_without_actions_says_so() -> None:
    panel = ActionPanel(500, 280, ())
    images = [panel.backdrop() for _ in range(4)]
    for index, image in enumerate(images):
        panel.render(image, index / 30, np.empty(0, np.float32))
    assert (images[3] != panel.backdrop()).any()
    np.testing.assert_array_equal(images[3], images[0])


def test_the_best_come_first() -> None:
    assert top_actions(np.array([0.1, 0.6, 0.3], np.float32), 2) == [1, 2]
    assert top_actions(np.array([np.nan, np.nan], np.float32)) == []


@pytest.mark.parametrize("size", [(640, 480), (640, 360), (480, 480), (360, 640), (1, 1), (2000, 10), (10, 2000), (3840, 2160)])
def test_every_frame_size_fits_the_view(size: tuple[int, int]) -> None:
    composer = ViewComposer(NAMES, "caption")
    view = composer.render(result_at(0.5, size))
    assert view.shape == (HEIGHT, WIDTH, 3)
    assert (view == GREY).all(axis=2).any()
    assert composer.render(result_at(0.6, (320, 200))).shape == (HEIGHT, WIDTH, 3)


def test_the_same_results_give_the_same_pictures() -> None:
    one, other = ViewComposer(NAMES, "caption"), ViewComposer(NAMES, "caption")
    for index in range(5):
        np.testing.assert_array_equal(one.render(result_at(index / 30)), other.render(result_at(index / 30)))


def test_text_is_as_wide_as_it_says_and_is_shortened_to_fit() -> None:
    image = np.zeros((40, 400, 3), np.uint8)
    width = strokes.text(image, "Left 97 %", 20, 20, 16, (255, 255, 255))
    columns = np.nonzero(image.any(axis=(0, 2)))[0]
    assert columns.min() >= 20
    assert columns.max() <= 20 + width
    assert columns.max() - columns.min() > 0.8 * width
    long = "a very long name of an action indeed"
    assert strokes.text_width(strokes.fitting(long, 16, 120), 16) <= 120
    assert strokes.fitting(long, 16, 120).endswith("…")
    assert strokes.fitting("short", 16, 120) == "short"


def test_text_over_the_edge_is_cut() -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    strokes.text(image, "overlong words", -20, 2, 16, (255, 255, 255))
    strokes.text(image, "overlong words", 25, 18, 16, (255, 255, 255))
    strokes.text(image, "elsewhere", 500, 500, 16, (255, 255, 255))
    assert image.any()
