"""Text as papers on Multi30k count its BLEU: punctuation made plain, lower case, and cut as Moses' tokenizer cuts it.

A small part of Moses' rules, those for running text: no lists of abbreviations, no markup. What differs is said where it
matters: `says` goes beside every figure made with it. Knows texts; the figure is made elsewhere.
"""

from __future__ import annotations

import re

SAYS = "BLEU-4 of lower-cased text with plain punctuation, cut as Moses' tokenizer does, by rules of our own"

# Left of each pair what Moses' normalize-punctuation.perl replaces, right what by.
_PLAIN = str.maketrans(
    {"„": '"', "“": '"', "”": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "´": "'", "`": "'"}
    | {"–": "-", "—": " - ", "…": "...", "\xa0": " ", "\xad": None}
)
_SYMBOL = re.compile(r"([^\w\s.',\-]|_)")
_DOTS = re.compile(r"(\.{2,})")
_COMMA = re.compile(r"(?<!\d),|,(?!\d)")  # not that of 3,000
_APOSTROPHE = re.compile("'")
# English writes dog 's, French l' homme; the other languages have the apostrophe as a token of its own.
_BEFORE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])|(?<=\d)'(?=s)")
_OPENS = {"en": r" '", "fr": r"' ", "it": r"' ", "ga": r"' "}
_APART, _KEPT = "\x00", "\x01"


def moses_tokens(text: str, language: str = "") -> list[str]:
    """The tokens of a text.

    Args:
        text: as it was written.
        language: its code, such as `de`; it decides what an apostrophe between letters belongs to.
    """
    plain = text.translate(_PLAIN).lower()
    plain = _DOTS.sub(r" \1 ", _SYMBOL.sub(r" \1 ", plain))
    plain = _COMMA.sub(" , ", plain)
    if kept := _OPENS.get(_code(language)):
        plain = _BEFORE.sub(kept.replace("'", _KEPT), plain)
    plain = _APOSTROPHE.sub(" ' ", plain).replace(_KEPT, "'")
    words = plain.split()
    # A period ends a sentence, and is a token, unless the next word is in lower case: all words are, but not quotes and numbers.
    ends = [*(not word[0].islower() for word in words[1:]), True]
    return [part for word, end in zip(words, ends, strict=False) for part in (_split(word) if end else [word])]


def says(language: str = "") -> str:
    """What goes beside every figure made with the tokens of a language: it names the rule for apostrophes, if there is one."""
    return f"{SAYS}, apostrophes as in {_code(language)}" if _code(language) in _OPENS else SAYS


def _code(language: str) -> str:
    return language.split("-")[0].split("_")[0]


def _split(word: str) -> list[str]:
    """A word and the period behind it; a single period, or an ellipsis, stays."""
    return [word[:-1], "."] if word.endswith(".") and word.strip(".") else [word]
