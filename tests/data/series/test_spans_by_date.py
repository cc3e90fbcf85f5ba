"""Spans of training, validation and test by dates, and by a file for each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seqtext.data.series.begins import Begin, Begins
from seqtext.data.series.options import SeriesDataOptions
from seqtext.data.series.series import SeriesSet
from seqtext.data.series.splits import series_splits
from seqtext.errors import DataError, OptionsError
from seqtext.options import raise_faults

HOUR, DAY = 3600, 24


def series(*lengths: int, begins: tuple[int, ...] = (), timed: bool = True, zone: str | None = None) -> SeriesSet:
    """Readings an hour from 2024-01-01 on, or so many hours later."""
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    hours = np.array(begins or [0] * len(lengths))
    first = np.datetime64("2024-01-01T00", "s") + hours * np.timedelta64(1, "h") if timed else None
    names = tuple("abc"[: len(lengths)])
    values = np.random.default_rng(sum(begins)).normal(size=starts[-1])
    return SeriesSet(names, values, starts, first, HOUR if timed else None, zone=zone, name="load.csv")


def from_dates(validation: str | None = None, test: str | None = None) -> Begins:
    flags = ("--validation_from", validation), ("--test_from", test)
    return Begins(*(None if text is None else Begin.of(flag, text) for flag, text in flags))


def test_dates_say_where_spans_begin():
    data = series_splits({"train": series(20 * DAY)}, begins=from_dates("2024-01-11", "2024-01-15T12:00"))
    assert data.train.spans.tolist() == [[0, 10 * DAY]]
    assert data.validation.spans.tolist() == [[10 * DAY, 14 * DAY + 12]]
    assert data.test.spans.tolist() == [[14 * DAY + 12, 20 * DAY]]
    assert data.notes == ("test: from 2024-01-15T12:00 on", "validation: from 2024-01-11 to the test span")


@pytest.mark.parametrize(
    ("begins", "expected"),
    [
        (from_dates(test="2024-01-11"), [[0, 216], [216, 240], [240, 480]]),  # the last tenth of training
        (from_dates("2024-01-11"), [[0, 240], [240, 384], [384, 480]]),  # the last fifth is tested on
        (from_dates(test="2024-01-11T00:30"), [[0, 217], [217, 241], [241, 480]]),  # the first reading behind it
    ],
)
def test_dates_and_shares_go_together(begins, expected):
    data = series_splits({"train": series(20 * DAY)}, begins=begins)
    assert [part.spans[0].tolist() for part in (data.train, data.validation, data.test)] == expected


def test_each_series_is_cut_at_the_same_moment_and_those_that_end_before_are_counted():
    data = series_splits(
        {"train": series(100, 60, 30, begins=(0, 24, 0))}, begins=from_dates("2024-01-02", "2024-01-03")
    )
    assert data.train.spans.tolist() == [[0, 24], [160, 184]]
    assert data.validation.spans.tolist() == [[24, 48], [100, 124], [184, 190]]
    assert data.test.spans.tolist() == [[48, 100], [124, 160]]


def test_a_date_is_that_of_the_clock_of_the_data_and_a_zone_is_obeyed():
    berlin = {"train": series(20 * DAY, zone="Europe/Berlin")}  # kept in UTC
    assert series_splits(berlin, begins=from_dates(test="2024-01-11")).test.spans[0, 0] == 10 * DAY - 1
    assert series_splits(berlin, begins=from_dates(test="2024-01-11T00:00Z")).test.spans[0, 0] == 10 * DAY
    offset = {"train": series(20 * DAY, zone="+05:30")}
    assert series_splits(offset, begins=from_dates(test="2024-01-11")).test.spans[0, 0] == 10 * DAY - 5


def test_max_rows_are_the_last_before_validation():
    data = series_splits({"train": series(20 * DAY)}, begins=from_dates("2024-01-11"), max_rows=100)
    assert data.train.spans.tolist() == [[140, 240]]
    assert data.validation.spans[0, 0] == 240


@pytest.mark.fault(37)
@pytest.mark.parametrize(
    ("given", "begins", "message"),
    [
        (series(48), from_dates(test="2025-01-01"),
         "no reading lies from --test_from 2025-01-01; expected a time behind 2024-01-01 00:00:00 and up to 2024-01-02 23:00:00$"),
        (series(48), from_dates(test="2023"), "no reading lies before --test_from 2023;"),
        (series(48), from_dates("2024-01-02T20:00"), "no reading lies from --validation_from 2024-01-02T20:00"),
        (series(48, timed=False), from_dates(test="2024-01-02"), "readings without timestamps; name the column of the times"),
        (series(48), from_dates(test="2024-01-02T00:00Z"), "has a zone, the times of the readings have none; leave the zone out"),
        (series(96), from_dates("2024-01-03T22:00", "2024-01-04"),
         "2 readings in the validation span; expected at least 12, the horizon; move --validation_from or --test_from"),
        (series(96), from_dates(test="2024-01-04T23:00"), "1 reading in the test span; expected at least 12"),
    ],
)  # fmt: skip
def test_a_date_that_cannot_be_meant_is_told_with_what_could(given, begins, message):
    with pytest.raises(DataError, match=message):
        series_splits({"train": given}, begins=begins, horizon=12)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"test_from": "yesterday"}, "--test_from is yesterday; expected a date or time such as 2014-07-01"),
        ({"validation_from": "2024-13"}, "--validation_from is 2024-13; expected a date"),
        ({"validation_from": "2024-03", "test_from": "2024-02-01"}, "2024-03 is not before --test_from 2024-02-01"),
        ({"test_from": "2024", "test_share": 0.3}, "--test_share and --test_from both say what a span is; give one"),
        ({"validation_from": "2024", "validation": "weeks"}, "--validation weeks and --validation_from both say"),
        ({"train": "a.csv", "test": "b.csv", "test_from": "2024"}, "--test and --test_from both say"),
        ({"train": "a.csv", "validation": "b.csv"}, "a file without one to test on; add --test FILE"),
        ({"validation": "lats"}, "--validation is lats; expected auto, last, weeks, or a file beside --train"),
    ],
)
def test_flags_at_odds_are_told_before_anything_is_read(flags, message):
    with pytest.raises(OptionsError, match=message):
        raise_faults(SeriesDataOptions(**flags))


# ---- a file for each span


def test_a_file_for_each_span_is_that_span():
    files = {"train": series(240), "validation": series(48, begins=(240,)), "test": series(60, begins=(300,))}
    data = series_splits(files, validation="file")
    assert [part.spans.tolist() for part in (data.train, data.validation, data.test)] == [
        [[0, 240]],
        [[240, 288]],
        [[300, 360]],
    ]
    assert data.notes[-1] == "validation: readings of their own, between those of training and test"
    assert "12 readings are missing between load.csv and load.csv" in data.notes


def test_readings_that_repeat_those_of_training_are_left_out_and_series_keep_their_own():
    whole = series(100, 200)
    first = replace(
        whole, values=np.concatenate([whole.one(0)[:60], whole.one(1)[:150]]), starts=np.array([0, 60, 210])
    )
    later = replace(
        whole, values=np.concatenate([whole.one(0)[:80], whole.one(1)[:170]]), starts=np.array([0, 80, 250])
    )
    data = series_splits({"train": first, "validation": later, "test": whole}, validation="file")
    np.testing.assert_array_equal(data.series.values, whole.values)
    assert data.train.spans.tolist() == [[0, 60], [100, 250]]
    assert data.validation.spans.tolist() == [[60, 80], [250, 270]]
    assert data.test.spans.tolist() == [[80, 100], [270, 300]]


def test_a_split_of_a_few_readings_to_choose_by_joins_those_of_training_unless_it_is_asked_for():
    files = {"train": series(240), "validation": series(4, begins=(240,)), "test": series(60, begins=(244,))}
    data = series_splits(files)
    assert (data.train.spans.tolist(), data.validation.spans.tolist()) == ([[0, 220]], [[220, 244]])
    assert series_splits(files, validation="file").validation.spans.tolist() == [[240, 244]]
    files["validation"] = series(12, begins=(240,))
    files["test"] = series(60, begins=(252,))
    assert series_splits(files).validation.spans.tolist() == [[240, 252]]
    assert series_splits(files, validation="last").validation.spans.tolist() == [[227, 252]]
