"""`Pooling`: from the outputs of all steps to one vector per row. Padding never counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded, check_padded, sent

Pool = Literal["last", "mean", "max"]


class Pooling(nn.Module):
    """Pools (B, T, H) to (B, H) for each of `kinds`, side by side.

    `last` is the output at each row's own length, never at index -1. Of a reverse direction it
    takes the output at the first step, which is the last one that direction computes.

    Args:
        kinds: what to compute, in this order.
        size: features of a step, H.
        bidirectional: whether the second half of the features ran in reverse.

    Raises:
        ValueError: for an unknown, repeated or missing kind.
    """

    def __init__(self, *, kinds: Sequence[Pool], size: int, bidirectional: bool = False) -> None:
        super().__init__()
        known = get_args(Pool)
        if not kinds or len(set(kinds)) != len(kinds) or set(kinds) - set(known):
            raise ValueError(
                f"pooling must name {', '.join(known)} at most once each, and at least one; got {list(kinds)}"
            )
        self.kinds = tuple(kinds)
        self.bidirectional = bidirectional
        self.output_size = size * len(self.kinds)

    def forward(self, outputs: Padded) -> Tensor:
        """(B, T, H) to (B, H times the number of kinds).

        Raises:
            ValueError: if lengths do not fit the values.
        """
        check_padded(outputs)
        pools = {"last": self._last, "mean": _mean, "max": _max}
        return torch.cat([pools[kind](outputs) for kind in self.kinds], dim=-1)

    def _last(self, outputs: Padded) -> Tensor:
        values, lengths = outputs
        rows = torch.arange(values.shape[0], device=values.device)
        last = values[rows, sent(lengths - 1, values.device)]
        if not self.bidirectional:
            return last
        half = values.shape[-1] // 2
        return torch.cat([last[:, :half], values[:, 0, half:]], dim=-1)


def _mean(outputs: Padded) -> Tensor:
    """Over real steps, summed in fp32: a sum of hundreds of bf16 values loses digits."""
    values, lengths = outputs
    total = values.float().masked_fill(~outputs.mask.unsqueeze(-1), 0.0).sum(dim=1)
    return (total / sent(lengths, values.device).unsqueeze(1)).to(values.dtype)


def _max(outputs: Padded) -> Tensor:
    return outputs.values.masked_fill(~outputs.mask.unsqueeze(-1), float("-inf")).amax(dim=1)
