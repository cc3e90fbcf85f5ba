"""Characters a tokenizer lacks and has to spell in bytes: of a few it warns, many are refused. Knows texts, nothing of tasks."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from typing import Any

from seqtext.data.text.encoding import AnyTokenizer, EncodingReport, texts_of
from seqtext.errors import DataError

WARN, REFUSE = 0.05, 0.5  # share of ids that only spell unknown characters
LOOKED_AT = 2000  # texts of a split, to name characters by


def unknown_characters(
    tokenizer: AnyTokenizer,
    data: Any,
    column: str,
    reports: Mapping[str, EncodingReport],
    *,
    where: str = "split",
    refused: Collection[str] = ("train", "validation", "test"),
) -> list[str]:
    """Warnings of splits with many characters that the tokenizer lacks, the commonest of which are named.

    Args:
        tokenizer: that encoded the texts.
        data: whose attributes are the splits.
        column: of the texts.
        reports: name of each split, and what encoding its texts met.
        where: in words, before the name of the split.
        refused: splits in which most of the text may not be unknown.

    Raises:
        DataError: for such a split.
    """
    warnings = []
    for name, report in reports.items():
        if report.byte_share <= WARN:
            continue
        texts = itertools.chain.from_iterable(texts_of(getattr(data, name), column))
        characters = " ".join(tokenizer.commonest_unknown(itertools.islice(texts, LOOKED_AT)))
        found = f"{report.byte_share:.0%} of the tokens spell characters the vocabulary lacks: {characters}"
        if report.byte_share > REFUSE and name in refused:
            fix = "train a tokenizer on this language (no --init_from), or raise --vocabulary_size"
            raise DataError(found, where=f"{where} {name!r}", fix=fix)
        warnings.append(f"{where} {name!r}: {found}")
    return warnings
