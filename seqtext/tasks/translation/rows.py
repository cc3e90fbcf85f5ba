"""Pairs of texts as batches: what is read, what is written after it, of like length on both sides. Knows ids only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqtext.batching.batch_plan import BatchPlan, Epoch
from seqtext.batching.padded import Padded, sent
from seqtext.batching.ragged import Ragged
from seqtext.data.text.tokenizer import BEGIN, END

Lengths = NDArray[np.int32]


class PairBatch(NamedTuple):
    """Some pairs.

    Attributes:
        source: (B, S) what is read: the text, then the end token.
        tokens: (B, T) what the writer is given: the begin token, then the text.
        targets: (B, T) what is to be written after each step: the text, then the end token.
        rows: (B,) row numbers in the split, on the CPU.
    """

    source: Padded
    tokens: Padded
    targets: Tensor
    rows: Tensor

    def to(self, device: torch.device) -> PairBatch:
        """The same batch on `device`; nothing is done where it already is."""
        return PairBatch(self.source.to(device), self.tokens.to(device), sent(self.targets, device), self.rows)


class PairPlan:
    """Buckets of pairs of like length on both sides, under a budget of padded steps that each side keeps to.

    Pairs are sorted by the longer side, and those alike in it by how much longer than the other it is: so neither side has much padding.

    Args:
        source: (R,) steps of each source.
        target: (R,) steps of each target.
        tokens: most padded steps of either side in a micro-batch.
        seed: of all orders.
        micro_batches: micro-batches per global step.
        max_rows: most pairs of a micro-batch.
    """

    def __init__(
        self,
        source: Lengths,
        target: Lengths,
        *,
        tokens: int,
        seed: int,
        micro_batches: int = 1,
        max_rows: int = 1024,
    ) -> None:
        self._source, self._target = source, target
        longer, more = np.maximum(source, target), source - target
        self._plan = BatchPlan(
            longer,
            tokens=tokens,
            seed=seed,
            micro_batches=micro_batches,
            max_rows=max_rows,
            ties=np.where(longer % 2 == 1, more, -more),  # to and fro, so that a batch of two lengths is even as well
        )

    def epoch(self, number: int) -> Epoch:
        """The batches of an epoch, shuffled."""
        return self._plan.epoch(number)

    def in_order_of_length(self) -> Epoch:
        """All rows once, the longest first: for evaluation."""
        return self._plan.in_order_of_length()

    def padding(self, epoch: Epoch) -> float:
        """The share of padded steps that are not real, over both sides."""
        if not len(epoch.order):
            return 0.0
        starts, rows = epoch.bounds[:-1], np.diff(epoch.bounds)
        widths = [np.maximum.reduceat(lengths[epoch.order], starts) for lengths in (self._source, self._target)]
        real = self._source.sum(dtype=np.int64) + self._target.sum(dtype=np.int64)
        return 1.0 - float(real) / float((rows * (widths[0] + widths[1])).sum())


class PairRows:
    """The rows of a split, ready for batches.

    Args:
        source: R texts to read.
        target: R texts to write.

    Attributes:
        source_lengths: (R,) tokens of each source, the end token among them.
        target_lengths: (R,) of each target likewise.
    """

    unit = "tokens"  # those written: what translation rates are given in

    def __init__(self, source: Ragged, target: Ragged) -> None:
        if len(source) != len(target):
            raise ValueError(f"{len(source)} sources but {len(target)} targets")
        self.source, self.target = source, target
        self._read, self._written = _text_lengths(source), _text_lengths(target)
        self.source_lengths: Lengths = (self._read + 1).numpy().astype(np.int32)
        self.target_lengths: Lengths = (self._written + 1).numpy().astype(np.int32)

    def __len__(self) -> int:
        return len(self.target)

    @property
    def lengths(self) -> Lengths:
        """(R,) steps of the longer side of each pair."""
        return np.maximum(self.source_lengths, self.target_lengths)

    @property
    def nbytes(self) -> int:
        """Bytes of the tokens."""
        return sum(side.values.numel() * side.values.element_size() for side in (self.source, self.target))

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> PairPlan:
        """Buckets of pairs of like length on both sides."""
        return PairPlan(
            self.source_lengths,
            self.target_lengths,
            tokens=tokens,
            seed=seed,
            micro_batches=micro_batches,
            max_rows=max_rows,
        )

    def steps_in(self, rows: NDArray[np.int64]) -> int:
        """Tokens of some targets, with their end."""
        return int(self.target_lengths[rows].sum())

    def to(self, device: torch.device) -> PairRows:
        """The same rows on `device`; batches are then made there."""
        return PairRows(self.source.to(device), self.target.to(device))

    def batch(self, rows: NDArray[np.int64]) -> PairBatch:
        """The batch of some rows, on the device of the tokens."""
        chosen = torch.from_numpy(rows)
        read, written = self._read[chosen], self._written[chosen]
        texts = self.target.pad(chosen).values.long()
        inputs = F.pad(texts, (1, 0), value=BEGIN)[:, : int(written.numpy().max()) + 1]
        return PairBatch(
            Padded(_ended(self.source.pad(chosen).values.long(), read), read + 1),
            Padded(inputs, written + 1),
            _ended(texts, written),
            chosen,
        )


def _text_lengths(texts: Ragged) -> Tensor:
    """(R,) tokens of each text; an empty one is kept as a single begin token, which is neither read nor written."""
    first = texts.values[texts.starts[:-1].to(texts.values.device)]
    return texts.lengths - (first == BEGIN).cpu().long()


def _ended(ids: Tensor, lengths: Tensor) -> Tensor:
    """(B, W) texts with the end token behind each, no wider than the longest of them: (B, T)."""
    places = sent(lengths, ids.device).unsqueeze(1)
    return F.pad(ids, (0, 1), value=END).scatter_(1, places, END)[:, : int(lengths.numpy().max()) + 1]
