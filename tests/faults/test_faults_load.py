"""A slow machine, very large pictures, many frames: nothing queues, nothing is left out, nothing grows."""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from fake_model import FakeRuntime
from fake_parts import KnowingEstimator, ScriptedSource, picture
from programs import video_times_s

from app import cli
from app.assembly import build_stages
from app.options import AppOptions
from app.outputs import Exporter
from app.pipeline import LivePipeline
from app.sources import SourceRequest, register_source
from estimators.base import register_estimator
from ghtt_core.packets import Frame
from ghtt_core.recording import RecordingHeader, read_recording

WAIT_S = 120.0


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_a_machine_of_twelve_frames_a_second_still_behaves() -> None:
    """The camera gives far more than is used: the newest frames are, and there are refined hands and futures."""
    register_estimator("slow", lambda options: KnowingEstimator(options, lambda frame: time.sleep(1 / 12)))
    source = ScriptedSource(None, live=True, fps=500.0)
    pipeline = LivePipeline(source, build_stages(AppOptions(SourceRequest("script"), estimator="slow"), source, FakeRuntime()))
    pipeline.start()
    wait_for(lambda: pipeline.stats().frames > 24)
    stats, latest = pipeline.stats(), pipeline.latest()
    assert pipeline.stop()
    assert pipeline.error == ""
    assert stats.dropped["estimate"] > 24
    assert latest is not None
    assert latest.futures is not None
    assert latest.prediction is not None
    assert np.isfinite(latest.prediction.refined_cam_m).all()


class LargePictures(ScriptedSource):
    """4K pictures."""

    def read(self, timeout_s: float) -> Frame | None:
        frame = super().read(timeout_s)
        return None if frame is None else Frame(picture(frame.index, (3840, 2160)), frame.index, 0.0, frame.source_time_s)


def test_4k_pictures_are_all_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register_estimator("knowing", KnowingEstimator)
    register_source("large", lambda target: LargePictures(20))
    monkeypatch.setattr("app.headless.load_model", lambda options, progress: FakeRuntime())
    monkeypatch.setattr("app.options._source", lambda arguments: SourceRequest("large"))
    words = ["--headless", "--estimator", "knowing", "--export", str(tmp_path / "rec"), "--record", str(tmp_path / "view.mp4")]
    assert cli.main(words) == 0
    recording = read_recording(tmp_path / "rec")
    assert len(recording) == len(video_times_s(tmp_path / "view.mp4")) == 20
    assert recording.header.frame_size_px == (3840, 2160)


def test_memory_threads_and_handles_stay_level_over_many_recorded_frames(tmp_path: Path) -> None:
    """A thousand frames to settle, three thousand more to grow in; recordings end and begin all the while."""
    process = psutil.Process()

    def open_things() -> tuple[int, int]:
        return process.num_threads(), process.num_fds() if hasattr(process, "num_fds") else process.num_handles()

    def header(*_: object) -> RecordingHeader:
        return RecordingHeader("script", (64, 48), "knowing", action_names=FakeRuntime().spec.action_names)

    register_estimator("knowing", KnowingEstimator)
    source = ScriptedSource(None, live=True)
    pipeline = LivePipeline(
        source, build_stages(AppOptions(SourceRequest("script"), estimator="knowing"), source, FakeRuntime())
    )
    pipeline.start()
    levels: list[tuple[int, float, tuple[int, int]]] = []
    for _ in range(8):
        exporter = Exporter(tmp_path / "rec", header)
        begun = pipeline.stats().frames
        pipeline.on_prediction = exporter.add
        wait_for(lambda begun=begun: pipeline.stats().frames >= begun + 500)
        pipeline.on_prediction = None
        exporter.close()
        gc.collect()
        levels.append((pipeline.stats().frames, process.memory_info().rss / 2**20, open_things()))
    assert pipeline.stop()
    settled, end = levels[1], levels[-1]
    assert end[1] - settled[1] < 20.0, levels
    assert end[2] == settled[2], levels
