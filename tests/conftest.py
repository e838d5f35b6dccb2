"""What every test gets: a cache folder of its own, no leaked threads, and no window tests without a display."""

import gc
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import platformdirs
import pytest

from app.display import has_display

# Machines differ too much in speed for a deadline on each example; a test that hangs meets pytest's own timeout.
hypothesis.settings.register_profile("ghtt", deadline=None)
hypothesis.settings.load_profile("ghtt")

THREAD_GRACE_S = 2.0
"""How long a thread may take to end after its test: what architecture and README promise is one second."""

LIBRARY_THREADS = ("tqdm.", "concurrent.futures.", "torch.", "tensorboard.")
"""Modules whose threads outlive a test by design: progress-bar monitors, executors of libraries."""

SHARED_CACHES = ("ghtt/models", "matplotlib", "fontconfig")
"""Of the user's cache folder, what the tests may use: downloads that are checked by hash, and font lists."""

_home = tempfile.TemporaryDirectory(prefix="ghtt-tests-", ignore_cleanup_errors=True)


def pytest_configure() -> None:
    """Keep caches, settings and logs of the tests, and of the programs they start, out of the user's own folders."""
    own_cache = platformdirs.user_cache_path()
    for kind in ("CACHE", "CONFIG", "STATE", "DATA"):
        folder = Path(_home.name, kind.lower())
        folder.mkdir()
        os.environ[f"XDG_{kind}_HOME"] = str(folder)
    for name in SHARED_CACHES:
        if (own_cache / name).is_dir():
            link = Path(os.environ["XDG_CACHE_HOME"], name)
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(own_cache / name, target_is_directory=True)


def pytest_unconfigure() -> None:
    _home.cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if has_display():
        return
    for item in items:
        if item.get_closest_marker("gui"):
            item.add_marker(pytest.mark.skip(reason="no display: run under xvfb-run"))


def _is_ours(thread: threading.Thread) -> bool:
    return not isinstance(thread, threading._DummyThread) and not type(thread).__module__.startswith(LIBRARY_THREADS)


@pytest.fixture(autouse=True)
def windows_go_between_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect a test's windows when it is over.

    The collector would otherwise run in the middle of a later test's drawing, and a canvas that goes then takes the current
    OpenGL context along: shaders fail to compile, and the driver crashes.
    """
    if request.node.get_closest_marker("gui") is None:
        yield
        return
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture(autouse=True)
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    import app.sources.base
    import estimators.base

    for module in (estimators.base, app.sources.base):
        monkeypatch.setattr(module, "_FACTORIES", dict(module._FACTORIES))


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a thread of ours running."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_S
    started = [thread for thread in threading.enumerate() if thread not in before and _is_ours(thread)]
    for thread in started:
        thread.join(max(0.0, deadline - time.monotonic()))
    leaked = sorted(thread.name for thread in started if thread.is_alive())
    assert not leaked, f"threads still running after the test: {', '.join(leaked)}"
