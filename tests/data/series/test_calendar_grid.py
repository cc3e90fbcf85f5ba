"""Months, quarters and years that are out of order, twice or missing: told with their true row, and put in order by the flag told."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.data.series.table import read_series
from tests.data.series.test_layouts import told
from tests.data.series.test_table import table


def months_of(*numbers: int) -> list[str]:
    return [f"{1949 + month // 12}-{month % 12 + 1:02}" for month in numbers]


def test_a_month_that_is_missing_is_told_and_may_be_filled_in() -> None:
    there = [month for month in range(36) if month not in (20, 25)]
    data = table(Month=months_of(*there), Passengers=there)
    message = told(data)
    assert "row 21, column 'Month': 2 readings missing (first before row 21, 1950-10-01)" in message
    assert "expected a reading a month; pass --repair, which sorts, averages duplicates and fills gaps" in message
    series = read_series(data, repair=True)
    expected = [float(month) if month in there else None for month in range(36)]
    assert [None if np.isnan(value) else value for value in series.values] == expected
    assert series.times_behind(0, 1).astype(str).tolist() == ["1952-01-01T00:00:00"]
    assert any("2 readings were not there, and filled in as missing" in note for note in series.notes)


@pytest.mark.parametrize("step", [1, 3, 12])
def test_months_quarters_and_years_that_come_newest_first_are_put_in_order(step: int) -> None:
    months = [step * number for number in reversed(range(20))]
    data = table(Month=[f"{each}-28" for each in months_of(*months)], Passengers=months, Sun=months)
    named = {"time_column": "Month", "value_columns": ("Passengers", "Sun")}
    message = told(data, **named)
    assert "pass --repair" in message
    assert "19 readings out of order (first in row 2, " in message
    series = read_series(data, repair=True, **named)
    assert series.values.tolist() == 2 * sorted(map(float, months))
    behind = np.datetime64(months_of(20 * step)[0], "M").astype("datetime64[D]") + 27
    assert series.times_behind(1, 1).astype("datetime64[D]").tolist() == [behind.item()]


def test_series_of_months_are_each_filled_in_and_one_may_have_a_single_reading() -> None:
    of = {"a": [0, 1, 2, 4], "b": [3], "c": [7, 5, 6, 6]}
    rows = [(name, month) for name, months in of.items() for month in months]
    data = table(id=[name for name, _ in rows], Month=months_of(*(m for _, m in rows)), y=[m for _, m in rows])
    message = told(data, series_column="id")
    assert "row 4, column 'Month': 1 reading missing (first before row 4, 1949-05-01)" in message
    series = read_series(data, series_column="id", repair=True)
    assert series.lengths.tolist() == [5, 1, 3]
    assert np.nan_to_num(series.values, nan=-1).tolist() == [0, 1, 2, -1, 4, 3, 5, 6, 7]
    assert series.times_behind(2, 1).astype("datetime64[M]").astype(str).tolist() == ["1949-09"]
    alone = read_series(table(id=["a", "a", "a", "b"], Month=months_of(0, 1, 2, 9), y=range(4)), series_column="id")
    assert alone.lengths.tolist() == [3, 1]
    assert alone.times_behind(1, 1).astype("datetime64[M]").astype(str).tolist() == ["1949-11"]
