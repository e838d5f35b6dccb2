import builtins
import subprocess
import sys
from pathlib import Path

import pytest

from ghtt_core.errors import UserError
from trt_engines import exported as exported_module
from trt_engines import select, tensorrt_package
from trt_engines.errors import BackendUnavailableError
from trt_engines.select import BACKENDS, load_runtime

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def exports(exported, monkeypatch):
    """The export answers at once with the graphs made for the whole test run; gives the list of asked checkpoints."""
    asked = []

    def export(checkpoint, folder):
        asked.append(checkpoint)
        for path in (exported.observe, exported.imagine, exported.imagine_int8):
            (folder / path.name).write_bytes(path.read_bytes())

    monkeypatch.setattr(exported_module, "_export", export)
    return asked


@pytest.fixture
def no_tensorrt(monkeypatch):
    def missing():
        raise BackendUnavailableError("no TensorRT package is installed")

    monkeypatch.setattr(tensorrt_package, "tensorrt_package", missing)


@pytest.mark.usefixtures("no_tensorrt")
def test_auto_says_in_one_sentence_what_runs_instead_and_why(checkpoint, exports):
    said = []
    runtime = load_runtime(checkpoint, progress=said.append)
    assert runtime.description.startswith("ONNX Runtime")
    assert said[-1].startswith("TensorRT is not used: no TensorRT package is installed; ONNX Runtime")
    assert said[-1].endswith("runs instead.")
    assert exports == [checkpoint]


@pytest.mark.usefixtures("no_tensorrt")
def test_the_export_is_made_once(checkpoint, exports):
    for _ in range(3):
        load_runtime(checkpoint, "onnxruntime").close()
    assert exports == [checkpoint]


@pytest.mark.usefixtures("no_tensorrt")
def test_a_damaged_export_is_made_again(checkpoint, exports, user_cache):
    load_runtime(checkpoint, "onnxruntime").close()
    (graph,) = user_cache.glob("*/imagine.onnx")
    graph.write_bytes(graph.read_bytes()[:1000])
    load_runtime(checkpoint, "onnxruntime").close()
    assert exports == [checkpoint, checkpoint]


@pytest.mark.usefixtures("no_tensorrt")
def test_without_onnx_runtime_torch_runs_and_says_so(checkpoint, monkeypatch):
    real_import = builtins.__import__

    def blocked(name, *args, **kwargs):
        if name.startswith("trt_engines.onnx_runtime"):
            raise ImportError("onnxruntime is missing")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", blocked)
    said = []
    runtime = load_runtime(checkpoint, progress=said.append)
    assert runtime.description.startswith("torch")
    assert "ONNX Runtime is not used: the package onnxruntime is not usable" in said[-1]


@pytest.mark.usefixtures("no_tensorrt")
def test_a_backend_that_was_asked_for_is_not_replaced(checkpoint):
    with pytest.raises(UserError, match=r"TensorRT cannot run here: no TensorRT package is installed; choose --backend auto"):
        load_runtime(checkpoint, "tensorrt")


def test_a_failed_export_leaves_torch(checkpoint, monkeypatch):
    def fail(checkpoint, folder):
        raise BackendUnavailableError("the export to ONNX failed (no space left)")

    monkeypatch.setattr(exported_module, "_export", fail)
    said = []
    assert load_runtime(checkpoint, progress=said.append).description.startswith("torch")
    assert "ONNX Runtime is not used: the export to ONNX failed (no space left)" in said[-1]


def test_an_unknown_backend_and_a_missing_checkpoint(checkpoint, tmp_path):
    with pytest.raises(UserError, match="no backend named 'tpu'"):
        load_runtime(checkpoint, "tpu")
    with pytest.raises(UserError, match="no checkpoint at"):
        load_runtime(tmp_path / "none.safetensors")
    assert BACKENDS[0] == "auto"
    assert set(select.BACKENDS) == {"auto", "tensorrt", "onnxruntime", "torch"}


def test_a_file_that_is_no_checkpoint_is_the_users_to_put_right(tmp_path):
    path = tmp_path / "notes.safetensors"
    path.write_text("these are not weights")
    with pytest.raises(UserError, match=r"notes\.safetensors is not a safetensors checkpoint"):
        load_runtime(path, "onnxruntime")


def test_a_real_export_and_a_run_without_torch(checkpoint, tmp_path):
    """As the program starts: a fresh interpreter, torch only in the exporting process."""
    script = f"""
import sys
from pathlib import Path
import platformdirs
platformdirs.user_cache_path = lambda name: Path({str(tmp_path)!r}) / name
from trt_engines.select import load_runtime
from ghtt_core.streaming import Predictor, PredictorOptions
runtime = load_runtime(Path({str(checkpoint)!r}), "onnxruntime", progress=print)
Predictor(runtime, PredictorOptions(horizon_s=1.0))
assert "torch" not in sys.modules, "torch was imported"
assert not any(name.split(".")[0] in ("PyQt6", "vispy", "cv2", "mediapipe") for name in sys.modules)
print(runtime.spec.action_names)
"""
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Exporting tiny.safetensors to ONNX" in result.stdout
    assert "('pour', 'cut', 'open', 'stir')" in result.stdout
