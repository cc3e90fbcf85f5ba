"""From what a model gives at every step to symbols: the likeliest at each, or beginnings followed side by side. Knows numbers only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from typing import NamedTuple, TypeAlias

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


class _Text:
    """A beginning of a text as its last symbol behind a shorter one: however long it is, it costs no more than a short one."""

    __slots__ = ("before", "longer", "symbol")

    def __init__(self, before: _Text | None = None, symbol: int = NOTHING) -> None:
        self.before, self.symbol = before, symbol
        self.longer: dict[int, _Text] = {}

    def behind(self, symbol: int) -> _Text:
        """This text and one more symbol: always the same object."""
        return self.longer.get(symbol) or self.longer.setdefault(symbol, _Text(self, symbol))

    def forget(self, kept: Container[_Text]) -> None:
        """Lets go of this text, and of those it goes on from, where no longer one is followed."""
        text = self
        while text.before is not None and not text.longer and text not in kept:
            text.before.longer.pop(text.symbol, None)
            text = text.before


_Steps: TypeAlias = "tuple[_Steps, int] | None"  # the last one behind those before


class _Beginning:
    """How likely a text is so far.

    Attributes:
        nothing: natural logarithm of its probability, the last step having written nothing.
        symbol: likewise, the last step having written its last symbol.
        steps: when its symbols came, in the likeliest way to write it.
    """

    __slots__ = ("best", "nothing", "steps", "symbol")

    def __init__(self) -> None:
        self.nothing = self.symbol = self.best = -np.inf
        self.steps: _Steps = None

    @property
    def total(self) -> float:
        return float(np.logaddexp(self.nothing, self.symbol))

    def add(self, log: float, steps: _Steps, *, symbol: bool) -> None:
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
    empty = _Text()
    kept: dict[_Text, _Beginning] = {empty: _Beginning()}
    kept[empty].nothing = 0.0
    for step, row in enumerate(logs):
        found: dict[_Text, _Beginning] = defaultdict(_Beginning)
        likely = [symbol for symbol in np.flatnonzero(row > np.log(_LIKELY)).tolist() if symbol != NOTHING]
        for text, one in kept.items():
            found[text].add(one.total + float(row[NOTHING]), one.steps, symbol=False)
            if text is not empty:
                found[text].add(one.symbol + float(row[text.symbol]), one.steps, symbol=True)
            for symbol in likely:
                again = symbol == text.symbol  # only behind nothing is it a new one
                before = one.nothing if again else one.total
                found[text.behind(symbol)].add(before + float(row[symbol]), (one.steps, step), symbol=True)
        kept = {text: found[text] for text in sorted(found, key=lambda text: -found[text].total)[:beam]}
        for text in found:
            text.forget(kept)
    best = max(kept, key=lambda text: kept[text].total)
    return _written(best, kept[best].steps)


def _written(text: _Text, steps: _Steps) -> Written:
    """Symbols and steps from the first to the last."""
    written = Written([], [])
    while text.before is not None and steps is not None:
        written.symbols.append(text.symbol)
        written.steps.append(steps[1])
        text, steps = text.before, steps[0]
    return Written(written.symbols[::-1], written.steps[::-1])
