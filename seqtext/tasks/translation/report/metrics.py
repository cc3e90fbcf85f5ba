"""How good translations are: sacreBLEU and chrF with their signatures, tokenized BLEU as papers on Multi30k report it, exact match.

Texts in, figures out, of all rows or by groups of them. It knows no models and no tokens of theirs. A BLEU comes with
what was counted: between two ways to cut the same texts lie several points.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.words import words
from seqtext.tasks.translation.bleu import bleu_for, tokens_of
from seqtext.tasks.translation.report.moses_tokens import moses_tokens, says

LENGTHS = (5, 10, 15, 20, 30)  # the longest source of each group but the last, in words
_SPACES = re.compile(r"\s+")


class TranslationMetrics(NamedTuple):
    """Figures over N rows; BLEU and chrF from 0 to 100, as they are always given.

    Attributes:
        rows: N.
        bleu: sacreBLEU, cased, on 13a tokens, or on characters where the language has no spaces.
        bleu_signature: what was counted.
        chrf: character n-gram F-score (Popović 2015).
        chrf_signature: likewise.
        tokenized_bleu: on lower-cased text, cut as Moses does: for comparison with papers, and never with `bleu`.
        tokenized_bleu_signature: likewise.
        exact: share of rows that are the reference, white space folded.
        length_ratio: tokens written for each of the reference's; BLEU punishes what is below 1.
    """

    rows: int
    bleu: float
    bleu_signature: str
    chrf: float
    chrf_signature: str
    tokenized_bleu: float
    tokenized_bleu_signature: str
    exact: float
    length_ratio: float


class GroupFigures(NamedTuple):
    """Figures of some of the rows."""

    name: str
    rows: int
    bleu: float
    chrf: float
    exact: float


def translation_metrics(
    translations: Sequence[str], references: Sequence[str], *further: Sequence[str], language: str = ""
) -> TranslationMetrics:
    """All figures.

    Args:
        translations: one per row; may be empty texts.
        references: one per row.
        further: other references of all rows; a translation is exact if it is any of them.
        language: code of the target, such as `de`, for Moses' tokens.

    Raises:
        ValueError: no rows, or not as many of the one as of the other.
    """
    _check(translations, references)
    bleu, chrf = bleu_for(references), _chrf()
    for others in further:
        _check(others, references)
    wanted = [list(each) for each in (references, *further)]
    found = bleu.corpus_score(list(translations), wanted)
    letters = chrf.corpus_score(list(translations), wanted)
    moses = _moses_bleu()
    cut, *rights = [[" ".join(moses_tokens(text, language)) for text in side] for side in (translations, *wanted)]
    tokenized = moses.corpus_score(cut, rights)
    return TranslationMetrics(
        rows=len(references),
        bleu=found.score,
        bleu_signature=" ".join(filter(None, [str(bleu.get_signature()), tokens_of(references)[1]])),
        chrf=letters.score,
        chrf_signature=str(chrf.get_signature()),
        tokenized_bleu=tokenized.score,
        tokenized_bleu_signature=f"{says(language)}; then {moses.get_signature()}",
        exact=float(np.any([exact_matches(translations, each) for each in wanted], axis=0).mean()),
        length_ratio=found.sys_len / max(found.ref_len, 1),
    )


def exact_matches(translations: Sequence[str], *references: Sequence[str]) -> NDArray[np.bool_]:
    """(N,) whether a translation is one of its references, composed (NFC) and with white space folded."""
    rows = zip(translations, *references, strict=True)
    return np.array([_folded(one) in map(_folded, others) for one, *others in rows], dtype=bool)


def sentence_scores(translations: Sequence[str], *references: Sequence[str]) -> NDArray[np.float64]:
    """(N,) chrF of each row: BLEU is no figure of a single sentence."""
    chrf = _chrf()
    rows = zip(translations, *references, strict=True)
    return np.array([chrf.sentence_score(one, others).score for one, *others in rows], dtype=np.float64)


def by_group(translations: Sequence[str], references: Sequence[str], groups: Sequence[str]) -> list[GroupFigures]:
    """Figures of each group, in the order in which the groups are first met.

    Raises:
        ValueError: no rows, or not as many of one as of another.
    """
    _check(translations, references)
    if len(groups) != len(references):
        raise ValueError(f"each row must have a group, got {len(groups)} for {len(references)} rows")
    bleu, chrf = bleu_for(references), _chrf()
    exact = exact_matches(translations, references)
    figures = []
    for name in dict.fromkeys(groups):
        rows = [row for row, group in enumerate(groups) if group == name]
        made, wanted = [translations[row] for row in rows], [[references[row] for row in rows]]
        scores = bleu.corpus_score(made, wanted).score, chrf.corpus_score(made, wanted).score
        figures.append(GroupFigures(name, len(rows), *scores, float(exact[rows].mean())))
    return figures


def by_length(translations: Sequence[str], references: Sequence[str], sources: Sequence[str]) -> list[GroupFigures]:
    """Figures by the words (of unspaced scripts, the characters) of the source, short ones first; no empty groups."""
    lengths = np.array([len(words(text)) for text in sources], dtype=np.int64)
    bounds = [0, *LENGTHS]
    names = [f"{low + 1} to {high}" for low, high in zip(bounds[:-1], LENGTHS, strict=True)] + [f"over {LENGTHS[-1]}"]
    groups = np.searchsorted(LENGTHS, lengths)
    order = np.argsort(groups, kind="stable")
    return by_group(
        [translations[row] for row in order], [references[row] for row in order], [names[groups[row]] for row in order]
    )


def _check(translations: Sequence[str], references: Sequence[str]) -> None:
    if not references or len(translations) != len(references):
        found = f"{len(translations)} translations and {len(references)} references"
        raise ValueError(f"each of at least one row must have a translation and a reference, got {found}")


def _moses_bleu() -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize="none", force=True)  # force: it is meant to be tokenised already


def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


def _folded(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
