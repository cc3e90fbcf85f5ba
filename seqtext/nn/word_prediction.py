"""`WordPrediction`: guesses hidden words from what the model made of their places. An auxiliary task; knows ids, no texts.

A classifier of a few ten thousand rows learns little about words from labels alone: one label a text. Words hidden by word dropout
give it some ten targets a text for the price of one more product over those places, and the same backbone learns from both.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class WordPrediction(nn.Module):
    """From outputs at hidden places to losses over the vocabulary (masked words as in Devlin et al. 2019).

    The output weights are the embedding's own vectors (Press and Wolf 2017), given at each call, so they are saved once.

    Args:
        input_size: features of an output, H.
        embedding_size: features of a word's vector, D.
        vocabulary_size: V.
        dropout: share of output values zeroed in training.
    """

    def __init__(self, *, input_size: int, embedding_size: int, vocabulary_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(input_size, embedding_size)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))

    def forward(self, outputs: Tensor, words: Tensor, vectors: Tensor) -> Tensor:
        """Cross entropy of each hidden word, in fp32.

        Args:
            outputs: (N, H) at the hidden places.
            words: (N,) the ids that stood there.
            vectors: (V, D) the embedding's.
        """
        logits = F.linear(self.projection(self.dropout(outputs)), vectors, self.bias)
        return F.cross_entropy(logits.float(), words.long(), reduction="none")
