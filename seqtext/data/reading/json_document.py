"""One JSON document that holds all rows: an array of objects, an object with one such array in a field, or columns as pandas writes them.

Whatever else the document is, the message says what makes lines of it. Knows text; no files, nor what columns mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from seqtext.errors import DataError, one_of, shorten

LONGEST = 1 << 26  # bytes: as Python objects a document takes ten times as much

_FIELDS = (
    "data",
    "rows",
    "examples",
    "records",
    "items",
    "train",
)  # what the field of the rows is called, beside others
_PER_WORD = ("tokens", "words", "forms")  # columns whose list is one row


def field_of_rows(document: Mapping[str, Any]) -> str | None:
    """The field of an object that holds rows, where it is clear that the object is no row itself."""
    fields = [name for name, value in document.items() if _is_rows(value)]
    if len(fields) == 1 and (len(document) == 1 or fields[0].lower() in _FIELDS):
        return fields[0]
    return None


def holds_columns_or_splits(document: Mapping[str, Any]) -> bool:
    """Whether an object is no row, since each of its values is itself rows or an object, or since it is what pandas makes of a frame.

    Lists of one length may be the words of one row and their tags; they are columns where none is called so.
    """
    if len(document) < 2:
        return False
    if all(_is_rows(value) or _is_pairs(value) or isinstance(value, dict) for value in document.values()):
        return True
    if _is_split(document):
        return True
    return _are_columns(document) and not any(name.lower() in _PER_WORD for name in document)


def rows_of(document: object, name: str) -> Sequence[Any]:
    """The rows of a document.

    Raises:
        DataError: a document that has none, or in several fields; says which command makes JSON lines of it.
    """
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        if field := field_of_rows(document):
            return document[field]  # type: ignore[no-any-return]
        if fields := [key for key, value in document.items() if _is_rows(value)]:
            found = f"one JSON object with rows in {one_of(map(repr, fields), 5).removeprefix('one of ')}"
            fix = f"make a file of each: {to_lines(_path(fields[0]))}"
            raise DataError(found, where=name, expected="one JSON object per line", fix=fix)
        if (rows := _rows_of_frame(document)) is not None:
            return rows
        if fields := [key for key, value in document.items() if _is_pairs(value)]:
            found = f"one JSON object with lists of lists in {one_of(map(repr, fields), 5).removeprefix('one of ')}"
            lines = to_lines(f"{_path(fields[0])} | {{text: .[0], label: .[1]}}")
            fix = f"make a file of each, with names for what each list holds: {lines}"
            raise DataError(found, where=name, expected="one JSON object per line", fix=fix)
        values = list(document.values())
        if len(values) > 1 and all(isinstance(value, list) for value in values):
            counts = ", ".join(f"{key!r} {len(value)}" for key, value in list(document.items())[:5])
            found = f"one JSON object of columns of unequal length ({counts})"
            raise DataError(found, where=name, expected="as many values in each", fix="write it again")
    raise DataError(
        f"found {shorten(document)}",
        where=name,
        expected="one JSON object per line",
        fix=f"convert it: {to_lines('.')}",
    )


def to_lines(path: str = ".[]") -> str:
    """The command that makes JSON lines of what a document holds under a path."""
    return f"jq -c '{path}' FILE > NEW.jsonl"


def parsed(text: str, name: str, decoder: json.JSONDecoder) -> object:
    """The document that a text is.

    Raises:
        DataError: text that is no JSON, with line and column.
    """
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        found = f"not valid JSON at column {error.colno} ({error.msg})"
        fix = "download or copy it again, if it was cut off"
        raise DataError(found, where=f"{name}, line {error.lineno}", expected="one JSON document", fix=fix) from None
    except RecursionError:
        raise DataError("JSON nested too deeply", where=name, expected="an array of objects") from None


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value[:10])


def _rows_of_frame(document: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of what pandas makes of a frame by `to_json`: columns (its default, or lists), `split`, or `index`; None for all else."""
    if _is_split(document):
        return [dict(zip(document["columns"], row, strict=True)) for row in document["data"]]
    if _are_columns(document):
        return [dict(zip(document, row, strict=True)) for row in zip(*document.values(), strict=True)]
    values = list(document.values())
    if len(values) < 2 or not all(isinstance(value, dict) and value.keys() == values[0].keys() for value in values):
        return None
    inner = list(values[0])
    if inner and all(map(str.isdigit, inner)):
        return [{column: cells[row] for column, cells in document.items()} for row in inner]
    return values if inner else None


def _is_split(document: Mapping[str, Any]) -> bool:
    """Whether it has the names of columns, and rows with as many cells each."""
    names, rows = document.get("columns"), document.get("data")
    return (
        isinstance(names, list)
        and isinstance(rows, list)
        and len(set(map(str, names))) == len(names) > 0
        and all(isinstance(name, str) for name in names)
        and all(isinstance(row, list) and len(row) == len(names) for row in rows)
    )


def _are_columns(document: Mapping[str, Any]) -> bool:
    """Whether its values are lists of one length, of two values at least, none of which is an object."""
    values = list(document.values())
    return (
        len(values) > 1
        and all(isinstance(value, list) and len(value) == len(values[0]) > 1 for value in values)
        and not any(isinstance(cell, dict) for value in values for cell in value[:10])
    )


def _is_pairs(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, list) and len(row) > 1 for row in value[:10])


def _path(field: str) -> str:
    return f".{field}[]" if re.fullmatch(r"[A-Za-z_]\w*", field) else f'.["{field}"][]'
