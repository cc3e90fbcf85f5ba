"""What is wrong with the rows of a split, gathered kind by kind instead of raised at the first. Changes nothing.

What a kind is, the readers and checks of each task decide: here is how their messages become counts and row numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.reading.label_codes import MISSING, coded
from seqtext.data.reading.numbers import Decimal
from seqtext.data.rows.columns import is_text
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets

ONE_BY_ONE = 32  # rows that are no longer halved, but tried one by one


class Fault(NamedTuple):
    """A kind of fault.

    Attributes:
        told: what is wrong, what was expected and what to do, without the place.
        rows: (R,) places that have it, from 0; none where it is no matter of single rows, and no row can be left out for it.
    """

    told: str
    rows: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class NamedColumns:
    """Which columns are what, as far as they are named."""

    text_column: str | None = None
    """Column of the texts. Default: recognised where there is no doubt."""
    label_column: str | None = None
    """Column of the labels, likewise."""
    source: str | None = None
    """Column or language to translate from, likewise."""
    target: str | None = None
    """Column or language to translate to, likewise."""
    time_column: str | None = None
    """Column of the timestamps, likewise; none if there are none."""
    value_column: tuple[str, ...] = ()
    """Column to forecast, or several, likewise."""
    series_column: str | None = None
    """Column that names the series of each row."""
    decimal: Decimal = "."
    """Decimal mark of numbers in text."""
    missing: tuple[str, ...] = ()
    """Cells that mark a missing reading, beside the empty one and nan."""
    time_format: str | None = None
    """Format of timestamps that are not ISO 8601."""


def without_text(rows: datasets.Dataset, column: str) -> Iterator[Fault]:
    """Rows whose text is missing; all of them if the column is of another type."""
    if not is_text(rows.features[column]):
        kind = getattr(rows.features[column], "dtype", type(rows.features[column]).__name__)
        yield Fault(f"column {column!r}: found {kind}; expected text", np.zeros(0, dtype=np.int64))
        return
    nulls = [array.is_null().to_numpy(zero_copy_only=False) for array in column_arrays(rows, column)]
    yield from _kind(f"column {column!r}: found None; expected text; give the rows a text, or remove them", nulls)


def without_label(rows: datasets.Dataset, column: str) -> Iterator[Fault]:
    """Rows that have no label."""
    try:
        codes = coded(rows, column).codes
    except DataError as error:
        yield Fault(told_of(error), np.zeros(0, dtype=np.int64))
        return
    told = f"column {column!r}: found no label (None, -1 or empty); expected a label in every row; fill them in, or remove them"
    yield from _kind(told, [codes == MISSING])


def refused(rows: datasets.Dataset, check: Callable[[datasets.Dataset], object]) -> Iterator[Fault]:
    """Rows that a check refuses, found by halving; those of a kind together.

    Args:
        rows: to be checked.
        check: raises a `DataError` for rows of which one is at fault; what it raises for several alone is one fault of no row.
    """
    kinds: dict[str, tuple[str, list[int]]] = {}
    spans = [(0, len(rows))]
    while spans:
        start, stop = spans.pop()
        try:
            check(rows.select(range(start, stop)))
            continue
        except DataError as error:
            told = told_of(error)
        if stop - start == 1:
            kinds.setdefault(kind_of(told), (told, []))[1].append(start)
        elif stop - start <= ONE_BY_ONE:
            spans += [(row, row + 1) for row in reversed(range(start, stop))]
        else:
            middle = (start + stop) // 2
            spans += [(middle, stop), (start, middle)]
    if not kinds:
        try:
            check(rows)
        except DataError as error:
            yield Fault(told_of(error), np.zeros(0, dtype=np.int64))
    for told, places in kinds.values():
        yield Fault(told, np.array(places, dtype=np.int64))


def told_of(error: DataError) -> str:
    """What an error says, without the file and the row."""
    column = re.search(r"column .*", error.where)
    return f"{column[0]}: {error.told}" if column else error.told


def kind_of(told: str) -> str:
    """What is the same of faults that differ in their values alone."""
    return re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d+", "*", told)


def _kind(told: str, masks: list[NDArray[np.bool_]]) -> Iterator[Fault]:
    rows = np.flatnonzero(np.concatenate([np.zeros(0, dtype=bool), *masks]))
    if len(rows):
        yield Fault(told, rows)
