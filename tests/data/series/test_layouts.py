"""Tables of series that somebody else wrote: what is recognised, what is proposed, and that what is proposed leads to the right series."""

from __future__ import annotations

import json
import re
import shlex
import zipfile
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

from seqtext.data.reading.sources import load
from seqtext.data.series.options import SeriesDataOptions
from seqtext.data.series.series import SeriesSet
from seqtext.data.series.splits import load_series
from seqtext.data.series.table import read_series
from seqtext.errors import DataError
from tests.data.series.test_table import START, stamps, table

FLAGS = re.compile(
    r"--(?P<flag>time_column|series_column|value_column|frequency|layout) (?P<values>[^,;(]*?)(?= to | for | and |,|$)"
)
DAY = 24 * 3600


def told(data: datasets.Dataset, **named: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_series(data, **named)
    return str(caught.value)


def obeyed(data: datasets.Dataset, advice: str, **named: Any) -> SeriesSet:
    """Reads the table as the first flag of some advice says."""
    match = FLAGS.search(advice)
    assert match is not None, advice
    values = shlex.split(match["values"].strip())
    return read_series(data, **named, **{match["flag"]: tuple(values)})


# ---- several series, one below the other


def meters(names: list[Any], column: str = "unique_id", hours: int = 30) -> datasets.Dataset:
    rows = [(name, when, 20.0 * (1 + n)) for n, name in enumerate(names) for when in stamps(hours, 3600)]
    ids, when, load_ = (list(cells) for cells in zip(*rows, strict=True))
    return datasets.Dataset.from_dict({column: ids, "ds": when, "y": load_}, split="train")


@pytest.mark.fault(71)
@pytest.mark.parametrize("repair", [False, True])
@pytest.mark.parametrize(
    ("names", "column"),
    [
        (["meter_0", "meter_1", "meter_2", "meter_3"], "unique_id"),
        ([0, 1, 2, 3], "item_id"),
        ([17, 4, 9, 2], "zone"),
        (["north", "south", "east", "west"], "the region"),
        (["1", "2", "3", "4"], "store"),
    ],
)
def test_the_column_that_explains_repeated_times_is_proposed(names: list[Any], column: str, repair: bool) -> None:
    data = meters(names, column)
    message = told(data, repair=repair)
    assert message.startswith(
        "split 'train', column 'ds': 90 readings at the time of another (first in row 31, 2020-01-01 00:00:00); "
        f"the column {column!r} has 4 values; expected one reading at each time of a series; "
        f"pass --series_column {shlex.quote(column)} to make each a series of its own"
    )
    assert "--repair" not in message
    series = obeyed(data, message)
    assert series.names == tuple(map(str, names))
    assert [series.one(number).mean() for number in range(4)] == [20, 40, 60, 80]
    averaged = read_series(data, series_column="none", value_columns=["y"], repair=True)
    assert averaged.values.tolist() == [50] * 30


def test_where_nothing_explains_them_they_may_be_averaged() -> None:
    doubled = table(time=[*stamps(40, 3600), *stamps(40, 3600)], load=range(80))
    message = told(doubled)
    assert "40 readings at the time of another" in message
    assert "pass --repair" in message
    assert read_series(doubled, repair=True).values.tolist() == [20 + hour for hour in range(40)]
    # An hour that clocks went through twice is no second series, though a column says which is which.
    when = [*stamps(60, 3600)[:30], *stamps(60, 3600)[29:]]
    assert "pass --repair" in told(table(time=when, summer=[1] * 30 + [0] * 31, load=range(61)), value_columns=["load"])


def test_readings_are_never_taken_for_the_names_of_series() -> None:
    rows = [(f"m{n}", when, 20 * n + hour % 3) for n in range(1, 5) for hour, when in enumerate(stamps(30, 3600))]
    ids, when, load_ = (list(cells) for cells in zip(*rows, strict=True))
    data = datasets.Dataset.from_dict({"load": load_, "ds": when, "id": ids}, split="train")
    assert "--series_column id " in told(data)


def test_two_columns_may_name_the_series_together() -> None:
    sold = iter(np.random.default_rng(0).integers(0, 5, 120).tolist())
    rows = [(when, s, i, 10 * s + i + next(sold) / 10) for s in (1, 2) for i in (1, 2, 3) for when in stamps(20, DAY)]
    date, store, item, sales = (list(cells) for cells in zip(*rows, strict=True))
    data = datasets.Dataset.from_dict({"date": date, "store": store, "item": item, "sales": sales}, split="train")
    for named in ({}, {"series_column": "store"}):
        message = told(data, **named)
        assert "pass --series_column store item to make each" in message
    series = obeyed(data, message, value_columns=["sales"])
    assert series.names == ("1/1", "1/2", "1/3", "2/1", "2/2", "2/3")
    assert [int(series.one(number).min()) for number in range(6)] == [11, 12, 13, 21, 22, 23]


def test_under_the_wide_layout_the_advice_leaves_it_out() -> None:
    assert "leave --layout wide out, and pass --series_column unique_id" in told(meters(["a", "b"]), layout="wide")


def test_series_below_each_other_without_times_are_seen_too() -> None:
    data = table(site=["a"] * 5 + ["b"] * 5, load=range(10))
    message = told(data, time_column="none")
    assert "the column 'site' has 2 values, each in rows that follow each other" in message
    assert obeyed(data, message, time_column="none").names == ("a", "b")
    assert len(read_series(data, time_column="none", series_column="none")) == 1
    numbered = table(item_id=[1] * 5 + [2] * 5, load=range(10))
    assert obeyed(numbered, told(numbered)).names == ("1", "2")


def test_what_counts_rows_or_names_one_series_is_no_reading() -> None:
    for name, cells in (("Unnamed: 0", range(4)), ("index", range(4)), ("meter_id", [7] * 4)):
        series = read_series(table(**{name: list(cells)}, time=stamps(4), load=[1, 2, 3, 4]))
        assert series.names == ("load",)
        assert series.notes == (f"split 'train': {name!r} left aside, as what counts rows or series",)


# ---- columns


def test_columns_of_one_kind_are_a_series_each() -> None:
    data = table(**{"Unnamed: 0": stamps(3)}, MT_001=[1, 2, 3], MT_002=[4, 5, 6])
    series = read_series(data)
    assert (series.names, series.frequency) == (("MT_001", "MT_002"), 900)
    assert "2 columns of one kind, 'MT_001', 'MT_002', are a series each" in series.notes[0]
    with pytest.raises(DataError, match="2 columns hold numbers: '2', '3'"):
        read_series(table(**{"1": stamps(3), "2": [1, 2, 3], "3": [4, 5, 6]}))


def test_the_layout_of_the_electricity_diagrams(tmp_path: Path) -> None:
    file = tmp_path / "LD.txt"
    rows = [f'"{time.replace("T", " ")}";{row},5;{row}' for row, time in enumerate(stamps(9))]
    file.write_text("\n".join(['"";"MT_001";"MT_002"', *rows]))
    source = load_series(SeriesDataOptions(data=str(file), decimal=","))
    series = source.series["train"]
    assert (series.names, series.frequency, series.one(0)[1]) == (("MT_001", "MT_002"), 900, 1.5)


def test_a_column_that_looks_like_times_is_the_time_whatever_its_name() -> None:
    german = [f"{day}.03.2020 00:00" for day in range(10, 25)]
    for name, cells in (("Datum", german), ("", stamps(15, DAY)), ("column 1", stamps(15, DAY))):
        series = read_series(table(**{name: cells}, kind=["x"] * 15, load=range(15)))
        assert series.frequency == DAY
    with pytest.raises(DataError, match="2 columns could be the time: 'from', 'to'; pass --time_column NAME"):
        read_series(table(**{"from": stamps(3), "to": stamps(3, first=1), "load": [1, 2, 3]}))


MINUTES = 40 * 24 * 6  # of ten each: days beyond the 12th, so that no month is taken for one
CLOCK = [f"{m // 6 % 24:02}:{m % 6}0:00" for m in range(MINUTES)]
DATES = [
    f"{d.item().day}/{d.item().month}/{d.item().year}" for d in np.datetime64("2006-12-16") + np.arange(MINUTES) // 144
]


@pytest.mark.fault(71)
def test_a_date_and_a_clocks_time_in_two_columns() -> None:
    household = table(Date=DATES, Time=CLOCK, power=range(MINUTES))
    for named in ({}, {"time_column": ("Date", "Time")}):
        series = read_series(household, **named)
        assert (series.frequency, len(series.values)) == (600, MINUTES)
        assert series.first_times is not None
        assert str(series.first_times[0]) == "2006-12-16T00:00:00"
    for repair in (False, True):
        message = told(household, time_column="Date", repair=repair)
        assert "the column 'Time' says when on the day; pass --time_column Date Time" in message
    assert read_series(household, time_column=["Date", "Time"]).frequency == 600


def test_the_hour_of_a_day_in_a_column_of_its_own() -> None:
    days = [f"2011-01-{hour // 24 + 1:02}" for hour in range(72)]
    hourly = table(dteday=days, hr=[hour % 24 for hour in range(72)], cnt=range(72))
    message = told(hourly)
    assert "the column 'hr' says when on the day; pass --time_column dteday hr" in message
    assert obeyed(hourly, message).values.tolist() == list(range(72))


def test_year_month_day_and_hour_in_columns() -> None:
    moments = (START + np.arange(60) * np.timedelta64(1, "h")).tolist()
    units = {unit: [getattr(moment, unit) for moment in moments] for unit in ("year", "month", "day", "hour")}
    series = read_series(table(No=range(1, 61), **units, pm=range(60)))
    assert (series.frequency, series.names) == (3600, ("pm",))
    assert series.first_times is not None
    assert series.first_times[0] == START


def test_true_and_false_are_inputs_but_never_forecast_by_chance() -> None:
    data = datasets.Dataset.from_dict(
        {"time": stamps(3), "kw": [1.0, 2, 3], "holiday": [True, False, None]}, split="train"
    )
    assert read_series(data).names == ("kw",)
    for cells in (["true", "false", ""], ["TRUE", "FALSE", None]):
        text = datasets.Dataset.from_dict({"time": stamps(3), "kw": [1.0, 2, 3], "holiday": cells}, split="train")
        assert read_series(text).names == ("kw",)
        for each in (data, text):
            inputs = read_series(each, input_columns=["holiday"]).inputs
            np.testing.assert_array_equal(inputs, [[1], [0], [np.nan]])


@pytest.mark.fault(38)
def test_a_number_too_large_to_scale_by_is_told_with_its_row() -> None:
    with pytest.raises(
        DataError, match=r"row 2, column 'kw': found -1e\+308; expected a number of at most 1e\+150; corr"
    ):
        read_series(table(time=stamps(3), kw=[1, -1e308, 3]))
    assert read_series(table(time=stamps(3), kw=[1, 1e100, 3])).values[1] == 1e100


# ---- uneven times


@pytest.mark.fault(71)
def test_uneven_readings_are_averaged_over_the_step_that_is_proposed() -> None:
    rng = np.random.default_rng(0)
    seconds = np.cumsum(rng.choice([10, 37, 300, 901], size=300))
    when = np.datetime_as_string(START + seconds.astype("timedelta64[s]")).tolist()
    data = table(time=when, w=[5] * 300)
    message = told(data)
    assert "readings come at no fixed distance, but 10 s to 901 s apart" in message
    assert "resample them: pass --frequency 10min for the mean of each 10min" in message
    assert "--time_column none" not in message
    series = read_series(data, frequency=600)
    assert series.frequency == 600
    assert set(series.values[~np.isnan(series.values)]) == {5}
    assert "split 'train': 300 readings were averaged over the steps of --frequency" in series.notes


def test_a_longer_step_is_the_mean_of_each() -> None:
    data = table(time=stamps(8), kw=range(8))
    series = read_series(data, frequency=3600)
    assert (series.values.tolist(), series.frequency) == ([1.5, 5.5], 3600)
    assert read_series(data, frequency=900).notes == ()
    both = meters(["a", "b"])
    assert read_series(both, series_column="unique_id", frequency=2 * 3600).lengths.tolist() == [15, 15]
    apart = table(id=["a"] * 3 + ["b"] * 3, time=stamps(3) + stamps(3, 3600), load=range(6))
    assert "or average all over one with --frequency" in told(apart, series_column="id")
    assert read_series(apart, series_column="id", frequency=3600).lengths.tolist() == [1, 3]


def test_fractions_of_a_second_are_cut_where_readings_are_averaged() -> None:
    data = table(last_changed=[f"{time}.{n}17Z" for n, time in enumerate(stamps(9, 60))], state=range(9))
    message = told(data)
    assert (
        "expected whole seconds; round the times, or pass --frequency, such as 15min, for the mean of the readings of each"
        in message
    )
    series = read_series(data, frequency=180)
    assert (series.values.tolist(), series.zone) == ([1, 4, 7], "UTC")


def test_what_may_be_several_series_is_not_averaged_into_one() -> None:
    rows = [(f"sensor.{n % 2}", when, 10 * (n % 2)) for n, when in enumerate(stamps(400, 47))]
    ids, when, state = (list(cells) for cells in zip(*rows, strict=True))
    data = table(entity_id=ids, last_changed=when, state=state)
    message = told(data, frequency=300)
    assert "the column 'entity_id' has 2 values; expected to know whether they are series" in message
    series = obeyed(data, message, frequency=300)
    assert [set(series.one(number)) for number in (0, 1)] == [{0.0}, {10.0}]
    assert len(read_series(data, frequency=300, series_column="none")) == 1


def test_working_days_may_follow_each_other() -> None:
    days = [day for day in stamps(60, DAY) if np.datetime64(day).item().weekday() < 5]
    data = table(Date=days, Close=range(len(days)))
    message = told(data)
    assert "pass --time_column none to take working days as they follow each other, or pass --repair" in message
    assert read_series(data, time_column="none").values.tolist() == list(range(len(days)))


@pytest.mark.parametrize(
    ("first", "months", "step"), [("1949-01-01", 1, "month"), ("1949-03-31", 3, "quarter"), ("1700-01-01", 12, "year")]
)
def test_months_quarters_and_years_follow_each_other_and_that_is_told(first: str, months: int, step: str) -> None:
    days = np.datetime64(first[:7], "M") + months * np.arange(36)
    ends = first.endswith("31")
    dates = [str((day + 1).astype("datetime64[D]") - 1 if ends else day.astype("datetime64[D]")) for day in days]
    series = read_series(table(Month=dates, Passengers=range(36)), time_column="Month")
    assert (series.values.tolist(), series.frequency, series.first_times) == (list(range(36)), None, None)
    assert series.notes[-1].endswith(
        f"a reading a {step}, which is no fixed distance; they follow each other, and forecasts are dated by the calendar"
    )
    behind = np.datetime64(first[:7], "M") + months * np.arange(36, 40) + int(ends)
    expected = behind.astype("datetime64[D]") - int(ends)
    assert series.times_behind(0, 4).astype("datetime64[D]").tolist() == expected.tolist()
    assert series.times_behind(0, 36, ahead=36).astype("datetime64[D]").astype(str).tolist() == dates
    long = table(id=["a"] * 36 + ["b"] * 36, Month=dates * 2, Passengers=range(72))
    several = read_series(long, time_column="Month", series_column="id")
    assert several.lengths.tolist() == [36, 36]
    assert several.times_behind(1, 1).astype("datetime64[D]").tolist() == expected[:1].tolist()


def test_months_and_quarters_are_recognised_by_their_look() -> None:
    for cells in (["Jan-90", "Feb-90", "Mar-90"], ["1960Q1", "1960Q2", "1960Q3"], ["2015-W02", "2015-W03", "2015-W04"]):
        series = read_series(table(period=cells, sales=[1, 2, 3]))
        assert series.names == ("sales",)
    assert series.frequency == 7 * 86400


# ---- one series a row


def rows_file(folder: Path, rows: list[dict[str, Any]]) -> datasets.Dataset:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(file).splits["train"]


def test_a_list_in_each_row_is_a_series(tmp_path: Path) -> None:
    data = rows_file(
        tmp_path,
        [
            {"start": "2020-01-01 00:00:00", "target": [1, None, 3.5], "item_id": "T1", "feat_static_cat": [0]},
            {"start": "2020-01-02 00:00:00", "target": [4, 5], "item_id": "T2", "feat_static_cat": [1]},
        ],
    )
    series = read_series(data, frequency=3600)
    assert (series.names, series.lengths.tolist(), series.frequency) == (("T1", "T2"), [3, 2], 3600)
    np.testing.assert_array_equal(series.values, [1, np.nan, 3.5, 4, 5])
    assert series.first_times is not None
    assert (series.first_times - START).astype(int).tolist() == [0, DAY]
    assert "'feat_static_cat' left aside" in series.notes[0]
    untimed = read_series(data)
    assert (untimed.frequency, untimed.first_times) == (None, None)
    assert "pass --frequency, such as 1h, to have times" in untimed.notes[-1]


def test_a_row_may_say_its_frequency_or_list_its_times(tmp_path: Path) -> None:
    rows = [{"start": "2020-01-01", "freq": "30min", "target": [n, n + 1]} for n in range(2)]
    series = read_series(rows_file(tmp_path, rows))
    assert (series.names, series.frequency) == (("series 1", "series 2"), 1800)
    with pytest.raises(DataError, match="column 'freq': found 'soon'; expected a distance"):
        read_series(rows_file(tmp_path, [{**rows[0], "freq": "soon"}]))
    listed = [
        {"id": "a", "timestamp": stamps(3), "target": [1, 2, 3]},
        {"id": "b", "timestamp": stamps(2, first=5), "target": [4, 5]},
    ]
    series = read_series(rows_file(tmp_path, listed))
    assert (series.names, series.frequency, series.lengths.tolist()) == (("a", "b"), 900, [3, 2])
    listed[1]["timestamp"] = stamps(3)
    with pytest.raises(DataError, match="row 2, column 'timestamp': found 3 items; expected 2, as in 'target'"):
        read_series(rows_file(tmp_path, listed))


def test_faults_in_lists_are_told_by_row_and_reading(tmp_path: Path) -> None:
    data = datasets.Dataset.from_dict({"id": ["a", "b"], "target": [[1.0, 2.0], [3.0, float("inf")]]}, split="train")
    with pytest.raises(DataError, match="row 2, column 'target', reading 2: found inf; expected a finite number"):
        read_series(data)
    twice = datasets.Dataset.from_dict({"id": ["a", "a"], "target": [[1.0], [3.0]]}, split="train")
    with pytest.raises(DataError, match="series 'a' is in row 1 and in row 2; expected one row for each series"):
        read_series(twice)
    two = datasets.Dataset.from_dict({"id": ["a"], "x": [[1.0, 2]], "y": [[3.0, 4]]}, split="train")
    assert "2 columns hold lists of numbers: 'x', 'y'" in told(two)
    series = read_series(two, value_columns=["y"], input_columns=["x"])
    assert (series.values.tolist(), series.inputs.tolist()) == ([3, 4], [[1], [2]])  # type: ignore[union-attr]


TSF = """# Dataset Information
@relation toy
@attribute series_name string
@attribute start_timestamp date
@frequency half_hourly
@horizon 2
@missing true
@equallength false
@data
T1:2020-01-01 00-00-00:1,2,?,4.5
T2:2020-01-02 00-30-00:5,6
"""


def test_files_of_the_monash_archive(tmp_path: Path) -> None:
    file = tmp_path / "toy.tsf"
    file.write_text(TSF)
    series = read_series(load(file).splits["train"])
    assert (series.names, series.frequency, series.lengths.tolist()) == (("T1", "T2"), 1800, [4, 2])
    np.testing.assert_array_equal(series.values, [1, 2, np.nan, 4.5, 5, 6])
    assert series.first_times is not None
    assert (series.first_times - START).astype(int).tolist() == [0, DAY + 1800]
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:  # as the archive itself packs them
        archive.write(file, "toy.tsf")
    assert read_series(load(tmp_path / "toy.zip").splits["train"]).names == ("T1", "T2")
    file.write_text(TSF.replace("half_hourly", "monthly"))
    monthly = read_series(load(file).splits["train"])
    assert monthly.first_times is None
    assert any("a reading a month, which is no fixed distance; they follow each other" in n for n in monthly.notes)
    assert monthly.times_behind(0, 1).astype(str).tolist() == ["2020-05-01T00:00:00"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("4.5", "4.5x", "toy.tsf, line 10, reading 4: found '4.5x'; expected a number, or [?] where"),
        ("4.5", "inf", "toy.tsf, line 10, reading 4: found 'inf'"),
        ("T2:", "", "toy.tsf, line 11: found 2; expected 3 fields with ':' between them"),
        ("@data\n", "", "line 9: found 'T1:.*; expected @data before it"),
        ("2020-01-01", "2020-02-30", "row 1, column 'start_timestamp': found '2020-02-30 00:00:00'"),
        ("T2", "T1", "series 'T1' is in row 1 and in row 2"),
        (TSF[TSF.index("T1:") :], "", "toy.tsf: no series; expected a line for each behind @data"),
    ],
)
def test_faults_of_such_files(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "toy.tsf"
    file.write_text(TSF.replace(old, new))
    with pytest.raises(DataError, match=message):
        read_series(load(file).splits["train"])


def test_test_readings_that_begin_with_those_of_training_are_taken_behind_them() -> None:
    def rows(ends: dict[str, int]) -> SeriesSet:
        lists = [list(range(10 * n, 10 * n + end)) for n, end in enumerate(ends.values())]
        data = datasets.Dataset.from_dict(
            {"id": list(ends), "start": ["2020-01-01"] * 2, "target": lists}, split="train"
        )
        return read_series(data, frequency=3600)

    train, test = rows({"a": 3, "b": 4}), rows({"a": 5, "b": 6})
    later = test.less(train)
    assert later.values.tolist() == [3, 4, 14, 15]
    _, _, part = train.join(later)
    assert part.values_of(1).tolist() == [14, 15]
    assert train.less(test) is train
