from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtext.data.series.even_grid import Grid, frequency_of, regular
from seqtext.errors import DataError

START = np.datetime64("2020-01-01T00:00:00")


def every(seconds: int, count: int) -> np.ndarray:
    return START + np.arange(count) * np.timedelta64(seconds, "s")


def run(times: np.ndarray, values: np.ndarray | None = None, *, repair: bool = False) -> Grid:
    values = np.arange(float(len(times))) if values is None else values
    return regular(times, values[None], repair=repair, where="load.csv", column="when")


def local_year(zone: str, seconds: int) -> np.ndarray:
    """A year of readings, stamped by a clock on the wall."""
    utc = START.astype(int) + np.arange(0, 366 * 24 * 3600, seconds)
    first = np.array([_offset(zone, second) for second in utc.tolist()])
    return (utc + first).astype("datetime64[s]")


def _offset(zone: str, second: int) -> int:
    from datetime import UTC, datetime

    offset = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def test_what_is_regular_stays_as_it_is() -> None:
    grid = run(every(900, 10))
    assert (grid.first_time, grid.frequency, grid.mended.notes()) == (START, 900, [])
    assert grid.columns[0].tolist() == list(range(10))
    assert regular(every(900, 1), np.ones((1, 1)), repair=False, where="", frequency=900).frequency == 900


@pytest.mark.fault(37)
def test_a_gap_is_told_and_filled() -> None:
    times = np.delete(every(900, 10), [4, 5])
    with pytest.raises(DataError) as caught:
        run(times)
    assert str(caught.value) == (
        "load.csv, row 5, column 'when': 2 readings missing (first before row 5, 2020-01-01T01:30:00); expected a reading every "
        "15 min; pass --repair, which sorts, averages duplicates and fills gaps with missing readings"
    )
    grid = run(times, repair=True)
    np.testing.assert_array_equal(grid.columns[0], [0, 1, 2, 3, np.nan, np.nan, 4, 5, 6, 7])
    assert grid.mended.notes() == ["2 readings were not there, and filled in as missing"]


@pytest.mark.fault(37)
def test_duplicates_are_told_and_averaged_without_the_missing() -> None:
    times = every(3600, 6)[[0, 1, 1, 2, 2, 3, 4, 5]]
    with pytest.raises(
        DataError, match=r"row 3, column 'when': 2 readings at the time of another \(first in row 3, 2020"
    ):
        run(times)
    grid = run(times, np.array([0, 1, 3, np.nan, 7, 8, np.nan, 9]), repair=True)
    np.testing.assert_array_equal(grid.columns[0], [0, 2, 7, 8, np.nan, 9])
    assert grid.mended.notes() == ["2 readings at the time of another were averaged with it"]


@pytest.mark.fault(37)
def test_unsorted_readings_are_told_and_sorted() -> None:
    times = every(60, 6)[[0, 1, 3, 2, 4, 5]]
    with pytest.raises(DataError, match=r"row 4, column 'when': 1 reading out of order \(first in row 4"):
        run(times)
    grid = run(times, repair=True)
    assert grid.columns[0].tolist() == [0, 1, 3, 2, 4, 5]
    assert grid.mended.notes() == ["1 reading out of order was sorted"]


def test_readings_off_the_grid_are_told_and_moved() -> None:
    times = every(900, 8)
    times[3] += np.timedelta64(100, "s")
    with pytest.raises(DataError, match=r"row 4, column 'when': 1 reading off the grid of 15 min \(first in row 4"):
        run(times)
    grid = run(times, repair=True)
    assert grid.columns[0].tolist() == list(range(8))
    assert grid.mended.notes() == ["1 reading off the grid was moved to its nearest time"]


@pytest.mark.fault(37)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney"])
@pytest.mark.parametrize("seconds", [900, 3600])
def test_both_changes_of_summer_time_are_recognised(zone: str, seconds: int) -> None:
    times = local_year(zone, seconds)
    with pytest.raises(DataError) as caught:
        run(times)
    message, per_hour = str(caught.value), 3600 // seconds
    assert f"{per_hour} reading{'s' * (per_hour > 1)} missing" in message
    assert f"{per_hour} reading{'s' * (per_hour > 1)} at the time of another" in message
    assert "; an hour missing or doubled, likely by 2 changes of summer time, the first on 2020-" in message
    assert "write timestamps in UTC or with UTC offsets, or pass --repair" in message
    grid = run(times, repair=True)
    assert grid.mended.clock_changes == 2
    assert grid.columns.shape[1] == len(times)
    assert np.isnan(grid.columns).sum() == per_hour
    assert "2 likely changes of summer time among them" in grid.mended.notes()


def test_an_hour_that_is_missing_on_another_day_is_just_a_gap() -> None:
    times = np.delete(every(900, 1000), np.arange(400, 404))
    with pytest.raises(DataError, match="4 readings missing") as caught:
        run(times)
    assert "summer time" not in str(caught.value)


@pytest.mark.fault(37)
def test_days_of_23_and_25_hours_are_recognised() -> None:
    noon = START + np.arange(366) * np.timedelta64(1, "D")
    offsets = [_offset("Europe/Berlin", int(second)) for second in noon.astype(int)]
    times = (noon.astype(int) - offsets).astype("datetime64[s]")
    with pytest.raises(
        DataError,
        match="days of 23 or 25 hours, likely by 2 changes of summer time.*write dates without a time, or pass --repair",
    ):
        run(times)
    assert run(times, repair=True).columns[0].tolist() == list(range(366))


@pytest.mark.parametrize("repair", [False, True])
def test_months_have_no_fixed_distance(repair: bool) -> None:
    months = np.arange("2015-01", "2020-01", dtype="datetime64[M]").astype("datetime64[s]")
    with pytest.raises(DataError, match="no fixed distance, but 28 days to 31 days apart.*--time_column none"):
        run(months, repair=repair)
    years = np.arange("2015", "2021", dtype="datetime64[Y]").astype("datetime64[s]")
    with pytest.raises(DataError, match="no fixed distance, but 365 days to 366 days apart"):
        run(years, repair=repair)


@pytest.mark.parametrize("repair", [False, True])
def test_a_wrong_year_is_no_gap_to_be_filled(repair: bool) -> None:
    times = every(900, 50)
    times[0] = np.datetime64("0201-01-01")
    with pytest.raises(
        DataError, match=r"found 0201-01-01T00:00:00 in row 1, and 2020-01-01T00:15:00 in row 2 as the n.*wrong\?"
    ):
        run(times, repair=repair)


def test_one_moment_has_no_frequency() -> None:
    assert frequency_of(every(60, 1)) is None
    with pytest.raises(DataError, match="column 'when': found one reading only; expected two times at least"):
        run(every(60, 1))
    with pytest.raises(DataError, match="found one time only"):
        run(every(60, 1).repeat(3), repair=True)


@given(st.data())
def test_a_repair_gives_each_kept_reading_its_own_moment(data: st.DataObject) -> None:
    count = data.draw(st.integers(20, 60))
    dropped = data.draw(st.sets(st.integers(1, count - 2), max_size=4))
    kept = [row for row in range(count) if row not in dropped]
    order = data.draw(st.permutations(kept + data.draw(st.lists(st.sampled_from(kept), max_size=5))))
    grid = run(every(900, count)[order], np.array(order, dtype=float), repair=True)
    expected = [np.nan if row in dropped else row for row in range(count)]
    assert (grid.first_time, grid.frequency) == (START, 900)
    np.testing.assert_array_equal(grid.columns[0], expected)
    assert grid.mended.missing == len(dropped)
    assert grid.mended.duplicates == len(order) - len(kept)
