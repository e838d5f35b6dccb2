from pathlib import Path

import numpy as np
import platformdirs
import pytest
import torch

from ghtt_core.checkpoint import load_checkpoint, save_checkpoint
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.ghtt import GHTT
from ghtt_core.placement import PLACEMENT
from trt_engines.cache import file_sha256
from trt_engines.export import export_graphs
from trt_engines.exported import ExportedModel, exported_in

ACTIONS = ("pour", "cut", "open", "stir")
CONFIG = GHTTConfig(
    "tiny", width=64, heads=2, feedforward=96, encoder_layers=1, decoder_layers=2, future_clips=3, text_width=16
)


@pytest.fixture(autouse=True)
def user_cache(tmp_path, monkeypatch):
    """No test touches the user's own cache."""
    folder = tmp_path / "user-cache"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name, *args, **kwargs: folder / name)
    return folder / "ghtt" / "engines"


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    model = GHTT(CONFIG, ACTIONS)
    torch.nn.init.normal_(model.action.class_text)
    torch.nn.init.xavier_uniform_(model.pose.head[-1].weight)  # zero before training
    model.action.readout.weight.normal_(std=0.1)
    # As in motion: hands near the template, small steps.
    model.pose.feature_mean[:126] = (0.5 * torch.randn(126)).clone()
    model.pose.feature_mean[126:144] = torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0, 0]).repeat(2)
    model.pose.feature_std[:126], model.pose.feature_std[126:] = 0.1, 0.01
    path = tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors"
    save_checkpoint(path, model, default_temperature=0.7)
    return path


@pytest.fixture(scope="session")
def exported(checkpoint, tmp_path_factory) -> ExportedModel:
    folder = tmp_path_factory.mktemp("onnx")
    model, spec, _ = load_checkpoint(checkpoint)
    export_graphs(model, spec, folder)
    return exported_in(folder, file_sha256(checkpoint)[:20])


@pytest.fixture
def make_inputs():
    return _make_inputs


def _make_inputs(seed, samples=7, past_clips=6):
    """Inputs of `observe` in the range of real ones, and what `imagine` takes beside observe's outputs."""
    rng = np.random.default_rng(seed)
    past_valid = np.zeros((1, 15), np.float32)
    past_valid[:, 15 - past_clips :] = 1
    observe = {
        "features": rng.normal(0, 1, (1, 16, 153)).astype(np.float32),
        "visible": (rng.random((1, 16, 2)) < 0.8).astype(np.float32),
        "past_m": rng.normal(0, 1, (1, 15, CONFIG.width)).astype(np.float32) * past_valid[..., None],
        "past_valid": past_valid,
        "placement": rng.normal(0, 0.5, (1, 16, PLACEMENT)).astype(np.float32),
    }
    noise = rng.normal(0, 1, (2, samples, CONFIG.width)).astype(np.float32)
    noise[:, 0] = 0
    condition = np.zeros((1, len(ACTIONS)), np.float32)
    if seed % 2:
        condition[0, seed % len(ACTIONS)] = 1
    extra = {
        "clip_valid": np.concatenate((past_valid, np.ones((1, 1), np.float32)), axis=1),
        "noise_m": noise[0],
        "noise_alpha": noise[1],
        "temperature": np.array([0.8], np.float32),
        "condition": condition,
    }
    return observe, extra
