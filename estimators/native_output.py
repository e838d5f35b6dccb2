"""Keeps what native libraries print past Python out of the user's terminal."""

import contextlib
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator

_LOG = logging.getLogger(__name__)
_LOCK = threading.Lock()


@contextlib.contextmanager
def native_stderr_to_log() -> Iterator[None]:
    """Send file descriptor 2 to the debug log while the block runs.

    TensorFlow Lite and MediaPipe greet with lines on standard error when a network is made and first run; they have no
    switch for it that works in every version. Keep the block short: it holds for the whole process.
    """
    with _LOCK, tempfile.TemporaryFile() as caught:
        sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # no standard error at all (a windowed program): nothing to keep clean
            yield
            return
        try:
            os.dup2(caught.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        caught.seek(0)
        for line in caught.read().decode("utf-8", "replace").splitlines():
            _LOG.debug("native: %s", line)
