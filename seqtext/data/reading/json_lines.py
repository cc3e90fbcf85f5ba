"""Rows of JSON: one object per line, or one document with all of them; values as JSON has them, the columns are the keys of the first.

A key that is missing later is None; of one that comes later it is kept where. Reads lines; knows nothing of files or of what the
values should be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from seqtext.data.reading.json_document import (
    LONGEST,
    field_of_rows,
    holds_columns_or_splits,
    parsed,
    rows_of,
    to_lines,
)
from seqtext.data.reading.lines import LineError, Lines
from seqtext.errors import DataError, NoRowsError, shorten

MOST_COLUMNS = 1_000  # keys beyond are data, not columns

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Repeated:
    """A value that an object has twice under one key, or one that holds such an object: no row may depend on which is meant.

    Args:
        key: that stands there twice.
        value: the last of its values, or that which holds the object.
    """

    def __init__(self, key: str, value: object) -> None:
        self.key, self.value = key, value


class _Object(dict[str, Any]):
    """An object with keys that stand in it twice."""

    twice: tuple[str, ...] = ()


class JsonLines:
    """The rows of JSON lines, or of one document; a row of JSON lines is a line.

    Args:
        lines: what to read.
        name: what messages call it.
        keys: the columns, where they are known; else the keys of the first row.

    Attributes:
        columns: names.
        new_keys: those that are no columns, with the first row that has them; complete once all rows are read.
        notes: for the user; complete once all rows are read.
        left_aside: none.

    Raises:
        DataError: no rows, or a first row that is no object with keys.
    """

    left_aside: Mapping[str, str] = {}

    def __init__(self, lines: Lines, name: str, keys: Sequence[str] = ()) -> None:
        self._lines, self._name, self._keys = lines, name, keys
        self._numbered: Iterator[tuple[int, str]] = enumerate(lines, start=1)
        self._row, self._by_line, self._twice, self._blank = 0, True, False, 0
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object_of)
        self._next = self._next_line
        first = self._first_row()
        if first is None:
            fix = "write or download it again"
            raise NoRowsError("no rows", where=name, expected="one JSON object per line", fix=fix)
        if not first and not keys:
            raise DataError("the first row has no keys", where=self._where(), expected="the columns as its keys")
        self._first = first
        self.columns = tuple(keys or first)[:MOST_COLUMNS]
        self.notes: list[str] = []
        self.new_keys: dict[str, int] = {}

    def cells(self) -> Iterator[tuple[object, ...]]:
        """The values of each row, in the order of `columns`; `Repeated` for one whose key stands there twice.

        Raises:
            DataError: a line that is not a JSON object, bytes that are no text.
        """
        known = dict.fromkeys(self.columns).keys()
        row: dict[str, object] | None = self._first
        while row is not None:
            if row.keys() != known:
                self._keep_new(key for key in row if key not in known)
            yield tuple(map(row.get, self.columns))
            row = self._next()

    def _keep_new(self, keys: Iterable[str]) -> None:
        """Keeps keys that are no columns, as long as there could be as many columns; one note is enough for the others."""
        for key in keys:
            if len(self.columns) + len(self.new_keys) < MOST_COLUMNS:
                self.new_keys.setdefault(key, self._row)
            elif key not in self.new_keys:
                self.notes = [f"{self._name}: left aside: keys after the first {MOST_COLUMNS:,}"]
                return

    def _first_row(self) -> dict[str, object] | None:
        """The first row, of lines or of a document, whichever it is."""
        try:
            peeked = self._lines.peek(2)
            while peeked and peeked[0].isspace() and len(peeked) > 1:
                number, _ = next(self._numbered)
                self._blank = self._blank or number
                peeked = self._lines.peek(2)
        except LineError as error:
            raise DataError(error.found, where=self._where(error.line), fix=error.fix) from None
        start = peeked[0].strip() if peeked else ""
        if start.startswith("[") and (len(start) == 1 or start[1:].lstrip()[:1] in ("{", "")):
            text = self._whole_text()
            return self._of_document(parsed(text, self._name, self._decoder), text)
        if start.startswith("{") and len(peeked) == 1:
            document = self._decoded_or_none(start)
            if document and (field_of_rows(document) or holds_columns_or_splits(document)):
                read = list(islice(self._numbered, 2))  # a second line may not have been looked at
                if len(read) == 1:
                    return self._of_document(document, start)
                self._numbered = chain(read, self._numbered)
        elif start == "{" or (start.startswith("{") and not start.endswith("}")):
            text = self._whole_text()
            document = self._decoded_or_none(text)
            if document is None:
                fix = f"convert it: {to_lines('.')}"
                found = "a JSON object over several lines"
                raise DataError(found, where=self._where(1), expected="one JSON object per line", fix=fix)
            return self._of_document(document, text)
        return self._next()

    def _decoded_or_none(self, text: str) -> dict[str, Any] | None:
        try:
            found = self._decoder.decode(text)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def _whole_text(self) -> str:
        """All lines that are left.

        Raises:
            DataError: bytes that are no text, or more than a document may have.
        """
        parts, size = [], 0
        try:
            for _, line in self._numbered:
                parts.append(line)
                size += len(line)
                if size > LONGEST:
                    found = f"one JSON document of more than {LONGEST:,} characters"
                    fix = f"make lines of it: {to_lines()}"
                    raise DataError(found, where=self._name, expected="one JSON object per line", fix=fix)
        except LineError as error:
            raise DataError(error.found, where=self._where(error.line), fix=error.fix) from None
        return "".join(parts)

    def _of_document(self, document: object, text: str) -> dict[str, object] | None:
        """The first row of a document, whose rows are those to come."""
        rows = iter(rows_of(document, self._name))
        self._by_line, self._row, twice = False, 0, self._twice
        surrogates = _ESCAPED_SURROGATE.search(text) is not None

        def next_row() -> dict[str, object] | None:
            value = next(rows, None)
            if value is None:
                return None
            self._row += 1
            self._twice = twice
            return self._checked(value, surrogates=surrogates)

        self._next = next_row
        return next_row()

    def _next_line(self) -> dict[str, object] | None:
        blank, self._blank = self._blank, 0  # a blank line is at fault only if a row follows it
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
        self._twice = False
        try:
            value = self._decoder.decode(line[:-1])
        except json.JSONDecodeError as error:
            raise self._not_json(f"not valid JSON at column {error.colno} ({error.msg})") from None
        except RecursionError:
            raise self._not_json("JSON nested too deeply") from None
        except ValueError as error:
            raise self._not_json(f"not usable JSON ({error})") from None
        return self._checked(value, surrogates=_ESCAPED_SURROGATE.search(line) is not None)

    def _checked(self, value: object, *, surrogates: bool) -> dict[str, object]:
        """A value, once it is an object; its values with whole characters, and those marked that are not clear."""
        if not isinstance(value, dict):
            fix = f"make objects of it: {to_lines(_objects_of(value))}" if isinstance(value, list) else ""
            if self._keys:  # which of them a value is meant for is not known
                fix = self._objects_of_keys()
            found = f"found {shorten(value)}, a JSON {_json_type(value)}"
            raise DataError(found, where=self._where(), expected="a JSON object", fix=fix)
        if self._twice:
            value = _with_marks(value)
        return _whole_characters(value) if surrogates else value

    def _object_of(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) == len(pairs):
            return values
        self._twice = True
        seen: set[str] = set()
        marked = _Object(values)
        marked.twice = tuple(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return marked

    def _not_json(self, found: str) -> DataError:
        if not self._lines.whole and next(self._numbered, None) is None:
            fix = "the last line has no line end: if the file was cut off, download or copy it again"
        else:
            fix = self._objects_of_keys() if self._keys else "mend or remove the line"
        return DataError(found, where=self._where(), expected="one JSON object per line", fix=fix)

    def _objects_of_keys(self) -> str:
        return f'write an object on each line, as {{"{self._keys[0]}": ...}}'

    def _where(self, line: int = 0) -> str:
        row = line or self._row
        return f"{self._name}, row {row}" + (f" (line {row})" if self._by_line else "")


def as_written(value: object) -> object:
    """What stands for a value that JSON cannot hold, as `default` of `json.dumps`: the last of those under one key."""
    if isinstance(value, Repeated):
        return value.value
    raise TypeError(f"{type(value).__name__} is no JSON")


def _with_marks(row: dict[str, object]) -> dict[str, object]:
    """A row whose values are marked that stand there twice, or hold an object with a key that does."""
    own = row.twice if isinstance(row, _Object) else ()
    inner = {key: _twice_in(value) for key, value in row.items()}
    return {
        key: Repeated(key, value) if key in own else value if inner[key] is None else Repeated(str(inner[key]), value)
        for key, value in row.items()
    }


def _twice_in(value: object) -> str | None:
    """A key that stands twice in one of the objects inside a value."""
    if isinstance(value, _Object):
        return value.twice[0]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(_twice_in, inside)), None)


def _json_type(value: object) -> str:
    names: dict[type, str] = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")


def _whole_characters(row: dict[str, object]) -> dict[str, object]:
    """Lone surrogates, which JSON can write and UTF-8 cannot, as U+FFFD: what the normaliser would make of them."""
    if not _SURROGATE.search(text := json.dumps(row, ensure_ascii=False, default=as_written)):
        return row
    mended: dict[str, object] = json.loads(_SURROGATE.sub("\ufffd", text))
    return {
        key: Repeated(value.key, mended[key]) if isinstance(value, Repeated) else mended[key]
        for key, value in row.items()
    }


def _objects_of(rows: list[object]) -> str:
    """The path under which an array holds rows: objects, arrays of text and label, or one such array itself."""
    if all(isinstance(row, list) for row in rows):
        return ".[] | {text: .[0], label: .[1]}"
    return ".[]" if all(isinstance(row, dict) for row in rows) else "{text: .[0], label: .[1]}"
