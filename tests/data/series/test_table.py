from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

from seqtext.data.reading.sources import load
from seqtext.data.series.table import read_series
from seqtext.errors import DataError, OptionsError

START = np.datetime64("2020-01-01T00:00:00")


def stamps(count: int, seconds: int = 900, first: int = 0) -> list[str]:
    return np.datetime_as_string(START + np.arange(first, first + count) * np.timedelta64(seconds, "s")).tolist()


def table(**columns: list[Any]) -> datasets.Dataset:
    return datasets.Dataset.from_dict({name: list(map(str, cells)) for name, cells in columns.items()}, split="train")


def test_a_single_series_is_recognised() -> None:
    series = read_series(table(timestamp=stamps(3), place=["a"] * 3, load=[1.5, "", 3]))
    assert (series.names, series.frequency, series.name, series.notes) == (("load",), 900, "split 'train'", ())
    np.testing.assert_array_equal(series.values, [1.5, np.nan, 3])
    assert series.first_times is not None
    assert series.first_times.tolist() == [START.item()]
    assert series.inputs is None


def test_inputs_stand_beside_what_is_forecast() -> None:
    data = table(date=stamps(2), load=[1, 2], wind=[3, "nan"], sun=[5, 6])
    series = read_series(data, input_columns=["sun", "wind"])
    assert (series.names, series.input_names) == (("load",), ("sun", "wind"))
    np.testing.assert_array_equal(series.inputs, [[5, 3], [6, np.nan]])


def test_doubt_about_values_lists_the_columns() -> None:
    data = table(time=stamps(2), load=[1, 2], wind=[3, 4])
    with pytest.raises(
        DataError,
        match="2 columns hold numbers: 'load', 'wind'; expected one to forecast; "
        "pass --value_column NAME, or --value_column with several names to forecast each",
    ):
        read_series(data)
    assert read_series(data, value_columns=["wind"]).values.tolist() == [3, 4]
    with pytest.raises(DataError, match="no column without another role holds numbers among 'time', 'kind'"):
        read_series(table(time=stamps(2), kind=["a", "b"]))


def test_doubt_about_time_lists_the_columns() -> None:
    with pytest.raises(DataError, match="2 columns could be the time: 'date', 'time'; pass --time_column NAME"):
        read_series(table(date=stamps(2), time=stamps(2), load=[1, 2]))
    moment = table(moment=["one", "two"], load=[1, 2])
    with pytest.raises(
        DataError, match="no column is clearly the time among 'moment', 'load'; pass --time_column NAME, or "
    ):
        read_series(moment)
    assert read_series(moment, time_column="none").frequency is None
    typed = datasets.Dataset.from_dict({"moment": [START.item(), START.item().replace(hour=1)], "load": [1.0, 2.0]})
    assert read_series(typed).frequency == 3600


def test_numbers_alone_have_no_timestamps_and_say_so() -> None:
    series = read_series(table(load=[1, 2, 3]))
    assert (series.frequency, series.first_times) == (None, None)
    assert series.notes == ("split 'train': no column of times; the readings follow each other",)


@pytest.mark.fault(9)
def test_a_misspelt_column_is_told_with_the_nearest() -> None:
    data = table(time=stamps(2), load=[1, 2])
    for named in (
        {"value_columns": ["laod"]},
        {"input_columns": ["laod"]},
        {"series_column": "laod"},
        {"time_column": "laod"},
    ):
        with pytest.raises(DataError, match="no column 'laod' among .*did you mean 'load'"):
            read_series(data, **named)  # type: ignore[arg-type]


