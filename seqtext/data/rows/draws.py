"""Rows drawn by a seed: evenly by label, so many of each class, or whole groups. Knows numbers only; `splits` what they are for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw_rows(
    total: int, count: int, *, seed: int, labels: NDArray[np.int64] | None = None, leave_one: bool = False
) -> NDArray[np.int64]:
    """`count` of `total` row numbers, ascending, drawn without replacement, each label as often as its share.

    Args:
        total: the rows there are.
        count: the rows wanted, at most `total`.
        seed: of the draw.
        labels: (total,) ids from 0 on; without, all rows are alike.
        leave_one: whether a label with two rows or more keeps one that is not drawn, where `count` allows it.
    """
    labels = np.zeros(total, dtype=np.int64) if labels is None else labels
    if len(labels) != total:
        raise ValueError(f"{len(labels)} labels for {total} rows")
    sizes = np.bincount(labels)
    chance = np.random.default_rng(seed)
    shuffled = chance.permutation(total)
    quotas = _quotas(sizes, count, leave_one=leave_one, order=chance.permutation(len(sizes)))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    # A row's place among the rows of its label, in the order of the shuffle: those before the quota are drawn.
    place = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(by_label[place < np.repeat(quotas, sizes)])


def draw_per_class(labels: NDArray[np.int64], count: int, *, seed: int) -> NDArray[np.int64]:
    """Row numbers, ascending: `count` of each label, or all that a label has; and all rows of a negative one, which is none.

    Args:
        labels: (rows,) ids.
        count: of each label.
        seed: of the draw.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    ordered = labels[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)  # of a row among those of its label
    return np.sort(order[(place < count) | (ordered < 0)])


def _quotas(sizes: NDArray[np.int64], count: int, *, leave_one: bool, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many rows of each label are drawn: its share, rounded to sum to `count`, and one at least if possible.

    Where there are more labels than rows to draw, `order` says which of equal ones come first; else the first ones do.
    """
    exact = sizes * (count / sizes.sum())
    highest = np.where(sizes > 1, sizes - 1, 0) if leave_one else sizes
    if highest.sum() < count:
        highest = sizes
    lowest = np.minimum(highest, 1)
    if lowest.sum() > count:
        lowest = np.zeros_like(sizes)
    else:
        order = np.arange(len(sizes))
    quotas: NDArray[np.int64] = np.clip(np.floor(exact).astype(np.int64), lowest, highest)
    # The loop is over labels at most: rounding down and the bounds are off by no more than one for each of them.
    while (missing := count - int(quotas.sum())) != 0:
        step = 1 if missing > 0 else -1
        room = quotas < highest if missing > 0 else quotas > lowest
        wish = np.where(room, step * (exact - quotas), -np.inf)
        first = np.lexsort((order, -wish))[: min(abs(missing), int(room.sum()))]
        quotas[first] += step
    return quotas


def whole_groups(
    groups: NDArray[np.int64], drawn: NDArray[np.int64], *, seed: int, labels: NDArray[np.int64] | None
) -> NDArray[np.int64] | None:
    """The rows of as many groups as hold about as many rows as were drawn; those of over a fifth of them are never taken.

    None where every row is alone in its group; where far more or fewer rows would be taken; and where a class would lose its rows on a
    side, unless all of it is one group.
    """
    sizes, first = np.bincount(groups), np.unique(groups, return_index=True)[1]
    small = np.flatnonzero(sizes <= max(len(drawn) // 5, 1))
    wanted = round(len(drawn) / max(sizes[small].mean(), 1.0)) if len(small) else 0
    if labels is not None:  # as many groups as classes at least, if there are, or some of these would have none
        wanted = max(wanted, min(len(np.unique(labels[drawn])), len(small) - 1))
    if len(sizes) == len(groups) or not 0 < wanted < len(small):
        return None
    of_groups = None if labels is None else np.unique(labels[first[small]], return_inverse=True)[1]
    chosen = small[draw_rows(len(small), wanted, seed=seed, labels=of_groups, leave_one=True)]
    taken = np.flatnonzero(np.isin(groups, chosen))
    if not len(drawn) / 2 <= len(taken) <= 2 * len(drawn):
        return None
    if labels is not None:
        left = np.setdiff1d(np.arange(len(groups)), taken, assume_unique=True)
        rest = np.setdiff1d(np.arange(len(groups)), drawn, assume_unique=True)
        lost = {*labels[drawn]} - {*labels[taken]}
        if any(len(np.unique(groups[labels == label])) > 1 for label in lost) or {*labels[rest]} - {*labels[left]}:
            return None
    return taken
