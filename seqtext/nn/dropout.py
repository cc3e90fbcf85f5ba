"""`LockedDropout`: the same features are zeroed at all steps of a row. Knows shapes only."""

from __future__ import annotations

from torch import Tensor, nn


class LockedDropout(nn.Module):
    """Variational dropout (Gal and Ghahramani 2016): one mask per row, so that a recurrent state is not blurred anew at every step.

    Args:
        share: of the features zeroed in training.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise ValueError(f"the share must lie from 0 to below 1, got {share}")
        self.share = share

    def forward(self, values: Tensor) -> Tensor:
        """(B, T, D), or (B, D) of a single step, which gets a mask of its own."""
        if not self.training or self.share == 0:
            return values
        shape = (values.shape[0], 1, values.shape[2]) if values.ndim == 3 else values.shape
        kept = values.new_empty(shape).bernoulli_(1 - self.share)
        return values * (kept / (1 - self.share))
