"""Live and lossless runs over the same stages: order, freshness, futures, stopping, faults."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
from fake_model import ACTIONS, FakeRuntime
from fake_parts import KnowingEstimator, ScriptedSource
from motion_fixture import hands_at

from app.pipeline import LivePipeline, ModelStages, PipelineResult, format_stats, futures_seen_from
from app.pipeline.lossless import LosslessPipeline
from app.pipeline.stats import Samples
from app.workers import WorkerState
from estimators.base import EstimatorOptions
from estimators.intrinsics import IntrinsicsChoice
from ghtt_core.errors import UserError
from ghtt_core.packets import Frame, Futures, HandsObservation
from ghtt_core.runtime import Arrays
from ghtt_core.streaming import Predictor, PredictorOptions

WAIT_S = 20.0


def stages(hook: Callable[[Frame], None] = lambda frame: None, runtime: FakeRuntime | None = None) -> ModelStages:
    runtime = runtime or FakeRuntime()
    estimator = KnowingEstimator(EstimatorOptions(IntrinsicsChoice()), hook)
    return ModelStages(estimator, Predictor(runtime, PredictorOptions(samples=3)), IntrinsicsChoice(), runtime.description)


def lossless(source: ScriptedSource, *, futures_every: int = 4, max_frames: int | None = None) -> list[PipelineResult]:
    with LosslessPipeline(source, stages(), futures_every=futures_every, max_frames=max_frames) as pipeline:
        return list(pipeline)


@contextmanager
def running(pipeline: LivePipeline) -> Iterator[LivePipeline]:
    pipeline.start()
    try:
        yield pipeline
    finally:
        assert pipeline.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)


def test_lossless_gives_every_frame_in_order() -> None:
    results = lossless(ScriptedSource(40))
    assert [result.frame.index for result in results] == list(range(40))
    for result in results:
        assert result.observation.frame_index == result.frame.index
        assert result.prediction is not None
        assert result.prediction.frame_index == result.frame.index
        np.testing.assert_array_equal(result.observation.joints_cam_m, hands_at(result.frame.source_time_s))


def test_lossless_refines_to_what_the_model_says() -> None:
    for result in lossless(ScriptedSource(30))[16:]:
        assert result.prediction is not None
        np.testing.assert_allclose(result.prediction.refined_cam_m, result.observation.joints_cam_m, atol=2e-3)


def test_lossless_draws_futures_at_the_stride_from_the_first_full_clip_on() -> None:
    results = lossless(ScriptedSource(40), futures_every=4)
    drawn = [
        result.frame.index for result in results if result.prediction is not None and result.prediction.futures is not None
    ]
    assert drawn[0] in (14, 15)
    assert np.diff(drawn).tolist() == [4] * (len(drawn) - 1)
    assert all(result.futures is not None for result in results[drawn[0] :])
    every = lossless(ScriptedSource(30), futures_every=1)
    assert sum(bool(result.prediction and result.prediction.futures) for result in every) == 30 - drawn[0]


def test_lossless_runs_are_equal() -> None:
    first, second = lossless(ScriptedSource(40)), lossless(ScriptedSource(40))
    for one, other in zip(first, second, strict=True):
        assert one.prediction is not None
        assert other.prediction is not None
        np.testing.assert_array_equal(one.prediction.refined_cam_m, other.prediction.refined_cam_m)
        np.testing.assert_array_equal(one.prediction.action_prob, other.prediction.action_prob)
        if one.futures is not None:
            assert other.futures is not None
            np.testing.assert_array_equal(one.futures.joints_cam_m, other.futures.joints_cam_m)


def test_lossless_stops_after_so_many_frames() -> None:
    source = ScriptedSource(None)
    assert len(lossless(source, max_frames=7)) == 7
    assert source.next == 7


class BreakingRuntime(FakeRuntime):
    """Breaks at the 19th frame, or at the first futures."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where, self._left = where, 19

    def observe(self, inputs: Arrays) -> Arrays:
        if self._where == "model":
            self._left -= 1
            if self._left < 0:
                raise RuntimeError("the model broke")
        return super().observe(inputs)

    def imagine(self, inputs: Arrays) -> Arrays:
        if self._where == "imagination":
            raise RuntimeError("the imagination broke")
        return super().imagine(inputs)


@pytest.mark.parametrize(("where", "frames"), [("source", 9), ("estimator", 9), ("model", 19), ("imagination", 15)])
def test_lossless_hands_out_everything_before_a_fault(where: str, frames: int) -> None:
    def hook(frame: Frame) -> None:
        if where == "estimator" and frame.index == 9:
            raise RuntimeError("the estimator broke")

    source = ScriptedSource(40, fail_at=9 if where == "source" else None)
    got: list[int] = []

    def run() -> None:
        with LosslessPipeline(source, stages(hook, BreakingRuntime(where)), futures_every=4) as pipeline:
            for result in pipeline:
                got.append(result.frame.index)  # noqa: PERF401 (what came before the fault is the point)

    with pytest.raises(RuntimeError, match=f"the {where} broke"):
        run()
    assert got == list(range(frames))


