"""The estimators on rendered hands with known joints."""

import numpy as np
import pytest

from estimators.base import EstimatorOptions, StagedEstimator, create_estimator
from estimators.contract import check_estimator
from estimators.intrinsics import IntrinsicsChoice
from estimators.model_bundle import fetch_hand_model
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame
from ghtt_core.skeleton import LEFT, RIGHT
from ghtt_core.synthetic import generate_motion
from ghtt_core.synthetic.render import Camera, Lens

FRAMES, FOV_DEG = 16, 75.0
OPTIONS = EstimatorOptions(IntrinsicsChoice(fov_deg=FOV_DEG))


@pytest.fixture(scope="module", autouse=True)
def hand_model():
    try:
        return fetch_hand_model()
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def clip():
    """Half a second of two hands at work: frames, and what is exactly known of each."""
    focal = 320 / 2 / np.tan(np.radians(FOV_DEG) / 2)
    camera = Camera(generate_motion(101, 2.0), Lens(focal, focal, 160, 120, 320, 240))
    shots = [camera.shoot(index) for index in range(FRAMES)]
    frames = [Frame(np.ascontiguousarray(s.image_rgb[..., ::-1]), i, 0.0, i / 30) for i, s in enumerate(shots)]
    return frames, shots


def run(name, frames, options=OPTIONS):
    estimator = create_estimator(name, options)
    try:
        return [estimator.estimate(frame) for frame in frames], estimator
    finally:
        estimator.close()


def error_m(observations, shots, *, aligned):
    """Mean joint error of all hands that were found, metres; in camera space or from the wrist."""
    errors = []
    for observation, shot in zip(observations, shots, strict=True):
        for hand in np.flatnonzero(observation.visible):
            off = observation.joints_cam_m[hand] - shot.joints_cam_m[hand]
            errors.append(np.linalg.norm(off - off[:1] if aligned else off, axis=1).mean())
    return float(np.mean(errors))


def test_both_hands_are_found_named_and_placed(clip):
    frames, shots = clip
    observations, _ = run("tracker", frames)
    assert np.mean([o.visible for o in observations[2:]]) > 0.9
    off_px = [np.linalg.norm(o.joints_px - shot.joints_px, axis=-1) for o, shot in zip(observations, shots, strict=True)]
    assert np.nanmedian(off_px) < 8
    assert error_m(observations, shots, aligned=True) < 0.045


def test_it_is_well_ahead_of_plain_mediapipe(clip):
    frames, shots = clip
    ours, plain = run("tracker", frames)[0], run("mediapipe", frames)[0]
    assert np.mean([o.visible for o in ours]) >= np.mean([o.visible for o in plain])
    assert error_m(ours, shots, aligned=False) < 0.8 * error_m(plain, shots, aligned=False)


def test_a_second_run_gives_the_same(clip):
    frames, _ = clip
    estimator = create_estimator("tracker", OPTIONS)
    first = [estimator.estimate(frame) for frame in frames[:8]]
    estimator.reset()
    second = [estimator.estimate(frame) for frame in frames[:8]]
    estimator.close()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.joints_cam_m, b.joints_cam_m)
        np.testing.assert_array_equal(a.world_from_cam, b.world_from_cam)


def test_looking_ahead_changes_nothing(clip):
    """The two parts of an estimate may run on different frames beside each other."""
    frames = clip[0][:8]
    whole, _ = run("tracker", frames)
    estimator = create_estimator("tracker", OPTIONS)
    assert isinstance(estimator, StagedEstimator)
    seen = [estimator.look(frame) for frame in frames]
    for frame, looked, expected in zip(frames, seen, whole, strict=True):
        placed = estimator.place(frame, looked)
        for name in ("joints_cam_m", "joints_px", "confidence", "world_from_cam"):
            np.testing.assert_array_equal(getattr(placed, name), getattr(expected, name))
    estimator.close()


def test_the_camera_can_be_taken_for_still(clip):
    frames, _ = clip
    moving, _ = run("tracker", frames[:4])
    still, _ = run("tracker", frames[:4], EstimatorOptions(IntrinsicsChoice(), camera_motion=False))
    np.testing.assert_array_equal(still[-1].world_from_cam, np.eye(4))
    assert not np.array_equal(moving[-1].world_from_cam, np.eye(4))


@pytest.mark.parametrize("name", ["tracker", "mediapipe"])
def test_the_shipped_estimators_keep_the_contract(name):
    assert check_estimator(lambda options: create_estimator(name, options)) == []


def test_nothing_is_printed_by_the_native_libraries(clip, capfd):
    frames, _ = clip
    for name in ("tracker", "mediapipe"):
        run(name, frames[:2])
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


def test_tracks_hold_the_sides_apart(clip):
    frames, _ = clip
    observations, estimator = run("tracker", frames)
    both = [o for o in observations if o.visible.all()]
    assert both
    assert all(o.joints_px[LEFT, 0, 0] < o.joints_px[RIGHT, 0, 0] for o in both)
    assert estimator.swaps == 0
