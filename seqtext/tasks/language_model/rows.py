"""Texts as one stream of tokens, an end behind each, and windows of it as batches. Knows ids only.

A window is learnt by each direction from its own side; what stands before it there is read first, so that the state is that of running
text. So a batch is a function of its positions, whatever was trained before: a run that was stopped goes on to the same bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import sent
from seqtext.batching.ragged import Ragged
from seqtext.batching.stream_plan import StreamPlan
from seqtext.data.text.tokenizer import BEGIN, END

Positions = NDArray[np.int64]


class StreamBatch(NamedTuple):
    """Some windows with what stands on both sides of each.

    Attributes:
        values: (B, 1 + W + T + W + 1) ids.
        warm_up: W, tokens read before a window.
        rows: (B,) positions where the windows begin, on the CPU.
    """

    values: Tensor
    warm_up: int
    rows: Tensor

    def to(self, device: torch.device) -> StreamBatch:
        """The same batch on `device`; nothing is done where it already is."""
        return self._replace(values=sent(self.values, device))

    def read_by(self, reverse: bool) -> tuple[Tensor, Tensor]:
        """What one direction reads (B, W + T), and what it is to predict (B, T) behind the last T of these.

        Args:
            reverse: from the end of the text.
        """
        values = self.values.flip(1) if reverse else self.values
        width = values.shape[1] - self.warm_up - 2
        return as_read(values[:, :width]), values[:, self.warm_up + 1 : width + 1]


def as_read(ids: Tensor) -> Tensor:
    """Ids with the end of a text as the beginning of the next one: the one is predicted, the other read."""
    return ids.masked_fill(ids == END, BEGIN)


class TextStream:
    """The texts of a split, ready for batches.

    Args:
        tokens: R texts, an end behind each.
        window: tokens of a window; as many as there are, where that is fewer.
        warm_up: tokens read before one.
    """

    unit = "tokens"

    def __init__(self, tokens: Ragged, *, window: int, warm_up: int) -> None:
        self.tokens = tokens
        self.count = int(tokens.starts[-1])
        self.window, self.warm_up = max(1, min(window, self.count)), warm_up
        self.lengths: NDArray[np.int64] = tokens.lengths.numpy()  # of the texts, their end among them

    def __len__(self) -> int:
        return -(-self.count // self.window)

    @property
    def nbytes(self) -> int:
        """Bytes of the tokens."""
        return self.tokens.values.numel() * self.tokens.values.element_size()

    def plan(self, *, tokens: int, seed: int, micro_batches: int, max_rows: int) -> StreamPlan:
        """Windows that are cut at other places every epoch."""
        sizes = {"tokens": tokens, "seed": seed, "micro_batches": micro_batches, "max_rows": max_rows}
        return StreamPlan(self.count, window=self.window, **sizes)

    def steps_in(self, rows: Positions) -> int:
        """Tokens of some windows."""
        return len(rows) * self.window

    def source_row(self, row: int) -> int:
        """The text that a window begins in."""
        return int(np.searchsorted(self.tokens.starts.numpy(), row, side="right")) - 1

    def to(self, device: torch.device) -> TextStream:
        """The same texts on `device`; batches are then made there."""
        return TextStream(self.tokens.to(device), window=self.window, warm_up=self.warm_up)

    def batch(self, rows: Positions) -> StreamBatch:
        """The windows that begin at some positions; behind the end of the stream comes its beginning."""
        return self._cut(rows, self.window, self.warm_up, around=True)

    def stretch(self, rows: Positions, length: int, warm_up: int) -> StreamBatch:
        """Windows of any length; beyond both ends of the stream are ends of texts alone."""
        return self._cut(rows, length, warm_up, around=False)

    def _cut(self, rows: Positions, length: int, warm_up: int, *, around: bool) -> StreamBatch:
        device = self.tokens.values.device
        chosen = torch.from_numpy(rows)
        steps = torch.arange(-1 - warm_up, length + warm_up + 1, device=device)
        positions = sent(chosen, device).unsqueeze(1) + steps
        if around:
            return StreamBatch(self.tokens.values[positions.remainder(self.count)].long(), warm_up, chosen)
        values = self.tokens.values[positions.clamp(0, self.count - 1)].long()
        outside = (positions < 0) | (positions >= self.count)
        return StreamBatch(values.masked_fill(outside, END), warm_up, chosen)