def test_lossless_can_be_left_early() -> None:
    with LosslessPipeline(ScriptedSource(None), stages(), futures_every=4) as pipeline:
        assert next(iter(pipeline)).frame.index == 0


def test_live_shows_a_frame_with_its_own_hands() -> None:
    with running(LivePipeline(ScriptedSource(None, live=True), stages())) as pipeline:
        wait_for(lambda: (latest := pipeline.latest()) is not None and latest.futures is not None)
        for _ in range(20):
            result = pipeline.latest()
            assert result is not None
            assert result.observation.frame_index == result.frame.index
            assert result.prediction is not None
            assert result.prediction.frame_index == result.frame.index
        stats = pipeline.stats()
    assert stats.hands_found == (stats.frames, stats.frames)
    assert stats.frame_age.count > 0
    assert {worker.state for worker in stats.workers} == {WorkerState.RUNNING}
    assert "frames/s" in format_stats(stats)
    assert {worker.state for worker in pipeline.stats().workers} == {WorkerState.STOPPED}


def test_a_slow_estimator_drops_frames_and_stays_fresh() -> None:
    with running(LivePipeline(ScriptedSource(None, live=True), stages(lambda frame: time.sleep(0.03)))) as pipeline:
        wait_for(lambda: pipeline.stats().frames > 10)
        stats = pipeline.stats()
        assert stats.dropped["estimate"] > 20
        assert stats.frame_age.p95_ms < 1000


def test_slow_futures_do_not_hold_up_the_picture() -> None:
    started, release = threading.Event(), threading.Event()

    class Slow(FakeRuntime):
        def imagine(self, inputs):  # type: ignore[no-untyped-def]
            started.set()
            release.wait(WAIT_S)
            return super().imagine(inputs)

    with running(LivePipeline(ScriptedSource(None, live=True), stages(runtime=Slow()))) as pipeline:
        assert started.wait(WAIT_S)
        before = pipeline.position
        wait_for(lambda: (latest := pipeline.latest()) is not None and latest.frame.index > before + 30)
        release.set()


def test_live_ends_within_a_second_even_when_the_estimator_hangs() -> None:
    hanging, release = threading.Event(), threading.Event()

    def hook(frame: Frame) -> None:
        hanging.set()
        release.wait(WAIT_S)

    pipeline = LivePipeline(ScriptedSource(None, live=True), stages(hook))
    pipeline.start()
    assert hanging.wait(WAIT_S)
    assert pipeline.stop(timeout_s=0.2) is False
    states = {worker.name: worker.state for worker in pipeline.stats().workers}
    assert states["estimate"] is WorkerState.STOPPING
    assert states["capture"] is WorkerState.STOPPED
    release.set()


def test_a_broken_estimator_is_a_visible_fault() -> None:
    def hook(frame: Frame) -> None:
        if frame.index > 3:
            raise UserError("The estimator has no idea.")

    with running(LivePipeline(ScriptedSource(None, live=True), stages(hook))) as pipeline:
        wait_for(lambda: bool(pipeline.error))
        assert pipeline.error == "The estimator has no idea."
        assert "The estimator has no idea." in format_stats(pipeline.stats())


def test_with_a_broken_model_the_hands_stay_in_view() -> None:
    class Broken(FakeRuntime):
        def observe(self, inputs):  # type: ignore[no-untyped-def]
            raise RuntimeError("out of memory")

    with running(LivePipeline(ScriptedSource(None, live=True), stages(runtime=Broken()))) as pipeline:
        wait_for(lambda: bool(pipeline.error))
        assert pipeline.error == "RuntimeError: out of memory"
        wait_for(lambda: (latest := pipeline.latest()) is not None and latest.frame.index > 30)
        latest = pipeline.latest()
        assert latest is not None
        assert latest.prediction is None
        assert latest.observation.visible.all()


def test_a_clip_runs_at_its_own_pace_loops_and_begins_anew() -> None:
    source, parts = ScriptedSource(20, fps=100.0), stages()
    with running(LivePipeline(source, parts, loop=True)) as pipeline:
        start_s = time.monotonic()
        seen: list[int] = []

        def twice_round() -> bool:
            latest = pipeline.latest()
            if latest is not None and (not seen or latest.frame.index != seen[-1]):
                seen.append(latest.frame.index)
            return sum(later < earlier for earlier, later in pairwise(seen)) >= 2

        wait_for(twice_round)
        assert time.monotonic() - start_s > 0.3
    assert isinstance(parts._estimator, KnowingEstimator)
    assert parts._estimator.resets >= 2


