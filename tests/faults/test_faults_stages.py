"""Estimators and models that raise, hang, run out of memory or give no numbers, live and lossless, through the registries."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_model import FakeRuntime
from fake_parts import KnowingEstimator, ScriptedSource, write_clip
from programs import video_times_s

from app import cli
from app.assembly import build_stages
from app.options import AppOptions
from app.outputs import Exporter
from app.pipeline import LivePipeline, PipelineResult
from app.sources import ClipSource, SourceRequest, register_source
from app.workers import WorkerState, worker
from estimators.base import register_estimator
from ghtt_core.packets import Frame, HandsObservation
from ghtt_core.recording import Recording, RecordingHeader, read_recording
from ghtt_core.runtime import Arrays

WAIT_S = 60.0
Interfere = Callable[[Frame], None]


class FaultyRuntime(FakeRuntime):
    """A model with a fault at every second step; counts its steps."""

    def __init__(self, fault: Callable[[Arrays], Arrays]) -> None:
        super().__init__()
        self.steps = 0
        self._fault = fault

    def observe(self, inputs: Arrays) -> Arrays:
        self.steps += 1
        seen = super().observe(inputs)
        return self._fault(seen) if self.steps % 2 else seen


def out_of_memory(seen: Arrays) -> Arrays:
    raise MemoryError("bad allocation of 2 GB")


def not_a_number(seen: Arrays) -> Arrays:
    return {name: np.full_like(values, np.nan) for name, values in seen.items()}


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def header(first: PipelineResult, directory: Path) -> RecordingHeader:
    return RecordingHeader("script", (64, 48), "faulty", action_names=FakeRuntime().spec.action_names)


@contextmanager
def running(
    folder: Path, runtime: FakeRuntime, estimator: type[KnowingEstimator] | Callable[..., object]
) -> Iterator[LivePipeline]:
    """A live run that is recorded, with an estimator from the registry."""
    register_estimator("faulty", estimator)  # type: ignore[arg-type]
    source = ScriptedSource(None, live=True)
    stages = build_stages(AppOptions(SourceRequest("script"), estimator="faulty"), source, runtime)
    exporter = Exporter(folder, header)
    pipeline = LivePipeline(source, stages)
    pipeline.on_prediction, pipeline.on_futures = exporter.add, exporter.add_futures
    pipeline.start()
    try:
        yield pipeline
    finally:
        assert pipeline.stop(timeout_s=10.0)
        exporter.close()


def rows(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Which rows have hands, and which a refined pose."""
    seen, refined = (np.isfinite(array).all(axis=(1, 2, 3)) for array in (recording.observed_cam_m, recording.refined_cam_m))
    return seen, refined


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [(out_of_memory, "MemoryError: bad allocation of 2 GB"), (not_a_number, "G-HTT's refined is not finite at frame")],
)
def test_a_model_that_fails_now_and_then(fault: Callable[[Arrays], Arrays], sentence: str, tmp_path: Path) -> None:
    runtime = FaultyRuntime(fault)
    with running(tmp_path / "rec", runtime, KnowingEstimator) as pipeline:
        wait_for(lambda: runtime.steps > 60)
        assert sentence in pipeline.error
        assert pipeline.stats().workers[2].state is WorkerState.FAILING
        wait_for(lambda: (latest := pipeline.latest()) is not None and latest.futures is not None)
    recording = read_recording(tmp_path / "rec")
    seen, refined = rows(recording)
    assert seen.all()  # Hands that were seen are recorded, whatever the model does.
    assert 25 < refined.sum() < len(recording) - 25
    assert np.isfinite(recording.futures_cam_m).all()  # No fault is left in what it gives in between.


