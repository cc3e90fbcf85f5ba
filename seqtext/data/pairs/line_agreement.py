"""Where two files of lines that should be each other's translations stop agreeing, judged by how long the lines are.

A long line has a long translation. Where a line was lost, every pair behind it is of strangers, and their lengths agree
no better than by chance. Lengths in, a line number out; it knows neither files nor what the lines say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]

MOST_STEPS = 16  # lines lost one by one that are looked for; beyond, as if all were lost at one place
CAP = 1.0  # of a pair's cost: a pair one and a half times or thrice as long as usual is wrong alike
ALIKE = 1e-9  # of the cost of a pair: rounding alone
CHANCE = 0.8  # of the cost of lines put together by chance: no place is right that is not clearly better


def first_break(source: IntArray, target: IntArray) -> int | None:
    """The line, from 1, from which on the shorter file lacks a line; None where the files agree nowhere.

    The files are laid beside each other with the longer one moved up by one line more at each break, and the breaks
    put where the squared log ratios of the lengths add up to least. Time and memory: lines times breaks, at most 16.

    Args:
        source: (N,) characters of each line.
        target: (M,) likewise; M is not N.
    """
    longer, shorter = (source, target) if len(source) > len(target) else (target, source)
    more = len(longer) - len(shorter)
    if more == 0 or not len(shorter):
        return None
    shifts = tuple(range(more + 1)) if more <= MOST_STEPS else (0, more)
    long, short = _levelled(longer), _levelled(shorter)
    cost, place = _best(long, short, shifts)
    # The same search, with all its freedom, among lines that are surely strangers.
    by_chance, _ = _best(np.random.default_rng(0).permutation(long), short, shifts)
    # Where all lines are as long as each other nothing can be said but that one file goes on behind the other.
    if by_chance <= ALIKE * len(short):
        return len(short) + 1
    return place + 1 if cost < CHANCE * by_chance else None


def _best(long: FloatArray, short: FloatArray, shifts: Sequence[int]) -> tuple[float, int]:
    """The least cost of laying the files beside each other, and how many lines lie before the first break."""
    best = _summed(long[: len(short)], short)
    came_from: list[IntArray] = []  # for each further shift, the line behind which it begins
    for shift in shifts[1:]:
        cost = _summed(long[shift : shift + len(short)], short)
        lowest, where = _running_minimum(best - cost)
        best = cost + lowest
        came_from.append(where)
    place = len(short)
    for where in reversed(came_from):
        place = int(where[place])
    return float(best[-1]), place


def _levelled(lengths: IntArray) -> FloatArray:
    """Log lengths around their median: one language may need more characters than the other."""
    logs: FloatArray = np.log1p(lengths.astype(np.float64))
    centred: FloatArray = logs - np.median(logs)
    return centred


def _summed(long: FloatArray, short: FloatArray) -> FloatArray:
    """(M + 1,) cost of the first 0 to M pairs."""
    return np.concatenate([[0.0], np.cumsum(np.minimum((long - short) ** 2, CAP))])


def _running_minimum(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """(M + 1,) the least value so far, and where it was first met."""
    lowest = np.minimum.accumulate(values)
    new = np.concatenate([[True], values[1:] < lowest[:-1]])
    return lowest, np.maximum.accumulate(np.where(new, np.arange(len(values)), 0))
