"""The two blocks and their cascade: what the structure alone promises, whatever the weights."""

import numpy as np
import pytest
import torch

from ghtt_core.checkpoint import load_checkpoint, read_spec, save_checkpoint
from ghtt_core.errors import UserError
from ghtt_core.features import LOCAL, VELOCITY
from ghtt_core.model.action_block import clip_phase
from ghtt_core.model.config import CONFIGS, GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.model.layers import Attention
from ghtt_core.model.pose_block import PoseBlock, mask_of
from ghtt_core.placement import PLACEMENT

TINY = GHTTConfig("tiny", width=32, heads=2, feedforward=48, encoder_layers=2, decoder_layers=2, future_clips=3, text_width=16)
ACTIONS = ("pour", "stir", "rest")


@pytest.fixture
def model():
    torch.manual_seed(0)
    network = GHTT(TINY, ACTIONS).eval()
    torch.nn.init.normal_(network.pose.head[-1].weight, std=0.2)
    network.action.class_text.normal_()
    return network


@pytest.fixture
def observed(model):
    with torch.inference_mode():
        past_valid = torch.zeros(1, 15)
        past_valid[:, -3:] = 1
        return model.observe(
            torch.randn(1, 16, 153), torch.ones(1, 16, 2), torch.randn(1, 15, 32), past_valid, torch.randn(1, 16, PLACEMENT)
        )


def imagine(model, observed, samples=2, temperature=1.0, condition=None, noise=None):
    clip_valid = torch.zeros(1, 16)
    clip_valid[:, -4:] = 1
    chosen = torch.zeros(1, len(ACTIONS))
    if condition is not None:
        chosen[0, condition] = 1
    noise = torch.randn(samples, 32, generator=torch.Generator().manual_seed(1)) if noise is None else noise
    with torch.inference_mode():
        return model.imagine(*observed[:7], clip_valid, noise, noise, torch.tensor([temperature]), chosen)


def test_the_paper_configuration_has_the_published_size():
    with torch.device("meta"):
        block = PoseBlock(CONFIGS["paper"])
    assert sum(part.numel() for part in block.parameters()) == pytest.approx(67e6, rel=0.02)


def test_attending_to_one_token_gives_what_the_general_formula_gives():
    attention = Attention(32, 4)
    query, memory = torch.randn(3, 5, 32), torch.randn(3, 1, 32)
    general = attention(query, memory.expand(-1, 2, -1), memory.expand(-1, 2, -1))
    torch.testing.assert_close(attention(query, memory, memory).expand(-1, 5, -1), general)


def test_the_frames_of_a_predicted_clip_differ(model):
    clip = model.pose.decode(torch.randn(1, 32))
    assert (clip[0, 1:] - clip[0, :-1]).abs().amax(dim=1).min() > 1e-3


def test_an_untrained_head_leaves_poses_as_observed_and_hands_at_rest():
    block = PoseBlock(TINY)
    features, mask = torch.randn(2, 16, 153), torch.ones(2, 16, 153, dtype=torch.bool)
    m, _, skip = block.encode(features, mask)
    refined = block.refine(skip, features, mask)
    torch.testing.assert_close(refined[..., LOCAL], features[..., LOCAL])
    torch.testing.assert_close(refined[..., VELOCITY], torch.zeros(2, 16, 18))
    coming = block.decode(m, skip, refined[:, -1])
    torch.testing.assert_close(coming[..., LOCAL], features[:, -1:, LOCAL].expand(-1, 16, -1))


def test_what_is_masked_does_not_matter(model):
    features, visible = torch.randn(1, 16, 153), torch.ones(1, 16, 2)
    visible[:, 4:9, 0] = 0
    mask = mask_of(visible)
    other = torch.where(mask, features, 1e3)
    for ours, theirs in zip(model.pose.encode(features, mask), model.pose.encode(other, mask), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_clips_outside_the_history_do_not_matter(model):
    m, valid = torch.randn(1, 16, 32), torch.zeros(1, 16, dtype=torch.bool)
    valid[:, -5:] = True
    other = torch.where(valid[..., None], m, 1e3)
    full, short = model.action.encode(m, valid), model.action.encode(m[:, -5:], valid[:, -5:])
    torch.testing.assert_close(model.action.encode(other, valid)[0], full[0])
    torch.testing.assert_close(short[0], full[0])


def test_phases_count_the_valid_clips():
    valid = torch.tensor([[False, False, True, True], [True, True, True, True]])
    assert clip_phase(valid).tolist() == [[0, 0, 0, 1], [0, 1, 2, 3]]
    assert clip_phase(valid, torch.tensor([2, 0]))[0].tolist()[2:] == [2, 3]


def test_without_noise_or_without_temperature_there_is_one_future(model, observed):
    still = imagine(model, observed, noise=torch.zeros(2, 32))
    torch.testing.assert_close(still[0], still[1])
    torch.testing.assert_close(imagine(model, observed, temperature=0.0), still)
    wide = imagine(model, observed)
    assert (wide[0] - wide[1]).abs().max() > 1e-3


def test_a_condition_replaces_the_recognised_action(model, observed):
    zeros = torch.zeros(1, 32)
    other = [*observed]
    other[4] = torch.randn(1, 32)  # another alpha
    poured, stirred = (imagine(model, observed, noise=zeros, condition=action) for action in (0, 1))
    assert (poured - stirred).abs().max() > 1e-3
    torch.testing.assert_close(imagine(model, other, noise=zeros, condition=0), poured)
    assert (imagine(model, other, noise=zeros) - imagine(model, observed, noise=zeros)).abs().max() > 1e-3


def test_held_objects_are_optional_and_heard(model):
    m, valid = torch.randn(1, 4, 32), torch.ones(1, 4, dtype=torch.bool)
    unknown = torch.full((1, 4, 16), float("nan"))
    without = model.action.encode(m, valid)[0]
    torch.testing.assert_close(model.action.encode(m, valid, objects=unknown)[0], without)
    assert (model.action.encode(m, valid, objects=torch.randn(1, 4, 16))[0] - without).abs().max() > 1e-3


def test_a_new_block_says_nothing_of_the_placement_until_it_has_learned(model):
    m, valid, placement = torch.randn(1, 4, 32), torch.ones(1, 4, dtype=torch.bool), torch.randn(1, 4, PLACEMENT)
    without = model.action.encode(m, valid)[0]
    torch.testing.assert_close(model.action.encode(m, valid, placement)[0], without)
    torch.nn.init.normal_(model.action.embed_placement[-1].weight)
    assert (model.action.encode(m, valid, placement)[0] - without).abs().max() > 1e-3


def test_a_checkpoint_comes_back_as_it_was(model, tmp_path):
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, model, default_temperature=1.5, card={"data": ["made up"]})
    loaded, spec, card = load_checkpoint(path)
    assert (spec.action_names, spec.default_temperature, spec.future_clips, card) == (ACTIONS, 1.5, 3, {"data": ["made up"]})
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor)
    assert spec.palm_template.shape == (5, 3)


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"", "not a safetensors"), (b"\x08" + b"\0" * 7 + b"{}      ", "not a G-HTT checkpoint")]
)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content, complaint):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match=complaint):
        read_spec(path)


def test_tensors_of_another_size_are_refused(model, tmp_path):
    from safetensors.torch import load_file, save_file

    path = tmp_path / "model.safetensors"
    save_checkpoint(path, model)
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    tensors["pose.missing"] = torch.zeros(7)
    save_file(tensors, path, metadata)
    with pytest.raises(UserError, match="do not fit"):
        load_checkpoint(path)
    assert np.isfinite(read_spec(path)[0].palm_template).all()
