"""Columns of words beside the readings, as a column of ones and zeros for each of their words. Knows tables, no roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import datasets
import numpy as np

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.numbers import Decimal, numbers
from seqtext.errors import DataError, shorten

MOST_CATEGORIES = 100
MARK = "="  # `kind=storm` is the column of the word storm of the column kind


class Indicated(NamedTuple):
    """A table with columns of numbers alone among those asked for.

    Attributes:
        rows: with the further columns.
        names: of the columns to read, those of words replaced by theirs.
        notes: words that training did not have.
    """

    rows: datasets.Dataset
    names: tuple[str, ...]
    notes: tuple[str, ...]


def base_name(name: str) -> str:
    """The column of the table that a column, maybe of a word, comes from."""
    return name.partition(MARK)[0]


def indicated(
    rows: datasets.Dataset,
    names: Sequence[str],
    *,
    decimal: Decimal = ".",
    missing: Sequence[str] = (),
    trained: bool = False,
) -> Indicated:
    """The table with a column for each word of the columns of words.

    Args:
        rows: of the table.
        names: columns to read; those of training may be of words (`kind=storm`), and then other words are none of them.
        decimal: decimal mark of numbers.
        missing: marks of missing cells.
        trained: whether the names are those of a model, whose columns without words hold numbers.

    Raises:
        DataError: a column with numbers and words, with more than 100 words, or with words where a model learnt numbers.
    """
    made: list[str] = []
    notes: list[str] = []
    known: dict[str, list[str]] = {}
    for name in names:
        if name not in rows.column_names and base_name(name) in rows.column_names:
            known.setdefault(base_name(name), []).append(name.partition(MARK)[2])
        else:
            known.setdefault(name, [])
    for name, words in known.items():
        if trained and not words and name in rows.column_names:
            if words_there := list(filter(None, _words(rows, name, decimal, missing) or ())):
                where, fix = f"{place_of(rows)}, column {name!r}", "write it as in training"
                expected = "numbers, or true and false, as the model learnt"
                raise DataError(f"found {shorten(words_there[0])}", where=where, expected=expected, fix=fix)
            made.append(name)
            continue
        cells = _words(rows, name, decimal, missing) if name in rows.column_names else None
        if words and cells is None:  # numbers, or true and false, that training took for words
            cells = [str(cell) for cell in rows[name]]
        if cells is None:
            made.append(name)
            continue
        found = sorted({cell for cell in cells if cell})
        if not words and len(found) > MOST_CATEGORIES:
            where = f"{place_of(rows)}, column {name!r}"
            expected = f"numbers, or at most {MOST_CATEGORIES} words"
            raise DataError(f"found {len(found):,} words, such as {shorten(found[0])}", where=where, expected=expected)
        if words and (new := [word for word in found if word not in words]):
            notes.append(
                f"{place_of(rows)}, column {name!r}: not in training, taken for none of its words: {shorten(', '.join(new))}"
            )
        of_cells = np.array(cells, dtype=object)
        for word in words or found:
            column = f"{name}{MARK}{word}"
            rows = rows.add_column(column, (of_cells == word).astype(np.float64))
            made.append(column)
    return Indicated(rows, tuple(made), tuple(notes))


def _words(rows: datasets.Dataset, name: str, decimal: Decimal, missing: Sequence[str]) -> list[str] | None:
    """The cells of a column of words, blank where missing; None for one of numbers."""
    if not isinstance(rows.features[name], datasets.Value):  # a list is a series of its own
        return None
    try:
        numbers(rows, name, decimal=decimal, missing=missing)
        return None
    except DataError:
        cells = ["" if cell is None else str(cell).strip() for cell in rows[name]]
        marks = {"", "nan", *missing}
        if any(_is_number(cell, decimal) for cell in cells if cell.lower() not in marks):
            raise
        return ["" if cell.lower() in marks else cell for cell in cells]


def _is_number(cell: str, decimal: Decimal) -> bool:
    try:
        float(cell.replace(",", ".") if decimal == "," else cell)
    except ValueError:
        return False
    return True
