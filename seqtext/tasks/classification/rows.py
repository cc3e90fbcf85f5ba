"""Texts as batches: encoded rows of a split, and how texts longer than the model reads are treated. Knows no labels' names.

A text is one window of tokens, or several where long texts are read whole: then windows of equal size, whose results are averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.padded import Padded, sent
from seqtext.batching.ragged import Ragged
from seqtext.data.text.encoding import EncodingReport, chunked, encode_chunk
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.nn.losses import Taught
from seqtext.tasks.classification.settings import LongTexts, TopicConfig

CHUNK = 2000  # raw texts encoded at a time: enough to fill batches of like length, little memory
MOST_WINDOWS = 32  # of one text: beyond it a single row could fill the memory


class TextBatch(NamedTuple):
    """Some texts with their labels.

    Attributes:
        tokens: (W, T) ids of all windows.
        text_of: (W,) which of the B texts a window is from, on the CPU; None where each text is one window.
        labels: (B,) int64 ids; (B, C) bool of several labels; (B,) standardised numbers.
        rows: (B,) row numbers in the split, on the CPU, so that a message can name the row.
        taught: what a teacher says of them, if one does.
    """

    tokens: Padded
    text_of: Tensor | None
    labels: Tensor
    rows: Tensor
    taught: Taught | None = None

    @property
    def lengths(self) -> Tensor:
        """(B,) tokens of each text, over all its windows, on the CPU."""
        if self.text_of is None:
            return self.tokens.lengths
        return torch.zeros_like(self.rows).index_add_(0, self.text_of, self.tokens.lengths)

    def text_at(self, windows: Tensor) -> Tensor:
        """Which text each of some windows is from, on the device of `windows`."""
        return windows if self.text_of is None else sent(self.text_of, windows.device)[windows]

    def to(self, device: torch.device) -> TextBatch:
        """The same batch on `device`; nothing is done where it already is."""
        taught = None if self.taught is None else Taught(*(sent(part, device) for part in self.taught))
        return TextBatch(self.tokens.to(device), self.text_of, sent(self.labels, device), self.rows, taught)


def kept_part(max_length: int, long_texts: LongTexts) -> slice:
    """The part of a text's ids that is kept when it is encoded."""
    return {
        "head": slice(0, max_length),
        "tail": slice(-max_length, None),
        "mean": slice(0, max_length * MOST_WINDOWS),
    }[long_texts]


class EncodedTexts:
    """The rows of a split, ready for batches.

    Args:
        tokens: R texts.
        labels: (R,) int64 class ids, -1 for a row with a teacher's answer alone; (R, C) bool of several labels; (R,) standardised numbers.
        max_length: tokens a window holds.
        linear: (R, C) what a linear model says of the texts, as its opinions; None where there is none.
        taught: what a teacher says of them; likewise.

    Attributes:
        lengths: (R,) tokens of each text.
        windows: (R,) windows it is read in.
    """

    unit = "tokens"

    def __init__(
        self,
        tokens: Ragged,
        labels: NDArray[Any],
        *,
        max_length: int,
        linear: Tensor | None = None,
        taught: Taught | None = None,
    ) -> None:
        if len(tokens) != len(labels):
            raise ValueError(f"{len(tokens)} texts but {len(labels)} labels")
        self.tokens = tokens
        self.labels = torch.from_numpy(labels)
        self.max_length, self.linear, self.taught = max_length, linear, taught
        self.lengths: NDArray[np.int64] = tokens.lengths.numpy()
        self.windows: NDArray[np.int64] = -(-self.lengths // max_length)

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> EncodedTexts:
        """The same rows on `device`; batches are then made there."""
        tokens = self.tokens.to(device)
        return EncodedTexts(
            tokens, self.labels.numpy(), max_length=self.max_length, linear=self.linear, taught=self.taught
        )

    @property
    def nbytes(self) -> int:
        """Bytes of the tokens."""
        return self.tokens.values.numel() * self.tokens.values.element_size()

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> BatchPlan:
        """Buckets of texts of like length."""
        return BatchPlan(
            self.lengths,
            tokens=tokens,
            seed=seed,
            micro_batches=micro_batches,
            max_rows=max_rows,
            windows=self.windows,
        )

    def in_order_of_length(self, *, tokens: int) -> list[NDArray[np.int64]]:
        """All rows once, as those of batches of at most `tokens` padded steps: for evaluation."""
        plan = self.plan(tokens=tokens, seed=0, micro_batches=1, max_rows=1024)
        return [rows for [rows] in plan.in_order_of_length()]

    def steps_in(self, rows: NDArray[np.int64]) -> int:
        """Tokens of some texts."""
        return int(self.lengths[rows].sum())

    def batch(self, rows: NDArray[np.int64]) -> TextBatch:
        """The batch of some rows, on the device of the tokens."""
        device = self.tokens.values.device
        chosen = torch.from_numpy(rows)
        labels = sent(self.labels[chosen], device)
        taught = None if self.taught is None else Taught(*(sent(part[chosen], device) for part in self.taught))
        starts = self.tokens.starts[chosen]
        lengths = self.tokens.starts[chosen + 1] - starts
        if lengths.numpy().max() <= self.max_length:
            return TextBatch(self.tokens.pad_spans(starts, lengths), None, labels, chosen, taught)
        windows = -(-lengths // self.max_length)  # of each text
        text_of = torch.repeat_interleave(torch.arange(len(chosen)), windows)
        number = torch.arange(len(text_of)) - (windows.cumsum(0) - windows)[text_of]  # of a window in its text
        bounds = [lengths[text_of] * (number + shift) // windows[text_of] for shift in (0, 1)]
        tokens = self.tokens.pad_spans(starts[text_of] + bounds[0], bounds[1] - bounds[0])
        return TextBatch(tokens, text_of, labels, chosen, taught)


def encoded_chunks(
    texts: Iterable[str],
    tokenizer: Tokenizer,
    config: TopicConfig,
    report: EncodingReport,
    opinions: Callable[[list[list[str]]], Tensor] | None = None,
) -> Iterator[EncodedTexts]:
    """Raw texts as rows, all of label 0, some at a time, so that any number of texts needs little memory.

    Args:
        texts: any number.
        tokenizer: of the classifier.
        config: likewise.
        report: to which is added what was met.
        opinions: of a linear model that is asked too, about texts in lists.
    """
    keep = kept_part(config.max_length, config.long_texts)
    for chunk in chunked(texts, CHUNK):
        ids = Ragged.from_sequences(encode_chunk(chunk, tokenizer, keep=keep, report=report))
        labels = np.zeros(len(chunk), dtype=np.int64)
        examples = EncodedTexts(
            ids, labels, max_length=config.max_length, linear=None if opinions is None else opinions([chunk])
        )
        report.in_windows += int((examples.windows > 1).sum())
        yield examples


def mean_of_windows(values: Tensor, batch: TextBatch) -> Tensor:
    """(W, C) of windows to (B, C) of texts; as it is where each text is one window."""
    if batch.text_of is None:
        return values
    texts = len(batch.rows)
    counts = torch.from_numpy(np.bincount(batch.text_of.numpy(), minlength=texts))
    text_of, windows = sent(batch.text_of, values.device), sent(counts, values.device)
    return values.float().new_zeros(texts, values.shape[1]).index_add_(0, text_of, values.float()) / windows.unsqueeze(
        1
    )
