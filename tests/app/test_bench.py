import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.bench import __main__ as bench
from app.bench import limits, model_stages
from app.bench.limits import GraphLimit, MachineRates
from app.bench.measure import Load, LoadMeter, Quantiles, interleaved
from app.bench.model_stages import OpenBackend, StageTiming, time_stages
from app.bench.pipeline_runs import Run
from app.bench.report import Report, comparison, save, system_info, tables
from app.bench.soak import SoakSample, broken_promises, growth_mb_per_h
from ghtt_core.errors import UserError
from ghtt_core.runtime import IMAGINE_INPUTS, OBSERVE_INPUTS, OBSERVE_OUTPUTS, ModelSpec
from ghtt_core.skeleton import PALM_TEMPLATE

SPEC = ModelSpec("tiny", "ab" * 32, 8, 2, ("pour", "cut"), np.array(PALM_TEMPLATE))


class CountingRuntime:
    """Checks its inputs' names and notes the order of calls."""

    spec = SPEC

    def __init__(self, name, calls):
        self.description, self._calls = name, calls

    def observe(self, inputs):
        assert set(inputs) == set(OBSERVE_INPUTS)
        self._calls.append((self.description, "observe"))
        return {name: np.zeros((1, 8), np.float32) for name in OBSERVE_OUTPUTS}

    def imagine(self, inputs):
        assert set(inputs) == set(IMAGINE_INPUTS)
        assert inputs["noise_m"].shape == (5, 8)
        self._calls.append((self.description, "imagine"))
        return {"futures": np.zeros((5, 32, 153), np.float32)}

    def close(self):
        self._calls.append((self.description, "close"))


def run(kind, backend, rate, age_ms=None):
    times = Quantiles(10, 20.0, 30.0, 40.0)
    age = None if age_ms is None else Quantiles(10, age_ms / 2, age_ms, age_ms * 2)
    return Run(kind, backend, 100, rate, {"estimate": times}, age, 0, Load(5.0, 0.7, 300.0))


def report():
    made = Report("clip.mp4", "tiny", 20, system_info())
    made.stages = [
        StageTiming("observe", "onnxruntime", "ONNX Runtime 1 (CPU)", Quantiles(9, 0.8, 0.9, 1.0)),
        StageTiming("observe", "torch", "torch 2 (CPU)", Quantiles(9, 2.0, 3.0, 4.0)),
    ]
    made.runs = [run("estimator alone", "", 40.0), run("headless", "torch", 39.0, 50.0), run("headless", "torch", 37.0, 70.0)]
    made.limits = [GraphLimit("observe", "torch", 0.5, 10.0, 1.0, 2.0, 0.5)]
    made.rates = MachineRates(140.0, 380.0, 20.0)
    made.start_s = 2.5
    return made


def test_backends_are_timed_in_turn_on_the_same_input():
    calls = []
    backends = [OpenBackend(name, name, CountingRuntime(name, calls)) for name in ("a", "b")]
    timings = time_stages(backends, samples=5, rounds=3)
    assert [(timing.stage, timing.backend, timing.times.count) for timing in timings] == [
        ("observe", "a", 3), ("observe", "b", 3), ("imagine", "a", 3), ("imagine", "b", 3)
    ]  # fmt: skip
    imagined = [name for name, stage in calls if stage == "imagine"]
    assert imagined == ["a", "b"] * 6  # three times to warm up


def test_quantiles_and_load():
    times = Quantiles.of([0.001 * value for value in range(1, 101)])
    assert (times.count, times.p50_ms) == (100, pytest.approx(50.5))
    assert times.p50_ms < times.p95_ms < times.p99_ms <= 100
    meter = LoadMeter()
    sum(range(200_000))
    load = meter.read()
    assert load.wall_s > 0
    assert load.cpu_share >= 0
    assert load.rss_mb > 1
    durations = interleaved({"x": lambda: None}, rounds=4, warm_up=1)
    assert len(durations["x"]) == 4
    assert len(interleaved({"x": lambda: None}, rounds=40, budget_s=0.0)["x"]) == 4


def test_the_tables_hold_rates_against_the_bare_estimator():
    text = tables(report())
    assert "| observe | ONNX Runtime 1 (CPU) | 0.80 | 0.90 | 1.00 | 2.50 |" in text
    assert dict(report().rows())["observe, onnxruntime: times as fast as torch"] == pytest.approx(2.5)
    assert "| headless | torch | 38.0 | 0.95 |" in text
    assert "| observe | torch | 0.50 | 10.00 | 1.00 | 2.00 | 0.50 |" in text
    assert "140 GFLOP/s in float32" in text
    assert "Start to first refined pose: 2.50 s." in text
    assert str(Path.home()) not in json.dumps(report().document())


