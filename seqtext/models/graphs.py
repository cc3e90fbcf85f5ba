"""`repeated`: a function that is called again and again on the same memory, as a CUDA graph. Knows no models.

A step of decoding is some 40 launches of kernels that take a few microseconds each: on a GPU the launches are what takes the time. A
graph launches them all at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

_WARM = 2  # calls before the capture, by which libraries have made what they make but once
_graphs = True


@contextmanager
def without_graphs() -> Iterator[None]:
    """The context in which every function is called as it is: to compare."""
    global _graphs
    before, _graphs = _graphs, False
    try:
        yield
    finally:
        _graphs = before


def copy_into(mine: Any, theirs: Any) -> None:
    """Copies tensors into others of the same shapes, in tuples or dictionaries; what is the same tensor stays as it is."""
    if isinstance(mine, Tensor):
        if mine is not theirs:
            mine.copy_(theirs)
        return
    pairs = (
        [(one, theirs[name]) for name, one in mine.items()]
        if isinstance(mine, dict)
        else zip(mine, theirs, strict=True)
    )
    for one, other in pairs:
        copy_into(one, other)


def repeated(function: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """The function, launched as a graph from the third call on; as it is on a CPU, and where it cannot be captured.

    Args:
        function: reads and writes the same tensors at every call, in place, and never looks at a value.
        device: where they are.
    """
    return Repeated(function) if device.type == "cuda" and _graphs else function


class Repeated:
    """A function that a graph stands for.

    Args:
        function: see `repeated`.
    """

    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Calls it, one way or the other."""
        self._calls += 1
        if self._calls == _WARM + 1:
            self._graph = self._captured()
        if self._graph is None:
            self.function()
        else:
            self._graph.replay()

    def _captured(self) -> torch.cuda.CUDAGraph | None:
        """Its graph. What is captured is not run."""
        try:
            graph = torch.cuda.CUDAGraph()
            stream = torch.cuda.current_stream()
            try:
                with torch.cuda.graph(graph):
                    self.function()
            finally:
                torch.cuda.set_stream(stream)  # a capture that failed may leave its own
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
            warnings.warn(f"decoding goes on without a CUDA graph: {reason}", RuntimeWarning, stacklevel=2)
            return None
        return graph
