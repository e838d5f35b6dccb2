"""One writer for each output: a second copy of the program must not write over what the first is writing."""

from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ghtt_core.errors import UserError


class Claim:
    """A file or folder held for writing. The system lets it go when the program ends, however it ends.

    The lock is a hidden file beside the path, so that the claim stands before the path itself is touched.
    """

    def __init__(self, path: Path) -> None:
        """Take hold of `path`.

        Raises:
            UserError: Another copy of the program is writing it.
            OSError: Nothing can be written beside it.
        """
        path = path.absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.with_name(f".{path.name}.lock")
        self._lock = FileLock(self._file, thread_local=False)
        try:
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise UserError(f"{path} is being written by another copy of the program: choose another name.") from error

    def release(self) -> None:
        """Let go; a second call does nothing."""
        if self._lock.is_locked:
            with suppress(OSError):  # While it is held: afterwards it might be another copy's. Windows removes it later.
                self._file.unlink(missing_ok=True)
            self._lock.release()
