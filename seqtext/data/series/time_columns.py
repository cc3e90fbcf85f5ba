"""Tables whose columns are times and whose rows are series: 2020-01-01, 2020-01-02, ... across the top, or years, months, quarters.

Knows the look of headers; how readings are put on a grid, `layouts` knows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.moments import Cells, Moments
from seqtext.data.reading.time_text import look_like_times
from seqtext.data.reading.timestamps import moments_of
from seqtext.data.series.columns import Roles, all_named
from seqtext.data.series.table_options import Layout

if TYPE_CHECKING:
    import datasets

_YEAR = re.compile("(?:1[5-9]|20)[0-9]{2}")
FEWEST = 3  # times, of which a header has at least


def time_columns(dataset: datasets.Dataset, named: Roles, layout: Layout) -> tuple[str, ...]:
    """The columns that are called like times, where all others but these come first and no other role is named; else none."""
    import pyarrow as pa

    columns = dataset.column_names
    roles = [name for name in all_named(named) if name not in named.series]
    if layout not in ("auto", "wide") or roles:
        return ()
    named_so = [bool(_YEAR.fullmatch(name)) or look_like_times(pa.array([name])) for name in columns]
    if sum(named_so) < FEWEST:
        return ()
    first = named_so.index(True)
    times = tuple(columns[first:])
    alike = all(map(_YEAR.fullmatch, times)) or look_like_times(pa.array(times))
    return times if all(named_so[first:]) and alike else ()


def moments_across(dataset: datasets.Dataset, times: tuple[str, ...], time_format: str | None) -> Moments:
    """The moments of a header.

    Raises:
        DataError: as `moments_of`.
    """
    import pyarrow as pa

    place = place_of(dataset)
    where = Cells(f"{place}, header", lambda row: f"{place}, header, column {times[row]!r}")
    years = all(map(_YEAR.fullmatch, times))
    cells = pa.chunked_array([pa.array([f"{time}-01-01" if years else time for time in times])])
    return moments_of(cells, where, time_format)
