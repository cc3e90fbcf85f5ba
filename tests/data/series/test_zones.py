"""Times of a zone's clocks: hours that are skipped, there twice, and what the calendar makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqtext.data.series.table import read_series
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.data.series.zones import changes_of
from seqtext.errors import DataError, OptionsError
from seqtext.options import raise_faults
from seqtext.tasks.forecasting.local_clock import on_clock_of
from tests.data.series.test_layouts import table

ZONE = "Europe/Berlin"


def clock(first: str, hours: int, minutes: int = 60) -> list[str]:
    """What clocks in Berlin say, every so many minutes of a year's time."""
    import pandas as pd

    times = pd.date_range(first, periods=hours * 60 // minutes, freq=f"{minutes}min", tz=ZONE)
    return [time.strftime("%Y-%m-%d %H:%M") for time in times]


@pytest.mark.fault(37)
@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("first", ["2024-03-30", "2024-10-26"])
def test_both_changes_of_summer_time_leave_an_even_series(first: str, minutes: int) -> None:
    times = clock(first, 72, minutes)
    data = table(when=times, kw=range(len(times)))
    with pytest.raises(DataError, match="summer time"):
        read_series(data)
    series = read_series(data, time_zone=ZONE)
    assert series.values.tolist() == list(range(len(times)))
    assert (series.zone, series.frequency) == (ZONE, minutes * 60)
    assert str(series.first_times[0]) == f"{np.datetime64(first) - 1}T{'23' if '-03' in first else '22'}:00:00"
    both = table(id=["a", "b"] * len(times), when=np.repeat(times, 2), kw=range(2 * len(times)))
    assert read_series(both, time_zone=ZONE, series_column="id").one(1).tolist() == list(range(1, 2 * len(times), 2))
    below = table(id=["a"] * len(times) + ["b"] * len(times), when=times * 2, kw=range(2 * len(times)))
    assert read_series(below, time_zone=ZONE, series_column="id").one(0).tolist() == list(range(len(times)))


def test_an_hour_that_clocks_skip_is_told_with_its_row() -> None:
    data = table(when=[f"2024-03-31 0{hour}:00" for hour in range(5)], kw=range(5))
    message = (
        "row 3: 2024-03-31 02:00:00 is an hour that clocks in Europe/Berlin skip; expected a time that there is; leave"
    )
    with pytest.raises(DataError, match=message):
        read_series(data, time_zone=ZONE)
    assert len(read_series(data).values) == 5


def test_times_with_an_offset_keep_their_moments() -> None:
    data = table(when=["2024-01-01T00:00Z", "2024-01-01T01:00Z", "2024-01-01T02:00Z"], kw=range(3))
    series = read_series(data, time_zone=ZONE)
    assert (str(series.first_times[0]), series.zone) == ("2024-01-01T00:00:00", ZONE)


def test_what_is_no_zone_is_told_before_anything_is_read() -> None:
    for zone in ("Europe/Berlni", "/etc", "", "+1"):
        with pytest.raises(
            OptionsError, match="--time_zone is .*; expected a zone such as Europe/Berlin, or an offset"
        ):
            raise_faults(SeriesTableOptions(time_zone=zone))
    for zone in ("Europe/Berlin", "+01:00", "UTC"):
        raise_faults(SeriesTableOptions(time_zone=zone))


def test_clocks_are_those_of_the_zone_at_each_moment() -> None:
    import pandas as pd

    moments = pd.date_range("2019-01-01", "2025-01-01", freq="7h", tz="UTC")
    for zone in (ZONE, "Australia/Lord_Howe", "Africa/Casablanca", "+05:30"):
        local = moments.tz_convert(zone).tz_localize(None)
        seconds = torch.tensor(np.asarray(moments.tz_localize(None), dtype="datetime64[s]").astype(np.int64))
        expected = torch.tensor(np.asarray(local, dtype="datetime64[s]").astype(np.int64))
        assert torch.equal(on_clock_of(seconds, zone), expected)
    assert len(changes_of("UTC").moments) == 1
