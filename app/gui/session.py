"""The live pipeline as the window sees it: sources are opened and models loaded in threads, no call blocks."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import numpy as np

from app.assembly import build_stages, load_model, needs_model, recording_header, source_name
from app.drawing.compose import ViewComposer
from app.gui.futures_panel import FutureSettings
from app.gui.late_stages import LateStages
from app.gui.port import Moment, Position, Stage, Status, Writing
from app.gui.text import tr
from app.gui.writers import LiveExport, LiveVideo
from app.options import AppOptions
from app.pipeline import LivePipeline, Stages
from app.sources import ReplaySource, Source, SourceRequest, SourceState, open_source
from estimators.base import Estimator, create_estimator
from ghtt_core.errors import UserError
from ghtt_core.packets import Futures
from ghtt_core.runtime import Runtime
from ghtt_core.streaming import PredictorOptions

_LOG = logging.getLogger(__name__)
_STOP_S, _CLOSE_S, _FINISH_S, _LOADER_CLOSE_S = 2.5, 3.0, 60.0, 0.2
"""A download and an export of the model cannot be interrupted: their threads end with the program."""


@dataclass(frozen=True, slots=True)
class _Run:
    options: AppOptions
    source: Source
    stages: Stages
    pipeline: LivePipeline


class LiveSession:
    """One source at a time; the model is loaded once and serves them all."""

    def __init__(self, options: AppOptions) -> None:
        """Begin to open the source and to load the model; returns at once."""
        self._options = options
        self._loop, self._speed = options.loop, 1.0
        self._runtime: Runtime | None = None
        self._run: _Run | None = None
        self._source_name = ""
        self._error = self._estimator_notice = ""
        self._model_notice = self._model_note = ""
        self._model_asked = self._model_failed = False
        self._moment: Moment | None = None
        self._redrawn: Futures | None = None
        self._wanted_again: Moment | None = None
        self._video: LiveVideo | None = None
        self._export: LiveExport | None = None
        self._commands: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._server = Thread(target=self._serve, name="session", daemon=True)
        self._loaders: list[Thread] = []
        self.open(options.source)
        self._server.start()

    @property
    def action_names(self) -> tuple[str, ...]:
        """The classes; empty until the model is there."""
        run = self._run
        return () if run is None else run.stages.action_names

    @property
    def default_temperature(self) -> float:
        """The checkpoint's own."""
        return 1.0 if self._runtime is None else self._runtime.spec.default_temperature

    @property
    def imagines(self) -> bool:
        """Whether futures are drawn here: those of a recording stay as they were recorded."""
        run = self._run
        return run is None or not isinstance(run.source, ReplaySource) or needs_model(run.options, run.source)

    def moment(self) -> Moment | None:
        """The newest of everything; the same object until something is new."""
        run = self._run
        result = None if run is None else run.pipeline.latest()
        if result is None:
            return None
        known = self._moment
        drawn_s = None if result.futures is None else result.futures.time_s
        known_s = None if known is None or known.futures is None else known.futures.time_s
        if known is None or known.frame is not result.frame or known_s != drawn_s:
            known = Moment(result.frame, result.observation, result.prediction, result.futures, result.intrinsics)
            self._moment = known
        return known

    def status(self) -> Status:
        """How the run is going."""
        run = self._run
        notice = " · ".join(filter(None, (self._estimator_notice, self._model_notice)))
        if run is None:
            return Status(self._source_name, "", (), math.nan, 0, notice, self._error)
        stats = run.pipeline.stats()
        states = {worker.name: worker.state.value for worker in stats.workers}
        stages = tuple(Stage(hop.name, states.get(hop.name, ""), hop.rate_hz, hop.p95_ms) for hop in stats.hops)
        state = run.source.state
        if state is SourceState.RECONNECTING:
            notice = run.source.status
        return Status(
            source=self._source_name,
            backend=run.stages.description,
            stages=stages,
            frame_age_ms=stats.frame_age.p50_ms,
            dropped=sum(stats.dropped.values()),
            notice=notice,
            error=self._error or run.pipeline.error or self._writer_error(),
            ended=state is SourceState.ENDED,
            backend_note=self._model_note,
            source_note=run.source.info.note,
            frames=stats.frames,
            swaps=stats.swaps,
        )

    def position(self) -> Position | None:
        """Where the source is; None for a live one or one of unknown length."""
        run = self._run
        if run is None or run.source.info.live or not run.source.info.length or not run.source.info.fps:
            return None
        playing = not (run.pipeline.paused or run.source.state is SourceState.ENDED)
        start_s, duration_s = 0.0, run.source.info.length / run.source.info.fps
        if isinstance(run.source, ReplaySource):
            times_s = run.source.recording.time_s
            start_s, duration_s = float(times_s[0]), float(np.ptp(times_s))
        now_s = start_s if self._moment is None else self._moment.frame.source_time_s
        return Position(now_s, max(duration_s, now_s - start_s), playing, self._speed, self._loop, start_s)

    def configure(self, settings: FutureSettings) -> None:
        """Draw other futures from now on."""
        names, chosen = self.action_names, settings.condition
        prediction = PredictorOptions(
            samples=settings.samples,
            horizon_s=settings.horizon_s,
            temperature=settings.temperature,
            condition=names[chosen] if chosen is not None and chosen < len(names) else None,
            seed=self._options.prediction.seed,
        )
        self._options = replace(self._options, prediction=prediction)
        run = self._run
        if run is not None and self.imagines:
            try:
                run.pipeline.configure(prediction)
                self._error = ""
            except UserError as error:
                self._error = str(error)

    def draw_again(self, moment: Moment) -> None:
        """Draw the futures of a moment once more, the newest one asked for; a recording's stay as they are."""
        self._wanted_again = moment
        self._commands.put(self._draw_again)

    def redrawn(self) -> Futures | None:
        """The futures that were drawn again last."""
        return self._redrawn

    def open(self, request: SourceRequest) -> None:
        """Switch to another source."""
        self._source_name = Path(request.target).name if request.target else request.kind
        self._commands.put(lambda: self._open_now(request))

    def set_playing(self, playing: bool) -> None:
        """Pause or go on; from the beginning if the clip was over."""
        run = self._run
        if run is None:
            return
        if not playing:
            run.pipeline.pause()
            return
        if run.source.state is SourceState.ENDED:
            run.pipeline.seek(0)
        run.pipeline.resume()

    def step(self, frames: int) -> None:
        """Pause and move by some frames."""
        run = self._run
        if run is None:
            return
        run.pipeline.pause()
        if frames > 0:
            run.pipeline.step(frames)
        else:
            run.pipeline.seek(max(0, run.pipeline.position + frames))

    def seek(self, position_s: float) -> None:
        """Go to the frame of a time of the source."""
        run = self._run
        if run is None or not run.source.info.fps or not run.source.info.length:
            return
        index = round(position_s * run.source.info.fps)
        if isinstance(run.source, ReplaySource):  # A live run left frames out: its rows do not lie at even times.
            index = int(np.argmin(np.abs(run.source.recording.time_s - position_s)))
        run.pipeline.seek(min(max(index, 0), run.source.info.length - 1))

    def set_speed(self, speed: float) -> None:
        """Run faster or slower than life."""
        self._speed = speed
        run = self._run
        if run is not None:
            run.pipeline.set_speed(speed)

    def set_loop(self, loop: bool) -> None:
        """Begin again at the end."""
        self._loop = loop
        run = self._run
        if run is not None:
            run.pipeline.loop = loop

    def start_video(self, path: Path) -> None:
        """Record the view to an MP4."""
        self._commands.put(lambda: self._start_video(path))

    def stop_video(self) -> None:
        """End that recording."""
        self._commands.put(self._stop_video)

    def start_export(self, directory: Path) -> None:
        """Write a recording."""
        self._commands.put(lambda: self._start_export(directory))

    def stop_export(self) -> None:
        """End it."""
        self._commands.put(self._stop_export)

    def writing(self) -> tuple[Writing | None, Writing | None]:
        """The video and the recording being written."""
        video, export = self._video, self._export
        return (
            None if video is None or video.error else video.writing(),
            None if export is None or export.error else export.writing(),
        )

    def close(self) -> None:
        """Stop every thread; one that hangs inside a library is left behind, but what is being written gets more time."""
        self._commands.put(None)
        self._server.join(_CLOSE_S)
        if self._server.is_alive() and any(self.writing()):
            _LOG.warning("finishing what is being recorded")
            self._server.join(_FINISH_S)
        for loader in self._loaders:
            loader.join(_LOADER_CLOSE_S)
        if self._runtime is not None:
            self._runtime.close()

    def _serve(self) -> None:
        while (command := self._commands.get()) is not None:
            try:
                command()
            except Exception as error:
                self._error = self._sentence(error)
        self._stop_video()
        self._end_run()

    def _end_run(self) -> None:
        self._stop_export()
        run, self._run = self._run, None
        self._moment = None
        if run is None:
            return
        # To close a file that a thread still decodes takes the program down; a live source has a thread of its own for that.
        if run.pipeline.stop(_STOP_S) or run.source.info.live:
            run.source.close()
            run.stages.close()
        else:
            _LOG.warning("%s does not stop; it is left to its thread", run.source.info.name)

    def _open_now(self, request: SourceRequest) -> None:
        self._end_run()
        self._error = ""
        trajectory = self._options.trajectory if request == self._options.source else None
        options = replace(self._options, source=request, trajectory=trajectory, record=None, export=None)
        source = open_source(request)
        self._source_name = source_name(options, source)
        wanted = needs_model(options, source)
        if wanted and not self._model_asked:
            self._model_asked, self._model_notice = True, tr("Building the model")
            self._load(self._load_runtime, "model")
        if isinstance(source, ReplaySource):
            runtime = self._runtime if wanted else None
            self._start(options, source, build_stages(options, source, runtime))
            return
        stages = LateStages(options.camera, options.prediction)
        if self._runtime is not None:
            stages.add_runtime(self._runtime)
        self._start(options, source, stages)
        self._estimator_notice = tr("Loading the hand estimator")
        self._load(lambda: self._load_estimator(stages, options), "estimator")

    def _load(self, work: Callable[[], None], name: str) -> None:
        """Do slow work in a thread of its own."""
        loader = Thread(target=work, name=name, daemon=True)
        self._loaders.append(loader)
        loader.start()

    def _draw_again(self) -> None:
        moment, self._wanted_again = self._wanted_again, None
        run = self._run
        if moment is not None and run is not None and isinstance(run.stages, LateStages):
            self._redrawn = run.stages.imagine_again(moment.frame.index) or self._redrawn

    def _start(self, options: AppOptions, source: Source, stages: Stages) -> None:
        pipeline = LivePipeline(source, stages, loop=self._loop)
        pipeline.set_speed(self._speed)
        self._run = _Run(options, source, stages, pipeline)
        pipeline.start()

    def _load_runtime(self) -> None:
        try:
            runtime = load_model(self._options, self._tell_progress)
        except Exception as error:
            sentence = self._sentence(error)
            self._model_notice, self._model_failed = "", True
            self._commands.put(lambda: self._fail(sentence))
            return
        self._commands.put(lambda: self._adopt(runtime))

    def _load_estimator(self, stages: LateStages, options: AppOptions) -> None:
        """A thread of its own: the first time, this is a download, and another source may be opened meanwhile."""
        try:
            stages.add_estimator(lambda: _make_estimator(options))
        except Exception as error:
            sentence = self._sentence(error)
            self._commands.put(lambda: self._fail(sentence))
        self._estimator_notice = ""

    @staticmethod
    def _sentence(error: Exception) -> str:
        if isinstance(error, UserError):
            _LOG.info("told the user", exc_info=error)
            return str(error)
        _LOG.error("the session failed", exc_info=error)
        return f"{type(error).__name__}: {error}"

    def _fail(self, sentence: str) -> None:
        self._error = sentence

    def _adopt(self, runtime: Runtime) -> None:
        self._runtime, self._model_note, self._model_notice = runtime, self._model_notice, ""
        run = self._run
        if run is not None and isinstance(run.stages, LateStages):
            run.stages.add_runtime(runtime)
        elif run is not None and needs_model(run.options, run.source):
            self._open_now(run.options.source)

    def _tell_progress(self, message: str) -> None:
        self._model_notice = message

    def _start_video(self, path: Path) -> None:
        self._stop_video()
        self._video = LiveVideo(path, self._pipeline_now, self._new_composer)

    def _new_composer(self) -> ViewComposer:
        run = self._run
        caption = self._source_name if run is None else f"{self._source_name}, {run.stages.description}"
        return ViewComposer(self.action_names, caption)

    def _pipeline_now(self) -> LivePipeline | None:
        run = self._run
        return None if run is None else run.pipeline

    def _stop_video(self) -> None:
        video = self._video
        if video is not None:
            video.close()
            self._error = video.error or self._error
        self._video = None

    @property
    def _model_coming(self) -> bool:
        """Whether a model is being built that a recording must wait for: it says at its start what it holds."""
        return self._model_asked and self._runtime is None and not self._model_failed

    def _start_export(self, directory: Path) -> None:
        self._stop_export()
        run = self._run
        if run is None:
            raise UserError(tr("There is nothing to export yet: open a source first."))
        options = replace(run.options, prediction=self._options.prediction)
        self._export = LiveExport(
            directory,
            run.pipeline,
            lambda first, folder: recording_header(options, run.source, run.stages, self._runtime, first, folder),
            ready=lambda: not self._model_coming,
        )

    def _stop_export(self) -> None:
        export = self._export
        if export is not None:
            export.close()
            self._error = export.error or self._error
        self._export = None

    def _writer_error(self) -> str:
        return next((writer.error for writer in (self._video, self._export) if writer is not None and writer.error), "")


def _make_estimator(options: AppOptions) -> Estimator:
    chosen = options.for_estimator
    return create_estimator(options.estimator, chosen)
