"""What a translation takes over as it is: numbers, addresses, characters that the vocabulary does not have, terms of a glossary.

A placeholder stands for each while the model reads and writes. Knows texts and which characters a tokenizer has, no models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.data.text.words import UNSPACED
from seqtext.errors import OptionsError, shorten
from seqtext.tasks.translation.settings import TranslatorConfig

PLACEHOLDERS = "".join(
    map(chr, range(0xE000, 0xE008))
)  # private-use characters; those that a text brings are copied themselves
_ENDS = ".,;:!?)]}>\"'”’»"  # behind an address, no part of it
# Runs of word characters have limits, those of addresses where there are some, or a long one would be read anew from each character on.
# Scripts without blanks stand beside an address or a number as other words do behind a blank: neither goes on in them, nor in Hangul.
_OTHER = rf"{UNSPACED}\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
_IN_NAME = rf"(?:[^\W{_OTHER}]|-)"
_IN_ADDRESS = (
    rf"(?:[^\s{_OTHER}\u3000-\u303f\uff00-\uffef]|(?<=[/=])[{_OTHER}]{{1,99}}(?=[/&?#\s]|$))"  # /wiki/北京 too
)
_SITE = rf"{_IN_NAME}{{1,63}}(?:\.{_IN_NAME}{{1,63}}){{0,9}}\.(?:com|org|net|edu|gov|io|info)(?!{_IN_NAME})(?:/{_IN_ADDRESS}*)?"
_MAIL = rf"(?:{_IN_NAME}|[.+]){{1,64}}@{_IN_NAME}+(?:\.{_IN_NAME}+)+"
_ADDRESS = rf"(?:[a-zA-Z][a-zA-Z\d+.-]{{0,29}}://|www\.){_IN_ADDRESS}+|{_MAIL}|{_SITE}"
_FIGURE = r"(?:(?<![^\s(])[-−+])?\d+(?:[.,:/'’-]\d+)*"  # 1,000.5, -2, 2026-11-28
_CAPITAL, _LATIN = "A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я", "a-zA-ZÀ-ÖØ-öø-ɏͰ-ϿЀ-ӿ"  # and its kin
# A380, COVID-19, iPhone5 and A320-200 too, but no word that is written beside a number: mid-40s, G7-Staaten
_CODE = rf"(?:[{_LATIN}]{{1,30}}|[{_CAPITAL}]{{1,30}}-)\d[{_LATIN}\d]*(?:-[{_CAPITAL}\d]+(?![{_LATIN}]))*"
_NUMBER = rf"(?<![{_LATIN}]){_CODE}|{_FIGURE}"
_ADDRESSES = re.compile(_ADDRESS)
_ALL = re.compile(f"{_ADDRESS}|{_NUMBER}")
_NUMBERS = re.compile(_NUMBER)
_UNDIVIDED = re.compile(f"{_ADDRESS}|{_FIGURE}")  # a term may well be a part of G7-Staaten
_FEWEST_NUMBERS, _KEPT_SHARE = 20, 0.8
_FIT = len(PLACEHOLDERS)
_LETTER = rf"[^\W{UNSPACED}]"  # of a word that has an end

Span = tuple[int, int]


class Masked(NamedTuple):
    """A text with placeholders, and what each of them stands for."""

    text: str
    stands_for: dict[str, str]

    def put_back(self, text: str) -> str:
        """A text that the model wrote, with what its placeholders stand for."""
        return "".join(self.stands_for.get(character, character) for character in text)

    def put_in(self, text: str) -> str:
        """A text that a translation begins with, with the placeholders of what it has as a whole: the 5 of 15 is no number."""
        text = Normaliser()(text)
        for mark, kept in self.stands_for.items():
            begins = r"(?<!\d[.,:/'’-])(?<!\d)" if kept[0].isdecimal() else ""
            ends = r"(?![.,:/'’-]?\d)" if kept[-1].isdecimal() else ""
            begins += rf"(?<!{_LETTER})" if re.match(_LETTER, kept[0]) else ""
            ends += rf"(?!{_LETTER})" if re.match(_LETTER, kept[-1]) else ""
            text = re.sub(f"{begins}{re.escape(kept)}{ends}", mark, text, count=1)
        return text


class Copier:
    """Finds what is to be copied.

    Args:
        tokenizer: of the texts that are read.
        numbers: whether numbers are copied; else the model translates them, as dates and amounts of another country.
    """

    def __init__(self, tokenizer: Tokenizer, *, numbers: bool) -> None:
        self._plain = Normaliser(whitespace=tokenizer.normaliser.whitespace)  # what is copied keeps its case
        self.numbers = numbers
        self._pattern = _ALL if numbers else _ADDRESSES
        lower = tokenizer.normaliser.lowercase

        @lru_cache(maxsize=100_000)
        def is_known(character: str) -> bool:
            return character not in PLACEHOLDERS and not tokenizer.commonest_unknown(
                [character.lower() if lower else character]
            )

        self.is_known = is_known

    def spans(self, text: str, terms: Iterable[Span] = (), *, small: bool = False) -> list[Span]:
        """Where something is to be copied in a normalised text, in order: none overlap, and what only blanks part is one.

        Args:
            text: normalised.
            terms: spans that are to be by themselves.
            small: whether the text is to be read in small letters.
        """
        taken = list(terms)
        found = _matches(self._pattern, text)
        found += self._unknown(text.lower() if small and len(text.lower()) == len(text) else text)
        found = [span for span in found if span[0] < span[1] and not any(_meet(span, term) for term in taken)]
        return sorted([*taken, *_joined(sorted(found), text)])

    def masked(self, text: str, glossary: Glossary | None = None, *, small: bool = False) -> Masked:
        """A text to translate, with a placeholder for each of the first spans that there are placeholders for."""
        text = self._plain(text)
        terms = {} if glossary is None else glossary.found(text)
        spans = self.spans(text, terms, small=small)[:_FIT]
        stands_for = {
            mark: terms.get(span, text[slice(*span)]) for mark, span in zip(PLACEHOLDERS, spans, strict=False)
        }
        return Masked(_replaced(text, spans, PLACEHOLDERS), stands_for)

    def fits(self, text: str, glossary: Glossary | None = None, *, small: bool = False) -> bool:
        """Whether there are placeholders enough for a text."""
        text = self._plain(text)
        return len(self.spans(text, {} if glossary is None else glossary.found(text), small=small)) <= _FIT

    def masked_pair(self, source: str, target: str, *, small: bool = False) -> tuple[str, str]:
        """A pair to learn from or to score: what stands on both sides gives way to the same placeholder."""
        source, target = self._plain(source), self._plain(target)
        if not (spans := self.spans(source, small=small)):
            return source, target
        there: dict[str, list[Span]] = {}
        for span in self.spans(target, small=small):
            there.setdefault(target[slice(*span)], []).append(span)
        both = [(span, there[text].pop(0)) for span in spans if there.get(text := source[slice(*span)])][:_FIT]
        return with_placeholders(source, target, both)

    def _unknown(self, text: str) -> Iterator[Span]:
        """Words, or of scripts without blanks characters, that the vocabulary has to spell in bytes."""
        if all(map(self.is_known, set(text))):
            return
        for match in re.finditer(rf"[^\W{UNSPACED}]+|[{UNSPACED}]|[^\w\s]", text):
            if not all(map(self.is_known, match.group())):
                yield match.span()


def copier_of(config: TranslatorConfig, source_tokenizer: Tokenizer, tokenizer: Tokenizer) -> Copier | None:
    """What finds what a translator copies; None if it has not learnt to, or its tokenizers have no placeholders."""
    there = all(one.commonest_unknown(PLACEHOLDERS) == [] for one in (source_tokenizer, tokenizer))
    return Copier(source_tokenizer, numbers=config.copies_numbers) if config.copying and there else None


class Glossary:
    """Terms, and what they are to be in the other language.

    Args:
        terms: each with its translation.
    """

    def __init__(self, terms: Mapping[str, str]) -> None:
        normal = Normaliser()  # as the texts are read
        self.terms = {normal(term): normal(other) for term, other in terms.items()}
        longest_first = sorted(self.terms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_as_a_word, longest_first)))

    def found(self, text: str) -> dict[Span, str]:
        """Where terms stand in a normalised text, as they are written, and what each is to be: the 12 of 12.50 is none."""
        whole = _matches(_UNDIVIDED, text)
        return {
            match.span(): self.terms[match.group()]
            for match in self._pattern.finditer(text)
            if not _is_part(match.span(), whole)
        }

    def terms_in(self, text: str) -> set[str]:
        """The terms that a text has, also where a longer one stands."""
        text = Normaliser()(text)
        if not self._pattern.search(text):
            return set()
        whole = _matches(_UNDIVIDED, text)

        def is_there(term: str) -> bool:
            return any(not _is_part(match.span(), whole) for match in re.finditer(_as_a_word(term), text))

        return {term for term in self.terms if term in text and is_there(term)}


def _as_a_word(term: str) -> str:
    """The pattern of a term that is no part of a word; in scripts without blanks anything may stand beside it."""
    before = "" if re.match(f"[{UNSPACED}]", term[0]) else rf"(?<!{_LETTER})"
    behind = "" if re.match(f"[{UNSPACED}]", term[-1]) else rf"(?!{_LETTER})"
    return before + re.escape(term) + behind


def glossary_of(terms: Mapping[str, str] | None, *, copies: bool) -> Glossary | None:
    """The glossary of some terms; None if there are none.

    Raises:
        OptionsError: for one that cannot be meant.
    """
    if not terms:
        return None
    if not isinstance(terms, Mapping):
        raise OptionsError(f"glossary is {shorten(terms)}", expected="a dict of terms and what each is to be")
    if not copies:
        found = "a glossary, and the model has not learnt to carry terms over"
        raise OptionsError(found, fix="train it with --copying 0.1, and with a tokenizer of its own")
    if blank := [
        term for pair in terms.items() for term in pair if not isinstance(term, str) or not Normaliser()(term)
    ]:
        raise OptionsError(f"a glossary with {shorten(blank[0])} among its terms", expected="texts that are not blank")
    return Glossary(terms)


def with_placeholders(source: str, target: str, both: Iterable[tuple[Span, Span]]) -> tuple[str, str]:
    """A pair whose spans, each in the source and in the target, give way to placeholders, in the order of the source."""
    both = sorted(both)
    order = sorted(range(len(both)), key=lambda place: both[place][1])
    return (
        _replaced(source, [span for span, _ in both], PLACEHOLDERS),
        _replaced(target, [both[place][1] for place in order], [PLACEHOLDERS[place] for place in order]),
    )


def copies_numbers(pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether targets take over the numbers of their sources as they are: four of five, or there are hardly any.

    A target that has no number, but perhaps the word for it, does not count.
    """
    numbers = kept = 0
    for source, target in pairs:
        here = _NUMBERS.findall(source)
        there = _NUMBERS.findall(target) if here else []
        if not there:
            continue
        numbers += len(here)
        kept += sum(number in there for number in here)
    return numbers < _FEWEST_NUMBERS or kept >= _KEPT_SHARE * numbers


