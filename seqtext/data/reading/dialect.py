"""How a table of text is laid out, as far as its reader is told: delimiter, names of the columns, lines before them.

What nobody said is told by the first lines, in `table_head.py`. Knows no files.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

DELIMITERS = {"tab": "\t", "\\t": "\t", "semicolon": ";", "comma": ",", "pipe": "|", "space": " ", "colon": ":"}


@dataclass(frozen=True)
class Dialect:
    """A table of text.

    Args:
        delimiter: what stands between two cells, one character; None where the first lines tell.
        columns: names for the columns, whose first line is then a row, unless it is these very names.
        header: whether the first line holds names; without, and without `columns`, the columns are called 1, 2, 3, ...
        skip_lines: lines before the first that counts.
        txt_is_table: whether a txt file is a table, not a text a line.
        may_lack_header: whether a first line that looks like the rows below it is one, not an error.
    """

    delimiter: str | None = None
    columns: tuple[str, ...] = ()
    header: bool = True
    skip_lines: int = 0
    txt_is_table: bool = False
    may_lack_header: bool = False

    @property
    def is_said(self) -> bool:
        """Whether something was said that only a table of text can have."""
        return self.delimiter is not None or bool(self.columns) or not self.header

    @property
    def key(self) -> str:
        """What tells the cached copies of one file, read in two ways, apart; "" for the usual way."""
        return "" if self == Dialect() else hashlib.sha256(repr(self).encode()).hexdigest()[:12]


def one_character(delimiter: str) -> str | None:
    """The character that a delimiter given as `;` or `semicolon` is; None for what is neither."""
    mark = DELIMITERS.get(delimiter.lower(), delimiter)
    return mark if len(mark) == 1 and mark not in '"\r\n' else None


AS_IT_IS = Dialect()
