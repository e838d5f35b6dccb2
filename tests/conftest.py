"""What every test gets: a cache folder of its own, no leaked threads, and no window tests without a display."""

import os
import sys
import threading
import time
from collections.abc import Iterator

import hypothesis
import pytest

# Machines differ too much in speed for a deadline on each example; a test that hangs meets pytest's own timeout.
hypothesis.settings.register_profile("ghtt", deadline=None)
hypothesis.settings.load_profile("ghtt")

THREAD_GRACE_S = 2.0
"""How long a thread may take to end after its test: what architecture and README promise is one second."""

LIBRARY_THREADS = ("tqdm.", "concurrent.futures.", "torch.", "tensorboard.")
"""Modules whose threads outlive a test by design: progress-bar monitors, executors of libraries."""


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _has_display():
        return
    for item in items:
        if item.get_closest_marker("gui"):
            item.add_marker(pytest.mark.skip(reason="no display: run under xvfb-run"))


def _is_ours(thread: threading.Thread) -> bool:
    return not isinstance(thread, threading._DummyThread) and not type(thread).__module__.startswith(LIBRARY_THREADS)


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