def test_the_long_layout_gathers_series_that_start_apart() -> None:
    rows = [("b", stamps(3)[row], row) for row in range(3)] + [
        ("a", stamps(2, first=7)[row], 10 + row) for row in range(2)
    ]
    mixed = [rows[number] for number in (0, 3, 1, 4, 2)]
    columns = dict(zip(("id", "time", "load"), map(list, zip(*mixed, strict=True)), strict=True))
    series = read_series(
        table(**columns, wind=[9, 8, 7, 6, 5]), series_column="id", value_columns=["load"], input_columns=["wind"]
    )
    assert (series.names, series.starts.tolist()) == (("b", "a"), [0, 3, 5])
    assert series.values.tolist() == [0, 1, 2, 10, 11]
    assert series.inputs is not None
    assert series.inputs[:, 0].tolist() == [9, 7, 5, 8, 6]
    assert series.first_times is not None
    assert (series.first_times - START).astype(int).tolist() == [0, 7 * 900]


@pytest.mark.fault(37)
def test_faults_in_one_of_many_series_name_it_and_its_row() -> None:
    data = table(id=["a", "b"] * 4, time=np.repeat(stamps(4), 2).tolist(), load=range(8)).select([0, 1, 2, 3, 4, 6, 7])
    with pytest.raises(
        DataError, match=r"series 'b', row 7, column 'time': 1 reading missing \(first before row 7, 2020-"
    ):
        read_series(data, series_column="id", value_columns=["load"])
    series = read_series(data, series_column="id", value_columns=["load"], repair=True)
    np.testing.assert_array_equal(series.one(1), [1, 3, np.nan, 7])
    assert series.notes == ("split 'train': 1 reading was not there, and filled in as missing",)


def test_series_of_unequal_frequencies_are_told_with_both() -> None:
    data = table(id=["a"] * 3 + ["b"] * 3, time=stamps(3) + stamps(3, 3600), load=range(6))
    with pytest.raises(
        DataError, match="series 'a' has a reading every 900 s, series 'b' every 3600 s; expected one freq"
    ):
        read_series(data, series_column="id")


def test_a_series_of_one_reading_has_the_frequency_of_the_others() -> None:
    data = table(id=["a", "b", "b"], time=stamps(1) + stamps(2), load=range(3))
    assert read_series(data, series_column="id").starts.tolist() == [0, 1, 3]
    with pytest.raises(DataError, match="series 'a', column 'time': found one reading only"):
        read_series(data.select([0, 1]), series_column="id")


def test_a_row_without_the_name_of_its_series_is_told() -> None:
    with pytest.raises(DataError, match="row 2, column 'id': found an empty cell; expected the name of a series"):
        read_series(table(id=["a", " "], time=stamps(2), load=[1, 2]), series_column="id")


def test_the_wide_layout_has_a_series_in_each_column() -> None:
    data = table(time=stamps(3), a=[1, 2, 3], b=[4, "", 6], sun=[7, 8, 9])
    series = read_series(data, value_columns=["b", "a"], input_columns=["sun"])
    assert (series.names, series.starts.tolist()) == (("b", "a"), [0, 3, 6])
    np.testing.assert_array_equal(series.values, [4, np.nan, 6, 1, 2, 3])
    np.testing.assert_array_equal(series.inputs, np.array([[7, 8, 9, 7, 8, 9]]).T)
    assert read_series(data, layout="wide").names == ("a", "b", "sun")


def m4(*rows: str, header: int) -> str:
    names = ",".join(f'"V{number + 1}"' for number in range(header))
    return "\n".join([names, *rows]) + "\n"


