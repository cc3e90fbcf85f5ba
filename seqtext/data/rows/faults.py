"""What is wrong with the rows of a split, gathered kind by kind instead of raised at the first. Changes nothing.

What a kind is, the readers and checks of each task decide: here is how their messages become counts and row numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.reading.label_codes import MISSING, coded
from seqtext.data.rows.columns import is_text
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets

    from seqtext.data.reading.faulty_rows import ReadRow

_NONE = np.zeros(0, dtype=np.int64)
ONE_BY_ONE = 32  # rows that are no longer halved, but tried one by one


class Fault(NamedTuple):
    """A kind of fault.

    Attributes:
        told: what is wrong, what was expected and what to do, without the place.
        rows: (R,) places that have it, from 0; none where it is no matter of single rows, and no row can be left out for it.
    """

    told: str
    rows: NDArray[np.int64]


class Checked(NamedTuple):
    """A split and what is wrong with it.

    Attributes:
        name: of the split; "" of a single file.
        rows: that can be read.
        numbers: (R,) of these rows, from 1, as they stand in the file.
        faults: each with the numbers of its rows.
    """

    name: str
    rows: datasets.Dataset
    numbers: NDArray[np.int64]
    faults: list[Fault]

    @property
    def at_fault(self) -> NDArray[np.int64]:
        """Numbers of all rows that have a fault, each once, ascending."""
        return np.unique(np.concatenate([_NONE, *(fault.rows for fault in self.faults)]))

    @property
    def left(self) -> datasets.Dataset:
        """The rows that have none."""
        kept = np.flatnonzero(~np.isin(self.numbers, self.at_fault))
        return self.rows if len(kept) == len(self.rows) else self.rows.select(kept)


def checked(
    name: str,
    rows: datasets.Dataset,
    faults: Iterable[Fault],
    *,
    numbers: Sequence[int] | None = None,
    unread: Sequence[ReadRow] = (),
) -> Checked:
    """A split with all its faults.

    Args:
        name: of the split.
        rows: that can be read.
        faults: of these, by their places.
        numbers: of these rows in the file, where some between them cannot be read; else they count from 1.
        unread: those that cannot.
    """
    places = np.arange(1, len(rows) + 1) if numbers is None else np.array(numbers, dtype=np.int64)
    kinds: dict[str, tuple[str, list[int]]] = {}
    for row in unread:
        assert row.error is not None
        kinds.setdefault(kind_of(row.error.told), (row.error.told, []))[1].append(row.number)
    found = [Fault(told, np.array(lost, dtype=np.int64)) for told, lost in kinds.values()]
    return Checked(name, rows, places, [*found, *(Fault(fault.told, places[fault.rows]) for fault in faults)])


def without_text(rows: datasets.Dataset, column: str) -> Iterator[Fault]:
    """Rows whose text is missing; all of them if the column, or one of several that are joined, is of another type."""
    if len(parts := parts_of(column)) > 1:
        for part in parts:
            yield from without_text(rows, part)
        return
    if not is_text(rows.features[column]):
        kind = getattr(rows.features[column], "dtype", type(rows.features[column]).__name__)
        yield Fault(f"column {column!r}: found {kind}; expected text", _NONE)
        return
    nulls = [array.is_null().to_numpy(zero_copy_only=False) for array in column_arrays(rows, column)]
    yield from _kind(f"column {column!r}: found None; expected text; give the rows a text, or remove them", nulls)


def without_label(rows: datasets.Dataset, column: str, *, fix: str = "fill them in, or remove them") -> Iterator[Fault]:
    """Rows that have no label; `fix` is what to do about them."""
    try:
        codes = coded(rows, column).codes
    except DataError as error:
        yield Fault(told_of(error), _NONE)
        return
    told = f"column {column!r}: found no label (None, -1 or empty); expected a label in every row; {fix}"
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
            yield Fault(told_of(error), _NONE)
    for told, places in kinds.values():
        yield Fault(told, np.array(places, dtype=np.int64))


def told_of(error: DataError) -> str:
    """What an error says, without the file and the row."""
    inside = re.search(r"(column|recording) .*", error.where)
    return f"{inside[0]}: {error.told}" if inside else error.told


def kind_of(told: str) -> str:
    """What is the same of faults that differ in their values alone."""
    return re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d+", "*", told)


def _kind(told: str, masks: list[NDArray[np.bool_]]) -> Iterator[Fault]:
    rows = np.flatnonzero(np.concatenate([np.zeros(0, dtype=bool), *masks]))
    if len(rows):
        yield Fault(told, rows)
