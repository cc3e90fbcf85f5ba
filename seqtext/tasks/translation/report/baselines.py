"""What a translator's test figures are set beside: the source, copied, and word by word from a table of the training pairs.

Knows a translator's tokenizers, whose pieces stand in for words where a language has no spaces; not its model.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from seqtext.data.pairs.parallel_files import SOURCE, TARGET
from seqtext.data.pairs.splits import PairSplits
from seqtext.data.rows.splits import take
from seqtext.data.text.encoding import texts_of
from seqtext.data.text.tokenizer import END, Tokenizer
from seqtext.reporting.baseline import Baseline, Baselines
from seqtext.tasks.translation.bleu import is_spaced
from seqtext.tasks.translation.report.word_by_word import Split, copied_source, join_pieces, word_by_word
from seqtext.tasks.translation.translator import Translator

if TYPE_CHECKING:
    from datasets import Dataset

MOST_PAIRS = 200_000  # read for the table; more hardly change it


def baselines_of(
    task: Translator, data: PairSplits, sources: Sequence[str], which: Baselines
) -> list[Baseline[list[str]]]:
    """The baselines on the test sources.

    Args:
        task: whose tokenizers cut texts without spaces.
        data: whose training pairs the table is learnt on.
        sources: of the test pairs.
        which: `fast` copies the source, `all` adds word by word.
    """
    if which == "none":
        return []
    found = [copied_source(sources)]
    if which == "all":
        rows = take(data.train, MOST_PAIRS)
        train = texts_in(rows, SOURCE), texts_in(rows, TARGET)
        if all(map(is_spaced, train)):
            found.append(word_by_word(*train, sources))
        else:
            found.append(
                word_by_word(
                    *train,
                    sources,
                    split_source=_pieces_of(task.source_tokenizer),
                    split_target=_pieces_of(task.tokenizer),
                    join=join_pieces,
                    unit="piece",
                )
            )
    return found


def texts_in(rows: Dataset, column: str) -> list[str]:
    """All texts of a column."""
    return list(chain.from_iterable(texts_of(rows, column)))


def _pieces_of(tokenizer: Tokenizer) -> Split:
    """Cuts a text into the pieces of a tokenizer, without special ones."""

    def split(text: str) -> list[str]:
        [ids] = tokenizer.encode([text])
        return tokenizer.pieces(id_ for id_ in ids if id_ > END)

    return split
