"""The per-user cache of exported graphs and engines: folders that are complete and unchanged, or do not exist."""

import contextlib
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

_MANIFEST = "manifest.json"
_ABANDONED_S = 24 * 3600.0
_ROOT = Path(__file__).resolve().parent.parent


def cache_root() -> Path:
    """Where exported graphs and engines are kept for this user."""
    return platformdirs.user_cache_path("ghtt") / "engines"


def file_sha256(path: Path) -> str:
    """Hash of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_version(*paths: str) -> str:
    """A short hash of program files, given relative to the program's folder: a cache key that nobody has to think of."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update((_ROOT / path).read_bytes())
    return digest.hexdigest()[:8]


def is_intact(entry: Path) -> bool:
    """Whether a cache entry is complete: it holds the files its manifest names, with the hashes they were written with.

    Files that this program did not finish writing, or that were changed since, do not pass: an engine is code, and loading a
    foreign one would run it.
    """
    try:
        hashes = json.loads((entry / _MANIFEST).read_text("utf-8"))
        there = {path.name for path in entry.iterdir()} - {_MANIFEST}
        return bool(hashes) and there == set(hashes) and all(file_sha256(entry / name) == hashes[name] for name in there)
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def why_made(entry: Path) -> str:
    """Why an entry has to be made, for a sentence to the user; "" where it is there."""
    if is_intact(entry):
        return ""
    return "again, because what was kept is damaged" if entry.exists() else "once"


def fetch(entry: Path, produce: Callable[[Path], None]) -> Path:
    """The folder of a cache entry, produced first if it is missing or damaged.

    Several programs may do this at once: each produces into a folder of its own, and the first complete one is kept.

    Args:
        entry: The folder; its name is the key, and holds everything that the content depends on.
        produce: Writes the content's files into the empty folder it is given.

    Returns:
        `entry`, or a temporary folder with the same content where the cache cannot be written.
    """
    if is_intact(entry):
        return entry
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        _sweep(entry.parent)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=entry.parent))
    except OSError:
        fresh = Path(tempfile.mkdtemp(prefix="ghtt-engines-"))
    try:
        produce(fresh)
        hashes = {path.name: file_sha256(path) for path in sorted(fresh.iterdir())}
        (fresh / _MANIFEST).write_text(json.dumps(hashes, indent=1), "utf-8")
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return _keep(fresh, entry) if fresh.parent == entry.parent else fresh


def _sweep(root: Path) -> None:
    """Remove what programs left half-made when they were killed, once no program can be at it any more."""
    for leftover in root.glob(".*-*"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(leftover, ignore_errors=True)


def _keep(fresh: Path, entry: Path) -> Path:
    """Give the new folder the entry's name, in place of a damaged one; another program's intact one wins."""
    if is_intact(entry):
        shutil.rmtree(fresh, ignore_errors=True)
        return entry
    if entry.exists():
        damaged = Path(tempfile.mkdtemp(prefix=".old-", dir=entry.parent))
        entry.rename(damaged / entry.name)
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        fresh.rename(entry)
    except OSError:
        if not is_intact(entry):
            return fresh
        shutil.rmtree(fresh, ignore_errors=True)
    return entry
