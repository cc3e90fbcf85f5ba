"""A forecast's whole distribution out of a few of its quantiles: any level, how unusual a value is, and paths over all steps.

Between quantiles a value is a straight line over the normal distribution's. How errors hang together, and how far the tails reach, is
measured on validation readings. Knows arrays, no model and no units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from scipy.special import ndtri

FloatArray = NDArray[np.float64]

TAILS = (0.005, 0.995)  # the ends of a band for 99 % of the values
LEAST_VALUES = 400  # of which a tail of 0.5 % is two: with fewer, tails are those of a normal distribution
LEAST_ROWS = 20  # by which correlations are measured
MOST_FACTOR = 50.0  # of a tail, so that a strange validation span does not make bands that hold all
FARTHEST = 6.0  # normal score
_FLAT = 1e-12  # of a piece between two quantiles, which a score is divided by


class Spread(NamedTuple):
    """How the values around a forecast lie, beside its quantiles.

    Attributes:
        below: (H,) how many times as far from the middle as the lowest quantile the lower one of `TAILS` lies at each step; empty where
            not measured.
        above: (H,) the same of the highest quantile and the upper one.
        apart: (H - 1,) correlation of the errors of two steps that lie 1, 2, ... steps apart.
        least: no value is below it.
    """

    below: tuple[float, ...] = ()
    above: tuple[float, ...] = ()
    apart: tuple[float, ...] = ()
    least: float = -np.inf


class Levels(Mapping[float, FloatArray]):
    """Any quantiles, out of those that there are; each is made when it is asked for.

    Args:
        quantiles: of each level, at least one.
        spread: of the forecast.
        levels: that iterating gives.
    """

    def __init__(self, quantiles: Mapping[float, FloatArray], spread: Spread, levels: tuple[float, ...] = ()) -> None:
        self.quantiles, self.spread = quantiles, spread
        self.levels = tuple(sorted({*quantiles, *levels}))
        self.scores, self.ends = _nodes(quantiles, spread)

    def __iter__(self) -> Iterator[float]:
        return iter(self.levels)

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, level: float) -> FloatArray:
        if level in self.quantiles:
            return self.quantiles[level]
        return self.at(np.array(ndtri(level)))

    def at(self, scores: FloatArray) -> FloatArray:
        """Values whose normal scores are given, of a shape that broadcasts with that of the quantiles."""
        found: FloatArray = np.broadcast_arrays(self.ends[0], scores)[0]  # all there is of a single quantile
        for place, (low, high) in enumerate(zip(self.ends[:-1], self.ends[1:], strict=True)):
            left, right = self.scores[place], self.scores[place + 1]
            piece = low + (scores - left) * ((high - low) / (right - left))
            found = np.where(scores > left, piece, found) if place else piece
        values: FloatArray = np.maximum(found, self.spread.least)
        return values

    def scores_of(self, values: FloatArray) -> FloatArray:
        """The normal scores of values, of the shape of the quantiles; NaN of one that is missing."""
        found = np.where(np.isnan(values), np.nan, 0.0)
        for place, (low, high) in enumerate(zip(self.ends[:-1], self.ends[1:], strict=True)):
            left, right = self.scores[place], self.scores[place + 1]
            piece = left + (values - low) * ((right - left) / np.maximum(high - low, _FLAT))
            found = np.where(values > low, piece, found) if place else piece
        return np.clip(found, -FARTHEST, FARTHEST)


def _nodes(quantiles: Mapping[float, FloatArray], spread: Spread) -> tuple[list[float], list[FloatArray]]:
    """Normal scores and values that lines are drawn between, both rising: the quantiles, and the tails where they are known."""
    levels = sorted(quantiles)
    at = {level: quantiles[level] for level in levels}
    middle = at[min(levels, key=lambda level: abs(level - 0.5))]
    if spread.below and levels[0] < 0.5 < levels[-1]:
        for end, level, factors in ((levels[0], TAILS[0], spread.below), (levels[-1], TAILS[1], spread.above)):
            if abs(level - 0.5) > abs(end - 0.5):
                steps = np.minimum(np.arange(middle.shape[-1]), len(factors) - 1)  # the last one goes on
                at[level] = middle + np.asarray(factors)[steps] * (at[end] - middle)
    rising = sorted(at)
    return [float(ndtri(level)) for level in rising], [at[level] for level in rising]


def measured_spread(true: FloatArray, quantiles: Mapping[float, FloatArray]) -> Spread:
    """How far values lie beyond the outermost quantiles, and how the errors of steps hang together.

    Args:
        true: (R, H) what came; NaN where it is missing.
        quantiles: (R, H) of each level, that were forecast.
    """
    below, above = _tails(true, quantiles)
    scores = Levels(quantiles, Spread(below, above)).scores_of(true)
    return Spread(below, above, _correlations(scores))


def _tails(true: FloatArray, quantiles: Mapping[float, FloatArray]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Factors of the lower and of the upper tail at each step, or at all steps together where each has too few values for its own."""
    levels = sorted(quantiles)
    known = ~np.isnan(true)
    if int(known.sum()) < LEAST_VALUES or not levels[0] < 0.5 < levels[-1]:
        return (), ()
    middle = quantiles[min(levels, key=lambda level: abs(level - 0.5))]
    tails = []
    for end in (levels[0], levels[-1]):
        width, off = quantiles[end] - middle, true - middle
        there = known & (np.abs(width) > _FLAT)
        beyond = np.divide(off, width, out=np.zeros(off.shape), where=there)
        together = _stretch(beyond[known])
        each = zip(beyond.T, known.T, strict=True)
        tails.append(tuple(_stretch(one[here]) if here.sum() >= LEAST_VALUES else together for one, here in each))
    return tails[0], tails[1]