class SoughtSource(ScriptedSource):
    """Notes where it was sent."""

    def __init__(self, frames: int) -> None:
        super().__init__(frames, fps=5.0)
        self.sought: list[int] = []

    def seek(self, index: int) -> None:
        self.sought.append(index)
        super().seek(index)


def test_a_paused_clip_stays_at_its_last_frame_until_it_is_stepped_on() -> None:
    source = SoughtSource(20)
    with running(LivePipeline(source, stages(), loop=True)) as pipeline:

        def shows(index: int) -> Callable[[], bool]:
            return lambda: (latest := pipeline.latest()) is not None and latest.frame.index == index

        wait_for(lambda: pipeline.latest() is not None)
        pipeline.pause()
        source.sought.clear()
        for index in (19, 7, 19):
            pipeline.seek(index)
            wait_for(shows(index))
        assert source.sought == [19, 7, 19]
        pipeline.step()
        wait_for(shows(0))


def test_a_paused_clip_stands_still_steps_and_is_sought() -> None:
    with running(LivePipeline(ScriptedSource(100_000, fps=200.0), stages())) as pipeline:
        pipeline.pause()
        pipeline.seek(50)

        def shows(index: int) -> Callable[[], bool]:
            return lambda: (latest := pipeline.latest()) is not None and latest.frame.index == index

        wait_for(shows(50))
        assert pipeline.paused
        pipeline.step()
        wait_for(shows(51))
        pipeline.step(3)
        wait_for(shows(54))
        pipeline.seek(7)
        wait_for(shows(7))
        assert pipeline.position == 7
        pipeline.resume()
        wait_for(lambda: (latest := pipeline.latest()) is not None and latest.frame.index > 20)


def test_an_ended_clip_waits_and_can_be_sought() -> None:
    source = ScriptedSource(10, fps=1000.0)
    with running(LivePipeline(source, stages())) as pipeline:
        wait_for(lambda: source.ended and pipeline.position == 9)
        pipeline.seek(2)
        wait_for(lambda: source.ended and pipeline.position == 9)
        assert not pipeline.error


def test_options_change_while_running() -> None:
    with running(LivePipeline(ScriptedSource(None, live=True), stages())) as pipeline:
        pipeline.configure(PredictorOptions(samples=5, condition=ACTIONS[1]))
        wait_for(
            lambda: (
                (latest := pipeline.latest()) is not None
                and latest.futures is not None
                and len(latest.futures.joints_cam_m) == 5
            )
        )
        with pytest.raises(UserError, match="knows no action"):
            pipeline.configure(PredictorOptions(condition="fly"))


def test_taps_see_every_result_and_every_set_of_futures() -> None:
    frames: list[int] = []
    futures: list[int] = []
    pipeline = LivePipeline(ScriptedSource(None, live=True), stages())
    pipeline.on_prediction = lambda result: frames.append(result.frame.index)
    pipeline.on_futures = lambda drawn: futures.append(drawn.frame_index)
    with running(pipeline):
        wait_for(lambda: len(futures) > 3)
    assert frames == sorted(set(frames))
    assert set(futures) <= set(frames)


def test_futures_follow_the_camera() -> None:
    def at(world_from_cam: np.ndarray, time_s: float) -> HandsObservation:
        empty = np.full((2, 21, 3), np.nan, np.float32)
        return HandsObservation(empty, empty[..., :2], np.zeros(2, np.float32), 0, time_s, world_from_cam)

    then, now = np.eye(4), np.eye(4)
    now[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    now[:3, 3] = (0.1, 0.2, 0.3)
    joints_m = np.zeros((1, 1, 2, 21, 3), np.float32) + np.array([0.1, 0.2, 0.8], np.float32)
    futures = Futures(joints_m, np.array([0.5], np.float32), 0, 1.0)
    moved = futures_seen_from(futures, at(then, 1.0), at(now, 1.2))
    assert moved is not None
    np.testing.assert_allclose(moved.joints_cam_m[0, 0, 0, 0], (0, 0, 0.5), atol=1e-6)
    assert futures_seen_from(futures, at(then, 1.0), at(then, 1.2)) is futures
    assert futures_seen_from(futures, at(then, 1.0), at(then, 9.0)) is None


def test_percentiles_of_known_samples() -> None:
    samples = Samples("hop")
    assert samples.snapshot().count == 0
    for value in range(1, 101):
        samples.add(value / 1000)
    snapshot = samples.snapshot()
    assert (snapshot.p50_ms, snapshot.p95_ms) == pytest.approx((50.5, 95.05))
    assert snapshot.count == 100
