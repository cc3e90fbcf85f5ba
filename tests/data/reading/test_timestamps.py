from __future__ import annotations

import datetime
import re

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.reading.timestamps import timestamps
from seqtext.errors import DataError


def column(cells: list[object], dtype: str = "string") -> datasets.Dataset:
    features = datasets.Features(when=datasets.Value(dtype))
    return datasets.Dataset.from_dict({"when": cells}, features=features, split="train")


def read(cells: list[object], dtype: str = "string", time_format: str | None = None) -> tuple[list[str], list[str]]:
    times, notes, _ = timestamps(column(cells, dtype), ["when"], time_format=time_format)
    assert times.dtype == np.dtype("datetime64[s]")
    return np.datetime_as_string(times).tolist(), notes


@pytest.mark.parametrize(
    "cell", ["2020-03-01 00:15", "2020-03-01T00:15:00", " 2020-03-01 00:15:00 ", "2020-03-01 00:15:00.000"]
)
def test_iso_8601_is_read(cell: str) -> None:
    assert read([cell, "2020-03-02"]) == (["2020-03-01T00:15:00", "2020-03-02T00:00:00"], [])


@pytest.mark.parametrize(
    "cell",
    [
        "2020-03-01T00:15Z",
        "2020-03-01 00:15:00 UTC",
        "2020-03-01 01:15+01",
        "2020-02-29 23:15:00-01:00",
        "2020-03-01 05:45 +0530",
        "2020-03-01 05:45   +0530",
        "2020-03-01 00:15  Z",
    ],
)
def test_offsets_become_utc_with_a_note(cell: str) -> None:
    times, notes = read([cell, "2020-03-01T00:30:00+00:00"])
    assert times == ["2020-03-01T00:15:00", "2020-03-01T00:30:00"]
    assert notes == ["timestamps with UTC offsets were converted to UTC (split 'train', column 'when')"]


@pytest.mark.fault(37)
@pytest.mark.parametrize("swapped", [False, True])
def test_offsets_in_some_rows_only_show_a_row_of_each_kind(swapped: bool) -> None:
    cells: list[object] = ["2020-03-01 00:00", "2020-03-01 00:15", "2020-03-01 00:30+01:00"]
    told = r"row 1 lacks one \('2020-03-01 00:00'\), row 3 has one \('2020-03-01 00:30\+01:00'\)"
    if swapped:
        cells.reverse()
        told = r"row 1 has one \('2020-03-01 00:30\+01:00'\), row 2 lacks one"
    with pytest.raises(DataError, match=f"column 'when': {1} of 3 rows have a UTC offset: {told}"):
        read(cells)


@pytest.mark.fault(37)
@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["2020-02-30", "soon", "2020-01-01 24:00", "1.2.2020", "2020-01-01 00:60"]),
    st.integers(0, 20_000),
    st.booleans(),
)
def test_what_is_no_time_is_told_with_its_true_row(cell: str, row: int, zoned: bool) -> None:
    cells: list[object] = ["2020-01-01 00:00" + ("Z" if zoned else "")] * 20_001
    cells[row] = cell
    with pytest.raises(DataError, match=f"split 'train', row {row + 1}, column 'when'|{20_000:,} of") as caught:
        read(cells)
    # Written like a date, it differs from the others first of all in lacking an offset.
    assert repr(cell) in str(caught.value)


@pytest.mark.parametrize("cell", [None, "", "  "])
def test_an_empty_cell_is_told_with_its_row(cell: str | None) -> None:
    with pytest.raises(
        DataError, match=r"row 2, column 'when': found an empty cell \(and 1 more row\); expected a timest"
    ):
        read(["2020-01-01", cell, "2020-01-02", None])
    with pytest.raises(DataError, match="row 1, column 'when': found an empty cell"):
        read([None], "null")


