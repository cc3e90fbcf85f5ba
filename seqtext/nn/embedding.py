"""`TokenEmbedding`: from token ids to vectors, with dropout. Knows ids, not what they stand for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded


class TokenEmbedding(nn.Module):
    """Looks up one vector per token.

    Args:
        vocabulary_size: number of ids, V.
        embedding_size: features of a vector, D.
        word_dropout: share of tokens that `hide` replaces by `unknown_id`, so that no single word decides.
        dropout: share of a vector's values zeroed in training.
        type_dropout: share of ids whose vectors are zeroed wherever they stand in a batch (Gal and Ghahramani 2016; Merity et al. 2017).
        unknown_id: the id that stands for an unknown token.
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        embedding_size: int,
        word_dropout: float = 0.0,
        dropout: float = 0.0,
        type_dropout: float = 0.0,
        unknown_id: int = 1,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(vocabulary_size, embedding_size) * 0.1)
        self.word_dropout = word_dropout
        self.unknown_id = unknown_id
        self.dropout = nn.Dropout(dropout)
        self.type_dropout = type_dropout

    def hide(self, tokens: Padded) -> tuple[Padded, Tensor]:
        """Word dropout: ids with some replaced by `unknown_id`, and (B, T) True where; all as it was outside training."""
        if not self.training or self.word_dropout == 0:
            return tokens, torch.zeros_like(tokens.values, dtype=torch.bool)
        hidden = (torch.rand(tokens.values.shape, device=tokens.values.device) < self.word_dropout) & tokens.mask
        return tokens.with_values(tokens.values.masked_fill(hidden, self.unknown_id)), hidden

    def forward(self, tokens: Padded) -> Padded:
        """Ids (B, T) to vectors (B, T, D)."""
        vectors = self.dropout(nn.functional.embedding(tokens.values, self.weight))
        if self.training and self.type_dropout:
            kept = vectors.new_empty(len(self.weight)).bernoulli_(1 - self.type_dropout) / (1 - self.type_dropout)
            vectors = vectors * kept[tokens.values].unsqueeze(-1)
        return tokens.with_values(vectors)
