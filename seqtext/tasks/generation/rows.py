"""Texts with vectors as batches for a generator: what is read, what is to be written, and long texts in windows. Knows ids only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.padded import Padded, sent
from seqtext.batching.ragged import Ragged
from seqtext.data.text.encoding import EncodingReport, encode_to_disk, texts_of
from seqtext.data.text.tokenizer import BEGIN, END, Tokenizer
from seqtext.tasks.generation.vectors import RowVectors

if TYPE_CHECKING:
    from datasets import Dataset


def encode_rows(
    rows: Dataset, column: str, tokenizer: Tokenizer, *, sampling_seed: int | None = None
) -> tuple[Ragged, EncodingReport]:
    """All tokens of the texts of a column, memory-mapped, and what was met; see `encode_to_disk`."""
    from seqtext.data.reading.fingerprint import fingerprint

    return encode_to_disk(
        lambda: texts_of(rows, column),
        tokenizer,
        keep=slice(None),
        fingerprint=fingerprint(rows, [column]),
        sampling_seed=sampling_seed,
    )


class GeneratorBatch(NamedTuple):
    """Some texts, or a window of each.

    Attributes:
        tokens: (B, T) what is read: the begin token, then the text.
        targets: (B, T) what is to be written after each step: the text, then the end token.
        vectors: (B, C), or None without a vector.
        rows: (B,) row numbers in the split, on the CPU.
    """

    tokens: Padded
    targets: Tensor
    vectors: Tensor | None
    rows: Tensor

    def to(self, device: torch.device) -> GeneratorBatch:
        """The same batch on `device`; nothing is done where it already is."""
        vectors = None if self.vectors is None else sent(self.vectors, device)
        return GeneratorBatch(self.tokens.to(device), sent(self.targets, device), vectors, self.rows)

    def windows(self, length: int) -> Iterator[tuple[GeneratorBatch, Tensor, Tensor]]:
        """Windows of at most `length` steps; rows that ended drop out.

        Yields:
            The window, the places its rows had in the window before, and their places in the batch.
        """
        known = self.tokens.lengths.numpy()
        width, kept = int(known.max()), np.arange(len(known))
        for start in range(0, width, length):
            left = np.flatnonzero(known > start)
            places, there = torch.from_numpy(np.searchsorted(kept, left)), torch.from_numpy(left)
            kept = left
            lengths = torch.from_numpy(np.minimum(known[left] - start, length))
            cut, on = slice(start, min(start + length, width)), sent(there, self.targets.device)
            vectors = None if self.vectors is None else self.vectors[on]
            values = Padded(self.tokens.values[on, cut], lengths)
            yield GeneratorBatch(values, self.targets[on, cut], vectors, self.rows[there]), places, there


class GeneratorRows:
    """The rows of a split, ready for batches.

    Args:
        tokens: R texts.
        vectors: of each.
    """

    unit = "tokens"

    def __init__(self, tokens: Ragged, vectors: RowVectors) -> None:
        self.tokens = tokens
        self.vectors = vectors
        first = tokens.values[tokens.starts[:-1].to(tokens.values.device)]
        # An empty text is kept as a single begin token, which is not written: only its end is.
        self._written = tokens.lengths - (first == BEGIN).cpu().long()
        self.lengths: NDArray[np.int32] = (self._written + 1).numpy().astype(np.int32)  # the end token is written too

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def nbytes(self) -> int:
        """Bytes of the tokens."""
        return self.tokens.values.numel() * self.tokens.values.element_size()

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> BatchPlan:
        """Buckets of texts of like length."""
        return BatchPlan(self.lengths, tokens=tokens, seed=seed, micro_batches=micro_batches, max_rows=max_rows)

    def steps_in(self, rows: NDArray[np.int64]) -> int:
        """Tokens of some texts, with their end."""
        return int(self.lengths[rows].sum())

    def to(self, device: torch.device) -> GeneratorRows:
        """The same rows on `device`; batches are then made there."""
        return GeneratorRows(self.tokens.to(device), self.vectors)

    def batch(self, rows: NDArray[np.int64]) -> GeneratorBatch:
        """The batch of some rows, on the device of the tokens."""
        chosen = torch.from_numpy(rows)
        texts = self.tokens.pad(chosen)
        ids = texts.values.long()
        inputs = F.pad(ids, (1, 0), value=BEGIN)
        written = self._written[chosen]
        targets = F.pad(ids, (0, 1), value=END).scatter_(1, sent(written, ids.device).unsqueeze(1), END)
        vectors = self.vectors[chosen]
        vectors = None if vectors is None else sent(vectors, ids.device)
        return GeneratorBatch(Padded(inputs, written + 1), targets, vectors, chosen)
