"""The phrases of the phrasebook with the part that each of their words plays: to tag.

    Monday  ·  Oslo   →     Lima         ·  May    3    –     9    ·  3       hours  ·  9:15  AM
    weekday -  place  sign  destination  -  month  day  sign  day     number  unit      time  time

A number alone may be a day, a year or a count of something, a place is a destination behind an arrow, and whatever stands in brackets is
an aside, however far the bracket is: order decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple, cast

from seqtext.builtin.cldr import Wording
from seqtext.builtin.phrasebook import make_rows

PARTS = (
    *("sign", "place", "destination", "language", "weekday", "day", "month", "year", "date", "time"),
    *("number", "unit", "percent", "amount", "currency", "aside"),
)
_FIRST, _END = 0xE000, "\uf000"  # characters of private use, which no locale has: a part begins, a part ends


class TaggedPhrase(NamedTuple):
    """The words of a phrase, and the part of `PARTS` that each plays."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


def tagged_phrases(
    *, locale: str = "en", seed: int = 0, train: int = 12_000, validation: int = 1_000, test: int = 1_000
) -> dict[str, list[TaggedPhrase]]:
    """Phrases of one locale as `phrases` makes them, cut at blanks.

    Args:
        locale: a CLDR locale such as `en`, `pt-BR` or `zh_Hant`.
        seed: another one, other combinations.
        train: rows of the split of that name; so `validation` and `test`.

    Raises:
        DataError: for a locale that is unknown, or has too few names.
        OptionsError: for a number of rows that cannot be had.
    """
    marked = cast(Wording, MarkedWording(Wording(locale)))  # which has the methods that a pen writes with
    made = make_rows([marked], seed, {"train": train, "validation": validation, "test": test})
    return {split: [tagged(row.texts[0]) for row in rows] for split, rows in made.items()}


def tagged(text: str) -> TaggedPhrase:
    """The words of a marked text: each plays the part of its first character that has one, or that of an aside in brackets."""
    words, tags = [], []
    part, depth = "", 0
    for word in text.split(" "):
        letters, of_word = [], ""
        for character in word:
            if _FIRST <= ord(character) < _FIRST + len(PARTS):
                part = PARTS[ord(character) - _FIRST]
            elif character == _END:
                part = ""
            else:
                depth += character == "("
                letters.append(character)
                of_word = of_word or part
        if letters:
            words.append("".join(letters))
            tags.append("aside" if depth else of_word or "sign")
            depth = max(depth - letters.count(")"), 0)
    return TaggedPhrase(tuple(words), tuple(tags))


class MarkedWording:
    """A locale whose texts say of their words what they are.

    Args:
        wording: of the locale.
    """

    def __init__(self, wording: Wording) -> None:
        self._say = wording
        months = wording.locale.months
        names = (name for context in months.values() for width in context.values() for name in width.values())
        self._months = {_bare(word) for name in names for word in name.split()}
        self.range, self.listed = wording.range, wording.listed

    def name(self, kind: str, code: str) -> str:
        """The name of a country, city, language, month or weekday."""
        part = {"country": "place", "city": "place"}.get(kind, kind)
        return _marked(self._say.name(kind, code), part)

    def arrow(self, first: str, last: str) -> str:
        """A way or a change; what a way leads to is a destination."""
        return self._say.arrow(first, last.replace(_mark("place"), _mark("destination")))

    def amount(self, value: Decimal, code: str) -> str:
        """An amount of money."""
        return _by_digits(self._say.amount(value, code), "amount", "currency")

    def quantity(self, value: Decimal, unit: str) -> str:
        """So many of a unit."""
        return _by_digits(self._say.quantity(value, unit), "number", "unit")

    def percent(self, value: Decimal) -> str:
        """So many hundredths."""
        return _marked(self._say.percent(value), "percent")

    def compact(self, value: Decimal) -> str:
        """A large number."""
        return _marked(self._say.compact(value), "number")

    def time(self, clock: time) -> str:
        """A time of the day."""
        return _marked(self._say.time(clock), "time")

    def day(self, day: date) -> str:
        """A date with its year."""
        return self._dated(self._say.day(day))

    def month(self, month: date) -> str:
        """A month of a year."""
        return self._dated(self._say.month(month))

    def days(self, first: date, last: date) -> str:
        """From one date to another."""
        return self._dated(self._say.days(first, last))

    def _dated(self, text: str) -> str:
        """Numbers of four digits are years, others days; words are months where they are the name of one."""

        def part(word: str) -> str:
            digits, letters = (sum(map(kind, word)) for kind in (str.isdecimal, str.isalpha))
            if digits:
                return "date" if letters else "year" if digits == 4 else "day"
            return "month" if _bare(word) in self._months else ""

        return " ".join(_marked(word, found) if (found := part(word)) else word for word in text.split(" "))


def _bare(word: str) -> str:
    return word.strip(".,").casefold()


def _mark(part: str) -> str:
    return chr(_FIRST + PARTS.index(part))


def _marked(text: str, part: str) -> str:
    return f"{_mark(part)}{text}{_END}"


def _by_digits(text: str, number: str, other: str) -> str:
    """Words with digits, and words without, each by what they are."""
    runs: Iterator[tuple[bool, Iterator[str]]] = groupby(text.split(" "), lambda word: any(map(str.isdecimal, word)))
    return " ".join(_marked(" ".join(words), number if digits else other) for digits, words in runs)
