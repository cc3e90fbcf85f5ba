"""Texts as a translator reads them: in parts no longer than it has learnt from, in small letters, with placeholders for what is copied.

Knows texts and a tokenizer, no models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from seqtext.data.text.tokenizer import BEGIN, Tokenizer
from seqtext.tasks.translation.copying import Copier, Glossary, Masked
from seqtext.tasks.translation.letter_case import in_capitals, in_small_letters
from seqtext.tasks.translation.settings import MOST_CHARACTERS

_BETWEEN = (  # where a long text is split: behind sentences, behind clauses, between words
    re.compile(r"(?<=[.!?…؟۔։።])[\"'”’»)\]]*\s+|(?<=[。！？।॥။។])|\n+"),
    re.compile(r"(?<=[,;:،؛፣、，；：])\s*|\s+(?=[-–—(])"),
    re.compile(r"\s+"),
)


class Part(NamedTuple):
    """A text, or a sentence of a long one.

    Attributes:
        ids: without the end token; none for an empty text.
        masked: what its placeholders stand for.
        capitals: whether its translation is to be in capitals.
    """

    ids: list[int]
    masked: Masked
    capitals: bool


class Read(NamedTuple):
    """A text as it is read, and whether its end was left out."""

    parts: list[Part]
    cut: bool


class Reader:
    """Reads texts.

    Args:
        tokenizer: of the sources.
        copier: finds what is copied; None if nothing is.
        longest: tokens of a part.
        capitals: whether texts in capitals are read as they are.
    """

    def __init__(self, tokenizer: Tokenizer, copier: Copier | None, *, longest: int, capitals: bool) -> None:
        self._tokenizer, self._copier, self._longest = tokenizer, copier, longest
        self._as_they_are = capitals or tokenizer.normaliser.lowercase

    def __call__(self, text: str, glossary: Glossary | None = None) -> Read:
        """A text in parts, of which there is always one."""
        kept = text[:MOST_CHARACTERS]
        loud = not self._as_they_are and in_capitals(self._masked(kept, glossary, small=True).text)

        def part(text: str) -> Part:
            masked = self._masked(text, glossary, small=loud)
            shown = small_letters(masked.text, self._copier) if loud else masked.text
            [ids] = self._tokenizer.encode([shown], keep=slice(0, self._longest))
            return Part([] if ids == [BEGIN] else ids, masked, loud)

        def fits(text: str) -> bool:
            if self._copier is not None and not self._copier.fits(text, glossary, small=loud):
                return False
            return len(part(text).ids) <= self._longest

        return Read([part(one) for one in split(kept, fits)] or [part("")], len(kept) < len(text))

    def _masked(self, text: str, glossary: Glossary | None, *, small: bool) -> Masked:
        return Masked(text, {}) if self._copier is None else self._copier.masked(text, glossary, small=small)


def small_letters(text: str, copier: Copier | None) -> str:
    """In small letters, but for the first if the vocabulary has it as a capital."""
    small = in_small_letters(text)
    letters = filter(str.isalpha, set(small))
    return small if copier is None or all(map(copier.is_known, letters)) else small.lower()


def split(text: str, fits: Callable[[str], bool], level: int = 0) -> list[str]:
    """A text as sentences if it does not fit, those as clauses or words where they do not; as few of these as fit.

    Args:
        text: any.
        fits: whether a text is short enough; a single character always is.
        level: 0 for sentences.
    """
    if not text.strip():
        return []
    if fits(text) or len(text) == 1:
        return [text]
    if level == len(_BETWEEN):
        half = len(text) // 2
        return [*split(text[:half], fits, level), *split(text[half:], fits, level)]
    pieces = [piece for piece in _pieces(text, _BETWEEN[level]) if piece.strip()]
    if level:
        pieces = list(_packed(pieces, fits))
    return [one for piece in pieces for one in split(piece, fits, level + 1)]


def _pieces(text: str, between: re.Pattern[str]) -> Iterator[str]:
    at = 0
    for match in between.finditer(text):
        yield text[at : match.end()]
        at = match.end()
    yield text[at:]


def _packed(pieces: list[str], fits: Callable[[str], bool]) -> Iterator[str]:
    """As many pieces together as fit."""
    held = ""
    for piece in pieces:
        if held and not fits(held + piece):
            yield held
            held = ""
        held += piece
    if held:
        yield held
