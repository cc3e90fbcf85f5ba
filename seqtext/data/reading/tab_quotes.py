"""Whether quotes in a tab-separated file stand around cells, as csv writers put them, or are characters of its texts.

Most such files (Tatoeba, GLUE, Common Voice) have no quoting at all, so that is what a file has unless it shows otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_WHOLE = re.compile(r'"(?:[^"]|"")*"')
_SOME = 3  # cells


def quotes_enclose(lines: Iterable[str], width: int, reads: Callable[[], bool]) -> bool:
    """Whether the file has to be read with quotes around cells.

    It has not if each line has as many cells as there are columns, and nothing else shows it: cells in quotes that hold doubled quotes
    or a bare CR, or quotes around all cells that hold a comma and no other, as spreadsheets write them; and no cell where a quote is
    opened and not closed. A file with lines of other widths has, if this is how it can be read.

    Args:
        lines: all of them.
        width: columns.
        reads: whether the whole file can be read with quotes around cells.
    """
    found_any = wrong_width = open_cell = shown = other = False
    commas = 0
    for line in lines:
        if '"' not in line:
            wrong_width = wrong_width or (line.count("\t") + 1 != width and not line.isspace())
            other = other or "," in line
            continue
        found_any = True
        cells = line[:-1].removesuffix("\r").split("\t")
        wrong_width = wrong_width or len(cells) != width
        for cell in cells:
            if not cell.startswith('"'):
                other = other or "," in cell
            elif not _WHOLE.fullmatch(cell):
                open_cell = True
            elif '""' in cell[1:-1] or "\r" in cell or (width == 1 and cell == '""'):
                shown = True
            elif "," in cell:
                commas += 1
            else:
                other = True
    if not found_any:
        return False
    if wrong_width:
        return reads()
    return not open_cell and (shown or (commas >= _SOME and not other))
