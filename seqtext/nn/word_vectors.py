"""`WordVectors`: a vector for every word there may be: its own where it is known, and how it is spelt. Knows ids, no texts.

Each different word of a batch is spelt once, however often it stands there, by a recurrent layer that reads its characters both ways; a
word is there as a whole before it is tagged, so that streams lose nothing by it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded, sent
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.pooling import Pooling


class Spelled(NamedTuple):
    """How some words are spelt.

    Attributes:
        characters: ids (U, C).
        pieces: ids (U, P) of a tokenizer; None of a model that reads none.
    """

    characters: Padded
    pieces: Padded | None = None

    def to(self, device: torch.device) -> Spelled:
        """The same on `device`; nothing is done where it already is."""
        return Spelled(self.characters.to(device), None if self.pieces is None else self.pieces.to(device))


class Words(NamedTuple):
    """The words of some rows.

    Attributes:
        ids: (B, T) of words that have a vector; the unknown id for others.
        form_of: (B, T) which of the U different words each is.
        spelled: these, in groups of like length, one behind the other.
        vectors: (U, D) what they are spelt as, where that is known already; `spelled` is then not read.
    """

    ids: Padded
    form_of: Tensor
    spelled: tuple[Spelled, ...]
    vectors: Tensor | None = None

    def to(self, device: torch.device) -> Words:
        """The same on `device`; nothing is done where it already is."""
        vectors = None if self.vectors is None else self.vectors.to(device)
        return Words(
            self.ids.to(device), sent(self.form_of, device), tuple(one.to(device) for one in self.spelled), vectors
        )


class WordVectors(nn.Module):
    """The sum of a word's own vector and a projection of what its characters are read as; and the mean of its pieces where there are such.

    Args:
        embedding: of known words, D features; its `hide` has some of them told by their spelling alone.
        characters: embedding of characters.
        spelling: over characters.
        pieces: embedding of the pieces that another model reads, of as many features; or None.
        dropout: share of values zeroed in training.
    """

    def __init__(
        self,
        *,
        embedding: TokenEmbedding,
        characters: TokenEmbedding,
        spelling: Backbone,
        pieces: TokenEmbedding | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.words = embedding
        self.characters = characters
        self.spelling = spelling
        self.pooling = Pooling(kinds=["last"], size=spelling.output_size, bidirectional=spelling.bidirectional)
        self.projection = nn.Linear(self.pooling.output_size, embedding.weight.shape[1])
        self.pieces = pieces
        self.mean = Pooling(kinds=["mean"], size=embedding.weight.shape[1])
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Words) -> Padded:
        """Words (B, T) to vectors (B, T, D)."""
        spelt = self.spell(words.spelled) if words.vectors is None else words.vectors
        ids, _ = self.words.hide(words.ids)
        values = self.words(ids).values + nn.functional.embedding(words.form_of, spelt)
        return words.ids.with_values(self.dropout(values))

    def spell(self, spelled: tuple[Spelled, ...]) -> Tensor:
        """(U, D): what different words are spelt as."""
        return torch.cat([self._spell(one) for one in spelled])

    def _spell(self, spelled: Spelled) -> Tensor:
        vectors: Tensor = self.projection(self.pooling(self.spelling(self.characters(spelled.characters))))
        if self.pieces is not None and spelled.pieces is not None:
            vectors = vectors + self.mean(self.pieces(spelled.pieces))
        return vectors
