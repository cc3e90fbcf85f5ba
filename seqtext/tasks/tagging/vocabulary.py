"""The words and pieces of a saved tagger. Knows the names of its files, no model."""

from __future__ import annotations

from typing import NamedTuple

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.data.text.word_tokenizer import WordTokenizer
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import read_tokenizer

WORDS, PIECES = "words.txt", "pieces.model"  # the second is no `tokenizer.model`: no other task reads as a tagger does


class Vocabulary(NamedTuple):
    """The words that have a vector, and the pieces that words are cut into besides, or None."""

    words: WordTokenizer
    pieces: Tokenizer | None


def read_words(saved: SavedTask) -> Vocabulary:
    """Out of a verified folder.

    Raises:
        SavedFileError: for what is missing, or none of ours.
    """
    words = WordTokenizer.from_bytes(saved.file(WORDS), Normaliser(lowercase=True))
    if PIECES not in saved.files:
        return Vocabulary(words, None)
    return Vocabulary(words, read_tokenizer(saved, lowercase=saved.value("lowercase", bool), name=PIECES))
