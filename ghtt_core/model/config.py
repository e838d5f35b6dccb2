"""Sizes of the network."""

from dataclasses import asdict, dataclass
from typing import Any

_MOST = {
    "width": 4096,
    "heads": 64,
    "feedforward": 1 << 15,
    "encoder_layers": 64,
    "decoder_layers": 64,
    "future_clips": 64,
    "text_width": 1 << 14,
}
"""A checkpoint names its own sizes: these keep it from asking for a network that no machine holds."""


@dataclass(frozen=True, slots=True)
class GHTTConfig:
    """One configuration serves both blocks.

    Attributes:
        name: What people call it.
        width: Size d of every token and latent.
        heads: Attention heads.
        feedforward: Hidden size of the feed-forward layers.
        encoder_layers: Per block.
        decoder_layers: Per block.
        future_clips: Clips of 16 frames that `imagine` returns.
        text_width: Size of the frozen text embeddings.
    """

    name: str
    width: int
    heads: int
    feedforward: int
    encoder_layers: int
    decoder_layers: int
    future_clips: int = 4
    text_width: int = 384

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= most:
                raise ValueError(f"{name} {str(value)[:40]} is not a whole number from 1 to {most}")
        if self.width % 4 or self.width % self.heads:
            raise ValueError(f"width {self.width} must be divisible by 4 and by the {self.heads} heads")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the checkpoint's metadata."""
        return asdict(self)


CONFIGS = {
    "small": GHTTConfig("small", width=128, heads=4, feedforward=384, encoder_layers=3, decoder_layers=2),
    "paper": GHTTConfig("paper", width=512, heads=8, feedforward=2048, encoder_layers=9, decoder_layers=9),
}
"""`small` runs in real time on two CPU cores; `paper` has the sizes of the publication."""