@pytest.mark.parametrize(
    ("cells", "row", "fix"),
    [
        (["01/02/2020"], 1, "pass --time_format '%d/%m/%Y' or '%m/%d/%Y'"),
        (["01/02/2020 10:00", "02/02/2020 10:00"], 1, "pass --time_format '%d/%m/%Y %H:%M' or '%m/%d/%Y %H:%M'"),
        (["2020-01-01 24:00"], 1, "write 24:00 as 00:00 of the next day"),
        (["13.01.2020 23:00", "13.01.2020 24:00"], 2, "write 24:00 as 00:00 of the next day"),
        (["noon"], 1, "or pass --time_column none"),
        (["28.02.2020", "29.02.2020", "30.02.2020"], 3, "correct the cell, pass --time_format"),
        (["13/01/2020", "14/01/2020", "01/14/2020"], 3, "correct the cell, pass --time_format"),
    ],
)
def test_what_is_no_time_or_could_be_two_is_told_with_a_fix(cells: list[object], row: int, fix: str) -> None:
    with pytest.raises(DataError) as caught:
        read(cells)
    assert f"row {row}, column 'when': found {cells[row - 1]!r}" in str(caught.value)
    assert "; expected a time" in str(caught.value)
    assert fix in str(caught.value)
    for form in re.findall("'(%[^']+)'", fix):  # obeyed
        assert len(read(cells, time_format=form)[0]) == len(cells)


@pytest.mark.parametrize(
    ("cells", "form", "first"),
    [
        (["31.12.2020 23:45", "1.1.2021 0:00"], "%d.%m.%Y %H:%M", "2020-12-31T23:45:00"),
        (["01/02/2020", "01/13/2020"], "%m/%d/%Y", "2020-01-02T00:00:00"),
        (["1/2/2020 17:24:00", "13/2/2020 17:34:00"], "%d/%m/%Y %H:%M:%S", "2020-02-01T17:24:00"),
        (["20201231"], "%Y%m%d", "2020-12-31T00:00:00"),
        (["2020/12/31 23:45"], "%Y/%m/%d %H:%M", "2020-12-31T23:45:00"),
        (["2020-1-5 3:00", "2020-1-15 3:00"], "%Y-%m-%d %H:%M", "2020-01-05T03:00:00"),
        (["12/31/2020 11:45 PM", "1/1/2021 12:00 AM"], "%m/%d/%Y %I:%M %p", "2020-12-31T23:45:00"),
        (["31.12.2020", "31.12.2020 00:15"], "%d.%m.%Y %H:%M", "2020-12-31T00:00:00"),
        (["31-Dec-2020 00:15"], "%d-%b-%Y %H:%M", "2020-12-31T00:15:00"),
        (["13/12/2020 00:15:00.0000000"], "%d/%m/%Y %H:%M:%S", "2020-12-13T00:15:00"),
        (["20201231 0030", "20201231 1530"], "%Y%m%d %H%M", "2020-12-31T00:30:00"),
        (["20201231 003015", "20201231 153000"], "%Y%m%d %H%M%S", "2020-12-31T00:30:15"),
        (["20201231T0030"], "%Y%m%d %H%M", "2020-12-31T00:30:00"),
        (["01-OCT-2024", "02-OCT-2024"], "%d-%b-%Y", "2024-10-01T00:00:00"),
        (["15OCT2024", "16OCT2024"], "%d%b%Y", "2024-10-15T00:00:00"),
    ],
)
def test_the_only_format_that_fits_all_rows_is_taken_and_named(cells: list[object], form: str, first: str) -> None:
    times, notes = read(cells)
    assert times[0] == first
    assert notes == [f"times were read as {form} (split 'train', column 'when')"]
    blank = "T" not in str(cells[0])[:9]  # which the format named has for it
    assert not blank or len({len(str(cell).split()) for cell in cells}) > 1 or read(cells, time_format=form)[0] == times


@pytest.mark.parametrize(
    "first", ["Dec 31 2020", "31 DEC 2020", "Thursday, December 31st, 2020", "31 Dec. 20", "31st december, 2020"]
)
@pytest.mark.parametrize("clock", ["", " 5:15 PM"])
def test_a_month_may_be_a_word_among_blanks(first: str, clock: str) -> None:
    form = "a day, the name of its month and a year" + (" %I:%M %p" if clock else "")
    told = f"times were read as {form} (split 'train', column 'when')"
    assert read([f"{first}{clock}"]) == ([f"2020-12-31T{'17:15' if clock else '00:00'}:00"], [told])


