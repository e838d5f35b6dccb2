"""A camera's recorded poses, and what they are used for."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from app.options import parse_options
from estimators.base import EstimatorOptions
from estimators.intrinsics import IntrinsicsChoice
from estimators.observation import ObservationBuilder
from estimators.trajectory import Trajectory
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame


@pytest.fixture
def way():
    """Times, turns and places of a head that looks about."""
    times_s = np.arange(0, 2.0, 0.05)
    turns = Rotation.from_euler("yxz", np.stack((40 * np.sin(times_s), 20 * np.cos(3 * times_s), 170 + 20 * times_s), 1), True)
    return times_s, turns, np.stack((0.1 * times_s, np.sin(times_s), 1.5 + 0 * times_s), 1)


@pytest.fixture
def file(way, tmp_path):
    times_s, turns, places_m = way
    quaternions = turns.as_quat() * np.where(np.arange(len(times_s)) % 3, 1, -1)[:, None]  # q and -q are the same turn
    path = tmp_path / "camera.txt"
    np.savetxt(path, np.column_stack((times_s, places_m, quaternions)), header="time x y z qx qy qz qw")
    return path


def test_poses_are_those_of_the_file_and_the_shortest_way_between(way, file):
    times_s, turns, places_m = way
    trajectory = Trajectory.read(file)
    between = Slerp(times_s, turns)
    for time_s in (0.0, 0.05, 0.511, 1.23, 1.94):
        pose = trajectory.at(time_s)
        np.testing.assert_allclose(pose[:3, :3], between(time_s).as_matrix(), atol=1e-3)
        np.testing.assert_allclose(pose[:3, 3], [np.interp(time_s, times_s, column) for column in places_m.T], atol=1e-6)
    np.testing.assert_allclose(trajectory.at(9.0), trajectory.at(times_s[-1]))


def test_the_estimator_takes_it_in_place_of_what_it_sees(way, file):
    options = EstimatorOptions(IntrinsicsChoice(), trajectory=file)
    builder = ObservationBuilder(options)
    seen = [builder.build(Frame(np.zeros((48, 64, 3), np.uint8), i, 0.0, i / 10), []) for i in range(15)]
    for observation in seen:
        np.testing.assert_allclose(observation.world_from_cam, Trajectory.read(file).at(observation.time_s))
    still = ObservationBuilder(replace(options, trajectory=None)).build(Frame(np.zeros((48, 64, 3), np.uint8), 0, 0.0, 0.0), [])
    np.testing.assert_array_equal(still.world_from_cam, np.eye(4))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no poses"),
        ("0 0 0 0 0 0 1\n", "line 1: eight numbers"),
        ("# well\n0 0 0 0 0 0 0 1\n0.1 0 0 x 0 0 0 1\n", "line 3: eight numbers"),
        ("0 0 0 0 0 0 0 1\n0 0 0 0 0 0 0 1\n", "do not rise"),
        ("0 0 0 0 0 0 0 1\n0.1 0 0 0 0 0 0 nan\n", "line 2: eight numbers"),
        ("1700000000.0 0 0 0 0 0 0 1\n", "must be those of the clip"),
        ("0 0 0 0 0.5 0 0 0.5\n", "quaternions have length 1"),
    ],
)
def test_a_wrong_file_gets_one_sentence(text, sentence, tmp_path):
    path = tmp_path / "camera.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError, match=sentence):
        Trajectory.read(path)


def test_it_belongs_to_a_clip(file):
    assert parse_options(["--video", "a.mp4", "--trajectory", str(file)]).for_estimator.trajectory == file
    with pytest.raises(UserError, match="belongs to a clip"):
        parse_options(["--camera", "0", "--trajectory", str(file)])
