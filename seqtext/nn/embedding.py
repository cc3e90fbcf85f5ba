"""`TokenEmbedding`: from token ids to vectors, with the dropouts that belong to words. Knows ids, not what they stand for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded


class TokenEmbedding(nn.Module):
    """Looks up one vector a token.

    Args:
        vocabulary_size: number of ids, V.
        embedding_size: features of a vector, D.
        word_dropout: share of tokens replaced by `unknown_id` in training, so that no single word decides.
        dropout: share of a vector's values zeroed in training.
        unknown_id: the id that stands for an unknown token.
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        embedding_size: int,
        word_dropout: float = 0.0,
        dropout: float = 0.0,
        unknown_id: int = 1,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(vocabulary_size, embedding_size) * 0.1)
        self.word_dropout = word_dropout
        self.unknown_id = unknown_id
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Padded) -> Padded:
        """Ids (B, T) to vectors (B, T, D)."""
        ids = tokens.values
        if self.training and self.word_dropout > 0:
            ids = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.word_dropout, self.unknown_id)
        return tokens.with_values(self.dropout(self.embed(ids)))

    def embed(self, ids: Tensor) -> Tensor:
        """Ids of any shape to vectors with one axis more, without dropout."""
        return nn.functional.embedding(ids, self.weight)
