"""What can be wrong with pairs of texts, without knowing any language: a blank side, copies, uneven lengths, swapped sides.

Each check counts or judges and changes nothing. Knows rows with the columns `source` and `target`.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seqtext.data.pairs.parallel_files import SOURCE, TARGET, lengths_of
from seqtext.data.reading.column_arrays import column_arrays

if TYPE_CHECKING:
    import datasets

BoolArray: TypeAlias = NDArray[np.bool_]

WITHOUT_TEXT = r"^[\p{Z}\p{Cc}]*$"  # white space and control characters, none of which leaves the model a token
UNEVEN = 4.0  # times the usual ratio of lengths; of text that is no mistake, one pair in some thousand
LOOKED_AT = 2_000  # rows of a split, for the languages it is in: a profile hardly changes after some hundred
CLEARLY = 0.2  # of the cosines of two pairs of profiles; sides in two languages differ by over 0.5


def blank_rows(rows: datasets.Dataset) -> BoolArray:
    """(R,) whether one side of a pair, or both, is without text: empty once the normaliser has seen it."""
    import pyarrow.compute as pc

    sides = []
    for column in (SOURCE, TARGET):
        arrays = column_arrays(rows, column)
        blank = [pc.match_substring_regex(a, WITHOUT_TEXT).to_numpy(zero_copy_only=False) for a in arrays]
        sides.append(np.concatenate([np.zeros(0, dtype=bool), *blank]))
    either: BoolArray = sides[0] | sides[1]
    return either


def same_share(rows: datasets.Dataset) -> float:
    """The share of pairs whose two sides are the same text."""
    import pyarrow.compute as pc

    sides = zip(column_arrays(rows, SOURCE), column_arrays(rows, TARGET), strict=True)
    return sum(pc.sum(pc.equal(a, b)).as_py() or 0 for a, b in sides) / max(len(rows), 1)


def uneven_pairs(rows: datasets.Dataset) -> int:
    """How many pairs are over `UNEVEN` times longer or shorter on one side than is usual here, in characters."""
    source, target = (np.log1p(lengths_of(rows, column)) for column in (SOURCE, TARGET))
    ratio = source - target
    return int((np.abs(ratio - np.median(ratio)) > np.log(UNEVEN)).sum()) if len(rows) else 0


def look_swapped(train: datasets.Dataset, other: datasets.Dataset) -> bool:
    """Whether the sources of `other` are clearly written like the targets of `train`, and its targets like the sources.

    Judged by runs of three characters, so any language will do; sides in one language are never called swapped.
    """
    of_train = [_profile(train, column) for column in (SOURCE, TARGET)]
    of_other = [_profile(other, column) for column in (SOURCE, TARGET)]
    straight = sum(_cosine(mine, theirs) for mine, theirs in zip(of_train, of_other, strict=True))
    crossed = sum(_cosine(mine, theirs) for mine, theirs in zip(of_train, reversed(of_other), strict=True))
    return crossed - straight > CLEARLY


def _profile(rows: datasets.Dataset, column: str) -> Counter[str]:
    """How often each run of three characters stands in some rows, evenly spread over all."""
    some = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), LOOKED_AT)).astype(np.int64))
    texts = chain.from_iterable(array.to_pylist() for array in column_arrays(rows.select(some), column))
    padded = (f" {text.lower()} " for text in texts)
    return Counter(text[at : at + 3] for text in padded for at in range(len(text) - 2))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    """Cosine similarity of two profiles, counts damped by the root so that a few common runs do not decide."""
    shared = sum((one[run] * other[run]) ** 0.5 for run in one.keys() & other.keys())
    return float(shared / max((one.total() * other.total()) ** 0.5, 1.0))
