"""The exported graphs of a checkpoint, from the cache or fresh from a process that has torch."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ghtt_core.errors import UserError
from trt_engines.cache import cache_root, code_version, fetch, file_sha256, why_made
from trt_engines.errors import BackendUnavailableError

Progress = Callable[[str], None]
"""Told in one sentence what is going on."""


_MODEL = tuple(
    f"ghtt_core/{name}.py"
    for name in (
        "features",
        "placement",
        "runtime",
        "model/layers",
        "model/pose_block",
        "model/readout",
        "model/action_block",
        "model/ghtt",
    )
)
_EXPORT = tuple(f"trt_engines/{name}.py" for name in ("export", "folding", "quantize", "spec_metadata"))


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """Two ONNX files.

    Attributes:
        imagine_int8: `imagine` in 8 bits, None where that would change the futures.
        key: Names what they come from: the checkpoint's hash and the version of the code that made them.
    """

    observe: Path
    imagine: Path
    key: str
    imagine_int8: Path | None = None


def exported_model(checkpoint: Path, progress: Progress) -> ExportedModel:
    """Export a checkpoint, or find it exported.

    Raises:
        UserError: The checkpoint cannot be read.
        BackendUnavailableError: The export failed.
    """
    try:
        sha256 = file_sha256(checkpoint)
    except OSError as error:
        raise UserError(f"Cannot read the checkpoint {checkpoint}: {error.strerror}.") from error
    key = f"{sha256[:20]}-{code_version(*_MODEL, *_EXPORT)}"
    entry = cache_root() / f"onnx-{key}"
    if why := why_made(entry):
        progress(f"Exporting {checkpoint.name} to ONNX ({why}, about half a minute).")
    folder = fetch(entry, lambda fresh: _export(checkpoint, fresh))
    return exported_in(folder, key)


def exported_in(folder: Path, key: str) -> ExportedModel:
    """The graphs that `trt_engines.export` wrote into a folder."""
    int8 = folder / "imagine_int8.onnx"
    return ExportedModel(folder / "observe.onnx", folder / "imagine.onnx", key, int8 if int8.exists() else None)


def _export(checkpoint: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "trt_engines.export", str(checkpoint.resolve()), str(folder)]
    root = Path(__file__).resolve().parent.parent
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if result.returncode == 2 and result.stderr.strip():
        raise UserError(result.stderr.strip().splitlines()[-1])
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or [f"exit status {result.returncode}"])[-1]
        raise BackendUnavailableError(f"the export to ONNX failed ({last})")
