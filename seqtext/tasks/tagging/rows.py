"""Tagged words as batches: the encoded rows of a split. Knows ids, no tags' names.

Rows longer than what gradients go through are cut into pieces, which are rows of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.padded import sent
from seqtext.batching.ragged import Ragged
from seqtext.nn.word_vectors import Words
from seqtext.tasks.tagging.forms import Forms

NO_TAG = -1  # of padding, and of the word that stands for a row without one

Rows = NDArray[np.int64]


class TagBatch(NamedTuple):
    """Some rows with their tags.

    Attributes:
        words: (B, T).
        tags: (B, T) int64 ids; -1 where nothing is to be learnt.
        rows: (B,) row numbers in the split, on the CPU, so that a message can name the row.
    """

    words: Words
    tags: Tensor
    rows: Tensor

    def to(self, device: torch.device) -> TagBatch:
        """The same batch on `device`; nothing is done where it already is."""
        return TagBatch(self.words.to(device), sent(self.tags, device), self.rows)


class EncodedTags:
    """The rows of a split, ready for batches, which are made on the CPU: most of a batch is which words it has.

    Args:
        forms: the different words of the split.
        numbers: which of them the words of each row are.
        tags: of each word, beside `numbers`; ids beyond those of the task are tags that training has not.
        known: tags of the task.
        max_length: most words of a piece.

    Attributes:
        lengths: words of each piece.
        row_lengths: words of each row of the data.
    """

    unit = "words"

    def __init__(self, forms: Forms, numbers: Ragged, tags: Ragged, *, known: int, max_length: int) -> None:
        self.forms, self.known = forms, known
        self.row_lengths: Rows = numbers.lengths.numpy()
        pieces = -(-self.row_lengths // max_length)
        self.first_piece: Rows = np.concatenate([[0], np.cumsum(pieces)])
        starts = _cut_starts(numbers.starts.numpy(), pieces, max_length)
        self.numbers, self.tags = Ragged(numbers.values, starts), Ragged(tags.values, starts)
        self.lengths: Rows = self.numbers.lengths.numpy()

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def nbytes(self) -> int:
        """Bytes of the words and tags."""
        return 2 * self.numbers.values.numel() * self.numbers.values.element_size()

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> BatchPlan:
        """Buckets of rows of like length."""
        return BatchPlan(self.lengths, tokens=tokens, seed=seed, micro_batches=micro_batches, max_rows=max_rows)

    def in_order_of_length(self, *, tokens: int) -> list[Rows]:
        """All rows once, as those of batches of at most `tokens` padded steps: for evaluation."""
        plan = self.plan(tokens=tokens, seed=0, micro_batches=1, max_rows=1024)
        return [rows for [rows] in plan.in_order_of_length()]

    def steps_in(self, rows: Rows) -> int:
        """Words of some rows."""
        return int(self.lengths[rows].sum())

    def source_row(self, row: int) -> int:
        """The row of the data that a piece is of."""
        return int(np.searchsorted(self.first_piece, row, side="right")) - 1

    def to(self, device: torch.device) -> EncodedTags:
        """The same rows: their batches are made on the CPU and sent."""
        return self

    def batch(self, rows: Rows) -> TagBatch:
        """The batch of some rows, on the CPU."""
        chosen = torch.from_numpy(rows)
        numbers, tags = self.numbers.pad(chosen), self.tags.pad(chosen)
        learnt = tags.mask & (tags.values >= 0) & (tags.values < self.known)
        words = self.forms.words(numbers, torch.device("cpu"))
        return TagBatch(words, tags.values.long().masked_fill(~learnt, NO_TAG), chosen)


def _cut_starts(starts: Rows, pieces: Rows, max_length: int) -> Tensor:
    """Where pieces begin, of rows that begin at `starts` and are cut into so many each."""
    number = np.arange(int(pieces.sum())) - np.repeat(np.cumsum(pieces) - pieces, pieces)  # of a piece in its row
    cut = np.repeat(starts[:-1], pieces) + number * max_length
    return torch.from_numpy(np.concatenate([cut, starts[-1:]]).astype(np.int64))
