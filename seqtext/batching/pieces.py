"""Work on the pieces of a split, whose results are needed in their order. Knows neither what is done nor where.

Here one piece comes after the other; what trains in several processes gives another `MapPieces`, which has each do some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


class MapPieces(Protocol):
    """What `work` makes of each piece, in order: a flat tensor of doubles on the CPU."""

    def __call__(self, pieces: Sequence[T], work: Callable[[T], Tensor]) -> list[Tensor]:
        """The results, by piece."""
        ...


def one_by_one(pieces: Sequence[T], work: Callable[[T], Tensor]) -> list[Tensor]:
    """All of them here."""
    return [work(piece) for piece in pieces]


def total_of(results: Sequence[Tensor], *, figures: int) -> list[float]:
    """The sum of results of so many figures each, in their order."""
    total = torch.zeros(figures, dtype=torch.float64)
    for result in results:
        total += result
    return [float(figure) for figure in total]
