"""Rows of a table of text: the names of its columns, then exactly as many cells per row as there are names.

Everything stays text; a cell in quotes may hold line ends, and a quote inside it is written twice. Stricter than most
readers: a row that is cut, shifted or swallowed by a stray quote is never guessed at. Knows lines, no files.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from operator import itemgetter

from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.lines import LineError, Lines
from seqtext.data.reading.table_head import (
    LOOKED_AT,
    blank_before_quote,
    cells_of,
    holds_row_names,
    like_data,
    lines_before,
    open_cell,
    told_delimiter,
)
from seqtext.errors import DataError, NoRowsError, shorten

# Not meant to limit cells, but the damage of a stray quote, which would otherwise take the rest of the file to memory.
LARGEST_CELL = 1 << 24  # characters
WITHOUT_NAME = "Unnamed: {}"  # what pandas calls such a column

# Python's csv reader takes a bare CR for the end of a row. A lone surrogate, which no UTF-8 text can hold, stands in.
_BARE_CR = "\udc0d"
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # what spreadsheets read the delimiter from
_TOLD = 5  # lines


class Separated:
    """The rows of lines of cells.

    Args:
        lines: what to read.
        name: what messages call it.
        usual: the delimiter, where nothing tells it.
        dialect: what is known of the table.
        quoted: whether quotes stand around cells where tabs separate them; elsewhere they do. If None, only a header that is
            all in quotes says so.

    Attributes:
        columns: names of the columns.
        delimiter: between the cells.
        quoted: whether quotes stand around cells.
        width: cells in a row, those of columns that are left aside among them.
        notes: for the user; complete once all rows are read.
        left_aside: columns that cannot be told apart, with the error for whoever asks for one.

    Raises:
        DataError: a header that is missing, or looks like data.
    """

    new_keys: Mapping[str, int] = {}

    def __init__(
        self, lines: Lines, name: str, usual: str = ",", *, dialect: Dialect = AS_IT_IS, quoted: bool | None = None
    ) -> None:
        csv.field_size_limit(LARGEST_CELL)  # for all csv readers of the process; at its 131,072 long texts are refused
        self._lines, self._name, self._dialect = lines, name, dialect
        self.notes: list[str] = []
        self.left_aside: dict[str, str] = {}
        self._record: list[str] = []  # the lines of the row being read, to find where a quote was opened
        self._masked = self._blank = False  # a bare CR is in them; a blank before a quote
        self._held: list[str] | None = None  # read behind a fault, not given out yet
        self._line = 0  # where the row being read starts
        self._swallowed: list[int] = []  # lines of cells that hold tabs and line ends
        first, self._before = self._first_lines(dialect.skip_lines)
        self.delimiter = dialect.delimiter or self._said or told_delimiter(first, usual)
        if self.delimiter not in (usual, dialect.delimiter):
            self.notes.append(f"{name}: cells are separated by {self.delimiter!r}, as its first lines tell")
        header = first[0].rstrip("\r\n").split("\t") if first else []
        all_in_quotes = bool(header) and all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in header)
        self.quoted = self.delimiter != "\t" or (all_in_quotes if quoted is None else quoted)
        self._skips_blanks = self.quoted and blank_before_quote("".join(first), self.delimiter)
        if self._skips_blanks:
            self.notes.append(f"{name}: blanks after {self.delimiter!r} are left out, since quotes stand behind them")
        self._suspect = re.compile(rf'{re.escape(self.delimiter)} +"')
        self._reader = csv.reader(
            self._recorded(),
            delimiter=self.delimiter,
            strict=True,
            skipinitialspace=self._skips_blanks,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
        )
        self._row = 0  # the row being read
        self._sample = cells_of(first, self.delimiter, quoted=self.quoted)
        self._name_columns(self._names(first))

    def cells(self) -> Iterator[list[str] | tuple[str, ...]]:
        """The cells of each row, those of `columns`. Called again after a fault it goes on behind the row that is at fault.

        Raises:
            DataError: too few or too many cells, a quote that is not closed, bytes that are no text, or no row at all.
        """
        found_any = False
        kept = self._kept
        pick = itemgetter(*kept) if len(kept) > 1 else lambda cells: (cells[kept[0]],)
        blank: DataError | None = None  # a blank line is at fault only if a row follows it
        while (cells := self._next() if self._held is None else self._held) is not None:
            self._held = None
            if cells and blank:
                self._held = cells
                raise blank
            if len(cells) == self.width:
                found_any = True
                yield cells if len(kept) == self.width else pick(cells)
            elif cells:
                raise self._wrong_width(cells)
            else:
                blank = blank or self._blank_line()
        if not found_any:
            fix = "was it cut off, or filtered?"
            raise NoRowsError("a header and no rows", where=self._name, expected="one row at least", fix=fix)
        if self._swallowed:
            some = ", ".join(map(str, self._swallowed[:_TOLD])) + ", ..." * (len(self._swallowed) > _TOLD)
            lines = f"line {some}" if len(self._swallowed) == 1 else f"lines {some}"
            self.notes.append(
                f"{self._name}, {lines}: a cell in quotes holds tabs and line ends; is each quote a cell's?"
            )

    @property
    def row(self) -> int:
        """Number of the row that was read last, at fault or not."""
        return self._row if self._held is None else self._row - 1

    # ---- the header

    def _first_lines(self, skip: int) -> tuple[list[str], int]:
        """The first lines of the table, once those before it are gone, and how many these were."""
        self._said = None
        try:
            gone = sum(1 for _ in islice(self._lines, skip)) if skip else 0
            first = self._lines.peek(LOOKED_AT)
            if first and (told := _SEP.fullmatch(first[0])):
                self._said, gone = told[1], gone + sum(1 for _ in islice(self._lines, 1))
                first = first[1:] or self._lines.peek(LOOKED_AT)
            if first and first[0].startswith('{"'):
                raise LineError("found JSON", line=gone + 1, fix="call it .jsonl, or pass --input_format jsonl")
        except LineError as error:
            raise DataError(
                error.found, where=f"{self._name}, {self._header_line(error.line)}", fix=error.fix
            ) from None
        return first, gone

    def _names(self, first: list[str]) -> list[str]:
        """The names of all columns, as they stand there or were given."""
        given, sample = self._dialect.columns, self._sample
        if given and not (sample and [name.strip() for name in sample[0]] == list(given)):
            return list(given)
        if not given and not self._dialect.header and sample:
            return [str(number + 1) for number in range(len(sample[0]))]
        self._check_preamble(first)
        if not given and sample and (why := like_data(sample[0], sample[1:], are_texts=self._dialect.may_lack_header)):
            if not self._dialect.may_lack_header:
                raise self._no_header(sample[0], why)
            self.notes.append(f"{self._name}: its first line is a row ({why}); the columns are called 1, 2, ...")
            return [str(number + 1) for number in range(len(sample[0]))]
        self._row = -1
        names = self._next()
        if not names:
            found, kind = ("no rows", NoRowsError) if names is None else ("a blank line", DataError)
            raise kind(found, where=self._where(1 + self._before), expected="the names of the columns")
        if any("\r" in name for name in names):
            fix = "convert them: tr '\\r' '\\n' < FILE > NEW"
            raise DataError(
                "its lines end in a bare CR", where=self._where(), expected="line ends LF or CR LF", fix=fix
            )
        if holds_row_names(len(names), sample[1:]):
            self.notes.append(f"{self._name}: the header has one name less than the rows have cells")
            names = ["", *names]
        return names

    def _name_columns(self, names: list[str]) -> None:
        """Sets what the columns are called, and which are left aside: those whose names are not theirs alone."""
        self.width = len(names)
        trimmed = [name.strip(" \ufeff") or WITHOUT_NAME.format(place) for place, name in enumerate(names)]
        nameless = [str(place + 1) for place, name in enumerate(names) if not name.strip()]
        if nameless:
            which = f"column {nameless[0]} has" if len(nameless) == 1 else f"columns {', '.join(nameless[:_TOLD])} have"
            asked = WITHOUT_NAME.format(int(nameless[0]) - 1)
            self.notes.append(f"{self._name}: {which} no name: not used, but for times, or asked for as {asked!r}")
        counts = Counter(trimmed)
        where = f"{self._name}, {self._header_line(1 + self._before)}"
        for column, count in counts.items():
            if count > 1:
                error = DataError(f"found the column {shorten(column)} {count} times", where=where, fix="rename one")
                self.left_aside[column] = str(error)
        self._kept = [place for place, column in enumerate(trimmed) if counts[column] == 1]
        self.columns = tuple(trimmed[place] for place in self._kept)
        if not self.columns:
            raise DataError(next(iter(self.left_aside.values())))

    def _check_preamble(self, first: list[str]) -> None:
        """Raises where the first lines are clearly not those of the table."""
        widths = {len(cells) for cells in self._sample}
        if first and (not first[0].strip() or len(widths) > 1 or widths == {1}):
            before = lines_before(first, self.delimiter)
            if before:
                found = f"found {shorten(first[0].strip())}, and a table only from line {self._before + before + 1} on"
                fix = f"pass --skip_lines {self._before + before}"
                raise DataError(found, where=self._where_header(), expected="the names of the columns", fix=fix)

    def _no_header(self, names: list[str], why: str) -> DataError:
        insist = " ".join(f"'{name}'" if not name.isidentifier() else name for name in names[:_TOLD])
        fix = "pass --no_header, which calls the columns 1, 2, ..., or name them with --columns"
        if sum(map(len, names)) <= 80 and len(names) <= _TOLD:
            fix += f" (if these are their names: --columns {insist})"
        found = f"its first line looks like a row: {why}"
        return DataError(found, where=self._where_header(), expected="the names of the columns", fix=fix)

    # ---- rows

    def _next(self) -> list[str] | None:
        self._record.clear()
        self._masked = self._blank = False
        self._row += 1
        self._line = self._reader.line_num + 1 + self._before
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            raise self._broken(error) from None
        except LineError as error:
            raise DataError(error.found, where=self._where(error.line), fix=error.fix) from None
        if self._blank and blank_before_quote("".join(self._record), self.delimiter):
            found = f"a blank stands between {self.delimiter!r} and a quote"
            raise DataError(found, where=self._where(), expected="the quote right behind it", fix="remove the blank")
        if len(self._record) > 1 and self.delimiter == "\t" and any("\t" in c and "\n" in c for c in cells or ()):
            self._swallowed.append(self._line)
        return [cell.replace(_BARE_CR, "\r") for cell in cells] if cells and self._masked else cells

    def _recorded(self) -> Iterator[str]:
        watched = self.quoted and not self._skips_blanks and self.delimiter != " "
        for line in self._lines:
            if "\r" in line and line.find("\r") < len(line) - 2:
                body = line[:-2] if line.endswith("\r\n") else line[:-1]
                line = body.replace("\r", _BARE_CR) + line[len(body) :]
                self._masked = True
            if watched and '"' in line and self._suspect.search(line):
                self._blank = True
            self._record.append(line)
            yield line

    def _where(self, line: int | None = None) -> str:
        line = line or self._line
        return f"{self._name}, " + (f"row {self._row} (line {line})" if self._row else self._header_line(line))

    def _where_header(self) -> str:
        return f"{self._name}, {self._header_line(1 + self._before)}"

    def _header_line(self, line: int) -> str:
        return f"line {line} (the header)"

    def _wrong_width(self, cells: list[str]) -> DataError:
        expected = f"{self.width} ({shorten(', '.join(self.columns))})"
        if self._dialect.columns and self._row == 1:
            fix = f"name all {len(cells)} with --columns"
        elif len(cells) == self.width + 1 and not cells[-1].strip():
            fix = f"remove the {self.delimiter!r} at the end of the line"
        elif len(cells) > self.width and self.quoted:
            fix = f"put cells that contain {self.delimiter!r} in quotes"
            fix += ", or pass --delimiter if another mark stands between cells" if self.width == 1 else ""
        elif len(cells) > self.width:
            fix = "remove the tabs inside of cells"
        elif self.quoted:
            fix = "add the missing cells, or quotes around a cell that holds a line end"
        else:
            fix = "add the missing cells"
        found = f"found {len(cells)} {'cell' if len(cells) == 1 else 'cells'}"
        return DataError(found, where=self._where(), expected=expected, fix=fix)

    def _blank_line(self) -> DataError:
        fix = "remove it" if self.width > 1 else 'remove it, or write an empty text as ""'
        return DataError("found a blank line", where=self._where(), expected=f"{self.width} cells", fix=fix)

    def _broken(self, error: csv.Error) -> DataError:
        """What a fault of the csv module means: a quote open or closed where it should not be, or a giant cell."""
        text = "".join(self._record)
        start = open_cell(text, self.delimiter, blanks=self._skips_blanks)
        opened = self._line + (text.count("\n", 0, start) if start < len(text) else 0)
        fix = 'close the quote, and write a quote inside a cell twice ("")'
        if "expected after" in str(error):
            closed = self._line + len(self._record) - 1
            found = f"the quote opened in line {opened} is closed in line {closed}, but its cell goes on after that"
        elif self.quoted and text[start:].lstrip(" " * self._skips_blanks).startswith('"'):
            limit = f" within {LARGEST_CELL:,} characters" if "limit" in str(error) else ""
            found = f"the quote opened in line {opened} is never closed{limit}"
        else:
            found, fix = f"a cell of more than {LARGEST_CELL:,} characters in line {opened}", "split it into rows"
        return DataError(found, where=self._where(), fix=fix)
