"""What the first lines of a table tell: its delimiter, blanks before quotes, whether its first row holds names, lines before it.

Judges some lines, none of which it takes away. Knows text and cells; no files, and not what columns mean.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

LOOKED_AT = 500  # lines
MARKS = "\t;|,"  # delimiters that are recognised; a comma is in texts and numbers too, so the others come first

_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d+)*|\.\d+)([eE][-+]?\d+)?\s*%?")
_TIME = re.compile(r"\s*\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T]+\d{1,2}:\d\d(:\d\d([.,]\d+)?)?)?\s*(Z|[-+]\d\d:?\d\d)?\s*")
_SENTENCE = re.compile(r".*[.!?…。！？।؟][\"'”’»)\]]*\s*", re.DOTALL)
_WORDS = 5  # of each cell: names of languages have fewer
_LONG = 80  # characters: questions of a survey are shorter, and stand over answers that are shorter still

Rows = list[list[str]]


def cells_of(lines: Sequence[str], mark: str, *, quoted: bool = True) -> Rows:
    """Lines as rows of cells, blank ones left out, whatever is wrong with them."""
    found: Rows = []
    try:
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        found.extend(csv.reader(lines, delimiter=mark, skipinitialspace=mark != " ", quoting=quoting))
    except csv.Error:  # a bare CR, or a giant cell: what came before it tells
        pass
    # The last row may go on in lines that were not looked at.
    return [cells for cells in (found[:-1] if len(lines) >= LOOKED_AT else found) if cells]


def told_delimiter(lines: Sequence[str], usual: str) -> str:
    """The mark that cuts all lines into as many cells, two at least; or else one that cuts the first; or else the usual one."""
    widths = {mark: [len(cells) for cells in cells_of(lines, mark, quoted=mark != "\t")] for mark in MARKS}
    for mark in MARKS:
        if widths[mark] and widths[mark][0] > 1 and len(set(widths[mark])) == 1:
            return mark
    first = {mark: counts[0] for mark, counts in widths.items() if counts}
    if first.get(usual, 0) > 1 or not first:
        return usual
    best = max(first, key=lambda mark: first[mark])
    return best if first[best] > 1 else usual


def blank_before_quote(text: str, mark: str) -> bool:
    """Whether a cell that is not in quotes begins with blanks and a quote, which some writers mean to open a cell."""
    if f"{mark} " not in text or mark in " \t":
        return False
    cell = re.compile(rf'(?:"(?:[^"]++|"")*+"\r?|(?!")[^{re.escape(mark)}\n]*+)(?:{re.escape(mark)}|\n)')
    start = 0
    while start < len(text) and (match := cell.match(text, start)):
        if text[start] == " " and text[start : match.end()].lstrip(" ").startswith('"'):
            return True
        start = match.end()
    return False


def open_cell(text: str, mark: str, *, blanks: bool) -> int:
    """Where the first cell of a row starts that does not end as a cell should; `blanks` may stand before a quote."""
    mark, before = re.escape(mark), " *+" * blanks
    complete = re.compile(rf'(?:{before}"(?:[^"]++|"")*+"\r?|{before}(?!")[^{mark}\n]*+)[{mark}\n]')
    start = 0
    while start < len(text) and (match := complete.match(text, start)):
        start = match.end()
    return start


def like_data(names: Sequence[str], rows: Rows, *, are_texts: bool = False) -> str | None:
    """Why what should be the names of columns looks like one more row; None if it does not.

    A number over numbers (unless the names count up, as years do), a time over times, a sentence over sentences, a long text over
    long ones, or a name that occurs again in its column.

    Args:
        names: of the columns, or the first row.
        rows: below it.
        are_texts: whether all columns hold texts: then several words over several words are one more row, too.
    """
    rows = [row for row in rows if len(row) == len(names) and row != list(names)]
    if are_texts and rows and all(len(name.split()) >= _WORDS for name in names):
        words = [sorted(len(cell.split()) for cell in column) for column in zip(*rows, strict=True)]
        if all(counts[len(counts) // 2] >= _WORDS for counts in words):
            return f"{_short(names[0])} has several words, as those below it have"
    counting = _count_up([name for name in names if _NUMBER.fullmatch(name)])
    for name, *column in zip(names, *rows, strict=True) if rows else ():
        cells = [cell for cell in column if cell.strip()]
        if not cells or not name.strip():
            continue
        if _NUMBER.fullmatch(name) and not counting and _share(_NUMBER, cells) > 0.9:
            return f"{name!r} is a number, as those below it are"
        if _TIME.fullmatch(name) and _share(_TIME, cells) > 0.9:
            return f"{name!r} is a time, as those below it are"
        if _SENTENCE.fullmatch(name) and len(cells) > 1 and _share(_SENTENCE, cells) >= 0.5:
            return f"{_short(name)} is a sentence, as those below it are"
        if len(name) >= _LONG and sorted(map(len, cells))[len(cells) // 2] >= _LONG // 2:
            return f"{_short(name)} is a long text, as those below it are"
        if cells.count(name) > 1:
            return f"{_short(name)} occurs again in its column"
    return None


def holds_row_names(width: int, rows: Rows) -> bool:
    """Whether all rows have one cell more than the header has names, and the first of each is its name, as R writes tables.

    Names of rows differ; what ends each row in one more delimiter, or cuts texts in two, does not look like it.
    """
    if not rows or any(len(row) != width + 1 for row in rows) or not any(row[-1].strip() for row in rows):
        return False
    names = [row[0].strip() for row in rows]
    return len(set(names)) == len(names) and (all(map(str.isdigit, names)) or len(names) >= 10)


def lines_before(lines: Sequence[str], usual: str) -> int:
    """How many lines stand before the header, as far as the lines tell; 0 where the first one may be it.

    They have fewer cells than all that follow; and one of them is blank or a comment, or numbers or times stand under a name.
    """
    lines = [line.replace("\r", "") for line in lines if len(line) < 10_000]
    for mark in dict.fromkeys([usual, *MARKS]):
        widths = [len(next(csv.reader([line], delimiter=mark))) for line in lines]
        start = len(widths)
        while start and widths[start - 1] == widths[-1]:
            start -= 1
        if len(widths) - start < 3 or not start or widths[-1] < 2 or max(widths[:start]) >= widths[-1]:
            continue
        header, *rows = csv.reader(lines[start:], delimiter=mark)
        rows = [row for row in rows if len(row) == len(header)]
        clear = any(not line.strip() or line.startswith(("#", "%", "//")) for line in lines[:start]) or any(
            not kind.fullmatch(name) and _share(kind, cells) > 0.9
            for name, *cells in zip(header, *rows, strict=True)
            for kind in (_NUMBER, _TIME)
        )
        if rows and clear and len(set(header)) == len(header) and like_data(header, rows) is None:
            return start
    return 0


def _share(kind: re.Pattern[str], cells: Sequence[str]) -> float:
    return sum(kind.fullmatch(cell) is not None for cell in cells) / len(cells)


def _count_up(names: Sequence[str]) -> bool:
    """Whether names are whole numbers of even steps, as years and hours are, or those that pandas gives."""
    if not all(name.strip().isdigit() for name in names):
        return False
    numbers = [int(name) for name in names]
    steps = Counter(after - before for before, after in pairwise(numbers))
    return len(steps) <= 1 and 0 not in steps and (len(numbers) > 2 or numbers[:1] in ([0], [1]))


def _short(name: str) -> str:
    return repr(name if len(name) <= 40 else f"{name[:39]}…")
