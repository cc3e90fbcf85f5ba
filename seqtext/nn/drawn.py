"""Weights as they are drawn at first. Knows sizes only."""

from __future__ import annotations

import torch
from torch import nn


def normal(*shape: int, deviation: float) -> nn.Parameter:
    """Weights of a normal distribution around 0.

    On the meta device, where a model that is loaded is built first, they are shapes alone: to draw there, or to multiply, torch would
    import its compiler, and every command that loads a model take a second longer.
    """
    weight = torch.empty(shape)
    return nn.Parameter(weight if weight.is_meta else weight.normal_() * deviation)
