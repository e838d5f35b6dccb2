"""Compile a checkpoint ahead of time: `python -m trt_engines.build`."""

import argparse
import sys
from pathlib import Path

from ghtt_core.errors import UserError
from trt_engines.engine_build import EngineTarget, built_engines, check_capability
from trt_engines.errors import BackendUnavailableError
from trt_engines.exported import exported_model
from trt_engines.precision import PRECISIONS
from trt_engines.select import DEFAULT_CHECKPOINT
from trt_engines.tensorrt_package import TensorRt, tensorrt_package


def main(arguments: list[str] | None = None) -> int:
    """Export, and build TensorRT engines where there is a TensorRT package; status 2 on what the user can put right."""
    parser = argparse.ArgumentParser(prog="python -m trt_engines.build", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="default: the bundled one")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp16")
    parser.add_argument(
        "--device",
        default="current",
        help="'current' for the card in this machine; with tensorrt_rtx also a compute capability such as 8.6, or 'all'",
    )
    options = parser.parse_args(arguments)
    try:
        if not options.checkpoint.is_file():
            raise UserError(f"There is no checkpoint at {options.checkpoint}; name one with --checkpoint FILE.")
        package = tensorrt_package()
        targets = _targets(options.device, options.precision, package)
        model = exported_model(options.checkpoint, print)
        print(f"ONNX graphs: {model.observe.parent}")
        for target in targets:
            print(f"{target.capability} {target.precision}: {built_engines(model, package, target, print)}")
    except BackendUnavailableError as error:
        print(f"TensorRT engines cannot be built: {error}.", file=sys.stderr)
        return 2
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _targets(device: str, precision: str, package: TensorRt) -> list[EngineTarget]:
    if device == "current":
        from trt_engines.cuda import open_card

        card = open_card()
        return [EngineTarget(card.capability, card.name, precision)]
    capabilities = package.capabilities() if device == "all" else (check_capability(device, package),)
    if not capabilities:
        raise UserError(f"{package.name} builds for the card in this machine only; leave --device out.")
    return [EngineTarget(capability, "", precision) for capability in capabilities]


if __name__ == "__main__":
    sys.exit(main())
