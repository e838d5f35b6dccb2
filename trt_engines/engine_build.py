"""ONNX to TensorRT plans, kept in the cache."""

from dataclasses import dataclass
from pathlib import Path

import onnx

from ghtt_core.errors import UserError
from trt_engines.cache import cache_root, code_version, fetch, why_made
from trt_engines.errors import BackendUnavailableError
from trt_engines.exported import ExportedModel, Progress
from trt_engines.precision import lower_precision
from trt_engines.tensorrt_package import TensorRt

TYPICAL_SAMPLES = 20
MAX_SAMPLES = 64
"""An engine draws at most so many samples at once; more are drawn in several runs."""
WORKSPACE_BYTES = 1 << 30
GRAPHS = ("observe", "imagine")


@dataclass(frozen=True, slots=True)
class EngineTarget:
    """What an engine is built for, apart from the checkpoint.

    Attributes:
        capability: Compute capability, such as "8.6".
        card: The card's name; only `tensorrt` binds an engine to it. Empty where an engine is built for another machine.
        precision: One of `trt_engines.precision.PRECISIONS`.
    """

    capability: str
    card: str
    precision: str


def engine_entry(model: ExportedModel, package: TensorRt, target: EngineTarget) -> Path:
    """The cache folder of an engine: everything that it depends on is in the name."""
    card = "" if package.is_rtx else "-" + "".join(letter if letter.isalnum() else "_" for letter in target.card)
    name = f"{package.name}-{package.version}-sm{target.capability}{card}-{target.precision}"
    code = code_version("trt_engines/engine_build.py", "trt_engines/precision.py")
    return cache_root() / f"{name}-{model.key}-{code}"


def built_engines(model: ExportedModel, package: TensorRt, target: EngineTarget, progress: Progress) -> Path:
    """The folder with both plans, `observe.plan` and `imagine.plan`; built first where they are missing or damaged.

    Raises:
        BackendUnavailableError: TensorRT cannot build for that card, or ran out of memory.
    """
    if package.is_rtx and target.capability not in package.capabilities():
        supported = ", ".join(package.capabilities())
        raise BackendUnavailableError(
            f"{package.name} {package.version} does not support compute capability {target.capability}, only {supported}"
        )
    if package.is_rtx and target.capability == "7.5" and target.precision != "fp16":
        raise BackendUnavailableError(
            f"{package.name} builds {target.precision} engines for Ampere cards and newer, not for 7.5"
        )
    entry = engine_entry(model, package, target)
    if why := why_made(entry):
        progress(f"Building TensorRT engines for compute capability {target.capability} in {target.precision} ({why}).")

    def produce(folder: Path) -> None:
        for graph in GRAPHS:
            plan = _build_plan(model.observe.with_name(f"{graph}.onnx"), package, target)
            (folder / f"{graph}.plan").write_bytes(plan)

    return fetch(entry, produce)


def _build_plan(path: Path, package: TensorRt, target: EngineTarget) -> bytes:
    trt = package.module
    try:
        builder = trt.Builder(package.logger)
    except (TypeError, RuntimeError) as error:  # the binding raises these where the driver is too old for it
        raise package.does_not_start() from error
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, package.logger)
    lowered = lower_precision(onnx.load(path), target.precision)
    if not parser.parse(lowered.SerializeToString()):
        raise BackendUnavailableError(
            f"{package.name} {package.version} cannot read {path.name} ({parser.get_error(0).desc()})"
        )
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    # Products in TF32 would be off by 1e-3.
    config.clear_flag(trt.BuilderFlag.TF32)
    _set_sample_range(builder, config, network)
    if package.is_rtx:
        config.num_compute_capabilities = 1
        name = f"SM{target.capability.replace('.', '')}"
        config.set_compute_capability(getattr(trt.ComputeCapability, name), 0)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise BackendUnavailableError(f"{package.name} {package.version} could not build {path.stem} ({package.last_error()})")
    return bytes(plan)


def _set_sample_range(builder: object, config: object, network: object) -> None:
    """Let every input with a free first axis, the samples, run from 1 to `MAX_SAMPLES`."""
    profile = builder.create_optimization_profile()  # type: ignore[attr-defined]
    free = False
    for index in range(network.num_inputs):  # type: ignore[attr-defined]
        tensor = network.get_input(index)  # type: ignore[attr-defined]
        rest = tuple(tensor.shape)[1:]
        if tensor.shape[0] < 0:
            free = True
            profile.set_shape(tensor.name, (1, *rest), (TYPICAL_SAMPLES, *rest), (MAX_SAMPLES, *rest))
    if free:
        config.add_optimization_profile(profile)  # type: ignore[attr-defined]


def check_capability(text: str, package: TensorRt) -> str:
    """A capability asked for by hand.

    Raises:
        UserError: The package cannot build for it.
    """
    if text not in package.capabilities():
        supported = ", ".join(package.capabilities()) or "only the card in this machine"
        raise UserError(f"{package.name} {package.version} cannot build for device {text!r}; it can for: {supported}.")
    return text
