"""`observe` and `imagine` of every backend on the same input, side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from app.bench.measure import CORES, Quantiles, interleaved
from ghtt_core.errors import UserError
from ghtt_core.placement import PLACEMENT
from ghtt_core.runtime import CLIP_FRAMES, FEATURES, IMAGINE_INPUTS, MAX_CLIPS, Arrays, ModelSpec, Runtime
from trt_engines.select import BACKENDS, load_runtime

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class OpenBackend:
    """A backend that runs here, under the name it has in the tables."""

    name: str
    label: str
    runtime: Runtime


@dataclass(frozen=True, slots=True)
class StageTiming:
    """One graph on one backend."""

    stage: str
    backend: str
    description: str
    times: Quantiles


def times_as_fast(timing: StageTiming, timings: list[StageTiming]) -> float | None:
    """How many times as fast as the eager float32 module of torch, by the medians; None where torch was not timed."""
    eager = [each.times.p50_ms for each in timings if each.stage == timing.stage and each.backend == "torch"]
    return eager[0] / timing.times.p50_ms if eager else None


def open_backends(checkpoint: Path | None, names: tuple[str, ...], say: Say) -> tuple[list[OpenBackend], list[str]]:
    """The asked backends that run here, and a sentence about each that does not.

    ONNX Runtime appears twice: with the threads it takes beside the estimator, and with all cores, as torch has them.

    Raises:
        UserError: The checkpoint cannot be used, or none of the backends runs.
    """
    opened: list[OpenBackend] = []
    notes: list[str] = []
    for name in names or BACKENDS[1:]:
        try:
            opened.append(OpenBackend(name, name, load_runtime(checkpoint, name, progress=say)))
        except UserError as error:
            notes.append(str(error))
            continue
        if name == "onnxruntime" and "CPU" in opened[-1].runtime.description:
            everything = load_runtime(checkpoint, name, threads=CORES, progress=say)
            if everything.description != opened[-1].runtime.description:
                opened.append(OpenBackend(name, f"{name}, all cores", everything))
    if not opened:
        raise UserError(" ".join(notes))
    return opened, notes


def example_inputs(spec: ModelSpec, samples: int) -> tuple[Arrays, Arrays]:
    """Inputs of `observe` for a full history, and what `imagine` takes beside observe's outputs."""
    rng = np.random.default_rng(0)
    observe = {
        "features": rng.normal(0, 0.5, (1, CLIP_FRAMES, FEATURES)).astype(np.float32),
        "visible": np.ones((1, CLIP_FRAMES, 2), np.float32),
        "past_m": rng.normal(0, 1, (1, MAX_CLIPS - 1, spec.width)).astype(np.float32),
        "past_valid": np.ones((1, MAX_CLIPS - 1), np.float32),
        "placement": rng.normal(0, 0.5, (1, MAX_CLIPS, PLACEMENT)).astype(np.float32),
    }
    noise = rng.normal(0, 1, (2, samples, spec.width)).astype(np.float32)
    imagine = {
        "clip_valid": np.ones((1, MAX_CLIPS), np.float32),
        "noise_m": noise[0],
        "noise_alpha": noise[1],
        "temperature": np.ones(1, np.float32),
        "condition": np.zeros((1, len(spec.action_names)), np.float32),
    }
    return observe, imagine


def time_stages(backends: list[OpenBackend], samples: int, rounds: int) -> list[StageTiming]:
    """Time both graphs of every backend, in turn."""
    observe, extra = example_inputs(backends[0].runtime.spec, samples)
    seen = backends[0].runtime.observe(observe)
    imagine = {name: seen[name] for name in IMAGINE_INPUTS if name in seen} | dict(extra)
    timings = []
    for stage, inputs in (("observe", observe), ("imagine", imagine)):
        calls: dict[str, Callable[[], object]] = {
            each.label: partial(getattr(each.runtime, stage), inputs) for each in backends
        }
        durations_s = interleaved(calls, rounds)
        timings += [
            StageTiming(stage, each.label, each.runtime.description, Quantiles.of(durations_s[each.label])) for each in backends
        ]
    return timings