def test_an_estimator_that_fails_now_and_then(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail(frame: Frame) -> None:
        if frame.index % 2:
            raise RuntimeError("the estimator broke")

    with running(tmp_path / "rec", FakeRuntime(), lambda options: KnowingEstimator(options, fail)) as pipeline:
        wait_for(lambda: pipeline.position > 60 and pipeline.error)
        assert pipeline.error == "RuntimeError: the estimator broke"
        shown = pipeline.latest()
        wait_for(lambda: (latest := pipeline.latest()) is not None and latest is not shown)  # The picture goes on.
    recording = read_recording(tmp_path / "rec")
    seen, _ = rows(recording)
    np.testing.assert_array_equal(seen, recording.source_frame % 2 == 0)
    [line, *more] = [record.message for record in caplog.records if "failed and goes on" in record.message]
    assert re.fullmatch(r"worker estimate failed and goes on: the estimator broke, at frame \d*[13579]", line)
    assert len(more) < 20  # Told, not flooded.


@pytest.mark.parametrize("where", ["joints", "camera", "everything"])
def test_an_estimator_that_gives_no_numbers(where: str, tmp_path: Path) -> None:
    class Numberless(KnowingEstimator):
        def estimate(self, frame: Frame) -> HandsObservation:
            true = super().estimate(frame)
            if frame.index % 2:
                return true
            changes = {}
            if where in ("joints", "everything"):
                changes["joints_cam_m"] = np.where(np.arange(21)[:, None] == 5, np.float32(np.inf), true.joints_cam_m)
            if where in ("camera", "everything"):
                changes["world_from_cam"] = np.full((4, 4), np.nan)
            if where == "everything":
                nan = np.float32(np.nan)
                changes |= {"joints_px": true.joints_px * nan, "confidence": true.confidence * nan}
            return replace(true, **changes)

    with running(tmp_path / "rec", FakeRuntime(), Numberless) as pipeline:
        wait_for(lambda: pipeline.stats().frames > 60)
        assert pipeline.error == ""
        assert pipeline.latest() is not None
    recording = read_recording(tmp_path / "rec")
    sound = recording.source_frame % 2 == 1
    assert np.isfinite(recording.observed_cam_m[sound]).all()
    assert np.isfinite(recording.refined_cam_m[sound]).all()


def test_an_estimator_that_hangs_is_told_and_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HUNG_S", 0.5)
    hanging, release = threading.Event(), threading.Event()

    def hang(frame: Frame) -> None:
        if frame.index > 40 and not hanging.is_set():
            hanging.set()
            release.wait(WAIT_S)

    with running(tmp_path / "rec", FakeRuntime(), lambda options: KnowingEstimator(options, hang)) as pipeline:
        assert hanging.wait(WAIT_S)
        wait_for(lambda: pipeline.error == "estimate has not come back for more than 0.5 seconds")
        before = pipeline.position
        wait_for(lambda: pipeline.position > before + 10)
        release.set()
        wait_for(lambda: (latest := pipeline.latest()) is not None and latest.frame.index > before + 10)
        assert pipeline.error == ""
    seen, _ = rows(read_recording(tmp_path / "rec"))
    assert seen.all()


def test_a_clock_that_is_set_back_is_not_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [2e9]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(time, "time_ns", lambda: int(now[0] * 1e9))
    with running(tmp_path / "rec", FakeRuntime(), KnowingEstimator) as pipeline:
        wait_for(lambda: pipeline.stats().frames > 30)
        now[0] -= 86_400.0
        before = pipeline.stats().frames
        wait_for(lambda: pipeline.stats().frames > before + 30)
        now[0] += 10 * 86_400.0
        before = pipeline.stats().frames
        wait_for(lambda: pipeline.stats().frames > before + 30)
        assert pipeline.stats().frame_age.p99_ms < 86_400e3 / 2
        assert pipeline.error == ""
    assert (np.diff(read_recording(tmp_path / "rec").time_s) > 0).all()


STAMPS_S = [index / 30 for index in range(20)]
WILD_S = {
    "jump ahead": [*STAMPS_S, *(3600 + time_s for time_s in STAMPS_S)],
    "run backwards": [*(100 + time_s for time_s in STAMPS_S), *(50 - time_s for time_s in STAMPS_S)],
    "repeat": [time_s for time_s in STAMPS_S for _ in range(2)],
    "jump back": [*(100 + time_s for time_s in STAMPS_S), *STAMPS_S],
}


class StampedSource(ScriptedSource):
    """A source with any time stamps."""

    def __init__(self, stamps_s: list[float]) -> None:
        super().__init__(len(stamps_s))
        self._stamps_s = stamps_s

    def read(self, timeout_s: float) -> Frame | None:
        frame = super().read(timeout_s)
        return None if frame is None else replace(frame, source_time_s=self._stamps_s[frame.index])


class StillEstimator(KnowingEstimator):
    """Sees the same hands at every time, so that the time may be anything."""

    def estimate(self, frame: Frame) -> HandsObservation:
        seen = super().estimate(replace(frame, source_time_s=0.0))
        return replace(seen, time_s=frame.source_time_s)


@pytest.mark.parametrize("how", WILD_S)
def test_time_stamps_that_make_no_sense(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register_estimator("still", StillEstimator)
    register_source("stamped", lambda target: StampedSource(WILD_S[target]))
    monkeypatch.setattr("app.headless.load_model", lambda options, progress: FakeRuntime())
    monkeypatch.setattr("app.options._source", lambda arguments: SourceRequest("stamped", how))
    words = ["--headless", "--estimator", "still", "--export", str(tmp_path / "rec"), "--record", str(tmp_path / "view.mp4")]
    assert cli.main(words) == 0
    recording = read_recording(tmp_path / "rec")
    assert len(recording) == 40
    np.testing.assert_array_equal(recording.time_s, WILD_S[how])  # What was told is kept; nothing is made up.
    times_s = video_times_s(tmp_path / "view.mp4")
    assert len(times_s) == 40
    assert (np.diff(times_s) > 0).all()
    assert times_s[-1] < 5.0  # A jump is not a pause of an hour.


def test_a_clip_whose_stamps_jump_is_played_on(tmp_path: Path) -> None:
    times_s = [*STAMPS_S, *(3600 + time_s for time_s in STAMPS_S)]
    register_estimator("still", StillEstimator)
    with ClipSource.open(str(write_clip(tmp_path / "clip.mp4", 40, times_s=times_s))) as source:
        pipeline = LivePipeline(
            source, build_stages(AppOptions(SourceRequest("clip"), estimator="still"), source, FakeRuntime())
        )
        pipeline.start()
        wait_for(lambda: pipeline.position == 39)
        assert pipeline.stop(timeout_s=10.0)
