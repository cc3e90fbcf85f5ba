"""`WordPrediction` guesses hidden words from what the model made of their places, `NextWords` those that come. Auxiliary tasks; know ids.

A classifier of a few ten thousand rows learns little about words from labels alone: one label per text. Words hidden by word dropout
give it some ten targets per text for the price of one more product over those places, and the same backbone learns from both.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtext.nn.vocabulary_loss import vocabulary_loss


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

    def forward(self, outputs: Tensor, words: Tensor, vectors: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Cross entropy of the hidden words, in fp32: the weighted sum, and each word's own.

        Args:
            outputs: (N, H) at the hidden places.
            words: (N,) the ids that stood there.
            vectors: (V, D) the embedding's.
            weights: (N,) what each word counts.
        """
        return vocabulary_loss(self.projection(self.dropout(outputs)), vectors, self.bias, words.long(), weights)


class NextWords(nn.Module):
    """From the outputs of a direction to losses over the word that it reads next: a language model beside tags (Rei 2017).

    The output weights are the embedding's vectors, given at each call and made shorter: all places of a batch are guessed at, which
    would else cost as much as the model.

    Args:
        input_size: features of an output, H.
        embedding_size: features of a word's vector, D.
        vocabulary_size: V.
        size: features of both when they are compared.
    """

    def __init__(self, *, input_size: int, embedding_size: int, vocabulary_size: int, size: int = 64) -> None:
        super().__init__()
        self.projection = nn.Linear(input_size, size)
        self.shorter = nn.Linear(embedding_size, size, bias=False)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))

    def forward(self, outputs: Tensor, words: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Cross entropy of the words (N,) that follow outputs (N, H), in fp32: the sum, and each word's own.

        Args:
            outputs: (N, H).
            words: (N,) ids.
            vectors: (V, D) the embedding's.
        """
        guesses = torch.tanh(self.projection(outputs))
        return vocabulary_loss(guesses, self.shorter(vectors), self.bias, words.long())
