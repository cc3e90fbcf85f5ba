from __future__ import annotations

import datetime

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
    times, notes = timestamps(column(cells, dtype), "when", time_format=time_format)
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


@pytest.mark.parametrize("swapped", [False, True])
def test_offsets_in_some_rows_only_show_a_row_of_each_kind(swapped: bool) -> None:
    cells: list[object] = ["2020-03-01 00:00", "2020-03-01 00:15", "2020-03-01 00:30+01:00"]
    told = r"row 1 lacks one \('2020-03-01 00:00'\), row 3 has one \('2020-03-01 00:30\+01:00'\)"
    if swapped:
        cells.reverse()
        told = r"row 1 has one \('2020-03-01 00:30\+01:00'\), row 2 lacks one"
    with pytest.raises(DataError, match=f"column 'when': {1} of 3 rows have a UTC offset: {told}"):
        read(cells)


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
    ("cells", "fix"),
    [
        (["31.12.2020 23:45"], "pass --time_format '%d.%m.%Y %H:%M'"),
        (["01/02/2020"], "pass --time_format '%d/%m/%Y' or '%m/%d/%Y'"),
        (["01/02/2020", "01/13/2020"], "pass --time_format '%m/%d/%Y'"),
        (["20201231"], "pass --time_format '%Y%m%d'"),
        (["2020-01-01 24:00"], "write 24:00 as 00:00 of the next day"),
        (["noon"], "or pass --time_column none"),
    ],
)
def test_the_fix_of_another_format_names_it(cells: list[object], fix: str) -> None:
    with pytest.raises(DataError) as caught:
        read(cells)
    assert f"row 1, column 'when': found {cells[0]!r}; expected a time" in str(caught.value)
    assert fix in str(caught.value)


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
        read(["28.02.2020"], time_format="%Y-%m-%d")
    with pytest.raises(DataError, match=r"--time_format: '%Q' is no format of times"):
        read(["28.02.2020"], time_format="%Q")


def test_whole_numbers_are_seconds_of_the_epoch() -> None:
    assert read([1_577_836_800], "int64")[0] == read(["1577836800"])[0] == ["2020-01-01T00:00:00"]
    for cell, fix in [(1_577_836_800_000, "milliseconds"), (7, "--time_column none"), (20200101, "--time_column none")]:
        with pytest.raises(DataError, match=rf"row 2, column 'when': found {cell}; expected seconds since 1970.*{fix}"):
            read([1_577_836_800, cell], "int64")
    with pytest.raises(DataError, match="each cell is a number; expected timestamps; pass --time_column NAME"):
        read([1.5], "float64")


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
