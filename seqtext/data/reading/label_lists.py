"""A column of several labels a row as numbers: which of its values each row's list holds.

A list may be one, or be written as one, as names with a mark between them, or as a yes or no for each label. Knows one column
of one split (or a column of yes and no for each label), not which labels training found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, in_file, place_of
from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.reading.label_cells import called, is_list, parse_list, split
from seqtext.data.reading.label_codes import MISSING, plain_name
from seqtext.data.reading.label_forms import MARKS, Form, spellings
from seqtext.data.reading.label_numbers import named_by_numbers
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

MOST_LABELS = 10_000
MOST_CELLS = 2_000_000_000  # rows x labels: a byte each
_YES = {
    **dict.fromkeys((1, "1", "1.0", *(one for word in ("true", "yes") for one in spellings(word))), 1),
    **dict.fromkeys((0, "0", "0.0", *(one for word in ("false", "no") for one in spellings(word))), 0),
}
_YES_OR_NO: dict[object, int] = {**_YES, **dict.fromkeys((-1, "-1", "-1.0"), MISSING)}


class CodedLists(NamedTuple):
    """A column of several labels a row.

    Attributes:
        members: (R, V) which values each row has; a row without a list has none.
        missing: (R,) rows without a list: an empty list is one.
        values: (V,) the names of a class column in its order; else the values found, sorted, as text without outer blanks.
        repeats: (R,) rows that name a label more than once.
    """

    members: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    values: tuple[str, ...]
    repeats: NDArray[np.bool_]


def form_of(dataset: datasets.Dataset, column: str) -> Form | None:
    """How a column writes several labels a row; None where it is not plain that rows have several.

    Plain are lists of which one has two labels; objects of numbers of which one has not exactly one 1; and texts with a mark between
    names that come again, and not in all as many.
    """
    if len(parts_of(column)) > 1:
        return "yes_no"
    if (named := named_by_numbers(dataset, column)) is not None:
        return "list" if any(one is not None and len(one) != 1 for one in named) else None
    type_ = dataset.data.column(column).type
    if _is_list(type_):
        lists = [found for found in _lists(dataset, column, "list", place_of(dataset)) if found is not None]
        return _form_of_lists(lists) if any(len(found) > 1 for found in lists) else None
    if not is_written(dataset, column):
        return None
    cells = _texts(dataset, column)
    if cells and all(map(is_list, cells)) and any(mark in cell for cell in cells for mark in (",", "' '", "><")):
        try:
            return _form_of_lists([one for cell in cells if (one := parse_list(cell)) is not None])
        except ValueError:  # of a list that cannot be read: whoever reads it says which
            return "list"
    return next((mark for mark in MARKS if _is_plain(cells, mark)), None)


def is_written(dataset: datasets.Dataset, column: str) -> bool:
    """Whether a column is of texts, in which labels may be written in any form."""
    import pyarrow as pa

    type_ = dataset.data.column(column).type
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def forced_form(dataset: datasets.Dataset, column: str) -> Form:
    """The same of a column that is said to hold several labels a row: lists, or texts with the mark that most of them have, if one has."""
    if form := form_of(dataset, column):
        return form
    if _is_list(dataset.data.column(column).type) or named_by_numbers(dataset, column) is not None:
        return "list"
    cells = _texts(dataset, column)
    return max(MARKS, key=lambda mark: sum(mark in cell for cell in cells))


def coded_lists(dataset: datasets.Dataset, column: str, form: Form, *, where: str | None = None) -> CodedLists:
    """A column of lists, of names with marks between them, or of a yes or no for each label; None, and an empty text, are no list.

    Raises:
        DataError: an item that is no name, a yes or no that is neither, lists of other lengths, too many values for labels.
    """
    where = where or place_of(dataset)
    if len(parts := parts_of(column)) > 1:
        return _of_columns(dataset, parts, where)
    names = getattr(getattr(dataset.features[column], "feature", None), "names", None)
    lists = _lists(dataset, column, form, where)
    place = f"{where}, column {column!r}"
    if form == "yes_no":
        return _of_answers(dataset, lists, place)
    number: dict[str, int] = {name: code for code, name in enumerate(names or ())}
    rows, codes, missing = [], [], np.zeros(len(dataset), dtype=np.bool_)
    for row, found in enumerate(lists):
        if found is None:
            missing[row] = True
            continue
        for item in found:
            name = _name(item, names, lambda row=row: f"{place}, row {row + 1}{in_file(dataset, row)}")  # type: ignore[misc]
            if name:
                rows.append(row)
                codes.append(number.setdefault(name, len(number)))
        if len(number) > MOST_LABELS:
            raise DataError(
                f"found more than {MOST_LABELS:,} different labels", where=place, fix="keep the commonest ones"
            )
    values = list(number) if names else sorted(number, key=_in_order(number))
    table = np.zeros(len(number), dtype=np.int64)
    table[[number[value] for value in values]] = np.arange(len(values))
    if len(dataset) * len(values) > MOST_CELLS:
        found_cells = f"found {len(values):,} labels in {len(dataset):,} rows, which is more than memory should hold"
        raise DataError(found_cells, where=place, fix="keep the commonest labels, or fewer rows")
    members = np.zeros((len(dataset), len(values)), dtype=np.bool_)
    members[rows, table[codes] if codes else []] = True
    lengths = np.bincount(np.array(rows, dtype=np.int64), minlength=len(dataset))
    return CodedLists(members, missing, tuple(values), lengths > members.sum(axis=1))


def _in_order(names: Iterable[str]) -> Callable[[str], Any]:
    """Whole numbers by their size, if all are."""
    return int if all(re.fullmatch(r"\d{1,18}", name) for name in names) else str


def _name(item: object, names: Sequence[str] | None, where: Callable[[], str]) -> str:
    """An item of a list as the name of a label."""
    if names is not None:
        if isinstance(item, int) and 0 <= item < len(names):
            return names[item]
        expected = f"0 to {len(names) - 1} ({shorten(', '.join(names))})"
        raise DataError(f"found {shorten(item)}", where=where(), expected=expected, fix="mend the list")
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, str):
        return plain_name(item)
    if isinstance(item, int | float) and math.isfinite(item) and item >= 0 and item == int(item):
        return str(int(item))
    found = f"found {shorten(item)} in the list"
    raise DataError(
        found, where=where(), expected="names or whole numbers", fix="write labels as names or as whole numbers"
    )


# ---- lists


def _lists(dataset: datasets.Dataset, column: str, form: Form, where: str) -> Iterator[list[Any] | None]:
    """The list of each row."""
    if (named := named_by_numbers(dataset, column)) is not None:
        yield from named
        return
    if _is_list(dataset.data.column(column).type):
        for array in column_arrays(dataset, column):
            for found in array.to_pylist():
                yield found if found is None else [_plain(item) for item in found]
        return
    known: dict[str | None, list[Any] | None] = {None: None}
    row = 0
    for array in column_arrays(dataset, column):
        for cell in array.to_pylist():
            row += 1
            cell = cell if cell is None or isinstance(cell, str) else str(cell)
            if cell is not None and cell not in known:
                try:
                    known[cell] = split(cell, form)
                except ValueError as error:
                    place = f"{where}, row {row}{in_file(dataset, row - 1)}, column {column!r}"
                    fix = 'write the names alone, as a|b or ["a", "b"]'
                    raise DataError(
                        f"found {shorten(cell)}", where=place, expected="a list of names", fix=fix
                    ) from error
            yield known[cell]


def _plain(item: object) -> object:
    """What an object is called, if that is plain; anything else as it is."""
    return called(item) or item if isinstance(item, dict) else item


def _form_of_lists(lists: Sequence[Sequence[object]]) -> Form | None:
    """A yes or no for each label, if all lists are as long and hold nothing else; names, if one list has several."""
    if not any(len(found) > 1 for found in lists):
        return None
    lengths = {len(found) for found in lists}
    plain = (isinstance(item, str | int | float) and item in _YES for found in lists for item in found)
    alike = len(lengths) == 1 and all(plain)
    return "yes_no" if alike and any(len({*found}) < len(found) for found in lists) else "list"


def _is_plain(cells: Sequence[str], mark: str) -> bool:
    """Whether texts are plainly names with a mark between them: one stands in several texts, and not all texts have as many.

    Commas stand in names too: so there must be more texts than names.
    """
    found = {tuple(filter(None, map(str.strip, cell.split(mark)))) for cell in cells}
    texts_of = Counter(name for names in found for name in {*names})
    vary = len({len(names) for names in found}) > 1
    return vary and max(texts_of.values()) > 1 and (mark != "," or 1 < len(texts_of) < len(found))


def _texts(dataset: datasets.Dataset, column: str) -> list[str]:
    """The different texts of a column that have a character."""
    found: dict[str, None] = {}
    for array in column_arrays(dataset, column):
        found |= dict.fromkeys(cell for cell in array.unique().to_pylist() if isinstance(cell, str) and cell.strip())
    return list(found)


# ---- a yes or no for each label


def _of_answers(dataset: datasets.Dataset, lists: Iterator[list[Any] | None], place: str) -> CodedLists:
    """Lists of yes and no; the labels are called by their places, from 0."""
    found = list(lists)
    width = max((len(one) for one in found if one is not None), default=0)
    members, missing = np.zeros((len(found), width), dtype=np.bool_), np.zeros(len(found), dtype=np.bool_)
    for row, one in enumerate(found):
        if one is None:
            missing[row] = True
        elif len(one) == width and all(item in _YES for item in one):
            members[row] = [_YES[item] for item in one]
        else:
            where = f"{place}, row {row + 1}{in_file(dataset, row)}"
            raise DataError(f"found {shorten(one)}", where=where, expected=f"{width} times 0 or 1", fix="mend the list")
    return CodedLists(members, missing, tuple(map(str, range(width))), np.zeros(len(found), dtype=np.bool_))


def _of_columns(dataset: datasets.Dataset, columns: Sequence[str], where: str) -> CodedLists:
    """A column of yes and no for each label, which are called as the columns are; -1 and nothing are neither."""
    codes = np.empty((len(dataset), len(columns)), dtype=np.int64)
    for number, column in enumerate(columns):
        cells = (cell for array in column_arrays(dataset, column) for cell in array.to_pylist())
        for row, cell in enumerate(cells):
            plain = cell.strip() if isinstance(cell, str) else cell
            if isinstance(plain, list | dict):
                code = None
            else:
                code = MISSING if plain is None or plain == "" or plain != plain else _YES_OR_NO.get(plain)
            if code is None:
                place = f"{where}, row {row + 1}{in_file(dataset, row)}, column {column!r}"
                fix = "mend the cell, or name only the columns of yes and no with --label_column"
                raise DataError(f"found {shorten(cell)}", where=place, expected="0 or 1, or yes or no", fix=fix)
            codes[row, number] = code
    missing = (codes == MISSING).any(axis=1)
    return CodedLists(codes == 1, missing, tuple(columns), np.zeros(len(dataset), dtype=np.bool_))


def _is_list(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_))
