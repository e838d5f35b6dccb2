"""The network as it is compiled: the same function as the trained one, with less work (torch).

- Query, key and value of self-attention are one product; positions enter it as an offset, which is a constant where the
  positions are.
- Queries are the same for every sample, and so is all of the memory but its first token: both are worked on once, not once a
  sample. This holds in `imagine`, the only graph with a decoder.
- Cross-attention to a single token is one product with the folded value and output matrices.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from ghtt_core.model.ghtt import GHTT
from ghtt_core.model.layers import Attention, Decoder, DecoderLayer, Encoder, EncoderLayer


def folded(model: GHTT) -> GHTT:
    """A copy of the model for export; decoders take batches of samples of one observation alone."""
    model = copy.deepcopy(model)
    for block in (model.pose, model.action):
        _fold_encoder(block.encoder)
        block.decoder = _FoldedDecoder(block.decoder)  # type: ignore[assignment]
    return model


def _fold_encoder(encoder: Encoder) -> None:
    for index, layer in enumerate(encoder.layers):
        assert isinstance(layer, EncoderLayer)
        encoder.layers[index] = _FoldedEncoderLayer(layer)


def _heads(x: Tensor, heads: int) -> Tensor:
    """(B, N, d) to (B, heads, N, d / heads)."""
    return x.reshape(x.shape[0], x.shape[1], heads, x.shape[2] // heads).transpose(1, 2)


def _attend(q: Tensor, k: Tensor, v: Tensor, valid: Tensor | None) -> Tensor:
    """Attention over (B, heads, N, d / heads), joined to (B, Q, d)."""
    mask = None if valid is None else valid[:, None, None, :]
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)


class _SelfAttention(nn.Module):
    def __init__(self, attention: Attention) -> None:
        super().__init__()
        layers = (attention.query, attention.key, attention.value)
        self.weight = nn.Parameter(torch.cat([layer.weight for layer in layers]).T.contiguous())  # (d, 3 d)
        self.bias = nn.Parameter(torch.cat([layer.bias for layer in layers]))
        self.out = attention.out
        self.heads = attention.heads

    def forward(self, y: Tensor, position: Tensor, valid: Tensor | None = None) -> Tensor:
        width = y.shape[-1]
        offset = functional.pad(position @ self.weight[:, : 2 * width], (0, width)) + self.bias
        q, k, v = (_heads(part, self.heads) for part in torch.split(y @ self.weight + offset, width, dim=-1))
        joined: Tensor = self.out(_attend(q, k, v, valid))
        return joined


class _FoldedEncoderLayer(nn.Module):
    def __init__(self, layer: EncoderLayer) -> None:
        super().__init__()
        self.attention = _SelfAttention(layer.attention)
        self.feedforward, self.norm1, self.norm2 = layer.feedforward, layer.norm1, layer.norm2

    def forward(self, x: Tensor, position: Tensor, valid: Tensor | None) -> Tensor:
        x = x + self.attention(self.norm1(x), position, valid)
        refined: Tensor = x + self.feedforward(self.norm2(x))
        return refined


class _CrossAttention(nn.Module):
    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = attention.query, attention.key, attention.value, attention.out
        self.heads = attention.heads
        self.single = nn.Linear(self.out.in_features, self.out.out_features)
        with torch.no_grad():
            self.single.weight.copy_(self.out.weight @ self.value.weight)
            self.single.bias.copy_(self.out.weight @ self.value.bias + self.out.bias)

    def forward(self, y: Tensor, position: Tensor, memory: Tensor, memory_position: Tensor, valid: Tensor | None) -> Tensor:
        if memory.shape[1] == 1:
            answer: Tensor = self.single(memory)
            return answer
        samples = memory.shape[0]
        own, shared = memory[:, :1], memory[:1, 1:]
        own_key = self.key(own + memory_position[:1, :1])
        shared_key = self.key(shared + memory_position[:1, 1:])
        k = torch.cat((own_key, shared_key.expand(samples, -1, -1)), dim=1)
        v = torch.cat((self.value(own), self.value(shared).expand(samples, -1, -1)), dim=1)
        q = self.query(y) + position @ self.query.weight.T
        q, k, v = (_heads(part, self.heads) for part in (q.expand(samples, -1, -1), k, v))
        joined: Tensor = self.out(_attend(q, k, v, None if valid is None else valid[:1]))
        return joined


class _FoldedDecoderLayer(nn.Module):
    def __init__(self, layer: DecoderLayer) -> None:
        super().__init__()
        self.self_attention = _SelfAttention(layer.self_attention)
        self.cross_attention = _CrossAttention(layer.cross_attention)
        self.feedforward, self.norm1, self.norm2, self.norm3 = layer.feedforward, layer.norm1, layer.norm2, layer.norm3

    def forward(self, x: Tensor, position: Tensor, memory: Tensor, memory_position: Tensor, valid: Tensor | None) -> Tensor:
        x = x + self.self_attention(self.norm1(x), position)
        x = x + self.cross_attention(self.norm2(x), position, memory, memory_position, valid)
        decoded: Tensor = x + self.feedforward(self.norm3(x))
        return decoded


class _FoldedDecoder(nn.Module):
    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for layer in decoder.layers:
            assert isinstance(layer, DecoderLayer)
            self.layers.append(_FoldedDecoderLayer(layer))
        self.norm = decoder.norm

    def forward(self, query_position: Tensor, memory: Tensor, memory_position: Tensor, valid: Tensor | None = None) -> Tensor:
        x = query_position = query_position[:1]
        for layer in self.layers:
            x = layer(x, query_position, memory, memory_position, valid)
        normed: Tensor = self.norm(x)
        return normed
