"""Checkpoint to ONNX: `python -m trt_engines.export CHECKPOINT FOLDER`.

This is the only step that needs torch, and it runs in a process of its own (`trt_engines.exported`), so that the program
itself starts without.
"""

import argparse
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from ghtt_core.checkpoint import load_checkpoint
from ghtt_core.errors import UserError
from ghtt_core.model.ghtt import GHTT
from ghtt_core.placement import PLACEMENT
from ghtt_core.runtime import (
    CLIP_FRAMES,
    FEATURES,
    IMAGINE_INPUTS,
    IMAGINE_OUTPUTS,
    MAX_CLIPS,
    OBSERVE_INPUTS,
    OBSERVE_OUTPUTS,
    Arrays,
    ModelSpec,
)
from trt_engines.folding import folded
from trt_engines.quantize import quantize_imagine
from trt_engines.spec_metadata import to_metadata

OPSET = 20
"""The first with GELU and layer norm as single operators that both TensorRT packages parse."""
EXAMPLE_SAMPLES = 20
MAX_SAMPLES = 1000


class _Observe(nn.Module):
    def __init__(self, model: GHTT) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return self.model.observe(*inputs)


class _Imagine(nn.Module):
    def __init__(self, model: GHTT) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.model.imagine(*inputs)


def input_shapes(spec: ModelSpec, samples: int) -> dict[str, tuple[int, ...]]:
    """Shapes of every input of both graphs."""
    width, classes = spec.width, len(spec.action_names)
    latent, clip_outputs, frame_outputs = (1, width), (1, MAX_CLIPS, width), (1, CLIP_FRAMES, width)
    return {
        "features": (1, CLIP_FRAMES, FEATURES),
        "visible": (1, CLIP_FRAMES, 2),
        "past_m": (1, MAX_CLIPS - 1, width),
        "past_valid": (1, MAX_CLIPS - 1),
        "placement": (1, MAX_CLIPS, PLACEMENT),
        "refined": (1, CLIP_FRAMES, FEATURES),
        "m_mean": latent,
        "m_logvar": latent,
        "m_skip": frame_outputs,
        "alpha_mean": latent,
        "alpha_logvar": latent,
        "alpha_skip": clip_outputs,
        "clip_valid": (1, MAX_CLIPS),
        "noise_m": (samples, width),
        "noise_alpha": (samples, width),
        "temperature": (1,),
        "condition": (1, classes),
    }


def export_graphs(model: GHTT, spec: ModelSpec, folder: Path) -> None:
    """Write `observe.onnx` (all shapes fixed), `imagine.onnx` (any number of samples) and its 8-bit form into a folder."""
    model = folded(model.eval().float().cpu())
    metadata = to_metadata(spec, model.config.as_dict())
    shapes = input_shapes(spec, EXAMPLE_SAMPLES)
    samples = torch.export.Dim("samples", min=1, max=MAX_SAMPLES)
    for graph, name, inputs, outputs in (
        (_Observe(model), "observe", OBSERVE_INPUTS, OBSERVE_OUTPUTS),
        (_Imagine(model), "imagine", IMAGINE_INPUTS, IMAGINE_OUTPUTS),
    ):
        example = tuple(torch.zeros(shapes[key]) for key in inputs)
        dynamic = (tuple({0: samples} if key.startswith("noise") else None for key in inputs),)
        with warnings.catch_warnings():
            # The exporter warns about its own deprecated calls.
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                graph,
                example,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=dynamic if name == "imagine" else None,
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        assert program is not None
        _save(program.model_proto, metadata, folder / f"{name}.onnx")
        if name == "imagine":
            _require_free_samples(program.model_proto)
    quantize_imagine(folder, example_windows(model, spec))


def example_windows(model: GHTT, spec: ModelSpec, count: int = 8) -> list[tuple[Arrays, Arrays]]:
    """Windows with the mean and spread of the training data, to try a compiled graph on.

    Returns:
        Inputs of `observe`, and what `imagine` takes beside its outputs.
    """
    rng = np.random.default_rng(0)
    mean, std = (value.detach().cpu().numpy() for value in (model.pose.feature_mean, model.pose.feature_std))
    shapes = input_shapes(spec, EXAMPLE_SAMPLES)
    windows: list[tuple[Arrays, Arrays]] = []
    for _ in range(count):
        values = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
        drift = np.cumsum(values["features"], axis=1) / 4
        features = (mean + std * drift).astype(np.float32)
        observe = {"features": features, "visible": np.ones(shapes["visible"], np.float32)}
        # A short history, and no placement: they would have to be real ones.
        observe |= {name: np.zeros(shapes[name], np.float32) for name in ("past_m", "past_valid", "placement")}
        clip_valid = np.zeros(shapes["clip_valid"], np.float32)
        clip_valid[:, -1] = 1
        extra = {name: values[name] for name in ("noise_m", "noise_alpha")}
        extra |= {"clip_valid": clip_valid, "temperature": np.array([spec.default_temperature], np.float32)}
        windows.append((observe, extra | {"condition": np.zeros(shapes["condition"], np.float32)}))
    return windows


def _save(proto: onnx.ModelProto, metadata: Mapping[str, str], path: Path) -> None:
    # The exporter leaves shapes of weights that it has since transposed.
    del proto.graph.value_info[:]
    onnx.helper.set_model_props(proto, dict(metadata))
    onnx.checker.check_model(proto)
    onnx.save(proto, path)


def _require_free_samples(proto: onnx.ModelProto) -> None:
    """The exporter fixes an axis without a word where the module's code asks for its length as a Python number."""
    for value in proto.graph.input:
        if value.name.startswith("noise") and not value.type.tensor_type.shape.dim[0].dim_param:
            raise RuntimeError(f"the number of samples became fixed in the export (input {value.name})")


def main(arguments: list[str] | None = None) -> int:
    """Export a checkpoint; a fault of the user's is one sentence on standard error and status 2."""
    parser = argparse.ArgumentParser(prog="python -m trt_engines.export", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path, help="where observe.onnx and imagine.onnx go")
    options = parser.parse_args(arguments)
    try:
        model, spec, _ = load_checkpoint(options.checkpoint)
        options.folder.mkdir(parents=True, exist_ok=True)
        export_graphs(model, spec, options.folder)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
