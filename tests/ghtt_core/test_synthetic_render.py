from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.synthetic import generate_motion
from ghtt_core.synthetic.__main__ import main
from ghtt_core.synthetic.film import film, load_truth
from ghtt_core.synthetic.flesh import REST_RAD, build_flesh
from ghtt_core.synthetic.grasp import POSES
from ghtt_core.synthetic.kinematics import finger_bones, random_shape
from ghtt_core.synthetic.mesh import surface_nets
from ghtt_core.synthetic.objects import KINDS, random_thing
from ghtt_core.synthetic.props import build_thing
from ghtt_core.synthetic.raster import rasterise
from ghtt_core.synthetic.render import Camera, Lens
from ghtt_core.synthetic.scenery import build_scenery

LENS = Lens(110.0, 110.0, 80.0, 60.0, 160, 120)


@pytest.fixture(scope="module")
def motion():
    return generate_motion(29, 0.4, episodes=["prepare"])


@pytest.fixture(scope="module")
def hand():
    rng = np.random.default_rng(2)
    shape = random_shape(rng)
    return shape, build_flesh(shape, rng)


def test_a_sphere_becomes_a_closed_outward_surface_of_its_radius():
    vertices, triangles = surface_nets(
        lambda points: np.linalg.norm(points, axis=1) - 0.05, np.full(3, -0.06), np.full(3, 0.06), 0.004
    )
    assert np.abs(np.linalg.norm(vertices, axis=1) - 0.05).max() < 0.001
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    assert (np.einsum("ij,ij->i", np.cross(b - a, c - a), a + b + c) > 0).all()
    edges = Counter(tuple(sorted(pair)) for t in triangles.tolist() for pair in zip(t, t[1:] + t[:1], strict=True))
    assert set(edges.values()) == {2}


def test_the_nearer_triangle_wins_and_shares_sum_to_one():
    points = np.array([(2, 2), (2, 30), (30, 2), (0, 0), (0, 40), (40, 0)], np.float32)
    depth = np.array([1, 1, 1, 2, 2, 2], np.float32)
    drawn = rasterise(points, depth, np.array([(0, 1, 2), (3, 4, 5)]), 40, 40)
    assert np.unique(drawn.pixel).size == drawn.pixel.size
    assert np.allclose(drawn.share.sum(axis=1), 1.0, atol=1e-5)
    by_pixel = dict(zip(drawn.pixel.tolist(), drawn.triangle.tolist(), strict=True))
    assert by_pixel[5 * 40 + 5] == 0
    assert by_pixel[1 * 40 + 1] == 1
    assert drawn.pixel.size == pytest.approx(40 * 40 / 2, rel=0.06)
    seen_from_behind = rasterise(points, depth, np.array([(0, 2, 1)]), 40, 40)
    assert seen_from_behind.pixel.size == 0


def test_skin_at_rest_is_where_it_was_built(hand):
    shape, flesh = hand
    vertices, normals = flesh.pose(shape, REST_RAD, np.eye(3))
    assert np.allclose(vertices, flesh.vertices_m, atol=1e-9)
    assert np.allclose(normals, flesh.normals, atol=1e-9)
    assert np.allclose(flesh.weights.sum(axis=1), 1.0)


@pytest.mark.parametrize("name", sorted(POSES))
def test_flesh_surrounds_the_joints_in_every_pose(hand, name):
    shape, flesh = hand
    vertices, _ = flesh.pose(shape, POSES[name], np.eye(3))
    joints, _ = finger_bones(shape, POSES[name])
    gap = np.linalg.norm(vertices[None] - joints[:, None], axis=-1).min(axis=1)
    assert (gap[[3, 4, 7, 8, 11, 12, 15, 16, 19, 20]] < 0.013).all()
    assert (gap > 0.001).all()


