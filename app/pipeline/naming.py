"""Which frame a fault belongs to."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def naming_frame(frame_index: int) -> Iterator[None]:
    """Tell an exception that passes through at which frame it happened; the log shows it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"at frame {frame_index}")
        raise
