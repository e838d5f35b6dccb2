"""The names that are read in a straight line off the last clips, and how they are fitted."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ghtt_core.baselines.linear_classifier import STRENGTHS, LinearClassifier
from ghtt_core.evaluate.model import Model, recognise
from ghtt_core.evaluate.protocol import EvaluationProtocol
from ghtt_core.evaluate.recognise import action_windows
from ghtt_core.features import HandFrames
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.model.readout import READ_CLIPS, Readout, statistics
from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.placement import PLACEMENT, placements
from ghtt_core.train import readout as fitting
from ghtt_core.train.action import spec_of
from ghtt_core.train.readout import fit_readout
from tests.ghtt_core.small_motions import hand_shape

WIDTH, CLIPS = 8, 6
TINY = GHTTConfig("tiny", width=WIDTH, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1, text_width=4)
NAMES = ("high", "low", "never")


@pytest.fixture
def past() -> SimpleNamespace:
    """Two histories of six clips; in the second the newest two clips alone are there and the left hand is never seen."""
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.standard_normal((2, CLIPS, 2, 3, 3)))[0]
    position = rng.normal(0.0, 0.2, (2, CLIPS, 2, 3))
    valid = np.ones((2, CLIPS), bool)
    valid[1, :-2] = False
    seen = np.broadcast_to(valid[..., None], (2, CLIPS, 2)).copy()
    seen[1, :, 0] = False
    placement = placements(HandFrames(rotation, position), seen)
    m = rng.standard_normal((2, CLIPS, WIDTH))
    m, placement = (torch.from_numpy(array).float() for array in (m, placement))
    return SimpleNamespace(m=m, valid=torch.from_numpy(valid), placement=placement, rotation=rotation, position=position)


def test_the_statistics_are_those_of_the_last_clips_in_the_cameras_frame(past):
    values, known = statistics(past.m, past.valid, past.placement)
    last = slice(-READ_CLIPS, None)
    m = past.m[0, last].numpy()
    np.testing.assert_allclose(values[0, : 2 * WIDTH], np.concatenate((m.mean(axis=0), m.std(axis=0))), atol=1e-5)
    np.testing.assert_allclose(values[0, 2 * WIDTH : 4 * WIDTH], np.concatenate((m.min(axis=0), m.max(axis=0))), atol=1e-5)
    np.testing.assert_allclose(values[0, 4 * WIDTH : 5 * WIDTH], m[-1], atol=1e-5)
    for hand, begin in enumerate((5 * WIDTH, 5 * WIDTH + 62)):
        frames = np.concatenate((past.rotation[0, last, hand].reshape(-1, 9), past.position[0, last, hand]), axis=1)
        np.testing.assert_allclose(values[0, begin : begin + 12], frames.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(values[0, begin + 36 : begin + 48], frames.max(axis=0), atol=1e-5)
        np.testing.assert_allclose(values[0, begin + 60 : begin + 62], 1.0)
    assert known[0].all()
    left, right = known[1, 5 * WIDTH : 5 * WIDTH + 62], known[1, 5 * WIDTH + 62 :]
    assert not left[:60].any()
    assert left[60:].all()
    assert right.all()
    np.testing.assert_allclose(values[1, 5 * WIDTH + 60 : 5 * WIDTH + 62], 0.0)


def test_earlier_clips_and_clips_that_are_not_there_do_not_matter(past):
    readout = Readout(WIDTH, 3)
    readout.weight.normal_()
    readout.mean.normal_()
    usual = readout(past.m, past.valid, past.placement)
    other_m, other_placement = past.m.clone(), past.placement.clone()
    for other in (other_m, other_placement):
        other[:, :-READ_CLIPS] = 1e3
        other[1, :-2] = 1e3
    torch.testing.assert_close(readout(other_m, past.valid, other_placement), usual)


def test_no_placement_counts_as_usual(past):
    values, known = statistics(past.m, past.valid, torch.zeros_like(past.placement))
    assert not known[:, 5 * WIDTH :].any()
    assert values.isfinite().all()
    assert torch.equal(Readout(WIDTH, 3).standardise(values, known)[:, 5 * WIDTH :], torch.zeros(2, 124))


def test_a_new_block_names_by_its_latent_alone():
    block = GHTT(TINY, NAMES).action
    alpha, m, valid, placement = (
        torch.randn(2, WIDTH),
        torch.randn(2, 5, WIDTH),
        torch.ones(2, 5) > 0,
        torch.rand(2, 5, PLACEMENT),
    )
    block.class_text.normal_()
    torch.testing.assert_close(block.recognise(alpha, m, valid, placement), block.logits(alpha))
    block.readout.weight.normal_()
    assert (block.recognise(alpha, m, valid, placement) - block.logits(alpha)).abs().max() > 1e-2


def test_the_classifier_and_the_readout_say_the_same(past):
    values, known = statistics(past.m, past.valid, past.placement)
    values = torch.where(known, values, torch.nan).numpy()
    rng = np.random.default_rng(1)
    rows = values[rng.integers(0, 2, 40)] + rng.standard_normal((40, values.shape[1]))
    classifier = LinearClassifier(3)
    classifier.fit(rows, rng.integers(0, 3, 40), np.repeat([f"r{index}" for index in range(8)], 5))
    readout = Readout(WIDTH, 3)
    for part in ("mean", "std", "weight", "bias"):
        getattr(readout, part).copy_(torch.from_numpy(getattr(classifier, part)))
    said = readout(past.m, past.valid, past.placement)
    np.testing.assert_allclose(said, classifier.logits(values), atol=1e-4)
    np.testing.assert_allclose(said.softmax(dim=1), classifier.probabilities(values), atol=1e-5)


def recordings(first: int, count: int) -> list[MotionSequence]:
    """Right hands that stay above or below the camera's axis; a recording each. They wander, and everything else is chance."""
    made = []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        high = bool(seed % 2)
        place = np.array([rng.normal(0, 0.1), (-0.1 if high else 0.1) + rng.normal(0, 0.03), 0.5])
        path = place + np.cumsum(rng.normal(0.0, 0.003, (80, 3)), axis=0)
        joints_m = np.full((80, 2, 21, 3), np.nan, np.float32)
        joints_m[:, 1] = hand_shape()[1] + path[:, None]
        segments = (Segment(0, 80, "high" if high else "low"),)
        camera = np.broadcast_to(np.eye(4), (80, 4, 4))
        made.append(MotionSequence(joints_m, 30.0, f"s{seed}", f"r{seed}", segments=segments, world_from_cam=camera))
    return made


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    network = GHTT(TINY, NAMES).eval()
    network.action.class_text.normal_()
    network.action.logit_scale.zero_()  # so that the readout alone speaks
    return Model(network, spec_of(network), 1.0)


