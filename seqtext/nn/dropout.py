"""`LockedDropout`: the same features are zeroed at all steps of a row; `dropped`: weights, at all rows and steps. Knows shapes only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEVELS = 2**16  # to which a share of weights is rounded


def dropped(weights: Tensor, share: float) -> Tensor:
    """Weights some of which are zeroed, the others scaled so that their mean stays.

    A number drawn decides of four weights: torch's own dropout draws one for each, on a CPU one after the other, which took a sixth of the
    time of training a large layer.

    Args:
        weights: of any shape.
        share: zeroed, above 0 and below 1; rounded to 1/65536, though neither to none nor to all.

    Returns:
        Of the shape and type of the weights.
    """
    if weights.device.type not in ("cpu", "cuda"):  # Apple's GPUs do not draw all 64 bits
        return nn.functional.dropout(weights, share)
    zeroed = min(max(round(share * _LEVELS), 1), _LEVELS - 1)
    drawn = torch.empty(-(-weights.numel() // 4), dtype=torch.int64, device=weights.device).random_(-(2**63), None)
    kept = drawn.view(torch.int16)[: weights.numel()].view(weights.shape) >= zeroed - _LEVELS // 2
    return weights * (kept.to(weights.dtype) * (_LEVELS / (_LEVELS - zeroed)))


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
