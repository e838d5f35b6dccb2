"""Files of earlier versions open, files of later ones are refused with a sentence. The fixtures stay as they are for good."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PyQt6.QtCore import QSettings
from safetensors import safe_open
from safetensors.numpy import save_file

from app.gui.futures_panel import FutureSettings
from app.gui.store import FORMAT_VERSION, Store
from app.sources import SourceRequest
from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.data import open_dataset
from ghtt_core.errors import UserError
from ghtt_core.model.ghtt import GHTT
from ghtt_core.placement import PLACEMENT
from ghtt_core.recording import Label, read_recording
from tests.ghtt_core.data_trees import analytic_hands, from_world, moving_camera
from trt_engines.select import DEFAULT_CHECKPOINT as CHECKPOINT

FIXTURES = Path(__file__).parent / "fixtures"
FRAMES = 12


def test_a_recording_of_the_first_release_opens(tmp_path: Path) -> None:
    recording = read_recording(FIXTURES / "recording_v1")
    assert recording.complete
    assert (len(recording), recording.header.action_names) == (FRAMES, ("pour", "stir"))
    truth_m = from_world(moving_camera(FRAMES), analytic_hands(FRAMES + 6)[:FRAMES])
    for row in range(FRAMES):
        seen, made = recording.observation(row), recording.prediction(row)
        assert (seen.frame_index, seen.time_s) == (row + 10, (row + 10) / 30)
        assert seen.visible.tolist() == [row != 5, True]
        np.testing.assert_allclose(made.refined_cam_m, truth_m[row], atol=1e-6)
        assert (made.futures is not None) == (row % 4 == 0)
    assert recording.labels == (Label(0.4, 0.5, "pour"), Label(0.5, 0.7, "stir"))
    (sequence,) = open_dataset(FIXTURES / "recording_v1")
    assert [segment.action for segment in sequence.segments] == ["pour", "stir"]


@pytest.mark.parametrize(("version", "sentence"), [(2, "comes from a newer version .* update the program"), ("1", "damaged")])
def test_a_recording_of_a_later_release_is_refused(tmp_path: Path, version: object, sentence: str) -> None:
    shutil.copytree(FIXTURES / "recording_v1", tmp_path / "later")
    header = tmp_path / "later" / "recording.json"
    header.write_text(json.dumps(json.loads(header.read_text()) | {"format_version": version}))
    with pytest.raises(UserError, match=sentence):
        read_recording(tmp_path / "later")


def settings(path: Path) -> QSettings:
    return QSettings(str(path), QSettings.Format.IniFormat)


def test_settings_of_the_first_release_open(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "settings_v1.ini", tmp_path)
    store = Store(settings(tmp_path / "settings_v1.ini"))
    assert store.theme == "light"
    assert not store.first_run
    assert store.recent() == [
        SourceRequest("stream", "rtsp://cam.local:554/live"),
        SourceRequest("clip", "clips/Küche 1.mp4"),
    ]
    assert (store.futures().horizon_s, store.futures().samples) == (1.5, 7)
    assert [bytes(part) for part in store.layout()] == [b"geo", b"state", b"split"]


def test_settings_of_a_later_release_are_refused_and_left_alone(tmp_path: Path) -> None:
    later = settings(tmp_path / "later.ini")
    later.setValue("format_version", FORMAT_VERSION + 1)
    later.sync()
    with pytest.raises(UserError, match=r"later\.ini .* newer version"):
        Store(later)
    assert int(settings(tmp_path / "later.ini").value("format_version")) == FORMAT_VERSION + 1


@pytest.mark.parametrize("futures", [b"horizon_s=nan\nsamples=3", b"horizon_s=1.5\nsamples=\xff", b"samples=@Variant(\\0)"])
def test_damaged_settings_are_as_if_there_were_none(tmp_path: Path, futures: bytes) -> None:
    (tmp_path / "s.ini").write_bytes(b"[General]\nformat_version=x\nrecent=@Invalid()\n[futures]\n" + futures + b"\n")
    store = Store(settings(tmp_path / "s.ini"))
    assert store.recent() == []
    assert store.futures() == FutureSettings()


def opened_without(tmp_path: Path, number: int, *lacking: str) -> GHTT:
    """The bundled checkpoint, opened from a file of an earlier format, which had no tensors of these names."""
    old = tmp_path / "old.safetensors"
    with safe_open(CHECKPOINT, "np") as file:
        metadata = {**file.metadata(), "format": f"ghtt-checkpoint-{number}"}
        names = [name for name in file.keys() if not name.startswith(lacking)]  # noqa: SIM118
        assert len(names) < len(file.keys())
        save_file({name: file.get_tensor(name) for name in names}, old, metadata)
    return load_checkpoint(old)[0]


def test_a_checkpoint_from_before_the_bias_of_the_classes_opens(tmp_path: Path) -> None:
    network = opened_without(tmp_path, 1, "action.readout.", "action.embed_placement.", "action.class_bias")
    assert not network.action.class_bias.any()
    assert len(network.action.class_bias) == len(network.action_names)


def test_a_checkpoint_from_before_the_placement_opens_and_does_without(tmp_path: Path) -> None:
    action = opened_without(tmp_path, 2, "action.readout.", "action.embed_placement.").action
    m, valid = torch.randn(1, 3, action.width), torch.ones(1, 3, dtype=torch.bool)
    with torch.inference_mode():
        placed, without = (action.encode(m, valid, some)[0] for some in (torch.randn(1, 3, PLACEMENT), None))
    torch.testing.assert_close(placed, without)


def test_a_checkpoint_from_before_the_readout_opens_and_names_by_its_latent(tmp_path: Path) -> None:
    action = opened_without(tmp_path, 3, "action.readout.").action
    alpha, m, valid = torch.randn(1, action.width), torch.randn(1, 3, action.width), torch.ones(1, 3, dtype=torch.bool)
    torch.testing.assert_close(action.recognise(alpha, m, valid), action.logits(alpha))


def test_a_checkpoint_of_a_later_version_is_refused(tmp_path: Path) -> None:
    new = tmp_path / "new.safetensors"
    with safe_open(CHECKPOINT, "np") as file:
        save_file({"a": file.get_tensor("action.class_bias")}, new, {**file.metadata(), "format": "ghtt-checkpoint-9"})
    with pytest.raises(UserError, match="ghtt-checkpoint-9"):
        load_checkpoint(new)
