"""What a compiled G-HTT looks like from outside: two graphs, fed with NumPy arrays by name.

`observe` runs at every step, `imagine` when futures are wanted. Both take a leading batch axis. The implementations live
in `trt_engines`; the streaming step in `ghtt_core.streaming` knows only this protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]

FEATURES = 153
"""Length of a frame's feature vector."""
CLIP_FRAMES = 16
"""Frames in a clip: what the pose block sees."""
MAX_CLIPS = 16
"""Clips in a full history: what the action block sees."""
FRAME_RATE_HZ = 30.0
"""The rate of the model's time grid."""

OBSERVE_INPUTS = ("features", "visible", "past_m", "past_valid", "placement")
"""In order:
features (1, 16, 153) of the newest clip; visible (1, 16, 2), 1 where a hand is visible;
past_m (1, 15, d), mid-levels of earlier clips, oldest first, at a stride of 16 frames; past_valid (1, 15), 1 where filled;
placement (1, 16, 26) of the hands in each clip, the newest last, 0 where not filled (`ghtt_core.placement`).
"""
OBSERVE_OUTPUTS = ("refined", "m_mean", "m_logvar", "m_skip", "alpha_mean", "alpha_logvar", "alpha_skip", "action_logits")
"""In order:
refined (1, 16, 153) features; mid-level mean and log-variance (1, d); the pose block's frame outputs (1, 16, d);
action latent mean and log-variance (1, d); the action block's clip outputs (1, 16, d); calibrated class logits (1, C).
"""
IMAGINE_INPUTS = (*OBSERVE_OUTPUTS[:7], "clip_valid", "noise_m", "noise_alpha", "temperature", "condition")
"""The refined clip and the six latents of `observe`, then in order:
clip_valid (1, 16), 1 where a clip of the history is filled, the newest last; standard normal noise for m and for alpha (S, d),
a row of zeros giving the deterministic future; temperature (1,); condition (1, C), a one-hot class or zeros.
"""
IMAGINE_OUTPUTS = ("futures",)
"""futures (S, T, 153): features of the coming frames, T a multiple of 16."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a runtime tells about the checkpoint it was compiled from.

    Attributes:
        name: Configuration and checkpoint name, for people.
        sha256: Hash of the checkpoint file.
        width: Size d of the latents.
        future_clips: How many clips `imagine` returns.
        action_names: The C classes, in the order of `action_logits`.
        palm_template: (5, 3) float64 palm of a right hand of size 1: wrist and the four finger MCPs.
        default_temperature: Sampling temperature chosen on validation data.
    """

    name: str
    sha256: str
    width: int
    future_clips: int
    action_names: tuple[str, ...]
    palm_template: NDArray[np.float64]
    default_temperature: float = 1.0


class Runtime(Protocol):
    """A G-HTT ready to run."""

    @property
    def spec(self) -> ModelSpec:
        """The checkpoint behind it."""
        ...

    @property
    def description(self) -> str:
        """Backend, device and precision in a few words, for the status line."""
        ...

    def observe(self, inputs: Arrays) -> Arrays:
        """Refine and recognise: `OBSERVE_INPUTS` to `OBSERVE_OUTPUTS`."""
        ...

    def imagine(self, inputs: Arrays) -> Arrays:
        """Draw futures: `IMAGINE_INPUTS` to `IMAGINE_OUTPUTS`."""
        ...

    def close(self) -> None:
        """Free what it holds; further calls are errors."""
        ...
