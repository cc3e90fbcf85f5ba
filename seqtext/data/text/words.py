"""A text as words, in any script: for measures and baselines, never for a model."""

from __future__ import annotations

import re

# A word, or one character of a script written without spaces (Thai to Khmer, kana, Han), or one symbol. With bigrams
# over them, texts of mixed scripts are served too; the symbols alone are worth 0.3 points on AG News. The marks of
# Indic vowels, Hebrew and Arabic are no `\w` for Python, and would split words.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0dff"
IN_WORD = rf"(?:[^\W{UNSPACED}]|[{_MARKS}])"  # a character of a word of several
TOKEN = rf"{IN_WORD}+|[{UNSPACED}]|[^\w\s]"
WORD = TOKEN.rpartition("|")[0]  # no symbols
_TOKEN = re.compile(TOKEN)
_BETWEEN_BLANKS = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")


def words(text: str) -> list[str]:
    """Words, symbols, and characters of scripts written without spaces, in their order and letter case."""
    return _TOKEN.findall(text)


def count_words(text: str) -> int:
    """What stands between blanks; of scripts written without spaces, the characters."""
    return sum(1 for _ in _BETWEEN_BLANKS.finditer(text))
