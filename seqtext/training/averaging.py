"""Averages of the weights, steadier than the last step's, which are validated and saved: a moving one (Polyak and Juditsky 1992), and
the plain mean of those at the ends of the last epochs. Knows modules and counts steps; reads no rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Weights = Mapping[str, Tensor]


class Averages:
    """The averages of a module's parameters, in fp32.

    Args:
        module: whose parameters are averaged.
        decay: how much of the moving average stays at each step; lower at first, so that the random start is soon forgotten. 0 is none.
        last: epochs of the plain mean, K, each of which is one more copy of the weights; 0 is none.
    """

    def __init__(self, module: nn.Module, decay: float, last: int = 0) -> None:
        self._module = module
        self._parameters = dict(module.named_parameters())
        self._decay = decay
        self._last = last
        self._moving: dict[str, Tensor] = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._ends = {name: p.new_zeros(last, *p.shape) for name, p in self._parameters.items()} if last else {}

    @torch.no_grad()
    def update(self, step: int, *, left_out: Tensor | None = None) -> None:
        """Takes in the parameters after optimizer step `step`, counted from 1; not where it was `left_out`, a truth value on the device."""
        decay = min(self._decay, step / (9 + step)) if self._decay else 0.0
        values: list[Tensor] = list(self._moving.values())
        parameters: list[Tensor] = list(self._parameters.values())
        if left_out is None:
            torch._foreach_lerp_(values, parameters, 1 - decay)
            return
        weight = (1 - decay) * ~left_out
        for value, parameter in zip(values, parameters, strict=True):
            value.lerp_(parameter, weight)

    @torch.no_grad()
    def at_end_of(self, epoch: int) -> dict[str, Weights]:
        """What may be kept at the end of an epoch, counted from 1, by what messages call it. Done again, it is the same."""
        for name, ends in self._ends.items():
            ends[(epoch - 1) % self._last].copy_(self._parameters[name])
        found: dict[str, Weights] = {"moving average" if self._decay else "weights as they are": self._moving}
        if (count := min(epoch, self._last)) > 1:
            found[f"mean of the last {count} epochs"] = {name: e[:count].mean(0) for name, e in self._ends.items()}
        return found

    def state(self) -> dict[str, Tensor]:
        """All of it under flat names; the live tensors."""
        moving = {f"average/{name}": tensor for name, tensor in self._moving.items()}
        return moving | {f"last/{name}": tensor for name, tensor in self._ends.items()}

    @contextmanager
    def applied(self, weights: Weights) -> Iterator[None]:
        """The module with other parameters, and its own again afterwards. On the CPU nothing is copied."""
        own = {name: parameter.data for name, parameter in self._parameters.items()}
        try:
            for name, parameter in self._parameters.items():
                parameter.data = weights[name]
            for module in self._module.modules():
                if isinstance(module, nn.RNNBase):
                    module.flatten_parameters()  # cuDNN wants one chunk; on the CPU this does nothing
            yield
        finally:
            for name, parameter in self._parameters.items():
                parameter.data = own[name]