def _stretch(beyond: FloatArray) -> float:
    """What half a percent of some numbers are above, 1 at least."""
    return float(np.clip(np.quantile(beyond, TAILS[1], method="higher"), 1.0, MOST_FACTOR))


def _correlations(scores: FloatArray) -> tuple[float, ...]:
    """(H - 1,) mean correlations of steps (R, H) so far apart; 0 where hardly any row has both."""
    known = ~np.isnan(scores)
    counts = known.sum(axis=0)
    means = np.divide(scores.sum(axis=0, where=known), counts, out=np.zeros(len(counts)), where=counts > 0)
    filled = np.where(known, scores - means, 0.0)
    pairs = known.T.astype(np.float64) @ known
    sizes = np.square(filled).T @ known  # of each step, in the rows that have the other one too
    size = np.sqrt(sizes * sizes.T)
    enough = (pairs >= LEAST_ROWS) & (size > 0)
    found = np.divide(filled.T @ filled, size, out=np.zeros(size.shape), where=enough)
    return tuple(float(np.diag(found, lag).mean()) for lag in range(1, len(found)))


def _factor(apart: tuple[float, ...], steps: int) -> FloatArray:
    """(steps, steps) F, so that F F' is the correlation matrix nearest to what was measured, none behind the farthest two steps."""
    line = np.zeros(steps)
    line[0] = 1.0
    line[1 : 1 + len(apart)] = apart[: steps - 1]
    values, vectors = np.linalg.eigh(toeplitz(line))
    factor = vectors * np.sqrt(
        np.maximum(values, 0.0)
    )  # what was measured pair by pair may be no matrix of correlations
    sized: FloatArray = factor / np.linalg.norm(factor, axis=1, keepdims=True)
    return sized


def paths(quantiles: Mapping[float, FloatArray], spread: Spread, count: int, *, seed: int) -> FloatArray:
    """(count, H) paths whose values at each step have these quantiles: a Gaussian copula.

    The normal scores of two steps are correlated as the errors of steps so far apart were on the validation readings.

    Args:
        quantiles: (H,) of each level.
        spread: of the forecast.
        count: of paths.
        seed: of them.
    """
    levels = Levels(quantiles, spread)
    steps = len(levels.ends[0])
    drawn = np.random.default_rng(seed).standard_normal((count, steps))
    return levels.at(drawn @ _factor(spread.apart, steps).T)