def _matches(pattern: re.Pattern[str], text: str) -> list[Span]:
    """Numbers and addresses, these without the marks behind them."""
    found = []
    for match in pattern.finditer(text):
        start, end = match.span()
        if _ADDRESSES.match(text, start):
            end = start + len(text[start:end].rstrip(_ENDS))
        found.append((start, end))
    return found


def _is_part(span: Span, whole: Iterable[Span]) -> bool:
    """Whether a span cuts one of others in two."""
    return any(_meet(span, one) and not (span[0] <= one[0] and one[1] <= span[1]) for one in whole)


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _joined(spans: list[Span], text: str) -> list[Span]:
    """Those that overlap as one, with nothing but blanks between them, or between words with nothing but marks."""
    joined: list[Span] = []
    for start, end in spans:
        between = text[joined[-1][1] : start] if joined else ""
        are_words = bool(joined) and text[joined[-1][1] - 1].isalpha() and text[start].isalpha()
        if joined and (
            start <= joined[-1][1] or between.isspace() or (are_words and not any(map(str.isalnum, between)))
        ):
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _replaced(text: str, spans: list[Span], marks: Iterable[str]) -> str:
    """The text with a mark in the place of each span; spans are in order."""
    parts, at = [], 0
    for (start, end), mark in zip(spans, marks, strict=False):
        parts += [text[at:start], mark]
        at = end
    return "".join([*parts, text[at:]])
