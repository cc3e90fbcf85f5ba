"""Translations of texts that were read: the search for them, and texts made of what was found. Knows models and their tokenizers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.tokenizer import BEGIN, END, PAD, UNKNOWN, Tokenizer
from seqtext.errors import OptionsError, shorten
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.models.hypotheses import Candidate
from seqtext.models.transduction import Draw, Source, Transduced, transduce
from seqtext.tasks.translation.copying import PLACEHOLDERS
from seqtext.tasks.translation.reading import Part, Read
from seqtext.tasks.translation.settings import Search

BANNED = (PAD, UNKNOWN, BEGIN)  # never written


class Translation(NamedTuple):
    """One text in the other language.

    Attributes:
        text: always there, in one line; empty for an empty source; the source itself where the translation is doubtful.
        score: what candidates are ranked by: log-probability with an end, over the length penalty; of a text in parts their sum.
        log_probability: natural logarithm, of all tokens that were written, the end token among them if it came, a prefix not.
        confidence: from 0 to 1: the mean probability of a token (geometric), of the least sure part; 0 where the length limit came
            before the end, or something that is to be copied is missing.
        doubtful: whether that is below `min_score`.
        ended: False if the length limit came first.
        missing: what was to be copied and is not there.
        alternatives: further texts with their scores, best first; different from `text` and from each other. None of a text in parts,
            nor of a doubtful one.
        parts: how many the source was read in: more than 1 if it was longer than what was learnt from.
        source_tokens: how many were read, end tokens left out.
        cut: whether the source was longer than any that is read, and its end left out.
        attention: (T, S) fp32, what each written token took from each read one, or None.
        source_pieces: S tokens as the model sees them, the end token of each part last; none for an empty source.
        target_pieces: T tokens likewise; an end token where it came.
    """

    text: str
    score: float
    log_probability: float
    confidence: float
    doubtful: bool
    ended: bool
    missing: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...]
    parts: int
    source_tokens: int
    cut: bool
    attention: NDArray[np.float32] | None
    source_pieces: tuple[str, ...]
    target_pieces: tuple[str, ...]


NOTHING = Translation("", 0.0, 0.0, 1.0, False, True, (), (), 1, 0, False, None, (), ())  # of an empty text


class Pen:
    """Writes what was read.

    Args:
        models: that write together, in evaluation mode.
        source_tokenizer: that sources are read with.
        tokenizer: that targets are written with.
        copies: whether the models know placeholders.
    """

    def __init__(
        self, models: Sequence[EncoderDecoder], source_tokenizer: Tokenizer, tokenizer: Tokenizer, *, copies: bool
    ) -> None:
        self._models, self._source_tokenizer, self._tokenizer = models, source_tokenizer, tokenizer
        self._marks = {mark: tokenizer.encode([mark])[0][-1] for mark in PLACEHOLDERS} if copies else {}

    def __call__(
        self, texts: Sequence[str], reads: Sequence[Read], search: Search, *, attention: bool
    ) -> list[Translation]:
        """The translation of each text.

        Args:
            texts: as they came.
            reads: the same as they were read.
            search: how to search, with what the model needs (`Search.for_model`).
            attention: whether to say where the models looked.

        Raises:
            OptionsError: for a prefix that leaves no room.
        """
        there = [(row, part) for row, read in enumerate(reads) for part in read.parts if part.ids]
        found = self._find(there, texts, search, attention)
        rows: list[list[tuple[Part, Transduced]]] = [[] for _ in texts]
        for (row, part), one in zip(there, found, strict=True):
            rows[row].append((part, one))
        return [
            self._translation(text, parts, search, cut=read.cut)
            for text, parts, read in zip(texts, rows, reads, strict=True)
        ]

    def _find(
        self,
        parts: Sequence[tuple[int, Part]],
        texts: Sequence[str],
        search: Search,
        attention: bool,
    ) -> list[Transduced]:
        assert search.length_penalty is not None
        assert search.no_repeat_ngram is not None
        sources, first = [], -1
        for row, part in parts:
            limit = search.limit(len(part.ids))
            prefix = self._prefix(search.prefix, part) if row != first else ()
            if len(prefix) >= limit:
                fix = "shorten it, or raise --max_ratio" if search.max_ratio else "shorten it"
                found = (
                    f"--prefix has {len(prefix)} tokens, and the translation of {shorten(texts[row])} at most {limit}"
                )
                raise OptionsError(found, fix=fix)
            owed = frozenset(self._marks[mark] for mark in part.masked.stands_for) - set(prefix)
            sources.append(Source([*part.ids, END], limit - len(prefix), prefix, owed))
            first = row
        return transduce(
            self._models,
            sources,
            begin=BEGIN,
            end_id=END,
            banned=BANNED,
            once=tuple(self._marks.values()),
            beam=search.beam,
            length_penalty=search.length_penalty,
            no_repeat_ngram=search.no_repeat_ngram,
            # of the same text in other pieces one is left
            n_best=search.n_best if search.sample or search.n_best == 1 else search.beam,
            draw=Draw(search.temperature, search.seed) if search.sample else None,
            weights=attention,
        )

    def _prefix(self, prefix: str, part: Part) -> tuple[int, ...]:
        """Its ids, with the placeholders that the source has."""
        if not prefix.strip():
            return ()
        return tuple(self._tokenizer.encode([part.masked.put_in(prefix)])[0])

    def _translation(
        self, source: str, parts: Sequence[tuple[Part, Transduced]], search: Search, *, cut: bool
    ) -> Translation:
        if not parts:
            return NOTHING._replace(cut=cut)
        best = [one.candidates[0] for _, one in parts]
        ids = [[*found.prefix, *one.ids] for one, (_, found) in zip(best, parts, strict=True)]
        texts: dict[str, float] = {}
        if len(parts) == 1:
            part, found = parts[0]
            for candidate in found.candidates:
                texts.setdefault(self._text(found.prefix, candidate.ids, part), candidate.score)
        else:
            each = [self._text(found.prefix, one.ids, part) for one, (part, found) in zip(best, parts, strict=True)]
            blank = " " if any(" " in text for text in each) else ""  # some scripts have none
            texts[blank.join(each)] = sum(one.score for one in best)
        text, *others = list(texts)[: search.n_best]
        missing = tuple(
            part.masked.stands_for[mark]
            for own, (part, _) in zip(ids, parts, strict=True)
            for mark in part.masked.stands_for
            if self._marks[mark] not in own
        )
        ended = all(one.ended for one in best)
        confidence = 0.0 if missing or not ended else min(map(_confidence, best))
        doubtful = confidence < search.min_score
        return Translation(
            text=" ".join(source.split()) if doubtful else text,
            score=texts[text],
            log_probability=sum(one.log_probability for one in best),
            confidence=confidence,
            doubtful=doubtful,
            ended=ended,
            missing=missing,
            alternatives=() if doubtful else tuple((other, texts[other]) for other in others),
            parts=len(parts),
            source_tokens=sum(len(part.ids) for part, _ in parts),
            cut=cut,
            attention=_together([one.weights for _, one in parts]),
            source_pieces=tuple(
                part.masked.put_back(piece)
                for part, _ in parts
                for piece in self._source_tokenizer.pieces([*part.ids, END])
            ),
            target_pieces=tuple(
                part.masked.put_back(piece)
                for own, one, (part, _) in zip(ids, best, parts, strict=True)
                for piece in self._tokenizer.pieces([*own, *([END] if one.ended else [])])
            ),
        )

    def _text(self, prefix: Sequence[int], ids: Sequence[int], part: Part) -> str:
        """White space is folded as it was in what the model has learnt from: a blank more makes no other text."""
        text = self._tokenizer.written([*prefix, *ids])
        if part.capitals:
            begun = len(self._tokenizer.written(prefix))  # which stays as it was asked for
            text = text[:begun] + text[begun:].upper()
        return " ".join(part.masked.put_back(text).split())


def _confidence(one: Candidate) -> float:
    return math.exp(one.log_probability / max(len(one.ids) + one.ended, 1))


def _together(weights: Sequence[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    """Of several parts, each of which looked at its own source alone."""
    known = [part for part in weights if part is not None]
    if len(known) < len(weights):
        return None
    if len(known) == 1:
        return known[0]
    whole = np.zeros((sum(len(part) for part in known), sum(part.shape[1] for part in known)), dtype=np.float32)
    row = column = 0
    for part in known:
        whole[row : row + part.shape[0], column : column + part.shape[1]] = part
        row, column = row + part.shape[0], column + part.shape[1]
    return whole
