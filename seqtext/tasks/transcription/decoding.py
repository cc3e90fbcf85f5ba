"""From what a model gives at every step to symbols: the likeliest at each, or beginnings followed side by side. Knows numbers only."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOTHING = 0  # the output that writes nothing; two of a symbol in a row are one, unless this stands between
_LIKELY = 1e-4  # what a symbol has at least, to be followed by a beam


class Written(NamedTuple):
    """Symbols and the steps at which each is written."""

    symbols: list[int]
    steps: list[int]


def greedy(best: NDArray[np.integer], before: int = NOTHING) -> Written:
    """What the likeliest outputs of (T,) steps write.

    Args:
        best: of each step.
        before: the output before the first of them.
    """
    last = np.concatenate([[before], best[:-1]])
    steps = np.flatnonzero((best != NOTHING) & (best != last))
    return Written(best[steps].tolist(), steps.tolist())


class _Beginning:
    """A text so far.

    Attributes:
        nothing: natural logarithm of its probability, the last step having written nothing.
        symbol: likewise, the last step having written its last symbol.
        steps: when its symbols came, in the likeliest way to write it.
    """

    __slots__ = ("best", "nothing", "steps", "symbol")

    def __init__(self) -> None:
        self.nothing = self.symbol = self.best = -np.inf
        self.steps: tuple[int, ...] = ()

    @property
    def total(self) -> float:
        return float(np.logaddexp(self.nothing, self.symbol))

    def add(self, log: float, steps: tuple[int, ...], *, symbol: bool) -> None:
        """One more way to write it."""
        if symbol:
            self.symbol = float(np.logaddexp(self.symbol, log))
        else:
            self.nothing = float(np.logaddexp(self.nothing, log))
        if log > self.best:
            self.best, self.steps = log, steps


def beam_search(logs: NDArray[np.floating], beam: int) -> Written:
    """The likeliest text, over all ways to write it (prefix beam search, Hannun et al. 2014).

    Args:
        logs: (T, C) natural logarithms of probabilities.
        beam: beginnings that are followed.
    """
    kept: dict[tuple[int, ...], _Beginning] = {(): _Beginning()}
    kept[()].nothing = 0.0
    for step, row in enumerate(logs):
        found: dict[tuple[int, ...], _Beginning] = defaultdict(_Beginning)
        likely = [symbol for symbol in np.flatnonzero(row > np.log(_LIKELY)).tolist() if symbol != NOTHING]
        for text, one in kept.items():
            found[text].add(one.total + float(row[NOTHING]), one.steps, symbol=False)
            if text:
                found[text].add(one.symbol + float(row[text[-1]]), one.steps, symbol=True)
            for symbol in likely:
                again = bool(text) and symbol == text[-1]  # only behind nothing is it a new one
                before = one.nothing if again else one.total
                found[*text, symbol].add(before + float(row[symbol]), (*one.steps, step), symbol=True)
        kept = {text: found[text] for text in sorted(found, key=lambda text: -found[text].total)[:beam]}
    best = max(kept, key=lambda text: kept[text].total)
    return Written(list(best), list(kept[best].steps))
