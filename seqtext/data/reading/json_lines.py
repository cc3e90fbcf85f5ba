"""Rows of JSON lines: one object per line, its values as JSON has them; the columns are the keys of the first.

A key that is missing later is None; a new one is a fault, for a misspelt key would otherwise be lost without a word.
Reads lines; knows nothing of files or of what the values should be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from seqtext.data.reading.lines import LineError, Lines
from seqtext.errors import DataError, NoRowsError, did_you_mean, shorten

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonLines:
    """The rows of JSON lines; a row is a line.

    Args:
        lines: what to read.
        name: what messages call it.

    Raises:
        DataError: no rows, or a first row that is no object with keys.
    """

    def __init__(self, lines: Lines, name: str) -> None:
        self._lines, self._name = lines, name
        self._numbered = enumerate(lines, start=1)
        self._row = 0
        self._decoder = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_refuse)
        first = self._next()
        if first is None:
            fix = "write or download it again"
            raise NoRowsError("no rows", where=name, expected="one JSON object per line", fix=fix)
        if not first:
            raise DataError("the first row has no keys", where=self._where(), expected="the columns as its keys")
        self._first = first
        self.columns = tuple(first)

    def cells(self) -> Iterator[tuple[object, ...]]:
        """The values of each row, in the order of `columns`.

        Raises:
            DataError: a line that is not a JSON object, a key that the first row has not, bytes that are no text.
        """
        known = self._first.keys()
        row: dict[str, object] | None = self._first
        while row is not None:
            if row.keys() != known and (unknown := [key for key in row if key not in known]):
                raise self._unknown(unknown[0])
            yield tuple(map(row.get, self.columns))
            row = self._next()

    def _next(self) -> dict[str, object] | None:
        blank = 0  # a blank line is at fault only if a row follows it
        try:
            for number, line in self._numbered:
                self._row = number
                if not line.isspace():
                    if blank:
                        where = self._where(blank)
                        raise DataError("found a blank line", where=where, expected="a JSON object", fix="remove it")
                    return self._object(line)
                blank = blank or number
        except LineError as error:
            raise DataError(error.found, where=self._where(error.line), fix=error.fix) from None
        return None

    def _object(self, line: str) -> dict[str, object]:
        try:
            value = self._decoder.decode(line[:-1])
        except json.JSONDecodeError as error:
            raise self._not_json(line, f"not valid JSON at column {error.colno} ({error.msg})") from None
        except RecursionError:
            raise self._not_json(line, "JSON nested too deeply") from None
        except ValueError as error:
            raise self._not_json(line, f"not usable JSON ({error})") from None
        if not isinstance(value, dict):
            fix = "if the file is one array: jq -c '.[]' FILE > NEW" if isinstance(value, list) else ""
            found = f"found {shorten(value)}, a JSON {_json_type(value)}"
            raise DataError(found, where=self._where(), expected="a JSON object", fix=fix)
        return _whole_characters(value) if _ESCAPED_SURROGATE.search(line) else value

    def _not_json(self, line: str, found: str) -> DataError:
        if not self._lines.whole and next(self._numbered, None) is None:
            fix = "the last line has no line end: if the file was cut off, download or copy it again"
        elif self._row == 1 and line.strip() in ("[", "{"):
            fix = f"convert it: jq -c {'.' if line.strip() == '{' else '.[]'!r} FILE > NEW"
        else:
            fix = "mend or remove the line"
        return DataError(found, where=self._where(), expected="one JSON object per line", fix=fix)

    def _unknown(self, key: str) -> DataError:
        fix = did_you_mean(key, self.columns) or f"give the first row {shorten(key)} too (null will do), or remove it"
        expected = f"the keys of the first row ({shorten(', '.join(self.columns))})"
        return DataError(f"found a new key {shorten(key)}", where=self._where(), expected=expected, fix=fix)

    def _where(self, line: int = 0) -> str:
        return f"{self._name}, row {line or self._row} (line {line or self._row})"


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise ValueError(f"the key {shorten(twice)} stands twice in it")
    return values


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no number of JSON's")


def _json_type(value: object) -> str:
    names: dict[type, str] = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")


def _whole_characters(row: dict[str, object]) -> dict[str, object]:
    """Lone surrogates, which JSON can write and UTF-8 cannot, as U+FFFD: what the normaliser would make of them."""
    if not _SURROGATE.search(text := json.dumps(row, ensure_ascii=False)):
        return row
    mended: dict[str, object] = json.loads(_SURROGATE.sub("\ufffd", text))
    return mended
