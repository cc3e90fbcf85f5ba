"""Texts as symbols and back: whole words where there are few, or characters. Knows no sounds."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MOST_WORDS = 100  # different words that are symbols themselves
OFTEN = 10  # times that such a word is there on average: else it is a text, not a word
OFTEN_ALONE = 3  # likewise, where each text is one word of letters, as in a folder for each word


def normalised(text: str, *, lowercase: bool) -> str:
    """A text as it is learnt and compared: Unicode NFC, white space folded."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return text.lower() if lowercase else text


def choose_symbols(texts: Sequence[str], wanted: Literal["auto", "words", "characters"]) -> tuple[tuple[str, ...], str]:
    """The symbols of some texts, sorted, and what stands between two of them.

    Words that are all of one character are written without blanks where no text has one: `7` is a word, and so are those of `731`.
    """
    words = Counter(word for text in texts for word in text.split())
    blanks = any(" " in text for text in texts)
    often = OFTEN if blanks or not all(map(str.isalpha, words)) else OFTEN_ALONE
    few = len(words) <= MOST_WORDS and sum(words.values()) >= often * len(words)
    single = all(len(word) == 1 for word in words)
    if wanted == "words" or (wanted == "auto" and few and (blanks or not single)):
        return tuple(sorted(words)), " "
    return tuple(sorted({character for text in texts for character in text})), ""


def symbols_of(text: str, separator: str) -> list[str]:
    """The symbols of a text."""
    return text.split(separator) if separator and text else list(text)


class Alphabet:
    """Numbers of symbols: 0 is nothing, others from 1 on.

    Args:
        symbols: in their order.
        separator: what stands between two in a text.
    """

    def __init__(self, symbols: Sequence[str], separator: str) -> None:
        self.symbols, self.separator = tuple(symbols), separator
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols, start=1)}

    def encode(self, text: str) -> NDArray[np.int32]:
        """Numbers of a normalised text.

        Raises:
            KeyError: the first symbol that is not in the alphabet.
        """
        return np.array([self._numbers[symbol] for symbol in symbols_of(text, self.separator)], dtype=np.int32)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of some numbers, none of which is 0."""
        return self.separator.join(self.symbols[number - 1] for number in numbers)
