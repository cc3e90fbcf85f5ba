"""`Attention` over padded encoder outputs: all target steps against all source steps in one product. Padded in, padded out.

Dot products cost (B, T, S) numbers. The additive kind looks at (B, T, S, A), a hundred times as many: it takes a few rows at a time
and works those numbers out again for the gradient, so its memory stays small and its time does not.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded

Kind = Literal["dot", "scaled_dot", "additive"]

CHUNK = 2**20  # numbers of the additive kind at a time: 4 MB, so that they stay in the cache


class Memory(NamedTuple):
    """What was read, as attention wants it; rows come first in each part.

    Attributes:
        keys: (B, heads, S, A / heads) what steps are found by.
        values: (B, heads, S, C / heads) what is taken from them; 0 in the padding.
        mask: (B, S) True where a step is real.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor


class Attention(nn.Module):
    """For each query a mean of the values of all real source steps, weighted by how well their keys fit.

    A query's result depends neither on other queries nor on other rows, nor on what stands in the padding.

    Args:
        query_size: features of a query, Q.
        memory_size: features of an encoder output, C; also those of the result.
        attention_size: features that are compared, A, over all heads.
        kind: `dot` compares by q k (Luong et al. 2015), `scaled_dot` by q k / sqrt(A / heads) (Vaswani et al. 2017), `additive` by v
            tanh(q + k) (Bahdanau et al. 2015); q and k are linear in query and encoder output.
        heads: each compares and takes a part of the features; with several the values are linear in the encoder outputs too.

    Raises:
        ValueError: for an unknown kind, or heads that do not divide A and C.
    """

    def __init__(
        self, *, query_size: int, memory_size: int, attention_size: int, kind: Kind = "scaled_dot", heads: int = 1
    ) -> None:
        super().__init__()
        if kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}")
        if heads < 1 or attention_size % heads or memory_size % heads:
            raise ValueError(f"{heads} heads do not divide the sizes {attention_size} and {memory_size}")
        self.kind = kind
        self.heads = heads
        self.memory_size = memory_size
        self.to_query = nn.Linear(query_size, attention_size, bias=kind == "additive")
        self.to_key = nn.Linear(memory_size, attention_size, bias=False)
        self.to_value = nn.Linear(memory_size, memory_size, bias=False) if heads > 1 else None
        self.scale = 1 / math.sqrt(attention_size // heads) if kind == "scaled_dot" else 1.0
        if kind == "additive":
            bound = math.sqrt(heads / attention_size)
            self.direction = nn.Parameter(torch.empty(heads, attention_size // heads).uniform_(-bound, bound))
        for layer in filter(None, (self.to_query, self.to_key, self.to_value)):
            nn.init.xavier_uniform_(layer.weight)
        if self.to_query.bias is not None:
            nn.init.zeros_(self.to_query.bias)

    def read(self, encoded: Padded) -> Memory:
        """Keys and values of encoder outputs (B, S, C), made once for all queries."""
        mask, values = encoded.mask, encoded.values
        if not encoded.is_full:  # a weight of 0 would not do: 0 times infinity is not 0
            values = values.masked_fill(~mask.unsqueeze(-1), 0.0)
        keys = self._split(self.to_key(values))
        return Memory(keys, self._split(values if self.to_value is None else self.to_value(values)), mask)

    def forward(self, queries: Tensor, memory: Memory) -> Tensor:
        """What T queries of each row find.

        Args:
            queries: (B, T, Q).
            memory: of `read`, of the same rows.

        Returns:
            (B, T, C).
        """
        found = self._weights(queries, memory).to(memory.values.dtype) @ memory.values  # (B, heads, T, C / heads)
        return found.transpose(1, 2).flatten(2)

    def weights(self, queries: Tensor, memory: Memory) -> Tensor:
        """(B, T, S) fp32, how much each query takes from each step: the mean over the heads, each row of sum 1; 0 in the padding."""
        return self._weights(queries, memory).mean(1)

    def _weights(self, queries: Tensor, memory: Memory) -> Tensor:
        query = self._split(self.to_query(queries))  # (B, heads, T, A / heads)
        if self.kind == "additive":
            scores = _Additive.apply(query, memory.keys, self.direction)  # type: ignore[no-untyped-call]
        else:
            scores = (query * self.scale) @ memory.keys.transpose(2, 3)
        hidden = ~memory.mask[:, None, None]
        return torch.softmax(scores.float().masked_fill(hidden, -torch.inf), dim=-1)

    def _split(self, x: Tensor) -> Tensor:
        """(B, W, F) to (B, heads, W, F / heads)."""
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


class _Additive(torch.autograd.Function):
    """Scores (B, heads, T, S) of v tanh(q + k), a few rows at a time; the gradient works the tanh out again instead of keeping it.

    The product with v is a sum over the last axis, not a matrix product: so a row's bits do not depend on how many are taken together.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, direction: Tensor) -> Tensor:
        ctx.save_for_backward(query, key, direction)
        v = direction[:, None, None]  # (heads, 1, 1, D)
        parts = [
            (torch.tanh(query[rows].unsqueeze(3) + key[rows].unsqueeze(2)) * v).sum(-1) for rows in _chunks(query, key)
        ]
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, direction = ctx.saved_tensors
        to_query, to_key = torch.empty_like(query), torch.empty_like(key)
        to_direction = torch.zeros_like(direction)
        for rows in _chunks(query, key):
            bent = torch.tanh(query[rows].unsqueeze(3) + key[rows].unsqueeze(2))  # (b, heads, T, S, D)
            slope = gradient[rows].unsqueeze(-1)
            to_direction += (slope * bent).sum(dim=(0, 2, 3))
            inner = (1 - bent.square()) * slope * direction[:, None, None]
            to_query[rows] = inner.sum(3)
            to_key[rows] = inner.sum(2)
        return to_query, to_key, to_direction


def _chunks(query: Tensor, key: Tensor) -> list[slice]:
    """Rows in parts of at most `CHUNK` numbers, or of one row where that alone is more."""
    rows, size = len(query), query[0].numel() * key.shape[2]
    step = max(1, CHUNK // max(size, 1))
    return [slice(start, start + step) for start in range(0, rows, step)]