def test_two_reports_side_by_side(tmp_path):
    before, after = report(), report()
    after.stages = [replace(after.stages[1], times=Quantiles(9, 1.0, 1.5, 2.0))]
    after.start_s = None
    save(before, tmp_path / "before.json")
    save(after, tmp_path / "after.json")
    text = comparison(tmp_path / "before.json", tmp_path / "after.json")
    assert "| observe, torch: p50 ms | 2.00 | 1.00 | 0.50 |" in text
    assert "| headless, torch: frames/s | 38.00 | 38.00 | 1.00 |" in text
    assert "| start to first refined pose: s | 2.50 |  |  |" in text


def test_the_command_line_compares_and_refuses_what_is_no_report(tmp_path, capsys):
    save(report(), tmp_path / "a.json")
    (tmp_path / "b.json").write_text('{"rows": 3}')
    assert bench.main(["--compare", str(tmp_path / "a.json"), str(tmp_path / "a.json")]) == 0
    assert "observe, torch: p95 ms" in capsys.readouterr().out
    assert bench.main(["--compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2
    assert "b.json is no report of" in capsys.readouterr().err
    assert bench.main(["--compare", str(tmp_path / "a.json"), str(tmp_path / "none.json")]) == 2
    assert "Cannot read the report" in capsys.readouterr().err


def test_a_report_that_cannot_be_saved_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="Cannot write the report"):
        save(report(), tmp_path / "none" / "report.json")


def test_backends_that_do_not_run_are_noted_and_measured_without(monkeypatch, capsys):
    calls = []

    def load(checkpoint, backend, *, threads=None, progress):
        if backend == "tensorrt":
            raise UserError("TensorRT cannot run here: no NVIDIA card was found; choose --backend auto to use what can.")
        return CountingRuntime(f"{backend} (CPU, {threads or 1})", calls)

    monkeypatch.setattr(model_stages, "load_runtime", load)
    monkeypatch.setattr(model_stages, "CORES", 2)
    monkeypatch.setattr(bench, "time_stages", lambda backends, samples, rounds: time_stages(backends, 5, 2))
    monkeypatch.setattr(bench, "machine_rates", lambda: MachineRates(1.0, 1.0, 1.0))
    monkeypatch.setattr(bench, "graph_limits", lambda *arguments: [])
    assert bench.main(["--only", "model"]) == 0
    out = capsys.readouterr().out
    assert "TensorRT cannot run here: no NVIDIA card was found" in out
    assert "| imagine | onnxruntime (CPU, 2) |" in out
    assert [name for name, stage in calls if stage == "close"] == [
        "onnxruntime (CPU, 1)",
        "onnxruntime (CPU, 2)",
        "torch (CPU, 1)",
    ]


def test_memory_growth_is_fitted_after_the_warm_up():
    samples = [SoakSample(60.0 * i, 500.0 if i < 5 else 400.0 + i / 6, i) for i in range(60)]
    assert growth_mb_per_h(samples) == pytest.approx(10.0)
    assert growth_mb_per_h(samples[:1]) == 0.0


def test_a_soak_tells_which_promise_was_broken():
    good = [SoakSample(60.0 * i, 500.0, 100 * i, 30.0, (30.0, 50.0, 80.0), 9, 20 + i % 3) for i in range(60)]
    assert broken_promises(good) == []
    for change, sentence in (
        ({"rss_mb": 530.0}, "memory grew by 30.0 MB after the warm-up, more than 20"),
        ({"threads": 10}, "threads grew from 9 to 10 (medians)"),
        ({"handles": 25}, "handles grew from 21 to 25 (medians)"),
        ({"age_ms": (30.0, 50.0, 2000.0)}, "frame age reached 2000 ms (p99), more than 1000"),
        ({"frames": 500}, "no frame came any more"),
    ):
        assert sentence in broken_promises([*good[:30], *(replace(each, **change) for each in good[30:])])[0], sentence


def test_the_limit_counts_the_operations_of_the_compiled_graphs(tmp_path):
    import torch

    from ghtt_core.checkpoint import save_checkpoint
    from ghtt_core.model.config import GHTTConfig
    from ghtt_core.model.ghtt import GHTT

    config = GHTTConfig(
        "tiny", width=8, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1, future_clips=2, text_width=4
    )
    save_checkpoint(tmp_path / "tiny.safetensors", GHTT(config, ("a", "b")))
    timings = [StageTiming(stage, "x", "x", Quantiles(1, 1.0, 1.0, 1.0)) for stage in ("observe", "imagine")]
    rates = MachineRates(1.0, 1.0, 1e9)
    few, many = (limits.graph_limits(tmp_path / "tiny.safetensors", timings, samples, rates) for samples in (4, 8))
    assert few[0].gflop == many[0].gflop > 0
    assert 1.5 < many[1].gflop / few[1].gflop < 2.0  # all but the shared part grows with the samples
    # 1 ms at 1 GFLOP/s does 1e-3 GFLOP.
    assert few[1].of_limit == pytest.approx(few[1].gflop * 1e3)
    assert torch.is_inference_mode_enabled() is False
