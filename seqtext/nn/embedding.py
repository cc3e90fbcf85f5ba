"""`TokenEmbedding`: from token ids to vectors, with dropout. Knows ids, not what they stand for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded, sent
from seqtext.nn.drawn import normal


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
        self.weight = normal(vocabulary_size, embedding_size, deviation=0.1)
        self.word_dropout = word_dropout
        self.unknown_id = unknown_id
        self.dropout = nn.Dropout(dropout)
        self.type_dropout = type_dropout

    def hide(self, tokens: Padded) -> tuple[Padded, Tensor]:
        """Word dropout: ids with some replaced by `unknown_id`, and their (N,) positions in the flattened (B * T); none outside training.

        Drawn on the CPU, since only there their number can be known without waiting for the device.
        """
        values, lengths = tokens
        if not self.training or self.word_dropout == 0:
            return tokens, torch.empty(0, dtype=torch.int64, device=values.device)
        drawn = torch.rand(values.shape, dtype=torch.float32).numpy() < self.word_dropout
        real = np.arange(values.shape[1]) < lengths.numpy()[:, None]
        hidden = sent(torch.from_numpy(np.flatnonzero(drawn & real)), values.device)
        return tokens.with_values(values.flatten().index_fill(0, hidden, self.unknown_id).view_as(values)), hidden

    def forward(self, tokens: Padded) -> Padded:
        """Ids (B, T) to vectors (B, T, D)."""
        vectors = self.dropout(nn.functional.embedding(tokens.values, self.weight))
        if self.training and self.type_dropout:
            kept = vectors.new_empty(len(self.weight)).bernoulli_(1 - self.type_dropout) / (1 - self.type_dropout)
            vectors = vectors * kept[tokens.values].unsqueeze(-1)
        return tokens.with_values(vectors)
