"""What all readers of times share: moments in whole seconds, and what messages call the cells they came from.

Knows nothing of how a time is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import pyarrow as pa

Times = NDArray[np.datetime64]
NOT_AT_ALL = "or pass --time_column none if the readings simply follow each other"


class Moments(NamedTuple):
    """Moments of a column.

    Attributes:
        times: (N,) datetime64[s]; UTC where there is a zone, else the clock they were written by.
        notes: what was done to them, for a report.
        zone: the name or the offset of the zone they were written in; UTC where they were written in several; None without any.
    """

    times: Times
    notes: list[str]
    zone: str | None = None


class Cells(NamedTuple):
    """What messages call some cells.

    Attributes:
        name: all of them.
        row: one of them, by its number from 0.
        cut: whether fractions of a second are cut off, since readings will be averaged over longer steps.
    """

    name: str
    row: Callable[[int], str]
    cut: bool = False

    def check_none_empty(self, cells: pa.ChunkedArray) -> None:
        """Raises where a reading has no time.

        Raises:
            DataError: with the first such row.
        """
        empty = mask(cells.is_null())
        if empty.any():
            found = f"found an empty cell{more(empty)}"
            fix = "give each row a time, or remove it"
            raise DataError(found, where=self.row(int(empty.argmax())), expected="a timestamp", fix=fix)


def in_seconds(times: Times, cells: pa.ChunkedArray, where: Cells) -> Times:
    """Moments of any unit in whole seconds.

    Raises:
        DataError: naming the first that has a fraction of one, unless these are cut.
    """
    seconds: Times = times.astype("datetime64[s]")
    check_whole(seconds != times, cells, where)
    return seconds


def check_whole(wrong: NDArray[np.bool_], cells: pa.ChunkedArray, where: Cells) -> None:
    """Refuses times with fractions of a second, unless these are cut.

    Raises:
        DataError: naming the first.
    """
    if wrong.any() and not where.cut:
        row = int(wrong.argmax())
        found = f"found {shorten(str(cells[row].as_py()))}{more(wrong)}"
        fix = "round the times, or pass --frequency, such as 15min, for the mean of the readings of each"
        raise DataError(found, where=where.row(row), expected="whole seconds", fix=fix)


def offset_name(seconds: int) -> str:
    """An offset of so many seconds as a zone is named: `+05:30`, or UTC for none."""
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}" if seconds else "UTC"


def became_utc(what: str, where: Cells) -> str:
    """The note about times that had a zone."""
    return f"{what} were converted to UTC ({where.name})"


def mask(answers: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Answers of Arrow as (N,) of numpy's."""
    return np.asarray(answers.to_numpy(zero_copy_only=False), dtype=np.bool_)


def more(wrong: NDArray[np.bool_]) -> str:
    """How many cells are wrong beside the first."""
    count = int(wrong.sum()) - 1
    return f" (and {count:,} more {'row' if count == 1 else 'rows'})" if count else ""
