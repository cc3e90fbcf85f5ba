"""A moving average of the weights: steadier than the last step's, and what is validated and saved (Polyak and Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """An exponential average of a module's parameters, in fp32.

    Args:
        module: whose parameters are averaged.
        decay: how much of the average stays at each step; lower at first, so that the random start is soon forgotten. 0 is none.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module = module
        self._parameters = dict(module.named_parameters())
        self._decay = decay
        self.values: dict[str, Tensor] = {name: p.detach().clone() for name, p in self._parameters.items()}

    @torch.no_grad()
    def update(self, step: int, *, left_out: Tensor | None = None) -> None:
        """Takes in the parameters after optimizer step `step`, counted from 1; not where it was `left_out`, a truth value on the device."""
        decay = min(self._decay, step / (9 + step)) if self._decay else 0.0
        values: list[Tensor] = list(self.values.values())
        parameters: list[Tensor] = list(self._parameters.values())
        if left_out is None:
            torch._foreach_lerp_(values, parameters, 1 - decay)
            return
        weight = (1 - decay) * ~left_out
        for value, parameter in zip(values, parameters, strict=True):
            value.lerp_(parameter, weight)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The module with the averaged parameters, and its own again afterwards. On the CPU nothing is copied."""
        own = {name: parameter.data for name, parameter in self._parameters.items()}
        try:
            for name, parameter in self._parameters.items():
                parameter.data = self.values[name]
            for module in self._module.modules():
                if isinstance(module, nn.RNNBase):
                    module.flatten_parameters()  # cuDNN wants one chunk; on the CPU this does nothing
            yield
        finally:
            for name, parameter in self._parameters.items():
                parameter.data = own[name]
