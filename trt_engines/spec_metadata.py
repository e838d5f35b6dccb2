"""What an exported graph tells about its checkpoint: `ModelSpec` to and from the strings of ONNX metadata."""

import json
from collections.abc import Mapping

import numpy as np

from ghtt_core.runtime import ModelSpec


def to_metadata(spec: ModelSpec, configuration: Mapping[str, object]) -> dict[str, str]:
    """The strings that go into an ONNX file."""
    return {
        "ghtt_name": spec.name,
        "ghtt_checkpoint_sha256": spec.sha256,
        "ghtt_configuration": json.dumps(dict(configuration)),
        "ghtt_width": str(spec.width),
        "ghtt_future_clips": str(spec.future_clips),
        "ghtt_action_names": json.dumps(spec.action_names),
        "ghtt_palm_template": json.dumps(np.asarray(spec.palm_template).tolist()),
        "ghtt_default_temperature": repr(spec.default_temperature),
    }


def from_metadata(metadata: Mapping[str, str]) -> ModelSpec:
    """The checkpoint behind an exported graph.

    Raises:
        KeyError: The file was not written by this program.
    """
    return ModelSpec(
        name=metadata["ghtt_name"],
        sha256=metadata["ghtt_checkpoint_sha256"],
        width=int(metadata["ghtt_width"]),
        future_clips=int(metadata["ghtt_future_clips"]),
        action_names=tuple(json.loads(metadata["ghtt_action_names"])),
        palm_template=np.array(json.loads(metadata["ghtt_palm_template"]), np.float64),
        default_temperature=float(metadata["ghtt_default_temperature"]),
    )
