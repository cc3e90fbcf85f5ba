"""Characters a tokenizer lacks and has to spell in bytes: of a few it warns, many are refused. Knows texts, nothing of tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from seqtext.data.text.encoding import EncodingReport
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import DataError

WARN, REFUSE = 0.05, 0.5  # share of ids that only spell unknown characters
LOOKED_AT = 2000  # texts of a split, to name characters by


def unknown_in_splits(
    tokenizer: Tokenizer,
    data: Any,
    column: str,
    reports: Mapping[str, EncodingReport],
    *,
    where: str = "split",
    refused: Collection[str] = ("train", "validation", "test"),
) -> list[str]:
    """Warnings of the splits that have many unknown characters.

    Args:
        tokenizer: that encoded the texts.
        data: whose attributes are the splits.
        column: of the texts.
        reports: name of each split, and what encoding its texts met.
        where: in words, before the name of the split.
        refused: splits that are refused where most of the text is unknown.

    Raises:
        DataError: for a split that is refused.
    """
    return [
        warning
        for name, report in reports.items()
        for warning in unknown_characters(
            tokenizer,
            getattr(data, name)[column][:LOOKED_AT],
            report.byte_share,
            where=f"{where} {name!r}",
            refuse=REFUSE if name in refused else 1.0,
        )
    ]


def unknown_characters(
    tokenizer: Tokenizer, texts: Sequence[str], byte_share: float, *, where: str, refuse: float = REFUSE
) -> list[str]:
    """A warning with the commonest characters that the tokenizer lacks; none where they are few.

    Args:
        tokenizer: that encoded the texts.
        texts: some of them, enough to name characters by.
        byte_share: of the ids of all of them, how many spell bytes.
        where: the texts stand.
        refuse: the share above which they are.

    Raises:
        DataError: if more ids do.
    """
    if byte_share <= WARN:
        return []
    characters = " ".join(tokenizer.commonest_unknown(texts))
    found = f"{byte_share:.0%} of the tokens spell characters the vocabulary lacks: {characters}"
    if byte_share > refuse:
        fix = "train a tokenizer on this language (no --init_from), or raise --vocabulary_size"
        raise DataError(found, where=where, fix=fix)
    return [f"{where}: {found}"]
