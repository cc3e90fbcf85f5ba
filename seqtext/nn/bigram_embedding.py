"""`BigramEmbedding`: a vector for each pair of neighbouring tokens, found by hash: what a table of pairs knows, for a layer to read.

A recurrent layer of few epochs has hardly begun to tell one pair of tokens from another; a row of its own for each is learnt as soon as
it comes. Pairs whose hashes meet share a row (Svenstrup et al. 2017). Knows ids, not what they stand for.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded, sent
from seqtext.nn.drawn import normal

_MIX = (0x9E3779B97F4A7C15 - 2**64, 0xBF58476D1CE4E5B9 - 2**64)  # of SplitMix64, as signed numbers


class BigramEmbedding(nn.Module):
    """Rows of a table that is narrower than the vectors of tokens, made as wide. All vectors begin at 0.

    Args:
        rows: of the table, R.
        size: features of a row.
        embedding_size: features of a token's vector, D.
        dropout: share of the pairs that are left out in training, or their rows would know the texts by heart.
    """

    def __init__(self, *, rows: int, size: int, embedding_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.weight = normal(rows, size, deviation=0.02)
        self.projection = nn.Linear(size, embedding_size, bias=False)
        nn.init.zeros_(self.projection.weight)

    def forward(self, ids: Tensor, before: Tensor) -> Tensor:
        """(N, T, D) for ids (N, T), each with the one before it; before the first stands `before` (N, 1)."""
        first = torch.cat([before, ids[:, :-1]], 1)
        mixed = (first * _MIX[0] + ids) * _MIX[1]  # what is too large for 64 bits wraps round
        vectors: Tensor = self.projection(
            nn.functional.embedding((mixed ^ (mixed >> 29)) % len(self.weight), self.weight)
        )
        if self.training and self.dropout:
            kept = vectors.new_empty(*vectors.shape[:2], 1).bernoulli_(1 - self.dropout)
            vectors = vectors * (kept / (1 - self.dropout))
        return vectors


def last_ids(tokens: Padded) -> Tensor:
    """(B, 1) the last id of each row of tokens (B, T)."""
    return tokens.values.gather(1, sent(tokens.lengths - 1, tokens.values.device).unsqueeze(1))
