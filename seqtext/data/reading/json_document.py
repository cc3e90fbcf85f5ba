"""One JSON document that holds all rows: an array of objects, or an object with one such array in a field.

Whatever else the document is, the message says what makes lines of it. Knows text; no files, no columns.
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


def field_of_rows(document: Mapping[str, Any]) -> str | None:
    """The field of an object that holds rows, where it is clear that the object is no row itself."""
    fields = [name for name, value in document.items() if _is_rows(value)]
    if len(fields) == 1 and (len(document) == 1 or fields[0].lower() in _FIELDS):
        return fields[0]
    return None


def holds_columns_or_splits(document: Mapping[str, Any]) -> bool:
    """Whether an object is no row, since each of its values is itself rows or an object."""
    return len(document) > 1 and all(_is_rows(value) or isinstance(value, dict) for value in document.values())


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
        values = list(document.values())
        if len(values) > 1 and all(isinstance(value, list | dict) and len(value) == len(values[0]) for value in values):
            found = f"one JSON object of columns ({one_of(document, 5).removeprefix('one of ')})"
            fix = "write rows: pandas does with to_json(FILE, orient='records', lines=True)"
            raise DataError(found, where=name, expected="one JSON object per line", fix=fix)
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


def _path(field: str) -> str:
    return f".{field}[]" if re.fullmatch(r"[A-Za-z_]\w*", field) else f'.["{field}"][]'
