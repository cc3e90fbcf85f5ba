"""Texts as Python code holds them: one, many, or in the columns of a table, whose texts are found, never taken for its columns' names.

Knows shapes of objects and the names of the columns that texts were in, no tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seqtext.data.reading.joined_columns import BETWEEN, parts_of
from seqtext.data.rows.given import frame_columns, is_frame, plain_values
from seqtext.errors import DataError, shorten


def given_texts(given: Any, column: str) -> Iterator[str]:
    """The texts that a user gave, as they come.

    Args:
        given: texts in anything that can be iterated over; one text; rows as dicts, as a data set of datasets has them; or a table: a
            data frame, or a dict of columns. Rows and tables have the columns of training.
        column: where the texts of training were; of several, their common name, and their texts are joined.

    Raises:
        DataError: what is none of these, a table without the column, or something that is no text, by its place from 1.
    """
    if isinstance(given, str):
        items: Iterable[Any] = [given]
    elif isinstance(given, Mapping) or is_frame(given):
        items = _rows_of(given, column)
    elif isinstance(given, bytes | set | frozenset) or not isinstance(given, Iterable):
        raise DataError(f"found {type(given).__name__}", where="texts", expected="a list of texts")
    else:
        items = plain_values(given)
    for number, item in enumerate(items, start=1):
        yield _text(item, column, number)


def _rows_of(table: Any, column: str) -> Iterator[dict[str, Any]]:
    """The rows of a table, with the columns that texts are in; a dict of texts is one row."""
    columns = table if isinstance(table, Mapping) else frame_columns(table)
    parts = parts_of(column)
    if any(part not in columns for part in parts):
        names = ", ".join(map(str, columns))
        found = (
            f"found {type(table).__name__} with the columns {shorten(names)[1:-1]}" if names else "found an empty table"
        )
        raise DataError(
            found,
            where="texts",
            expected="a list of texts",
            fix=_how(columns, parts, "df" if is_frame(table) else "rows"),
        )
    cells = []
    for part in parts:
        values = plain_values(columns[part])
        if is_frame(values) or isinstance(values, bytes) or not isinstance(values, Iterable):
            found = f"found {type(values).__name__}"
            raise DataError(found, where=f"texts, column {part!r}", expected="a list of texts")
        cells.append([values] if isinstance(values, str) else list(values))
    if len(set(map(len, cells))) > 1:
        raise DataError(f"columns {', '.join(parts)} of different lengths", where="texts", expected="as many in each")
    return (dict(zip(parts, row, strict=True)) for row in zip(*cells, strict=True))


def _how(columns: Mapping[Any, Any], parts: tuple[str, ...], table: str) -> str:
    """What to do about a table without the columns of training."""
    if len(parts) > 1:
        return f"give it the columns {', '.join(parts)}, which the model was trained on"
    texts = (name for name, cells in columns.items() if isinstance(_first(cells), str))
    name = next(texts, None)
    return f"give it the column {parts[0]!r}" if name is None else f"pass {table}[{name!r}]"


def _first(cells: Any) -> object:
    """The first cell of a column; the column itself where it has none."""
    return next(iter(plain_values(cells)), None) if isinstance(cells, Iterable) else cells


def _text(item: Any, column: str, number: int) -> str:
    """One text; of a row those of its columns, joined."""
    if isinstance(item, str):
        return item
    if not isinstance(item, Mapping):
        raise DataError(f"found {type(item).__name__}", where=f"text {number}", expected="a string")
    texts = []
    for part in parts_of(column):
        if part not in item:
            found = f"found a row of {shorten(', '.join(map(str, item)))[1:-1]}"
            raise DataError(found, where=f"text {number}", expected=f"the column {part!r}, or a string")
        if not isinstance(text := item[part], str):
            raise DataError(
                f"found {type(text).__name__}", where=f"text {number}, column {part!r}", expected="a string"
            )
        texts.append(text)
    return BETWEEN.join(texts)