@pytest.mark.parametrize("fraction", [".0", ".000", ".0000000", ",000000000"])
def test_a_fraction_of_zero_seconds_is_none(fraction: str) -> None:
    for zone in ("", "Z", "+00:00", " UTC"):
        assert read([f"2020-03-01 00:15:00{fraction}{zone}"])[0] == ["2020-03-01T00:15:00"]
    assert read([f"2020-03-01 00:15:00{fraction}"], time_format="%Y-%m-%d %H:%M:%S")[0] == ["2020-03-01T00:15:00"]


def test_names_of_zones_are_offsets_where_they_stand_for_one() -> None:
    times, notes = read(["2020-03-29 01:00:00 CET", "2020-03-29 03:00:00 CEST", "2020-03-29 02:00 EDT"])
    assert times == ["2020-03-29T00:00:00", "2020-03-29T01:00:00", "2020-03-29T06:00:00"]
    assert "the zone CEST was read as the offset +02:00 (split 'train', column 'when')" in notes
    assert read(["2020-03-29 01:00:00 GMT"])[0] == ["2020-03-29T01:00:00"]
    assert read(["2020-03-29 03:00:00+02:00[Europe/Berlin]"])[0] == ["2020-03-29T01:00:00"]
    for name in ("IST", "BST", "CST", "XYZ"):
        told = f"row 2, column 'when': found '2020-03-29 01:00 {name}'; expected an offset .*; write the offset instead"
        with pytest.raises(DataError, match=told):
            read(["2020-03-29 00:00 CET", f"2020-03-29 01:00 {name}"])


def test_the_zone_is_the_offset_of_all_rows_or_utc() -> None:
    def zone(cells: list[object], dtype: str = "string", form: str | None = None) -> str | None:
        return timestamps(column(cells, dtype), ["when"], time_format=form).zone

    assert zone(["2020-03-01 00:15"]) is None
    assert zone(["2020-03-01 00:15+0530"]) == "+05:30"
    assert zone(["2020-03-01 00:15-03"]) == "-03:00"
    assert zone(["2020-03-01 00:15Z"]) == zone(["2020-03-01 00:15+01:00", "2020-03-01 00:15+02:00"]) == "UTC"
    assert zone(["1.3.2020 +0100"], form="%d.%m.%Y %z") == "+01:00"
    moment = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    assert zone([moment], "timestamp[us, tz=Europe/Berlin]") == "Europe/Berlin"


@pytest.mark.parametrize("digits", [4, 6, 8])
def test_days_of_a_spreadsheet_are_taken_with_a_note(digits: int) -> None:
    days = [45200 + quarter / 96 for quarter in range(200)]
    expected = [str(np.datetime64("2023-10-01T00:00:00") + np.timedelta64(15 * n, "m")) for n in range(200)]
    for cells, dtype in (
        ([f"{day:.{digits}f}" for day in days], "string"),
        ([round(day, digits) for day in days], "float64"),
    ):
        times, notes = read(cells, dtype)
        assert times == expected
        assert len(notes) == 1
        assert (
            "taken for days since 1899-12-30, as spreadsheets write times: the first is 2023-10-01 00:00:00" in notes[0]
        )
    assert read(["45200,5", "45201,5"])[0] == ["2023-10-01T12:00:00", "2023-10-02T12:00:00"]
    assert read([45200, 45201], "int64")[0] == ["2023-10-01T00:00:00", "2023-10-02T00:00:00"]
    with pytest.raises(DataError, match="row 1, .*days since 1899-12-30.*unevenly; .*format the cells as times"):
        read([45200.0, 45207.3, 45207.9, 45231.2, 45999.1], "float64")


def parts(**columns: list[object]) -> list[str]:
    data = datasets.Dataset.from_dict(columns, split="train")
    return np.datetime_as_string(timestamps(data, list(columns)).times).tolist()


