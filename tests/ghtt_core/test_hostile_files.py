"""Files that claim more than they hold are refused with a sentence, and before memory is taken for the claim."""

import ast
import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy

from estimators.model_bundle import load_networks
from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.errors import UserError
from ghtt_core.recording.npz import read_npz

ROOT = Path(__file__).parents[2]
MOST_BYTES = 32 << 20


@contextmanager
def little_memory() -> Iterator[None]:
    """Fail where the block takes more than 32 MB at any moment; NumPy's and Python's memory is counted."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


def archive(path: Path, header: bytes, content: bytes, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as file:
        file.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content)
    return path


def head(descr: str, shape: str) -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()


@pytest.mark.parametrize(
    ("header", "content", "kind"),
    [
        (head("'<f8'", "(1000000000000,)"), b"", zipfile.ZIP_DEFLATED),
        (head("'<f8'", "(1000000000000,)"), b"\0" * 64, zipfile.ZIP_STORED),
        (head("'<U0'", "(1000000000000,)"), b"", zipfile.ZIP_STORED),
        (head("'<U999999999'", "(1,)"), b"", zipfile.ZIP_STORED),
        (head("'<f3'", "(1,)"), b"", zipfile.ZIP_STORED),
        (head("'|O'", "(1,)"), b"cos\nsystem\n(S'true'\ntR.", zipfile.ZIP_STORED),
        (head("[('a', '<f8')]", "(1,)"), b"\0" * 8, zipfile.ZIP_STORED),
        (head("'<f8'", "(" * 4000 + ")" * 4000), b"", zipfile.ZIP_STORED),
        (head("'<f8'", "(1,)"), b"\0" * 8, zipfile.ZIP_LZMA),
    ],
    ids=["claims deflated", "claims stored", "no width", "wide text", "no type", "pickle", "record", "nested", "lzma"],
)
def test_arrays_that_claim_too_much_or_are_code(tmp_path: Path, header: bytes, content: bytes, kind: int) -> None:
    path = archive(tmp_path / "x.npz", header, content, kind)
    expected = "U" if b"<U" in header else "f8"
    with little_memory(), pytest.raises(UserError, match="is damaged"):
        read_npz(path, {"x": (expected, (None,))})


def test_a_bomb_is_not_set_off(tmp_path: Path) -> None:
    count = 20_000_000  # 160 MB of zeros in 160 kB.
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as file, file.open("x.npy", "w") as member:
        npy.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (count,)})
        for _ in range(20):
            member.write(bytes(8 * count // 20))
    with little_memory(), pytest.raises(UserError, match="claims 160000"):
        read_npz(tmp_path / "x.npz", {"x": ("f8", (None,))})


def test_a_hand_model_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("hand_detector.tflite", "hand_landmarks_detector.tflite"):
            with file.open(name, "w") as member:
                for _ in range(70):
                    member.write(bytes(1 << 20))
    (tmp_path / "b.task").write_bytes(packed.getvalue())
    with little_memory(), pytest.raises(UserError, match="is no hand model"):
        load_networks(tmp_path / "b.task")


def checkpoint(path: Path, change: Callable[[dict[str, str]], None]) -> Path:
    """The shipped checkpoint with other metadata."""
    content = (ROOT / "assets" / "ghtt_small.safetensors").read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    change(header["__metadata__"])
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])
    return path


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ({"width": 10**9}, "width 1000000000 is not a whole number from 1 to 4096"),
        ({"width": 4096}, "needs .* numbers or more, the file holds"),
        ({"encoder_layers": 10**9}, "encoder_layers 1000000000 is not"),
        ({"encoder_layers": 64}, "needs .* numbers or more, the file holds"),
        ({"future_clips": 10**9}, "future_clips 1000000000 is not"),
        ({"heads": 0}, "heads 0 is not"),
        ({"width": 128.0}, r"width 128\.0 is not"),
        ({"name": "\x1b]0;x\x07"}, "cannot be shown"),
    ],
)
def test_a_checkpoint_that_claims_a_huge_network(tmp_path: Path, sizes: dict[str, object], sentence: str) -> None:
    def change(metadata: dict[str, str]) -> None:
        metadata["config"] = json.dumps(json.loads(metadata["config"]) | sizes)

    path = checkpoint(tmp_path / "x.safetensors", change)
    with little_memory(), pytest.raises(UserError, match=sentence):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("action_names", '"abc"'),
        ("action_names", '["a\\nb"]'),
        ("palm_template", "[" * 100_000),
        ("default_temperature", "NaN"),
        ("default_temperature", "9" * 5000),
        ("card", "[]"),
    ],
)
def test_a_checkpoint_with_senseless_metadata(tmp_path: Path, key: str, value: str) -> None:
    path = checkpoint(tmp_path / "x.safetensors", lambda metadata: metadata.update({key: value}))
    with pytest.raises(UserError, match="has damaged metadata"):
        load_checkpoint(path)


def test_nothing_unpickles_unpacks_or_evaluates() -> None:
    """No call in the program can run what a file holds, or write where an archive says."""
    forbidden = {"extract", "extractall", "unpack_archive", "eval", "exec"}
    modules = {"pickle", "shelve", "marshal", "dill", "joblib", "tarfile"}
    for folder in ("app", "estimators", "ghtt_core", "trt_engines"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                    assert not modules & {name.split(".")[0] for name in imported}, path
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    method_of_model = name in ("eval", "exec") and isinstance(node.func, ast.Attribute)
                    assert name not in forbidden or method_of_model, f"{path}:{node.lineno}"
                    unsafe = [k for k in node.keywords if k.arg == "allow_pickle" and getattr(k.value, "value", True)]
                    assert not unsafe, f"{path}:{node.lineno}"


def test_an_array_of_the_usual_kind_still_reads(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=np.arange(5.0))
    assert read_npz(tmp_path / "x.npz", {"x": ("f8", (None,))})["x"].tolist() == [0, 1, 2, 3, 4]
