"""`Spelling`: words to ids, their own and those of their characters; different words once. Knows no tags and no batches.

A word is what it is after normalising. Letter case is for its characters to tell, so a known word is known in any; of words longer than
`LONGEST` the beginning and the end are spelt, so that a word of any length costs no more than one of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.batching.padded import Padded, sent
from seqtext.batching.ragged import Ragged
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import BEGIN, UNKNOWN, Tokenizer
from seqtext.data.text.word_tokenizer import WordTokenizer
from seqtext.nn.word_vectors import Spelled, Words
from seqtext.tasks.tagging.model import SPECIAL

LONGEST = 32  # characters of a word that are read
_GROUPS = (4, 7, 12, LONGEST)  # characters of words that are spelt side by side: little of that is padding
_UNKNOWN_CHARACTER = 1


class Spelling:
    """The ids of words and of characters.

    Args:
        words: with a vector, their letter case folded.
        characters: that have a vector, in the order of their ids.
        pieces: that words are cut into besides, or None.
    """

    def __init__(self, words: WordTokenizer, characters: str, pieces: Tokenizer | None = None) -> None:
        self.words, self.pieces = words, pieces
        self._characters = {character: number for number, character in enumerate(characters, start=SPECIAL)}
        self._clean = Normaliser()

    def forms(self, rows: Iterable[Sequence[str]]) -> tuple[Forms, list[list[int]]]:
        """The different words of some rows, and which of them each word is. A row without a word has one without a character."""
        found: dict[str, int] = {}
        numbers = [[found.setdefault(word, len(found)) for word in row or ("",)] for row in rows]
        return self._encoded(list(found)), numbers

    def _encoded(self, words: list[str]) -> Forms:
        cleaned = [word_form(word, self._clean) for word in words]
        ids = [found[0] for found in self.words.encode(cleaned)]
        known = self._characters
        spelt = [
            [known.get(character, _UNKNOWN_CHARACTER) for character in _cut(word)] or [_UNKNOWN_CHARACTER]
            for word in cleaned
        ]
        cut = None if self.pieces is None else Ragged.from_sequences(self.pieces.encode(list(map(_cut, cleaned))))
        return Forms(cleaned, Ragged.from_sequences(spelt), cut, np.array(ids, dtype=np.int64).reshape(-1))


def word_form(word: str, clean: Normaliser) -> str:
    """A word as it is looked up and spelt: normalised, without the blanks that some words have inside, as 1 000."""
    return clean(word).replace(" ", "")


def _cut(word: str) -> str:
    return word if len(word) <= LONGEST else word[: LONGEST // 2] + word[-LONGEST // 2 :]


class Forms:
    """The different words of a split.

    Args:
        texts: normalised; two that were written differently may have become the same.
        characters: ids of each.
        pieces: ids of each, or None.
        ids: (F,) of each as a word.
    """

    def __init__(self, texts: list[str], characters: Ragged, pieces: Ragged | None, ids: NDArray[np.int64]) -> None:
        self.texts, self.characters, self.pieces = texts, characters, pieces
        self.ids: NDArray[np.int64] = np.where(
            ids == BEGIN, UNKNOWN, ids
        )  # a word without a character is none that is known
        self._group = np.searchsorted(_GROUPS, characters.lengths.numpy())

    def __len__(self) -> int:
        return len(self.ids)

    def words(self, numbers: Padded, device: torch.device) -> Words:
        """Words (B, T) by their numbers, on the CPU, as what a model reads; each different one is spelt once."""
        values = numbers.values.numpy()
        different, places = np.unique(values, return_inverse=True)
        order, spelled = self.spelled(different)
        place_of = np.empty_like(order)
        place_of[order] = np.arange(len(order))
        form_of = place_of[places.reshape(values.shape)]
        return (
            self.known(numbers, device)
            ._replace(form_of=sent(torch.from_numpy(form_of), device), spelled=spelled)
            .to(device)
        )

    def known(self, numbers: Padded, device: torch.device) -> Words:
        """Words (B, T) whose spelling is known by their numbers."""
        ids = sent(torch.from_numpy(self.ids[numbers.values.numpy()]), device)
        return Words(numbers.with_values(ids), sent(numbers.values.long(), device), ())

    def spelled(self, different: NDArray[np.integer]) -> tuple[NDArray[np.int64], tuple[Spelled, ...]]:
        """How some words are spelt, in groups of like length, and the order in which the words then stand."""
        group = self._group[different]
        order = np.argsort(group, kind="stable")
        bounds = np.searchsorted(group[order], np.arange(len(_GROUPS) + 1))
        parts = [different[order[first:last]] for first, last in pairwise(bounds) if last > first]
        return order, tuple(self._spelled(torch.from_numpy(part)) for part in parts)

    def _spelled(self, part: torch.Tensor) -> Spelled:
        return Spelled(self.characters.pad(part), None if self.pieces is None else self.pieces.pad(part))