def test_a_time_may_stand_in_several_columns() -> None:
    expected = ["2006-12-16T17:24:00", "2006-12-16T17:34:00"]
    assert parts(Date=["16/12/2006"] * 2, Time=["17:24:00", "17:34:00"]) == expected
    assert parts(day=["2006-12-16 00:00:00"] * 2, clock=[1724, 1734]) == expected
    day = datetime.date(2006, 12, 16)
    assert parts(day=[day] * 2, clock=[datetime.time(17, 24), datetime.time(17, 34)]) == expected
    assert parts(day=[day] * 2, hour=[0, 23]) == ["2006-12-16T00:00:00", "2006-12-16T23:00:00"]
    assert parts(day=["2006-12-16"] * 2, hour=["0", "7"]) == ["2006-12-16T00:00:00", "2006-12-16T07:00:00"]
    assert parts(year=[2006], month=[2], day=[3]) == ["2006-02-03T00:00:00"]
    assert parts(hour=["5"], Day=["3"], month=["2"], year=["2006"]) == ["2006-02-03T05:00:00"]
    assert parts(year=[2006], month=[2], day=[3], hour=[4], minute=[5.0]) == ["2006-02-03T04:05:00"]
    with pytest.raises(
        DataError, match="row 2, columns 'day' 'hour': found hour 24; expected 0 to 23; if hour 1 begins"
    ):
        parts(day=["2006-12-16"] * 2, hour=[1, 24])
    with pytest.raises(DataError, match="row 2, columns 'Date' 'Time': found an empty cell; expected a timestamp"):
        parts(Date=["16/12/2006"] * 2, Time=["17:24:00", None])
    with pytest.raises(DataError, match="columns 'year' 'month' 'day': not whole numbers"):
        parts(year=["x"], month=["2"], day=["3"])


def test_a_format_is_followed() -> None:
    assert read(["31.12.2020 23:45", "1.1.2021 0:00"], time_format="%d.%m.%Y %H:%M")[0] == [
        "2020-12-31T23:45:00",
        "2021-01-01T00:00:00",
    ]
    times, notes = read(["31.12.2020 23:45 +0200"], time_format="%d.%m.%Y %H:%M %z")
    assert times == ["2020-12-31T21:45:00"]
    assert len(notes) == 1
    with pytest.raises(
        DataError, match=r"row 2, column 'when': found '30.02.2020'; expected a time written as '%d.%m.%Y'"
    ):
        read(["28.02.2020", "30.02.2020"], time_format="%d.%m.%Y")
    with pytest.raises(DataError, match=r"row 1, .*pass --time_format '%d.%m.%Y'"):
        read(["28.02.2020"], time_format="%Y/%m/%d")
    with pytest.raises(DataError, match=r"--time_format: '%Q' is no format of times"):
        read(["28.02.2020"], time_format="%Q")


@pytest.mark.parametrize(
    ("numbers", "name", "first"),
    [
        ([2020010100, 2020010101], "hours", "2020-01-01T00:00:00"),
        ([2019123123, 2020010100], "hours", "2019-12-31T23:00:00"),
        ([202001310030, 202001310100], "hours and minutes", "2020-01-31T00:30:00"),
        ([20200131003015, 20200131010000], "hours, minutes and seconds", "2020-01-31T00:30:15"),
    ],
)
def test_digits_of_a_date_and_a_clock_are_these(numbers: list[int], name: str, first: str) -> None:
    for times, notes in (read(numbers, "int64"), read([*map(str, numbers)])):
        assert times[0] == first
        told = f"numbers were taken for dates with {name}: the first is {first} (split 'train', column 'when')"
        assert notes == [told.replace("T", " ")]
    form = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}[len(str(numbers[0]))]
    assert read(numbers, "int64", time_format=form)[0] == times


@pytest.mark.parametrize("numbers", [[1913010100, 1913010160], [2020013200, 2020013201], [2021022900, 2021022901]])
def test_what_neither_calendar_nor_clock_have_are_seconds(numbers: list[int]) -> None:
    found = (np.datetime64(0, "s") + np.array(numbers)).astype(str).tolist()
    assert read(numbers, "int64")[0] == found


