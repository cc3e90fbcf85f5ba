"""Where a number first was not finite: a micro-batch is run again with hooks on every module. Knows modules, no tasks.

Done only after a loss or gradient was found to be wrong, since looking at every output would make a GPU wait for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

Kind = Literal["output", "gradient"]


class Place(NamedTuple):
    """Where a number first was not finite.

    Attributes:
        module: its name in the model.
        kind: whether in what it gives or in the gradient that reaches it.
        rows: places in the micro-batch of the rows that it is in; empty if that is not known.
        step: the first such step of the first such row, where the module gives one output per step.
    """

    module: str
    kind: Kind
    rows: list[int]
    step: int | None

    def __str__(self) -> str:
        step = "" if self.step is None else f", step {self.step + 1} of the row"
        return f"first in the {self.kind} of {self.module}{step}"


def first_not_finite(model: nn.Module, run: Callable[[], None], *, rows: int) -> Place | None:
    """The first module whose output is not finite, in the order they run; of gradients the first in the order they come.

    Args:
        model: whose modules are looked at.
        run: makes the losses of one micro-batch and their gradients.
        rows: of the micro-batch.
    """
    found: dict[Kind, Place] = {}

    def look(name: str, kind: Kind, tensor: Tensor) -> None:
        if kind not in found and (place := _place(tensor.detach(), name, kind, rows)) is not None:
            found[kind] = place

    def look_at_outputs(name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        for tensor in _tensors(output):
            look(name, "output", tensor)
            if tensor.requires_grad:
                tensor.register_hook(partial(look, name, "gradient"))  # type: ignore[no-untyped-call]

    named = [(name or "the model", module) for name, module in model.named_modules()]
    handles = [module.register_forward_hook(partial(look_at_outputs, name)) for name, module in named]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    if "output" in found:
        return found["output"]
    if "gradient" in found:
        return found["gradient"]
    for name, parameter in reversed(list(model.named_parameters())):
        if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all()):
            return Place(name, "gradient", [], None)
    return None


def _tensors(output: Any) -> Iterator[Tensor]:
    """Those of numbers with a point, in whatever a module gives."""
    if isinstance(output, Tensor):
        if output.is_floating_point():
            yield output
    elif isinstance(output, list | tuple):
        for part in output:
            yield from _tensors(part)


def _place(tensor: Tensor, name: str, kind: Kind, rows: int) -> Place | None:
    wrong = ~torch.isfinite(tensor)
    if not bool(wrong.any()):
        return None
    if tensor.ndim == 0 or tensor.shape[0] != rows:
        return Place(name, kind, [], None)
    bad = (
        wrong.flatten(1).any(1).nonzero().flatten().tolist() if tensor.ndim > 1 else wrong.nonzero().flatten().tolist()
    )
    step = int(wrong[bad[0]].any(-1).nonzero()[0]) if tensor.ndim == 3 else None
    return Place(name, kind, bad, step)
