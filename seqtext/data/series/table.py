"""Tables as series of numbers over time, in whichever of six layouts they come.

One series in a column; many, one below the other (long) or side by side (wide); or one in each row: in cells (m4), in columns that are
called by their times, or as a list. `columns` decides which column is what, `layouts` makes series of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.moments import Moments
from seqtext.data.reading.numbers import Decimal
from seqtext.data.reading.remarks import notes_of
from seqtext.data.reading.timestamps import timestamps
from seqtext.data.rows.columns import require
from seqtext.data.series.categories import base_name, indicated
from seqtext.data.series.columns import Roles, choose_time, choose_values, is_m4
from seqtext.data.series.layouts import How, of_lists, of_rows, of_time_columns, one_below_another, side_by_side
from seqtext.data.series.lists import read_lists, value_list
from seqtext.data.series.marks import of_marks
from seqtext.data.series.repeats import check_names, explain_repeats
from seqtext.data.series.series import SeriesSet
from seqtext.data.series.table_options import Layout, SeriesTableOptions
from seqtext.data.series.time_columns import moments_across, time_columns
from seqtext.data.series.zones import in_time_zone
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets


def read_table(
    dataset: datasets.Dataset,
    options: SeriesTableOptions,
    *,
    value_columns: Sequence[str] = (),
    input_columns: Sequence[str] = (),
    trained: bool = False,
) -> SeriesSet:
    """The series of a table, read as flags say.

    Args:
        dataset: its rows.
        options: how.
        value_columns: what is forecast, where the flags do not say it.
        input_columns: further numbers of the same moments.
        trained: whether these are the columns of a model.

    Raises:
        OptionsError: as `read_series`.
        DataError: as `read_series`.
    """
    return read_series(
        dataset,
        time_column=options.time_column,
        value_columns=options.value_column or value_columns,
        series_column=options.series_column,
        input_columns=input_columns,
        trained=trained,
        layout=options.layout,
        decimal=options.decimal,
        missing=options.missing,
        time_format=options.time_format,
        time_zone=options.time_zone,
        frequency=options.seconds,
        repair=options.repair,
    )


def read_series(
    dataset: datasets.Dataset,
    *,
    time_column: str | Sequence[str] = (),
    value_columns: Sequence[str] = (),
    series_column: str | Sequence[str] = (),
    input_columns: Sequence[str] = (),
    trained: bool = False,
    layout: Layout = "auto",
    decimal: Decimal = ".",
    missing: Sequence[str] = (),
    time_format: str | None = None,
    time_zone: str | None = None,
    frequency: int | None = None,
    repair: bool = False,
) -> SeriesSet:
    """The series of a table.

    Args:
        dataset: rows of at least a column of numbers, or of lists of them.
        time_column: its name, or those of several that hold a part each; `none` if readings follow each other without timestamps;
            recognised by its name or look if not given.
        value_columns: what is forecast. One, or in the wide layout several, each a series of its own; if not given, the only
            column of numbers besides time and inputs, or in the wide layout all of them.
        series_column: names the series of each row (long), or the names of several that do so together; `none` if all rows are one
            series.
        input_columns: further numbers of the same moments.
        trained: whether these are the columns of a model: those without words hold numbers, and then words are refused.
        layout: `auto` is m4 under a header V1, V2, ...; one series a row where a column holds lists of numbers; long with a series
            column; wide with several value columns. In m4 a row holds the name of a series, then its readings, and is blank after its end.
        decimal: the decimal mark of text.
        missing: cells that stand for a missing reading, besides the empty one and `nan`.
        time_format: of timestamps that are neither ISO 8601 nor clear, as for `strptime`.
        time_zone: name or offset of the zone whose clocks times without one are of, and whose calendar all are.
        frequency: seconds between the readings of rows that are series and do not say it; other readings are averaged over such steps.
        repair: sorts, averages duplicates and fills gaps with missing readings, and notes how many; without it these are errors.

    Raises:
        OptionsError: columns at odds with the layout or with each other.
        DataError: columns that are not there or not clear, cells that are no numbers or times, readings that are not regular,
            times that are there more than once since a further column names the series, series of several frequencies, or a series
            without any reading.
    """
    how = How(decimal, tuple(missing), time_format, frequency, repair)
    columns = [name if name in dataset.column_names else base_name(name) for name in input_columns]
    require({"": dataset}, *dict.fromkeys(columns))  # by the names that the table could have
    expanded = indicated(dataset, input_columns, decimal=decimal, missing=missing, trained=trained)
    dataset, input_columns = expanded.rows, expanded.names
    named = Roles(_names(time_column), tuple(value_columns), _names(series_column), tuple(input_columns))
    if is_m4(dataset, named, layout):
        return _checked(of_rows(dataset, how), dataset)
    if times := time_columns(dataset, named, layout):
        across = moments_across(dataset, times, time_format)
        across = across if time_zone is None else in_time_zone(across, time_zone, place_of(dataset))
        return _checked(of_time_columns(dataset, times, across, named, how), dataset)
    if (values := value_list(dataset, named, layout)) is not None:
        listed = read_lists(dataset, values, named, decimal=decimal, missing=missing, time_format=time_format)
        return _checked(of_lists(listed, named, how, place_of(dataset)), dataset)
    roles = choose_time(dataset, replace(named, notes=(*named.notes, *expanded.notes)), layout)
    moments: Moments | None = None
    if roles.time:
        moments = timestamps(dataset, roles.time, time_format=time_format, cut=frequency is not None)
    if moments is not None and time_zone is not None:
        moments = in_time_zone(moments, time_zone, place_of(dataset))
    if moments is not None:
        explain_repeats(dataset, moments.times, roles, wide=layout == "wide")
    roles = choose_values(dataset, roles, layout, missing=missing)
    check_names(dataset, roles, averaged=frequency is not None)
    if roles.has_series:
        return _checked(one_below_another(dataset, roles, moments, how), dataset)
    return _checked(side_by_side(dataset, roles, moments, how), dataset)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _checked(series: SeriesSet, dataset: datasets.Dataset) -> SeriesSet:
    """The series, once each has a reading, with what is to be told of how the table was read."""
    before = np.concatenate([[0], np.cumsum(~np.isnan(series.values))])[series.starts]
    empty = np.flatnonzero(np.diff(before) == 0)
    if len(empty):
        more = f" (nor do {len(empty) - 1:,} more series)" if len(empty) > 1 else ""
        found = f"series {series.names[empty[0]]!r} has no reading, all are missing{more}"
        raise DataError(found, where=series.name, expected="one reading at least", fix="leave it out")
    return replace(series, notes=(*notes_of(dataset), *series.notes, *of_marks(series)))
