"""Decoding as on a GPU, on the CPU."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seqtext.models import beam_search, sampling, slots
from seqtext.models.graphs import Repeated


class Graph:
    """Stands in for a CUDA graph: the function again."""

    def __init__(self, function: Callable[[], None], replayed: list[int]) -> None:
        self.function, self.replayed = function, replayed

    def replay(self) -> None:
        self.replayed.append(1)
        self.function()


@pytest.fixture
def as_on_a_gpu(monkeypatch) -> Callable[[], list[int]]:
    """Switches to blocks that keep their size and steps that are captured; gives a list as long as there were replays."""

    def switch() -> list[int]:
        replayed: list[int] = []
        monkeypatch.setattr(Repeated, "_captured", lambda self: Graph(self.function, replayed))
        for module in (sampling, beam_search):
            monkeypatch.setattr(module, "keeps_its_size", lambda device: True)
        for module in (slots, beam_search):
            monkeypatch.setattr(module, "repeated", lambda function, device: Repeated(function))
        return replayed

    return switch
