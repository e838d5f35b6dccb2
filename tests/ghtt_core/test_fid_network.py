"""The FID network: that it can be believed, comes back from its file, and that no other file is taken for it."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_motions import labelled, motion, sequences

from ghtt_core import metrics
from ghtt_core.baselines.forecasters import ZeroVelocity
from ghtt_core.errors import UserError
from ghtt_core.evaluate.fid_network import DEFAULT_NETWORK, FidNetwork, sanity_table, train
from ghtt_core.evaluate.forecast import run_forecasts, shape_table
from ghtt_core.evaluate.protocol import EvaluationProtocol


def test_fid_grows_with_noise() -> None:
    network = train(labelled(12), labelled(4, first=40), steps=15, seed=0)
    table = sanity_table(network, labelled(8, first=60), 48, 0, "paces")
    values = [table.value(name, "fid") for name in ("itself", "1 mm of noise", "3 mm of noise", "10 mm of noise")]
    assert values == sorted(values)
    assert values[0] == pytest.approx(0.0, abs=1e-3)
    assert network.card["classes"] == ["rest", "shake"]
    assert "It grows with each step of noise." in table.notes
    assert sanity_table(network, labelled(1)[:0], 48, 0, "nothing").rows == []


def test_much_motion_is_checked_by_some_of_it() -> None:
    table = sanity_table(FidNetwork.load(), sequences(3, frames=800), 48, 0, "long")  # 189 stretches each
    assert table.notes[0].startswith("200 true motions")


def test_fid_of_a_method_is_that_of_seen_and_foretold_frames_together() -> None:
    network = FidNetwork.load()
    protocol = EvaluationProtocol(resamples=50)
    (run,) = runs = run_forecasts(sequences(6), [], [ZeroVelocity()], protocol, 32)
    whole = [np.concatenate([run.windows.observed_m, future], axis=1) for future in (run.futures_m[:, 0], run.windows.future_m)]
    expected = 1000.0 * metrics.fid(*map(network.features, whole))
    assert shape_table(runs, protocol, "paths", network).value("zero velocity", "fid") == pytest.approx(expected)


def test_it_comes_back_from_its_file(tmp_path: Path) -> None:
    network = train(labelled(4), [], steps=3, seed=0)
    network.save(tmp_path / "fid.safetensors")
    again = FidNetwork.load(tmp_path / "fid.safetensors")
    joints = np.stack([motion(48, 3)])
    np.testing.assert_array_equal(network.features(joints), again.features(joints))
    assert [path.name for path in tmp_path.iterdir()] == ["fid.safetensors"]


def changed(path: Path, card: Any) -> Path:
    """The shipped network with another card."""
    content = DEFAULT_NETWORK.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"]["card"] = card if isinstance(card, str) else json.dumps(card)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])
    return path


CARD = {"classes": ["a"] * 42, "data": ["d"], "examples": 1, "steps": 1, "seed": 0, "width": 16, "test accuracy": 0.5}


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        ([], "has a damaged card"),
        ("{", "has a damaged card"),
        ("[" * 100_000, "has a damaged card"),
        (CARD | {"classes": 42}, "has a damaged card: not a list of names"),
        (CARD | {"data": ["\x1b]0;x\x07"]}, "has a damaged card: .* cannot be shown"),
        (CARD | {"test accuracy": "high"}, "has a damaged card"),
        ({key: value for key, value in CARD.items() if key != "steps"}, "has a damaged card: 'steps'"),
        (CARD | {"classes": ["a"] * 41}, "do not fit its 41 actions"),
    ],
)
def test_a_card_that_cannot_be_believed_gets_one_sentence(tmp_path: Path, card: Any, sentence: str) -> None:
    assert FidNetwork.load(changed(tmp_path / "fine.safetensors", CARD)).card["classes"] == ("a",) * 42
    with pytest.raises(UserError, match=sentence):
        FidNetwork.load(changed(tmp_path / "x.safetensors", card))


@pytest.mark.parametrize("content", [b"", b"no tensors at all", struct.pack("<Q", 1 << 60) + b"{}"])
def test_a_file_that_is_no_network_gets_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="is not a safetensors FID network"):
        FidNetwork.load(tmp_path / "x.safetensors")
    with pytest.raises(UserError, match=r"There is no FID network at .* train one"):
        FidNetwork.load(tmp_path / "none.safetensors")
    checkpoint = DEFAULT_NETWORK.with_name("ghtt_small.safetensors")
    with pytest.raises(UserError, match="is not a FID network of this version"):
        FidNetwork.load(checkpoint)
