"""A forecast's whole distribution out of a few of its quantiles: any level, how unusual a value is, and paths over all steps.

Between quantiles a value is a straight line over the normal distribution's. How errors hang together, and how far the tails reach, is
measured on validation readings. Knows arrays, no model and no units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float64]

TAILS = (0.005, 0.995)  # the ends of a band for 99 % of the values
LEAST_VALUES = 400  # of which a tail of 0.5 % is two: with fewer, tails are those of a normal distribution
LEAST_ROWS = 20  # by which correlations are measured
MOST_FACTOR = 50.0  # of a tail, so that a strange validation span does not make bands that hold all
MOST_CORRELATION = 0.995
FARTHEST = 6.0  # normal score
_MOST_STEPS = 48  # of which all pairs are compared
_FLAT = 1e-12  # of a piece between two quantiles, which a score is divided by


class Spread(NamedTuple):
    """How the values around a forecast lie, beside its quantiles.

    Attributes:
        tails: how many times as far from the middle as the outermost quantiles the levels of `TAILS` lie; empty where not measured.
        persistence: (H - 1,) correlation of each step's error with that of the next, behind what is common to all steps.
        common: the share of the variance of errors that all steps have in common, 0 to 1.
        least: no value is below it.
    """

    tails: tuple[float, ...] = ()
    persistence: tuple[float, ...] = ()
    common: float = 0.0
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
    if spread.tails and levels[0] < 0.5 < levels[-1]:
        for end, level, factor in ((levels[0], TAILS[0], spread.tails[0]), (levels[-1], TAILS[1], spread.tails[1])):
            if (level < end) == (end < 0.5) and level != end:
                at[level] = middle + factor * (at[end] - middle)
    rising = sorted(at)
    return [float(ndtri(level)) for level in rising], [at[level] for level in rising]


def measured_spread(true: FloatArray, quantiles: Mapping[float, FloatArray]) -> Spread:
    """How far values lie beyond the outermost quantiles, and how the errors of steps hang together.

    Args:
        true: (R, H) what came; NaN where it is missing.
        quantiles: (R, H) of each level, that were forecast.
    """
    tails = _tails(true, quantiles)
    scores = Levels(quantiles, Spread(tails)).scores_of(true)
    common = _common(scores)
    persistence = []
    for one, other in zip(scores.T[:-1], scores.T[1:], strict=True):
        own = (_correlation(one, other) - common) / (1 - common)
        persistence.append(float(np.clip(own, -MOST_CORRELATION, MOST_CORRELATION)))
    return Spread(tails, tuple(persistence), common)


def _tails(true: FloatArray, quantiles: Mapping[float, FloatArray]) -> tuple[float, ...]:
    """Factors of the lower and the upper tail; none where there is too little to tell, or no pair to count from."""
    levels = sorted(quantiles)
    known = ~np.isnan(true)
    if int(known.sum()) < LEAST_VALUES or not levels[0] < 0.5 < levels[-1]:
        return ()
    middle = quantiles[min(levels, key=lambda level: abs(level - 0.5))][known]
    factors = []
    for end, level in ((levels[0], TAILS[0]), (levels[-1], TAILS[1])):
        width = quantiles[end][known] - middle
        off = true[known] - middle
        beyond = np.divide(off, width, out=np.full(off.shape, -np.inf), where=np.abs(width) > _FLAT)
        factor = float(np.quantile(beyond, 1 - TAILS[0], method="higher"))
        factors.append(float(np.clip(factor, 1.0, MOST_FACTOR)) if abs(level - 0.5) > abs(end - 0.5) else 1.0)
    return tuple(factors)


def _common(scores: FloatArray) -> float:
    """Mean correlation of steps that lie half of the horizon or more from each other."""
    steps = np.unique(np.linspace(0, scores.shape[1] - 1, _MOST_STEPS).astype(np.int64))
    if len(steps) < 4:
        return 0.0
    apart = [(i, j) for i in steps for j in steps if j - i >= scores.shape[1] // 2]
    found = float(np.mean([_correlation(scores[:, i], scores[:, j]) for i, j in apart]))
    return float(np.clip(found, 0.0, 0.95))


def _correlation(one: FloatArray, other: FloatArray) -> float:
    """Of two columns, where both are there; 0 if that is hardly anywhere."""
    known = ~(np.isnan(one) | np.isnan(other))
    if int(known.sum()) < LEAST_ROWS:
        return 0.0
    a, b = one[known] - one[known].mean(), other[known] - other[known].mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0


def paths(quantiles: Mapping[float, FloatArray], spread: Spread, count: int, *, seed: int) -> FloatArray:
    """(count, H) paths whose values at each step have these quantiles: a Gaussian copula.

    The normal score of a step is a part that all steps of a path have in common and one that goes from step to step as a Markov chain,
    both as strong as in the errors on the validation readings. Behind the last step measured the last persistence goes on.

    Args:
        quantiles: (H,) of each level.
        spread: of the forecast.
        count: of paths.
        seed: of them.
    """
    levels = Levels(quantiles, spread)
    steps = len(levels.ends[0])
    draw = np.random.default_rng(seed)
    shared = draw.standard_normal((count, 1))
    noise = draw.standard_normal((count, steps))
    own = np.empty((count, steps))
    own[:, :1] = noise[:, :1]
    for step in range(1, steps):
        kept = spread.persistence[min(step, len(spread.persistence)) - 1] if spread.persistence else 0.0
        own[:, step] = kept * own[:, step - 1] + np.sqrt(1 - kept * kept) * noise[:, step]
    return levels.at(np.sqrt(spread.common) * shared + np.sqrt(1 - spread.common) * own)
