"""What a run writes: the recording and the video of the view. Both live and lossless runs use these."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from queue import Full, Queue
from threading import Lock

from app.drawing.compose import ViewComposer
from app.memory import return_freed_memory
from app.pipeline import PipelineResult
from app.video_writer import VideoWriter
from app.workers import Worker
from ghtt_core.errors import UserError
from ghtt_core.packets import Futures
from ghtt_core.recording import RecordingHeader, RecordingWriter

_TURN_S = 0.1
_WAITING_FRAMES = 4


class Exporter:
    """Writes a recording; its folder is begun with the first frame. Safe to use from several threads."""

    def __init__(self, directory: Path, header: Callable[[PipelineResult, Path], RecordingHeader]) -> None:
        """Prepare; `header` is called with the first result and the folder."""
        self.directory = directory
        self._header = header
        self._lock = Lock()
        self._writer: RecordingWriter | None = None
        self._closed = False

    @property
    def frames(self) -> int:
        """Frames written."""
        return 0 if self._writer is None else self._writer.frames

    def add(self, result: PipelineResult) -> None:
        """Write a frame, with the futures that were drawn at it.

        Raises:
            UserError: It cannot be written.
        """
        with self._lock:
            if self._closed:
                return
            if self._writer is None:
                self._writer = RecordingWriter(self.directory, self._header(result, self.directory))
            self._writer.append(result.observation, result.prediction)

    def add_futures(self, futures: Futures) -> None:
        """Write futures of an earlier frame.

        Raises:
            UserError: They cannot be written.
        """
        with self._lock:
            if self._writer is not None and not self._closed:
                self._writer.append_futures(futures)

    def close(self) -> None:
        """Finish the files.

        Raises:
            UserError: They cannot be written; what was written before can be read.
        """
        with self._lock:
            self._closed = True
            if self._writer is not None:
                self._writer.close()
                return_freed_memory()


class ViewRecorder:
    """Draws and encodes views in a thread of its own; in order, every one that is added."""

    def __init__(self, path: Path, composer: ViewComposer) -> None:
        """Open the file.

        Raises:
            UserError: It cannot be written.
        """
        self.path = path
        self._composer = composer
        self._writer = VideoWriter(path)
        self._queue: Queue[PipelineResult | None] = Queue(_WAITING_FRAMES)
        self._worker = Worker("record", self._turn, at_end=self._writer.close)
        self._worker.start()

    @property
    def frames(self) -> int:
        """Frames encoded."""
        return self._writer.frames

    def add(self, result: PipelineResult) -> None:
        """Hand over a result; waits while the encoder is behind.

        Raises:
            UserError: The video cannot be written.
        """
        while not self._worker.finished:
            try:
                self._queue.put(result, timeout=_TURN_S)
            except Full:
                continue
            return
        self._raise()

    def close(self) -> None:
        """Encode what waits and finish the file.

        Raises:
            UserError: It cannot be written.
        """
        while not self._worker.finished:
            try:
                self._queue.put(None, timeout=_TURN_S)
                break
            except Full:
                continue
        while not self._worker.join(_TURN_S):
            pass
        self._raise()

    def _turn(self) -> bool:
        result = self._queue.get()
        if result is None:
            return False
        self._writer.append(self._composer.render(result), result.frame.source_time_s)
        return True

    def _raise(self) -> None:
        if self._worker.exception is not None:
            raise self._worker.exception


def require_writable(folder: Path, option: str) -> None:
    """Fail before the work begins, not after it.

    Raises:
        UserError: Nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"{option}: nothing can be written to {folder} ({error.strerror}); choose another place.") from error
