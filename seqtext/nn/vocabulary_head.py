"""`VocabularyHead`: from outputs to the vocabulary, with weights tied to the embedding's or its own. Knows ids only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtext.nn.drawn import normal
from seqtext.nn.sampled_loss import sampled_loss
from seqtext.nn.vocabulary_loss import vocabulary_loss


class VocabularyHead(nn.Module):
    """Projection to the size of the vectors, and from there to the vocabulary.

    Tied weights (Press and Wolf 2017) are the embedding's, given at each call, so they are saved once.

    Args:
        input_size: features of an output, H.
        vector_size: features of a token's vector, D.
        vocabulary_size: V.
        tied: whether the weights are the embedding's.
        sampled: ids that the loss sees in training, as `sampled_loss` says; 0, or V or more, for all.
    """

    def __init__(
        self, *, input_size: int, vector_size: int, vocabulary_size: int, tied: bool = True, sampled: int = 0
    ) -> None:
        super().__init__()
        self.sampled = sampled if sampled < vocabulary_size else 0
        self.projection = nn.Linear(input_size, vector_size) if tied and input_size != vector_size else None
        self.weight = None if tied else normal(vocabulary_size, input_size, deviation=0.05)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))

    def forward(self, outputs: Tensor, vectors: Tensor) -> Tensor:
        """(..., H) to logits (..., V); `vectors` (V, D) are the embedding's."""
        return nn.functional.linear(self.projected(outputs), self._weight(vectors), self.bias)

    def loss(
        self, outputs: Tensor, vectors: Tensor, targets: Tensor, *, label_smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """Cross entropy of the targets (N,) after outputs (N, H): the sum, and each token's own; see `vocabulary_loss`.

        Estimated in training where ids are sampled; never where targets are smoothed over all of them.
        """
        hidden, weight = self.projected(outputs), self._weight(vectors)
        if self.training and self.sampled and not label_smoothing:
            return sampled_loss(hidden, weight, self.bias, targets, ids=self.sampled)
        return vocabulary_loss(hidden, weight, self.bias, targets, label_smoothing=label_smoothing)

    def projected(self, outputs: Tensor) -> Tensor:
        """(..., H) to what is compared with the vectors of the vocabulary, (..., D), or (..., H) where weights are not tied."""
        return outputs if self.projection is None else self.projection(outputs)

    def _weight(self, vectors: Tensor) -> Tensor:
        return vectors if self.weight is None else self.weight