@pytest.mark.parametrize("kind", KINDS)
def test_things_have_their_size_and_face_outward(kind):
    thing = random_thing(kind, np.random.default_rng(1))
    mesh = build_thing(thing, np.random.default_rng(2))
    if kind not in ("spoon", "cup"):
        assert np.allclose(np.ptp(mesh.vertices_m, axis=0), thing.size_m, atol=0.003)
    a, b, c = (mesh.vertices_m[mesh.triangles[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert 0 < volume <= 1.05 * thing.size_m.prod() + 3e-5


def test_two_views_of_a_table_point_agree():
    scenery = build_scenery(np.random.default_rng(3))
    shadow = scenery.table_shadow(np.array([(0.0, 0.0, -1.0)]))
    target = np.random.default_rng(4).uniform((-0.5, 0.1, 0.0), (0.5, 0.6, 0.0), (200, 3))
    views = [np.array((0.0, 0.0, 0.5)), np.array((0.2, -0.1, 0.4))]
    colours = [scenery.background(eye, (target - eye).astype(np.float32), shadow) for eye in views]
    assert np.allclose(*colours, atol=0.02)
    assert np.std(colours[0]) > 0.005


def test_the_picture_shows_hands_where_the_truth_says(motion):
    shot = Camera(motion, LENS).shoot(6)
    assert shot.image_rgb.shape == (120, 160, 3)
    away = motion.world_from_hand.copy()
    away[..., 1, 3] -= 3.0
    bare = Camera(replace(motion, world_from_hand=away, objects=()), LENS).shoot(6)
    changed = np.abs(shot.image_rgb.astype(int) - bare.image_rgb.astype(int)).sum(axis=-1) > 40
    x, y = np.floor(shot.joints_px[shot.joint_seen]).astype(int).T
    assert shot.joint_seen.mean() > 0.6
    assert changed[y, x].mean() > 0.9
    assert changed.mean() < 0.6
    assert np.allclose(LENS.project(shot.joints_cam_m), shot.joints_px)
    world = shot.joints_cam_m @ motion.world_from_cam[6, :3, :3].T + motion.world_from_cam[6, :3, 3]
    assert np.allclose(world, motion.sequence.joints_m[6], atol=1e-5)


def test_a_clip_its_truth_and_its_intrinsics_belong_together(motion, tmp_path):
    av = pytest.importorskip("av")
    film(motion, LENS, tmp_path / "clip.mp4", tmp_path / "clip_truth.npz", progress=False)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert float(container.streams.video[0].average_rate) == 30.0
    truth = load_truth(tmp_path / "clip_truth.npz")
    assert len(pictures) == len(truth.joints_cam_m) == 12
    assert pictures[0].shape == (120, 160, 3)
    assert truth.lens == LENS
    assert truth.fps == 30.0
    assert truth.segments == motion.sequence.segments
    assert truth.visible.all()
    known = IntrinsicsChoice(file=tmp_path / "clip_intrinsics.json").for_size(160, 120)
    assert np.allclose(known.project(truth.joints_cam_m), truth.joints_px, atol=1e-2)
    shot = Camera(motion, LENS).shoot(5)
    assert np.abs(pictures[5].astype(int) - shot.image_rgb.astype(int)).mean() < 8


def test_mistakes_end_in_one_sentence(tmp_path, capsys):
    assert main(["render", "--seconds", "0.2", "--size", "161x120", "--out", str(tmp_path / "a.mp4")]) == 2
    assert main(["render", "--size", "big", "--out", str(tmp_path / "a.mp4")]) == 2
    assert main(["motion", "--episodes", "juggle"]) == 2
    (tmp_path / "bad.npz").write_bytes(b"no truth")
    with pytest.raises(UserError, match="not the truth of a rendered clip"):
        load_truth(tmp_path / "bad.npz")
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 3
    assert "161x120" in lines[0]
    assert "juggle" in lines[2]


def test_the_motion_command_describes_and_draws(tmp_path, capsys):
    assert main(["motion", "--seconds", "4", "--seed", "3", "--preview", str(tmp_path / "m.png")]) == 0
    assert "wrist speed" in capsys.readouterr().out
    assert (tmp_path / "m.png").stat().st_size > 10_000
