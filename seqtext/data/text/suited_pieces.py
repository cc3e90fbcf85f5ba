"""How many pieces a tokenizer has where nobody says so. Knows texts, no models."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from seqtext.data.text.encoding import spread, texts_of
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import least_pieces
from seqtext.data.text.words import count_words

if TYPE_CHECKING:
    from datasets import Dataset

LOOKED_AT = 10_000  # texts
OF_WORDS = 400  # pieces where texts are single words


def suited_pieces(rows: Dataset, columns: Sequence[str], normaliser: Normaliser, *, of_texts: int) -> int:
    """Pieces that suit some texts: of single words, such as names, form says more than what they are, and characters are enough.

    Args:
        rows: whose texts they are.
        columns: that hold them; one tokenizer is for all.
        normaliser: of the texts.
        of_texts: pieces where texts are of several words.
    """
    looked_at = spread(rows, LOOKED_AT)
    some = [text for column in columns for chunk in texts_of(looked_at, column) for text in chunk]
    if sum(map(count_words, some)) >= 1.5 * len(some):
        return of_texts
    chunks = chain.from_iterable(texts_of(rows, column) for column in columns)
    return max(
        OF_WORDS, least_pieces({character for chunk in chunks for text in chunk for character in normaliser(text)})
    )
