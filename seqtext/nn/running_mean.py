"""The mean of what a sequence had lately, taken off it while it arrives. Knows tensors only.

Each mean is a share of the new value and the rest of the mean before; all of them are made at once, without a loop over time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

MOST_DECAY = 40.0  # of a block: what is left of a mean is then more than the smallest number of fp32


def running_means(values: Tensor, before: Tensor, forget: float) -> Tensor:
    """The running mean behind each step, that step included: (B, T, F).

    Args:
        values: (B, T, F), T at least 1.
        before: (B, F) the mean before the first step.
        forget: share of a new value in the mean; from 0 to below 1.
    """
    decay = math.log1p(-forget)
    size = max(int(MOST_DECAY / -decay), 1)  # steps of a block, thousands of them: most sequences are one
    found = []
    for block in torch.split(values.float(), size, dim=1):
        left = torch.arange(1, block.shape[1] + 1, device=block.device, dtype=torch.float32).mul(decay).exp()
        left = left.view(1, -1, 1)  # what is left of the mean before the block
        means = left * (before.float().unsqueeze(1) + forget * (block / left).cumsum(dim=1))
        found.append(means)
        before = means[:, -1]
    return torch.cat(found, dim=1)
