"""Rows of fastText's lines, `__label__NAME text`: the label and the text of each line; the text stays what it was.

Reads lines; knows nothing of files or of what the labels mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BufferedIOBase
from typing import BinaryIO

from seqtext.data.reading.lines import LineError, Lines
from seqtext.errors import DataError, shorten

PREFIX = "__label__"
_LABEL = re.compile(r"__label__([^ \t\n\v\f\r]*)[ \t\n\v\f\r]?")  # what ends it is part of neither
_FIRST_ALONE = r"sed -E 's/^(__label__[^[:space:]]+[[:space:]]+)(__label__[^[:space:]]+[[:space:]]+)+/\1/' FILE > NEW"


def is_labelled(stream: BinaryIO) -> bool:
    """Whether the first line of a stream begins with a label of fastText; nothing of the stream is used up."""
    peek = getattr(stream, "peek", None)  # of files, packed or not; nobody asks a pipe
    if peek is None or not isinstance(stream, BufferedIOBase):
        return False
    try:
        return bool(peek(len(PREFIX) + 3)[: len(PREFIX) + 3].removeprefix(b"\xef\xbb\xbf").startswith(PREFIX.encode()))
    except (OSError, EOFError, ValueError):  # whoever reads it says what is wrong
        return False


class LabelledLines:
    """Text and label of each line; blank lines at the end are none.

    Args:
        lines: what to read.
        name: what messages call it.
    """

    columns = ("text", "label")
    left_aside: Mapping[str, str] = {}
    new_keys: Mapping[str, int] = {}

    def __init__(self, lines: Lines, name: str) -> None:
        self._lines, self._name = lines, name
        self.notes: list[str] = []

    def cells(self) -> Iterator[tuple[str, str]]:
        """Text and label of each line.

        Raises:
            DataError: a line without a label, or with several; bytes that are no text.
        """
        row, blank = 0, 0
        try:
            for line in self._lines:
                row += 1
                where = f"{self._name}, row {row} (line {row})"
                found = _LABEL.match(line)
                if not found or not found[1]:
                    if not line.isspace():
                        raise _unlabelled(line, where)
                    blank = blank or row
                    continue
                if blank:
                    raise _unlabelled("", f"{self._name}, row {blank} (line {blank})")
                text = line[found.end() :].removesuffix("\n").removesuffix("\r")
                if more := _LABEL.match(text.lstrip()):
                    raise _several(found[1], more[1], where)
                yield text, found[1]
        except LineError as error:
            where = f"{self._name}, row {row + 1} (line {error.line})"
            raise DataError(error.found, where=where, fix=error.fix) from None


def _unlabelled(line: str, where: str) -> DataError:
    fix = "give the line its label, or remove it"
    return DataError(f"found {shorten(line.strip())}", where=where, expected=f"{PREFIX}NAME, as in line 1", fix=fix)


def _several(first: str, second: str, where: str) -> DataError:
    found = f"found several labels, {shorten(first)} and {shorten(second)}"
    fix = f"keep the first of each line: {_FIRST_ALONE}"
    return DataError(found, where=where, expected="one label a text", fix=fix)
