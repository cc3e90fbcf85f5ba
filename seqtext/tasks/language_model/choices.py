"""What a language model takes from the size of its corpus where nobody says: how much is zeroed in training. Knows no model.

Measured on news, both directions: of 2,000 texts (112,000 tokens) the best epoch has a validation perplexity of 210 with the dropout of
few tokens, and of 222 with that of many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqtext.data.text.encoding import AnyTokenizer, spread, texts_of
from seqtext.tasks.dropout_by_tokens import with_dropout
from seqtext.tasks.language_model.settings import LanguageSettings

if TYPE_CHECKING:
    from datasets import Dataset

DROPOUT = {
    "embedding_dropout": (0.2, 0.1),
    "input_dropout": (0.4, 0.2),
    "output_dropout": (0.5, 0.3),
}  # of few tokens, of many
COUNTED = 2_000  # texts whose tokens are counted: their logarithm is wanted


def chosen(wanted: LanguageSettings, train: Dataset, column: str, tokenizer: AnyTokenizer) -> LanguageSettings:
    """The settings, with a number for each dropout that was left open.

    Args:
        wanted: settings, perhaps with None.
        train: training rows.
        column: of the texts.
        tokenizer: of the model.
    """
    some = spread(train, COUNTED)
    tokens = sum(len(ids) for chunk in texts_of(some, column) for ids in tokenizer.encode(chunk))
    return with_dropout(wanted, tokens * len(train) // max(len(some), 1), DROPOUT)