def test_what_is_fitted_to_some_recordings_names_others(model):
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    unlabelled = [replace(one, segments=(), world_from_cam=None) for one in recordings(50, 1)]
    assert fit_readout(model, recordings(0, 16) + unlabelled) in STRENGTHS
    others = recordings(100, 12)
    windows = action_windows(others, NAMES, EvaluationProtocol())
    probabilities = recognise(model.on(others), windows.histories_m)
    assert (probabilities.argmax(axis=1) == windows.label).mean() > 0.9
    assert probabilities[:, 2].max() < 0.05  # what never occurred
    after = model.network.state_dict()
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert changed == {f"action.readout.{name}" for name in ("mean", "std", "weight", "bias")}


def test_without_a_camera_the_same_is_not_known(model):
    """The wanderings of the hands say nothing of where they are."""

    def blind(some: list[MotionSequence]) -> list[MotionSequence]:
        return [replace(one, world_from_cam=None) for one in some]

    fit_readout(model, blind(recordings(0, 16)))
    others = blind(recordings(100, 12))
    windows = action_windows(others, NAMES, EvaluationProtocol())
    probabilities = recognise(model.on(others), windows.histories_m)
    assert (probabilities.argmax(axis=1) == windows.label).mean() < 0.75


def test_one_recording_or_one_action_is_too_little(model):
    fit_readout(model, recordings(0, 8))
    for few in (recordings(0, 1), recordings(0, 8)[::2]):
        assert fit_readout(model, few) is None
        assert not model.network.action.readout.weight.any()
        assert not model.network.action.readout.bias.any()


def test_of_very_many_moments_an_even_share_is_taken(monkeypatch):
    segments = tuple(Segment(8 * index, 8 * index + 8, "low") for index in range(10))
    some = [replace(one, segments=(*segments, Segment(0, 80, "unknown"))) for one in recordings(0, 7)]
    monkeypatch.setattr(fitting, "MOST_WINDOWS", 24)
    assert [len(one.segments) for one in fitting._thinned(some, NAMES)] == [4, 3, 3, 4, 3, 3, 4]
    monkeypatch.setattr(fitting, "MOST_WINDOWS", 70)
    assert [one.segments for one in fitting._thinned(some, NAMES)] == [segments] * 7
