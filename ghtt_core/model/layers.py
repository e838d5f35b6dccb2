"""Transformer layers in the manner of DETR: pre-norm, positions added to queries and keys in every layer."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.model.config import GHTTConfig


def sinusoid(positions: Tensor, width: int) -> Tensor:
    """(...,) positions to (..., width) sinusoidal codes (Vaswani et al., "Attention Is All You Need", 2017, section 3.5)."""
    rates = torch.exp(torch.arange(0, width, 2, device=positions.device) * (-math.log(10_000.0) / width))
    angles = positions[..., None].float() * rates
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


class Attention(nn.Module):
    """Multi-head attention; values carry no position."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, valid: Tensor | None = None) -> Tensor:
        """(B, Q, d), (B, N, d), (B, N, d) and (B, N) bool to (B, Q, d).

        With a single memory token the softmax is 1 whatever the query, so the answer is the same vector for every query:
        (B, 1, d), to be broadcast. It costs one token instead of Q.
        """
        if value.shape[1] == 1:
            answer: Tensor = self.out(self.value(value))
            return answer
        q, k, v = (self._split(layer(x)) for layer, x in ((self.query, query), (self.key, key), (self.value, value)))
        mask = None if valid is None else valid[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        joined: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return joined

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)  # (B, heads, N, d / heads)


def feedforward(config: GHTTConfig) -> nn.Sequential:
    """The position-wise network of a layer."""
    return nn.Sequential(nn.Linear(config.width, config.feedforward), nn.GELU(), nn.Linear(config.feedforward, config.width))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward."""

    def __init__(self, config: GHTTConfig) -> None:
        super().__init__()
        self.attention = Attention(config.width, config.heads)
        self.feedforward = feedforward(config)
        self.norm1 = nn.LayerNorm(config.width)
        self.norm2 = nn.LayerNorm(config.width)

    def forward(self, x: Tensor, position: Tensor, valid: Tensor | None) -> Tensor:
        """(B, N, d) tokens, (1 or B, N, d) positions, (B, N) bool."""
        y = self.norm1(x)
        x = x + self.attention(y + position, y + position, y, valid)
        refined: Tensor = x + self.feedforward(self.norm2(x))
        return refined


class Encoder(nn.Module):
    """A stack of encoder layers with a final norm."""

    def __init__(self, config: GHTTConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, x: Tensor, position: Tensor, valid: Tensor | None = None) -> Tensor:
        """(B, N, d) tokens, (1 or B, N, d) positions, (B, N) bool to (B, N, d)."""
        for layer in self.layers:
            x = layer(x, position, valid)
        normed: Tensor = self.norm(x)
        return normed


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention and feed-forward."""

    def __init__(self, config: GHTTConfig) -> None:
        super().__init__()
        self.self_attention = Attention(config.width, config.heads)
        self.cross_attention = Attention(config.width, config.heads)
        self.feedforward = feedforward(config)
        self.norm1 = nn.LayerNorm(config.width)
        self.norm2 = nn.LayerNorm(config.width)
        self.norm3 = nn.LayerNorm(config.width)

    def forward(self, x: Tensor, position: Tensor, memory: Tensor, memory_position: Tensor, valid: Tensor | None) -> Tensor:
        """(1 or B, Q, d) queries, their positions, (B, N, d) memory, its positions, (B, N) bool to (B, Q, d)."""
        y = self.norm1(x)
        x = x + self.self_attention(y + position, y + position, y)
        y = self.norm2(x)
        if memory.shape[1] > 1:
            y = y.expand(memory.shape[0], -1, -1)
        x = x + self.cross_attention(y + position, memory + memory_position, memory, valid)
        decoded: Tensor = x + self.feedforward(self.norm3(x))
        return decoded


class Decoder(nn.Module):
    """A stack of decoder layers with a final norm, queried by position alone.

    The queries' content starts as their position code, not as zeros: with a single memory token all content would otherwise
    stay the same for every query, and so would the answers.
    """

    def __init__(self, config: GHTTConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, query_position: Tensor, memory: Tensor, memory_position: Tensor, valid: Tensor | None = None) -> Tensor:
        """(1 or B, Q, d) positions, (B, N, d) memory, its (1 or B, N, d) positions, (B, N) bool to (B, Q, d)."""
        x = query_position
        for layer in self.layers:
            x = layer(x, query_position, memory, memory_position, valid)
        normed: Tensor = self.norm(x)
        return normed


def initialise(module: nn.Module) -> None:
    """Xavier-uniform matrices and zero biases, as in DETR."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            nn.init.zeros_(part.bias)