def test_the_m4_layout_has_a_series_in_each_row(tmp_path: Path) -> None:
    file = tmp_path / "Hourly-train.csv"
    file.write_text(m4('"H1","5","","7",', '"H2","1","2","3","4"', "H3,1.5,,,", header=5))
    series = read_series(load(file).splits["train"])
    assert (series.names, series.starts.tolist(), series.notes) == (("H1", "H2", "H3"), [0, 3, 7, 8], ())
    np.testing.assert_array_equal(series.values, [5, np.nan, 7, 1, 2, 3, 4, 1.5])
    assert (series.frequency, series.first_times) == (None, None)
    # Any header, if the layout is named.
    file.write_text("name,one,two\nx,1,2\n")
    assert read_series(load(file).splits["train"], layout="m4").values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["H1,1,2", "H2,1,x"], r"row 2, column 'V3': found 'x'; expected a finite number"),
        (["H1,1,2", "H2,1,2", "H2,3,4", "H1,3,4"], "series 'H2' is in row 2 and in row 3; expected one row"),
        (
            ["H1,1,2", "H2,,"],
            "series 'H2' has no reading, all are missing; expected one reading at least; leave it out",
        ),
        (["H1,1,2", ",1,2"], "row 2, column 'V1': found an empty cell"),
    ],
)
def test_faults_of_the_m4_layout(tmp_path: Path, rows: list[str], message: str) -> None:
    file = tmp_path / "m4.csv"
    file.write_text(m4(*rows, header=3))
    with pytest.raises(DataError, match=message):
        read_series(load(file).splits["train"])


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            {"layout": "m4", "time_column": "time"},
            "each row is a series, and no column has a role of its own, as 'time'",
        ),
        ({"layout": "long"}, "pass --series_column NAME"),
        ({"layout": "wide", "series_column": "id"}, "leave --series_column id out"),
        (
            {"series_column": "id", "value_columns": ["a", "b"]},
            "one value is forecast, not 'a', 'b'; pass one --value_column",
        ),
        ({"value_columns": ["a"], "input_columns": ["a"]}, "column 'a' is named for two things"),
    ],
)
def test_columns_at_odds_are_told(named: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        read_series(table(time=stamps(2), id=["x", "y"], a=[1, 2], b=[3, 4]), **named)


def test_a_series_without_any_reading_is_an_error_and_a_constant_one_is_none() -> None:
    data = table(time=stamps(2), a=["nan", ""], b=[4, 4], c=["", ""])
    with pytest.raises(
        DataError, match=r"split 'train': series 'a' has no reading, all are missing \(nor do 1 more series\)"
    ):
        read_series(data, value_columns=["a", "b", "c"])
    assert read_series(data, value_columns=["b"]).values.tolist() == [4, 4]


def test_a_file_tells_rows_as_it_counts_them(tmp_path: Path) -> None:
    file = tmp_path / "load.csv"
    file.write_text(
        "\n".join(["timestamp;load", *(f"{time};{row},5" for row, time in enumerate(stamps(5)))]).replace(";", "\t")
    )
    tsv = file.rename(tmp_path / "load.tsv")
    with pytest.raises(
        DataError, match=r"load.tsv, split 'train', row 1, column 'load': found '0,5' \(and 4 more rows\)"
    ):
        read_series(load(tsv).splits["train"])
    assert read_series(load(tsv).splits["train"], decimal=",").values.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]


def test_missing_marks_formats_and_repair_reach_the_cells() -> None:
    data = table(
        time=["01.02.2020 00:00", "01.02.2020 00:20", "01.02.2020 00:10", "01.02.2020 00:40"], load=["NA", 2, 1, 4]
    )
    series = read_series(data, missing=["NA"], time_format="%d.%m.%Y %H:%M", repair=True)
    np.testing.assert_array_equal(series.values, [np.nan, 1, 2, np.nan, 4])
    assert series.notes == (
        "split 'train': 1 reading out of order was sorted",
        "split 'train': 1 reading was not there, and filled in as missing",
    )


@pytest.mark.fault(37)
def test_offsets_make_both_changes_of_summer_time_regular() -> None:
    """The same year in UTC and on the wall, with offsets: the same series."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    first = int(START.astype(int))
    moments = [datetime.fromtimestamp(first + hour * 3600, UTC) for hour in range(366 * 24)]
    wall = [moment.astimezone(ZoneInfo("Europe/Berlin")).isoformat() for moment in moments]
    series = read_series(table(time=wall, load=range(len(wall))))
    assert (series.frequency, len(series.values)) == (3600, 366 * 24)
    assert series.first_times is not None
    assert series.first_times[0] == START
    assert len(series.notes) == 1
