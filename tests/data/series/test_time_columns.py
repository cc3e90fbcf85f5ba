"""Tables whose columns are times: a series in each row."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.data.series.table import read_series
from seqtext.errors import DataError
from tests.data.series.test_layouts import table

DATES = [f"2024-01-{day:02}" for day in range(1, 6)]


def across(header: list[str], **others: list[str]):
    rows = len(next(iter(others.values()))) if others else 1
    return table(
        **others, **{name: [str(place + 10 * row) for row in range(rows)] for place, name in enumerate(header)}
    )


def test_dates_across_the_top_are_times_and_each_row_is_a_series():
    series = read_series(across(DATES, page=["a", "b"]))
    assert (series.names, series.frequency) == (("a", "b"), 86_400)
    assert series.one(1).tolist() == [10, 11, 12, 13, 14]
    assert str(series.first_times[0]) == "2024-01-01T00:00:00"
    assert "the columns '2024-01-01' to '2024-01-05' are times, and each row is a series" in series.notes[0]


def test_years_across_the_top_follow_each_other_and_cells_may_be_empty():
    data = across([str(year) for year in range(1960, 1966)], country=["Chad", "Peru"], code=["TCD", "PER"])
    series = read_series(data)
    assert len(series) == 2
    assert series.first_times is None
    assert any("a reading a year, which is no fixed distance" in note for note in series.notes)
    by_code = read_series(data, series_column="code")
    assert by_code.names == ("TCD", "PER")
    holed = data.map(lambda row: {"1962": "" if row["code"] == "PER" else row["1962"]})
    assert np.isnan(read_series(holed).one(1)).tolist() == [False, False, True, False, False, False]


def test_a_day_that_is_missing_across_the_top_is_told_and_mended():
    data = across([*DATES[:2], *DATES[3:]], page=["a"])
    with pytest.raises(DataError, match="1 reading missing .*pass --repair"):
        read_series(data)
    assert np.isnan(read_series(data, repair=True).values).sum() == 1


def test_a_row_twice_and_no_number_are_told():
    with pytest.raises(DataError, match="series 'a' is in row 1 and in row 2"):
        read_series(across(DATES, page=["a", "a"]))
    data = across(DATES, page=["a", "b"]).map(lambda row: {DATES[2]: "?" if row["page"] == "b" else row[DATES[2]]})
    with pytest.raises(DataError, match="row 2, column '2024-01-03': found '\\?'"):
        read_series(data)


def test_columns_that_are_called_otherwise_are_columns():
    series = read_series(table(when=DATES, kw=[1, 2, 3, 4, 5], mar=[1, 2, 3, 4, 5]), value_columns=["kw"])
    assert series.names == ("kw",)
