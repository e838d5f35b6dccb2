"""A run without a window: every frame, a progress bar, a closing summary."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NoReturn

from tqdm import tqdm

from app.assembly import build_stages, load_model, needs_model, recording_header, source_name
from app.drawing.compose import ViewComposer
from app.options import AppOptions
from app.outputs import Exporter, ViewRecorder, require_writable
from app.pipeline import PipelineResult
from app.pipeline.lossless import LosslessPipeline
from app.pipeline.stages import LosslessStages
from app.sources import Source, open_source
from app.summary import ActionLog, summary
from ghtt_core.runtime import Runtime


@dataclass(frozen=True, slots=True)
class _Run:
    options: AppOptions
    source: Source
    runtime: Runtime | None
    stages: LosslessStages


@dataclass(frozen=True, slots=True)
class _Outputs:
    exporter: Exporter | None
    recorder: ViewRecorder | None

    def add(self, result: PipelineResult) -> None:
        if self.exporter is not None:
            self.exporter.add(result)
        if self.recorder is not None:
            self.recorder.add(result)

    def lines(self) -> list[str]:
        lines = []
        if self.exporter is not None and self.exporter.frames:
            lines.append(f"{self.exporter.directory} (recording, {self.exporter.frames} frames)")
        if self.recorder is not None and self.recorder.frames:
            lines.append(f"{self.recorder.path} (video, {self.recorder.frames} frames)")
        return lines


def run_headless(options: AppOptions) -> None:
    """Run to the end of the source, or until Ctrl-C; what was written by then is finished either way.

    Raises:
        UserError: Something the user can put right.
        KeyboardInterrupt: Ctrl-C, after everything was closed.
    """
    if options.export is not None:
        require_writable(options.export, "--export")
    if options.record is not None:
        require_writable(options.record.absolute().parent, "--record")
    with _opened(options) as run:
        name = source_name(options, run.source)
        _say(f"Source: {name}. G-HTT: {run.stages.description}.")
        _process(run)


@contextmanager
def _opened(options: AppOptions) -> Iterator[_Run]:
    with ExitStack() as stack:
        source = stack.enter_context(open_source(options.source))
        _say(source.info.note)
        runtime = None
        if needs_model(options, source):
            runtime = load_model(options, _say)
            stack.callback(runtime.close)
        stages = build_stages(options, source, runtime)
        stack.callback(stages.close)
        yield _Run(options, source, runtime, stages)


def _process(run: _Run) -> None:
    options, source, stages = run.options, run.source, run.stages
    actions = ActionLog(stages.action_names)
    start_s = time.monotonic()
    with ExitStack() as stack:
        outputs = _Outputs(*_open_outputs(run))
        pipeline = LosslessPipeline(source, stages, futures_every=options.futures_every, max_frames=options.max_frames)
        stack.callback(lambda: _conclude(run, pipeline, actions, time.monotonic() - start_s, outputs))
        stack.callback(lambda: _say(source.status))
        if outputs.recorder is not None:
            stack.callback(outputs.recorder.close)
        if outputs.exporter is not None:
            stack.callback(outputs.exporter.close)
        stack.enter_context(pipeline)
        total = options.max_frames if source.info.length is None else min(source.info.length, options.max_frames or sys.maxsize)
        pause_s = 0.1 if sys.stderr.isatty() else 10.0  # A log file needs no animation.
        bar = stack.enter_context(tqdm(total=total, unit="frame", file=sys.stderr, mininterval=pause_s, dynamic_ncols=True))
        told, camera = "", ""
        for result in pipeline.polled():
            told = _tell_change(bar, source, told)
            if result is None:
                continue
            if camera != result.intrinsics.origin:
                camera = result.intrinsics.origin
                bar.write(f"Camera: {camera}.", file=sys.stderr)
            outputs.add(result)
            if result.prediction is not None:
                actions.add(result.observation.time_s, result.prediction.action_prob)
            bar.update()


def _conclude(run: _Run, pipeline: LosslessPipeline, actions: ActionLog, seconds: float, outputs: _Outputs) -> None:
    stats = pipeline.stats()
    if stats.frames:
        print(summary(stats, actions, seconds, outputs.lines(), live=run.source.info.live), flush=True)


def _tell_change(bar: "tqdm[NoReturn]", source: Source, told: str) -> str:
    """Say what a live source is doing when that changes."""
    if not source.info.live or source.status == told:
        return told
    bar.write(source.status or f"{source.info.name} is back.", file=sys.stderr)
    return source.status


def _open_outputs(run: _Run) -> tuple[Exporter | None, ViewRecorder | None]:
    options = run.options
    exporter = recorder = None
    if options.export is not None:
        exporter = Exporter(
            options.export,
            lambda first, directory: recording_header(options, run.source, run.stages, run.runtime, first, directory),
        )
    if options.record is not None:
        caption = f"{source_name(options, run.source)}, {run.stages.description}"
        recorder = ViewRecorder(options.record, ViewComposer(run.stages.action_names, caption))
    return exporter, recorder


def _say(sentence: str) -> None:
    if sentence:
        print(sentence, file=sys.stderr, flush=True)
