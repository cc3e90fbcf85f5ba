"""Readings by the calendar: years, quarters and months in numbers or words, and the spans and files that are cut and joined by them."""

from __future__ import annotations

import datasets
import numpy as np
import pytest

from seqtext.data.series.begins import Begin
from seqtext.data.series.cuts import cut
from seqtext.data.series.series import SeriesSet, whole
from seqtext.data.series.table import read_series
from seqtext.errors import DataError

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read(length: int = 40, **columns: list) -> SeriesSet:
    rows = {**columns, "sales": [float(number) for number in range(length)]}
    return read_series(datasets.Dataset.from_dict(rows, split="train"))


def days(times: np.ndarray) -> list[str]:
    return times.astype("datetime64[D]").astype(str).tolist()


@pytest.mark.parametrize(
    ("columns", "months", "behind"),
    [
        ({"year": [1960 + number for number in range(40)]}, 12, "2000-01-01"),
        ({"Year": [str(1960 + number) for number in range(40)]}, 12, "2000-01-01"),
        ({"year": [1600 + 10 * number for number in range(40)]}, 120, "2000-01-01"),
        ({"time": [1949 + number / 12 for number in range(40)]}, 1, "1952-05-01"),
        ({"time": [round(1949 + number / 12, 2) for number in range(40)]}, 1, "1952-05-01"),
        ({"time": [1949 + number / 4 for number in range(40)]}, 3, "1959-01-01"),
        ({"year": [1949 + n // 12 for n in range(40)], "month": [n % 12 + 1 for n in range(40)]}, 1, "1952-05-01"),
        ({"year": [1949 + n // 12 for n in range(40)], "month": [MONTHS[n % 12] for n in range(40)]}, 1, "1952-05-01"),
    ],
)
def test_years_and_months_are_times_however_they_are_written(columns: dict, months: int, behind: str) -> None:
    series = read(**columns)
    assert (series.names, series.months, series.frequency) == (("sales",), months, None)
    assert days(series.times_behind(0, 1)) == [behind]
    assert len(series.times_at(np.arange(40))) == 40


def test_a_column_of_years_is_told_and_other_numbers_are_none() -> None:
    assert any("numbers were taken for years" in note for note in read(year=list(range(1960, 2000))).notes)
    rows = datasets.Dataset.from_dict({"year": list(range(40)), "sales": list(range(40))}, split="train")
    with pytest.raises(DataError, match="found 0 .*expected seconds since 1970, of the years 1973 to 2286, or years"):
        read_series(rows, time_column="year")
    with pytest.raises(DataError, match="2 columns hold numbers: 'year', 'sales'"):
        read_series(rows)


def test_a_few_months_that_are_as_long_are_months() -> None:
    series = read(3, when=["2024-07-01", "2024-08-01", "2024-09-01"])
    assert (series.months, days(series.times_behind(0, 2))) == (1, ["2024-10-01", "2024-11-01"])
    weeks = read(3, when=["2024-07-01", "2024-07-29", "2024-08-26"])
    assert (weeks.months, weeks.frequency) == (None, 28 * 86400)


def test_a_year_is_a_season_of_months_and_quarters() -> None:
    assert read(year=[1949 + n // 12 for n in range(40)], month=[n % 12 + 1 for n in range(40)]).seasons() == {
        "year": 12
    }
    assert read(time=[1949 + number / 4 for number in range(40)]).seasons() == {"year": 4}
    assert read(year=list(range(1960, 2000))).seasons() == {}


def test_spans_are_cut_by_dates_of_the_calendar() -> None:
    earlier, later = cut(whole(read(year=list(range(1960, 2000)))), Begin.of("--test_from", "1990"))
    assert (earlier.spans.tolist(), later.spans.tolist()) == ([[0, 30]], [[30, 40]])
    with pytest.raises(DataError, match="no reading lies from --test_from 2001; expected a time behind 1960-01-01"):
        cut(whole(read(year=list(range(1960, 2000)))), Begin.of("--test_from", "2001"))


def test_later_years_follow_and_what_is_missing_between_is_missing() -> None:
    early = read(30, year=list(range(1960, 1990)))
    joined, _, test = early.join(read(8, year=list(range(1992, 2000))))
    assert (len(joined.values), test.spans.tolist()) == (40, [[32, 40]])
    assert np.isnan(joined.values[30:32]).all()
    with pytest.raises(
        DataError, match="its first reading of 'sales' is at 1985.*expected 1990-01-01.* later by whole"
    ):
        early.join(read(8, year=list(range(1985, 1993))))
    months = read(8, year=[1990] * 8, month=list(range(1, 9)))
    with pytest.raises(DataError, match="a reading a month with inputs .* expected a reading a year with"):
        early.join(months)


def test_a_list_says_that_it_is_of_months() -> None:
    rows = {"start": ["1990-01-31", "1990-01-01"], "target": [[1.0, 2.0], [3.0]], "freq": ["M", "M"]}
    series = read_series(datasets.Dataset.from_dict(rows, split="train"))
    assert series.months == 1
    assert [days(series.times_behind(number, 1)) for number in range(2)] == [["1990-03-31"], ["1990-02-01"]]
