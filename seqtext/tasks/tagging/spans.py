"""Spans that tags of words mark, as B-PER I-PER O do, in any of the usual schemes. Knows names of tags alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_SPAN = re.compile(r"([BIESLU])-(.+)", re.DOTALL)
OUTSIDE = "O"


class Span(NamedTuple):
    """Some words in a row that are one thing.

    Attributes:
        kind: of thing, as PER.
        first: the place of its first word, from 0.
        end: the place behind its last word.
    """

    kind: str
    first: int
    end: int


def mark_spans(tags: Iterable[str]) -> bool:
    """Whether tags are those of spans: O, or a kind behind one of B, I, E, S, L and U; some of them of beginnings or insides."""
    tags = set(tags)
    return tags <= {OUTSIDE} | {tag for tag in tags if _SPAN.fullmatch(tag)} and any(
        tag[:2] in ("B-", "I-") for tag in tags
    )


def spans_of(tags: Sequence[str]) -> list[Span]:
    """The spans of a row, in their order.

    As CoNLL's own measure has it: a span goes on while words inside of one kind follow each other, whether or not it began with B.
    """
    found: list[Span] = []
    kind, first = "", 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        match = _SPAN.fullmatch(tag)
        mark, name = match.groups() if match else ("", "")
        if kind and (name != kind or mark in "BSU"):
            found.append(Span(kind, first, place))
            kind = ""
        if name and not kind:
            kind, first = name, place
        if kind and mark in ("E", "S", "L", "U"):
            found.append(Span(kind, first, place + 1))
            kind = ""
    return found


class SpanCounts(NamedTuple):
    """Spans that are there, that were found, and that are both, words and kind alike."""

    there: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        """The share of those found that are there."""
        return self.right / max(self.found, 1)

    @property
    def recall(self) -> float:
        """The share of those there that are found."""
        return self.right / max(self.there, 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / max(self.there + self.found, 1)


def count_spans(true: Iterable[Sequence[str]], found: Iterable[Sequence[str]]) -> dict[str, SpanCounts]:
    """Of each kind, and of all together under the empty name."""
    counts: dict[str, list[int]] = {"": [0, 0, 0]}
    for of_row, said in zip(true, found, strict=True):
        there, given = set(spans_of(of_row)), set(spans_of(said))
        for place, spans in enumerate((there, given, there & given)):
            for span in spans:
                counts.setdefault(span.kind, [0, 0, 0])[place] += 1
                counts[""][place] += 1
    return {kind: SpanCounts(*numbers) for kind, numbers in sorted(counts.items())}
