"""What the machine could do: operations and bytes of each graph against its measured matrix rate and bandwidth."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.bench.model_stages import StageTiming, example_inputs
from ghtt_core.runtime import IMAGINE_INPUTS, OBSERVE_INPUTS, OBSERVE_OUTPUTS

_MATRIX = 1024
_COPY_BYTES = 1 << 28
_REPEATS = 8


@dataclass(frozen=True, slots=True)
class MachineRates:
    """Measured on all cores.

    Attributes:
        float32_gflops: Of a large matrix product.
        bfloat16_gflops: The same in bfloat16.
        bandwidth_gb_s: Bytes read and written by a large copy, a second.
    """

    float32_gflops: float
    bfloat16_gflops: float
    bandwidth_gb_s: float


@dataclass(frozen=True, slots=True)
class GraphLimit:
    """One graph against the machine.

    Attributes:
        gflop: Operations of its matrix products, in 10^9.
        megabytes: Weights, inputs and outputs, each moved once.
        bound_ms: The shortest time the float32 rate and the bandwidth allow on all cores.
        measured_ms: Median of the fastest backend.
        of_limit: bound over measured: 1 is the physical limit of float32.
    """

    stage: str
    backend: str
    gflop: float
    megabytes: float
    bound_ms: float
    measured_ms: float
    of_limit: float


def machine_rates() -> MachineRates:
    """Measure the machine: the best of several runs each."""
    import torch

    def product(dtype: torch.dtype) -> float:
        a, b = (torch.randn(_MATRIX, _MATRIX).to(dtype) for _ in range(2))
        return 2 * _MATRIX**3 / _best_s(lambda: a @ b) / 1e9

    source = np.ones(_COPY_BYTES // 8)
    target = np.empty_like(source)
    copy_s = _best_s(lambda: np.copyto(target, source))
    return MachineRates(product(torch.float32), product(torch.bfloat16), 2 * _COPY_BYTES / copy_s / 1e9)


def graph_limits(checkpoint: Path, timings: list[StageTiming], samples: int, rates: MachineRates) -> list[GraphLimit]:
    """Hold the fastest backend of each graph against the machine.

    The operations are counted on the graphs as they are compiled (`trt_engines.folding`).
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    from ghtt_core.checkpoint import load_checkpoint
    from trt_engines.folding import folded

    model, spec, _ = load_checkpoint(checkpoint)
    compiled = folded(model)
    observe, extra = ({key: torch.from_numpy(value) for key, value in part.items()} for part in example_inputs(spec, samples))
    limits = []
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH):
        seen = dict(zip(OBSERVE_OUTPUTS, compiled.observe(*(observe[name] for name in OBSERVE_INPUTS)), strict=True))
        arguments = {"observe": [observe[name] for name in OBSERVE_INPUTS]}
        arguments["imagine"] = [(seen | extra)[name] for name in IMAGINE_INPUTS]
        for stage, inputs in arguments.items():
            with FlopCounterMode(display=False) as counter:
                outputs = getattr(compiled, stage)(*inputs)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            used = (compiled.pose.encoder, compiled.action.encoder) if stage == "observe" else (
                compiled.pose.decoder, compiled.action.decoder, compiled.pose.head
            )  # fmt: skip
            weights = sum(parameter.nbytes for part in used for parameter in part.parameters())
            moved = weights + sum(tensor.nbytes for tensor in (*inputs, *outputs))
            best = min((each for each in timings if each.stage == stage), key=lambda each: each.times.p50_ms)
            gflop = counter.get_total_flops() / 1e9
            bound_ms = 1e3 * max(gflop / rates.float32_gflops, moved / 1e9 / rates.bandwidth_gb_s)
            measured_ms = best.times.p50_ms
            limits.append(GraphLimit(stage, best.backend, gflop, moved / 1e6, bound_ms, measured_ms, bound_ms / measured_ms))
    return limits


def _best_s(call: Callable[[], object]) -> float:
    best_s = float("inf")
    for _ in range(_REPEATS):
        start_s = time.perf_counter()
        call()
        best_s = min(best_s, time.perf_counter() - start_s)
    return best_s
