"""How tables of text are laid out, as flags of recipes and commands. Knows no files, and nothing that takes long to import."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seqtext.data.reading.dialect import Dialect, one_character
from seqtext.errors import shorten
from seqtext.options import NOT_NEGATIVE, out_of_range


@dataclass(frozen=True)
class TableOptions:
    """How a table of text is laid out, where its first lines do not tell."""

    delimiter: str | None = None
    """What stands between cells: a character, or tab, semicolon, comma, pipe, space. Default: told by the first lines."""
    columns: tuple[str, ...] = ()
    """Names for the columns of a table without a header, in their order."""
    header: bool = True
    """Whether the first line names the columns; with --no_header they are called 1, 2, 3, ..."""
    skip_lines: int = 0
    """Lines before the header to leave out."""

    @property
    def dialect(self) -> Dialect:
        """The same for a reader."""
        delimiter = None if self.delimiter is None else one_character(self.delimiter)
        return Dialect(delimiter, self.columns, self.header, self.skip_lines)

    def table_faults(self) -> list[str]:
        """What is wrong with the values, a line each."""
        faults = out_of_range(self, {NOT_NEGATIVE: ("skip_lines",)})
        if self.delimiter is not None and one_character(self.delimiter) is None:
            expected = "one character, or tab, semicolon, comma, pipe, space"
            faults.append(f"--delimiter is {shorten(self.delimiter)}; expected {expected}")
        if len(set(self.columns)) < len(self.columns):
            faults.append(f"--columns names a column twice: {', '.join(self.columns)}")
        if self.columns and not self.header:
            faults.append("--columns names the columns of a table without a header; leave --no_header out")
        return faults


def table_of_readings(dialect: Dialect) -> Dialect:
    """The same for readings over time: a txt of them is a table, never a text a line."""
    return replace(dialect, txt_is_table=True)
