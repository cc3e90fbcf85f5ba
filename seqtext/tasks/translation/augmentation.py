"""Pairs as an epoch sees them: some in small letters, some with placeholders for words that stand for each other.

Drawn anew for each epoch, as a function of its seed. So a model learns what its own texts hardly show: to read other cases, and to carry
over what it does not know. Knows texts, no tokens.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product

import numpy as np

from seqtext.tasks.translation.copying import PLACEHOLDERS, Copier, Span, with_placeholders

_WORD = re.compile(r"[^\W\d_]{4,}(?:['’-][^\W\d_]+)*")  # shorter ones are those that sentences are built with
_MOST_PAIRS, _LONGEST, _MOST_MEETINGS = 20_000, 40, 4_000_000  # that are counted; words of a side
_FEWEST, _LEAST_DICE = 3, 0.5
_MOST_WORDS, _AT_AN_END = 3, 0.4  # of a pair; share of the chosen pairs that also get something at an end

Pair = tuple[str, str]


def counterparts(pairs: Iterable[Pair]) -> dict[str, str]:
    """Words that are each other's likeliest translation, by how often they come in the same pairs (Dice's coefficient).

    Args:
        pairs: of training; the first 20,000 are looked at, and of them the ones with up to 40 words on a side.
    """
    left, right, both = Counter[str](), Counter[str](), Counter[Pair]()
    meetings = 0
    for place, (source, target) in enumerate(pairs):
        if place == _MOST_PAIRS or meetings > _MOST_MEETINGS:
            break
        here, there = set(_WORD.findall(source)), set(_WORD.findall(target))
        if max(len(here), len(there)) > _LONGEST:
            continue
        left.update(here)
        right.update(there)
        both.update(product(here, there))
        meetings += len(here) * len(there)
    best: dict[str, tuple[float, str]] = {}
    back: dict[str, tuple[float, str]] = {}
    for (mine, theirs), count in both.items():
        if count < _FEWEST or (dice := 2 * count / (left[mine] + right[theirs])) < _LEAST_DICE:
            continue
        best[mine] = max(best.get(mine, (0.0, "")), (dice, theirs))
        back[theirs] = max(back.get(theirs, (0.0, "")), (dice, mine))
    return {mine: theirs for mine, (_, theirs) in best.items() if back[theirs][1] == mine}


class Augmentation:
    """Makes the pairs of an epoch.

    Args:
        copier: puts placeholders where something is to be copied; None leaves all texts as they are.
        words: of `counterparts`.
        copying: share of pairs with placeholders in the place of words.
        small_letters: share of pairs whose source is put in small letters.
    """

    def __init__(
        self, copier: Copier | None, words: dict[str, str], *, copying: float = 0.0, small_letters: float = 0.0
    ) -> None:
        self._copier, self._words = copier, words
        self._copying, self._small_letters = copying if copier is not None else 0.0, small_letters
        self.kind = "as it is" if copier is None else f"copied, numbers {copier.numbers}"  # of what is not drawn

    def __call__(self, pairs: Iterable[Pair], seed: int | None) -> Iterator[Pair]:
        """The pairs in their order; without a seed nothing is drawn, and only what is copied has placeholders."""
        draws = np.random.default_rng(seed)
        for source, target in pairs:
            if seed is None:
                yield (source, target) if self._copier is None else self._copier.masked_pair(source, target)
                continue
            case, copying, *rest = draws.random(3 + _MOST_WORDS).tolist()
            if copying < self._copying:
                source, target = self._with_words_taken_out(source, target, rest)
            elif self._copier is not None:
                source, target = self._copier.masked_pair(source, target)
            yield source.lower() if case < self._small_letters else source, target

    def _with_words_taken_out(self, source: str, target: str, draws: list[float]) -> Pair:
        """A pair with placeholders for up to three of its words, and perhaps for something before or behind all."""
        end, *picks = draws
        there = {match.group(): match.span() for match in _WORD.finditer(target)}
        left: list[tuple[Span, Span]] = [
            (match.span(), there[self._words[match.group()]])
            for match in _WORD.finditer(source)
            if self._words.get(match.group()) in there
        ]
        count, both = 1 + int(picks[0] * _MOST_WORDS), []
        for pick in picks[:count]:
            if left:
                both.append(left.pop(int(pick * 7919 % 1 * len(left))))
                left = [pair for pair in left if pair[1] != both[-1][1]]
        source, target = with_placeholders(source, target, both)
        if end >= _AT_AN_END and both:
            return source, target
        mark = PLACEHOLDERS[len(both)]
        if end < _AT_AN_END / 4:
            mark = PLACEHOLDERS[0]  # they are numbered in the order of the source
            moved = str.maketrans(PLACEHOLDERS[: len(both)], PLACEHOLDERS[1 : len(both) + 1])
            return f"{mark} {source.translate(moved)}", f"{mark} {target.translate(moved)}"
        return _before_the_end(source, mark), _before_the_end(target, mark)


def _before_the_end(text: str, mark: str) -> str:
    """The mark as the last word, before what closes the text."""
    body = text.rstrip(".!?。！？… ")
    return f"{body} {mark}{text[len(body) :].strip()}"
