"""Rows of comma- or tab-separated text: a header, then exactly as many cells per row as the header has names.

Everything stays text; a cell in quotes may hold line ends, and a quote inside it is written twice. Stricter than most
readers: a row that is cut, shifted or swallowed by a stray quote is never guessed at. Knows lines, no files.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from seqtext.data.reading.lines import LineError, Lines
from seqtext.errors import DataError, NoRowsError, shorten

# Not meant to limit cells, but the damage of a stray quote, which would otherwise take the rest of the file to memory.
LARGEST_CELL = 1 << 26  # characters

# Python's csv reader takes a bare CR for the end of a row. A lone surrogate, which no UTF-8 text can hold, stands in.
_BARE_CR = "\udc0d"


class Separated:
    """The rows of csv or tsv lines.

    Args:
        lines: what to read.
        name: what messages call it.
        delimiter: one character.

    Raises:
        DataError: a header that is missing, or has empty or repeated names.
    """

    def __init__(self, lines: Lines, name: str, delimiter: str) -> None:
        csv.field_size_limit(LARGEST_CELL)  # for all csv readers of the process; at its 131,072 long texts are refused
        self._lines, self._name, self._delimiter = lines, name, delimiter
        self._record: list[str] = []  # the lines of the row being read, to find where a quote was opened
        self._masked = False  # a bare CR is in them
        self._line = 0  # where the row being read starts
        self._row = -1  # the row being read; 0 is the header
        self._held: list[str] | None = None  # read behind a fault, not given out yet
        self._reader = csv.reader(self._recorded(), delimiter=delimiter, strict=True)
        self.columns = self._header()

    def cells(self) -> Iterator[list[str]]:
        """The cells of each row. Called again after a fault it goes on behind the row that is at fault.

        Raises:
            DataError: too few or too many cells, a quote that is not closed, bytes that are no text, or no row at all.
        """
        width, found_any = len(self.columns), False
        blank: DataError | None = None  # a blank line is at fault only if a row follows it
        while (cells := self._next() if self._held is None else self._held) is not None:
            self._held = None
            if cells and blank:
                self._held = cells
                raise blank
            if len(cells) == width:
                found_any = True
                yield cells
            elif cells:
                raise self._wrong_width(cells)
            else:
                blank = blank or self._blank()
        if not found_any:
            fix = "was it cut off, or filtered?"
            raise NoRowsError("a header and no rows", where=self._name, expected="one row at least", fix=fix)

    @property
    def row(self) -> int:
        """Number of the row that was read last, at fault or not."""
        return self._row if self._held is None else self._row - 1

    def _next(self) -> list[str] | None:
        self._record.clear()
        self._masked = False
        self._row += 1
        self._line = self._reader.line_num + 1
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            raise self._broken(error) from None
        except LineError as error:
            raise DataError(error.found, where=self._where(error.line), fix=error.fix) from None
        return [cell.replace(_BARE_CR, "\r") for cell in cells] if cells and self._masked else cells

    def _recorded(self) -> Iterator[str]:
        for line in self._lines:
            if "\r" in line and line.find("\r") < len(line) - 2:
                body = line[:-2] if line.endswith("\r\n") else line[:-1]
                line = body.replace("\r", _BARE_CR) + line[len(body) :]
                self._masked = True
            self._record.append(line)
            yield line

    def _where(self, line: int | None = None) -> str:
        line = line or self._line
        return f"{self._name}, " + (f"row {self._row} (line {line})" if self._row else f"line {line} (the header)")

    def _header(self) -> tuple[str, ...]:
        names = self._next()
        if not names:
            found, kind = ("no rows", NoRowsError) if names is None else ("a blank line", DataError)
            raise kind(found, where=self._where(1), expected="the names of the columns")
        if "" in names:
            fix = "name it; pandas leaves it out with to_csv(index=False)"
            raise DataError(f"column {names.index('') + 1} has no name", where=self._where(), fix=fix)
        if any("\r" in name for name in names):
            fix = "convert them: tr '\\r' '\\n' < FILE > NEW"
            raise DataError(
                "its lines end in a bare CR", where=self._where(), expected="line ends LF or CR LF", fix=fix
            )
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            found = f"found the column {shorten(twice[0])} {names.count(twice[0])} times"
            raise DataError(found, where=self._where(), fix="rename one")
        if len(names) == 1 and (other := next((mark for mark in ";\t|," if mark in names[0]), None)):
            found = f"found one column, {shorten(names[0])}"
            expected = f"cells separated by {self._delimiter!r}, not by {other!r}"
            raise DataError(found, where=self._where(), expected=expected, fix="convert the file (tabs: name it .tsv)")
        return tuple(names)

    def _wrong_width(self, cells: list[str]) -> DataError:
        width = len(self.columns)
        if len(cells) > width:
            fix = f"put cells that contain {self._delimiter!r} in quotes"
        else:
            fix = "add the missing cells, or quotes around a cell that holds a line end"
        found = f"found {len(cells)} {'cell' if len(cells) == 1 else 'cells'}"
        return DataError(found, where=self._where(), expected=f"{width} ({shorten(', '.join(self.columns))})", fix=fix)

    def _blank(self) -> DataError:
        fix = "remove it" if len(self.columns) > 1 else 'remove it, or write an empty text as ""'
        return DataError("found a blank line", where=self._where(), expected=f"{len(self.columns)} cells", fix=fix)

    def _broken(self, error: csv.Error) -> DataError:
        """What a fault of the csv module means: a quote open or closed where it should not be, or a giant cell."""
        text = "".join(self._record)
        start = self._open_cell(text)
        opened = self._line + (text.count("\n", 0, start) if start < len(text) else 0)
        fix = 'close the quote, and write a quote inside a cell twice ("")'
        if "expected after" in str(error):
            closed = self._line + len(self._record) - 1
            found = f"the quote opened in line {opened} is closed in line {closed}, but its cell goes on after that"
        elif text.startswith('"', start):
            limit = f" within {LARGEST_CELL:,} characters" if "limit" in str(error) else ""
            found = f"the quote opened in line {opened} is never closed{limit}"
        else:
            found, fix = f"a cell of more than {LARGEST_CELL:,} characters in line {opened}", "split it into rows"
        return DataError(found, where=self._where(), fix=fix)

    def _open_cell(self, text: str) -> int:
        """Where the first cell starts that does not end as a cell should."""
        mark = re.escape(self._delimiter)
        complete = re.compile(rf'(?:"(?:[^"]++|"")*+"\r?|(?!")[^{mark}\n]*+)[{mark}\n]')
        start = 0
        while start < len(text) and (match := complete.match(text, start)):
            start = match.end()
        return start