def test_whole_numbers_are_seconds_of_the_epoch() -> None:
    assert read([1_577_836_800], "int64")[0] == read(["1577836800"])[0] == ["2020-01-01T00:00:00"]
    for cell, fix in [(1_577_836_800_000, "milliseconds"), (7, "--time_column none"), (20200101, "--time_column none")]:
        with pytest.raises(DataError, match=rf"row 2, column 'when': found {cell}; expected seconds since 1970.*{fix}"):
            read([1_577_836_800, cell], "int64")
    assert read([1_577_836_800.0], "float64")[0] == read(["1577836800.0"])[0] == ["2020-01-01T00:00:00"]
    assert read([20200101, 20201231], "int64")[0] == ["2020-01-01T00:00:00", "2020-12-31T00:00:00"]
    for cell, dtype in ((1.5, "float64"), ("1.5", "string")):
        with pytest.raises(
            DataError, match="row 1, column 'when': found 1.5; expected seconds since 1970|found 1.5; exp"
        ):
            read([cell], dtype)
    milliseconds, notes = read([1_577_836_800_000, 1_577_836_860_000], "int64")
    assert milliseconds == ["2020-01-01T00:00:00", "2020-01-01T00:01:00"]
    assert notes == ["numbers were taken for milliseconds since 1970 (split 'train', column 'when')"]
    with pytest.raises(DataError, match="row 1, .*found '1577836800.5'; expected whole seconds"):
        read([1_577_836_800.5], "float64")


def test_arrow_times_are_taken() -> None:
    moment = datetime.datetime(2020, 1, 1, 0, 15)
    assert read([moment], "timestamp[ns]") == read([moment], "timestamp[s]") == (["2020-01-01T00:15:00"], [])
    assert read([moment.date()], "date32") == (["2020-01-01T00:00:00"], [])
    zoned = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    times, notes = read([zoned], "timestamp[us, tz=Europe/Berlin]")
    assert times == ["2019-12-31T23:15:00"]
    assert notes == ["timestamps of Europe/Berlin were converted to UTC (split 'train', column 'when')"]
    with pytest.raises(DataError, match="row 2, column 'when': found an empty cell"):
        read([moment, None], "timestamp[s]")


def test_parts_of_a_second_are_refused() -> None:
    with pytest.raises(DataError, match=r"row 2, column 'when': found '2020-01-01 00:00:00.5'; expected whole seconds"):
        read(["2020-01-01 00:00:00.000", "2020-01-01 00:00:00.5"])
    with pytest.raises(DataError, match="row 1, .*expected whole seconds"):
        read([datetime.datetime(2020, 1, 1, microsecond=1)], "timestamp[us]")


@pytest.mark.parametrize(
    ("cells", "first", "last"),
    [
        (["Jan-90", "Feb-90"], "1990-01-01", "1990-02-01"),
        (["January 1969", "Sept. 2068"], "1969-01-01", "2068-09-01"),
        (["1990M1", "1990M12"], "1990-01-01", "1990-12-01"),
        (["1990-Jan", "1990 Mar"], "1990-01-01", "1990-03-01"),
        (["1960Q1", "1960-Q4"], "1960-01-01", "1960-10-01"),
        (["Q2 2001", "q3/2001"], "2001-04-01", "2001-07-01"),
        (["2015-W01", "2015W53"], "2014-12-29", "2015-12-28"),
        (["2015-W02-3", "2015-W02-4"], "2015-01-07", "2015-01-08"),
    ],
)
def test_months_quarters_and_weeks_are_their_first_days(cells: list[object], first: str, last: str) -> None:
    times, notes = read(cells)
    assert times == [f"{first}T00:00:00", f"{last}T00:00:00"]
    assert "each, and its first day (split 'train', column 'when')" in notes[0]


@pytest.mark.parametrize(
    "cells", [["Jan-90", "1960Q1"], ["Jan-90", "Foo-90"], ["2014-W53", "2014-W01"], ["Q5 2001"] * 2]
)
def test_a_period_that_the_calendar_has_not_is_told(cells: list[object]) -> None:
    with pytest.raises(DataError, match="row"):
        read(cells)
