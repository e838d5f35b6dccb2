"""What a live run writes, beside the pipeline and never in its way."""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.drawing.compose import ViewComposer
from app.gui.port import Writing
from app.gui.text import tr
from app.outputs import Exporter
from app.pipeline import LivePipeline, PipelineResult
from app.video_writer import VideoWriter
from app.workers import Worker
from ghtt_core.errors import UserError
from ghtt_core.packets import Futures
from ghtt_core.recording import RecordingHeader

VIDEO_FPS = 30
_CLOSE_S = 5.0


class LiveVideo:
    """Records the view at even times, in a thread; where the machine is too slow, pictures are left out."""

    def __init__(
        self, path: Path, pipeline: Callable[[], LivePipeline | None], new_composer: Callable[[], ViewComposer]
    ) -> None:
        """Open the file.

        Args:
            path: The MP4.
            pipeline: The pipeline of the moment: it changes with the source.
            new_composer: Makes what draws the view, for the actions of the moment: they change with the model.

        Raises:
            UserError: It cannot be written.
        """
        self.path = path
        self._pipeline, self._new_composer = pipeline, new_composer
        self._composer, self._classes = new_composer(), 0
        self._writer = VideoWriter(path)
        self._started_s = time.monotonic()
        self._slot = 0
        self._drawn: tuple[PipelineResult, NDArray[np.uint8]] | None = None
        self._worker = Worker("record", self._turn, at_end=self._writer.close)
        self._worker.start()

    @property
    def error(self) -> str:
        """The sentence of what stopped it, or ""."""
        return self._worker.status.error

    def writing(self) -> Writing:
        """How long and how large it is."""
        return Writing(self.path, time.monotonic() - self._started_s, _size(self.path))

    def close(self) -> None:
        """Finish the file."""
        self._worker.request_stop()
        self._worker.join(_CLOSE_S)

    def _turn(self) -> bool:
        due = math.ceil((time.monotonic() - self._started_s) * VIDEO_FPS)
        slot = max(due, self._slot + 1)
        time.sleep(max(0.0, self._started_s + slot / VIDEO_FPS - time.monotonic()))
        self._slot = slot
        pipeline = self._pipeline()
        result = None if pipeline is None else pipeline.latest()
        if result is None:
            return True
        drawn = self._drawn
        if drawn is None or drawn[0].frame is not result.frame:
            drawn = self._drawn = (result, self._render(result))
        self._writer.append(drawn[1], slot / VIDEO_FPS)
        return True

    def _render(self, result: PipelineResult) -> NDArray[np.uint8]:
        classes = 0 if result.prediction is None else result.prediction.action_prob.size
        if classes not in (0, self._classes):
            self._composer, self._classes = self._new_composer(), classes
        return self._composer.render(result)


class LiveExport:
    """Writes every result of a pipeline, until it is told to stop, the clip begins again, or the disk is full."""

    def __init__(
        self,
        directory: Path,
        pipeline: LivePipeline,
        header: Callable[[PipelineResult, Path], RecordingHeader],
        *,
        ready: Callable[[], bool],
    ) -> None:
        """Begin with the first result after `ready`."""
        self.directory = directory
        self.error = ""
        self._exporter = Exporter(directory, header)
        self._ready = ready
        self._pipeline = pipeline
        self._started_s = time.monotonic()
        self._last_s = -math.inf
        self._open = True
        pipeline.on_prediction, pipeline.on_futures = self._add, self._add_futures

    def writing(self) -> Writing:
        """How long and how large it is."""
        # The exporter's thread makes and removes folders meanwhile, which `os.walk` passes over and `rglob` may not.
        size = sum(_size(Path(folder, name)) for folder, _, names in os.walk(self.directory) for name in names)
        return Writing(self.directory, time.monotonic() - self._started_s, size)

    def close(self) -> None:
        """Finish the files."""
        self._open = False
        self._pipeline.on_prediction = self._pipeline.on_futures = None
        try:
            self._exporter.close()
        except UserError as error:
            self.error = self.error or str(error)

    def _add(self, result: PipelineResult) -> None:
        if not self._open or not self._ready():
            return
        if result.observation.time_s < self._last_s:
            sentence = tr("The recording ended where the clip began again; {name} holds all before.")
            self._stop(sentence.format(name=self.directory.name))
            return
        self._last_s = result.observation.time_s
        try:
            self._exporter.add(result)
        except UserError as error:
            self._stop(str(error))

    def _add_futures(self, futures: Futures) -> None:
        if self._open:
            try:
                self._exporter.add_futures(futures)
            except UserError as error:
                self._stop(str(error))

    def _stop(self, sentence: str) -> None:
        self.error, self._open = sentence, False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
