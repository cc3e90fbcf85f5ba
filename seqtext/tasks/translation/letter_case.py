"""Texts all in capitals: read in small letters, since a vocabulary of other texts spells capitals letter by letter. Knows texts."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_WORDS, _FEWEST_LETTERS = 3, 12  # fewer may be an abbreviation


def in_capitals(text: str) -> bool:
    """Whether a text has no small letters, and more capitals than abbreviations have and than letters that have no case."""
    if not text.isupper():
        return False
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    if 2 * sum(map(str.isupper, text)) < letters:
        return False
    return len(words) >= _FEWEST_WORDS or letters >= _FEWEST_LETTERS


def in_small_letters(text: str) -> str:
    """The text in small letters, but for the first letter, which begins a sentence."""
    small = text.lower()
    first = _WORD.search(small)
    return small if first is None else small[: first.start()] + small[first.start() :].capitalize()
