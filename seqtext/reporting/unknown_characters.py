"""Characters a tokenizer lacks and has to spell in bytes: a few are told of, many are refused. Knows texts, nothing of tasks."""

from __future__ import annotations

from collections.abc import Sequence

from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import DataError

WARN, REFUSE = 0.05, 0.5  # share of ids that only spell unknown characters


def told_of_unknown(
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
