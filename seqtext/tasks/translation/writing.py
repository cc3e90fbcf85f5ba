"""Translations of encoded sources: the search for them, and texts made of what was found. Knows a model and its tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.tokenizer import BEGIN, END, PAD, UNKNOWN, Tokenizer
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.models.transduction import Transduced, transduce
from seqtext.tasks.translation.settings import Search

BANNED = (PAD, UNKNOWN, BEGIN)  # never written


class Translation(NamedTuple):
    """One text in the other language.

    Attributes:
        text: always there, in one line; empty for an empty source.
        score: what candidates are ranked by: log-probability with an end, over the length penalty.
        log_probability: natural logarithm, of all tokens that were written, the end token among them if it came.
        ended: False if the length limit came first.
        alternatives: further texts with their scores, best first; different from `text` and from each other.
        source_tokens: how many were read, the end token left out.
        cut: whether the source was longer than the model reads, and its end left out.
        attention: (T, S) fp32, what each written token took from each read one, or None.
        source_pieces: S tokens as the model sees them, the end token last; none for an empty source.
        target_pieces: T tokens likewise; the end token last, if it came.
    """

    text: str
    score: float
    log_probability: float
    ended: bool
    alternatives: tuple[tuple[str, float], ...]
    source_tokens: int
    cut: bool
    attention: NDArray[np.float32] | None
    source_pieces: tuple[str, ...]
    target_pieces: tuple[str, ...]


NOTHING = Translation("", 0.0, 0.0, True, (), 0, False, None, (), ())  # of an empty text


def find(model: EncoderDecoder, sources: Sequence[list[int]], search: Search, *, attention: bool) -> list[Transduced]:
    """The likeliest targets of each source.

    Args:
        model: in evaluation mode.
        sources: ids of each, without the end token.
        search: how to search.
        attention: whether to say where the model looked.
    """
    return transduce(
        model,
        [[*ids, END] for ids in sources],
        limits=[search.limit(len(ids)) for ids in sources],
        begin=BEGIN,
        end_id=END,
        banned=BANNED,
        beam=search.beam,
        length_penalty=search.length_penalty,
        no_repeat_ngram=search.no_repeat_ngram,
        n_best=search.beam if search.n_best > 1 else 1,  # of the same text in other pieces one is left
        weights=attention,
    )


def translation_of(
    found: Transduced, source: list[int], source_tokenizer: Tokenizer, tokenizer: Tokenizer, *, n_best: int, cut: bool
) -> Translation:
    """What was found for a source, as texts.

    Args:
        found: its candidates, best first.
        source: ids, without the end token.
        source_tokenizer: that the source was read with.
        tokenizer: that the candidates were written with.
        n_best: texts to give, at most.
        cut: whether the source was longer.
    """
    best = found.candidates[0]
    texts: dict[str, float] = {}
    for candidate in found.candidates:
        # White space is folded as it was in what the model has learnt from: a blank more makes no other text.
        texts.setdefault(" ".join(tokenizer.decode(candidate.ids).split()), candidate.score)
    text, *others = list(texts)[:n_best]
    return Translation(
        text=text,
        score=best.score,
        log_probability=best.log_probability,
        ended=best.ended,
        alternatives=tuple((other, texts[other]) for other in others),
        source_tokens=len(source),
        cut=cut,
        attention=found.weights,
        source_pieces=tuple(source_tokenizer.pieces([*source, END])),
        target_pieces=tuple(tokenizer.pieces([*best.ids, *([END] if best.ended else [])])),
    )
