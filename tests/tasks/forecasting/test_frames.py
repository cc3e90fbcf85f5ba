"""Frames in Python, wide and long: each column a series, or a column that names them; and readings by the calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqtext.errors import DataError
from seqtext.tasks.forecasting.forecaster import Forecaster
from tests.tasks.forecasting.following import answers, follow
from tests.tasks.forecasting.forecasters import load

LINEAR = {"model": "linear", "window": 12, "horizon": 2}
WHEN = pd.date_range("2024-01-01", periods=200, freq="h")
WIDE = pd.DataFrame({"a": load(200), "b": load(200, 1) + 20}, index=WHEN)
LONG = pd.concat([pd.DataFrame({"meter": name, "when": WHEN, "kw": WIDE[name].to_numpy()}) for name in "ab"])


def test_each_column_of_a_frame_with_an_index_of_times_is_a_series():
    task = Forecaster.from_data(WIDE, **LINEAR)
    made = task(WIDE)
    assert (task.config.series, len(made)) == (("a", "b"), 2)
    np.testing.assert_allclose(made[1].values, task(WIDE["b"]).values, rtol=1e-5)


def test_a_column_that_names_the_series_is_seen():
    task = Forecaster.from_data(LONG, **LINEAR)
    made = task(LONG)
    assert (task.config.series, len(made)) == (("a", "b"), 2)
    alone = task(LONG[LONG["meter"] == "b"])
    np.testing.assert_allclose(alone.values, made[1].values, rtol=1e-5)
    numbered = LONG.assign(meter=(LONG["meter"] == "b") + 7).rename(columns={"meter": "unique_id"})
    assert Forecaster.from_data(numbered, **LINEAR).config.series == ("7", "8")


def test_what_may_be_several_things_is_told_with_what_to_do_in_python():
    frame = WIDE.reset_index(names="when")
    message = r"2 columns hold numbers: 'a', 'b'; expected one to forecast; give one column of it, such as frame\['load'\], or a"
    for given in (frame, frame.assign(region="north")):
        with pytest.raises(DataError, match=message):
            Forecaster.from_data(given, **LINEAR)


# ---- by the calendar

MONTHS = pd.Series(np.arange(120.0) % 12, pd.date_range("2010-01-31", periods=120, freq="ME"), name="sales")


def test_a_model_of_months_knows_that_it_is_one():
    task = Forecaster.from_data(MONTHS, **LINEAR)
    assert (task.config.months, task.config.frequency, task.config.seasons) == (1, None, (12,))
    assert task(MONTHS).to_frame().index.astype(str).tolist() == ["2020-01-31", "2020-02-29"]
    periods = MONTHS.set_axis(MONTHS.index.to_period("M"))
    assert task(periods).times.astype("datetime64[D]").astype(str).tolist() == ["2020-01-01", "2020-02-01"]
    by_start = task(MONTHS.to_numpy(), start="2010-01-01")
    assert by_start.times.astype("datetime64[D]").astype(str).tolist() == ["2020-01-01", "2020-02-01"]
    assert task(MONTHS.to_numpy()).times is None


def test_readings_of_another_step_are_refused():
    task = Forecaster.from_data(MONTHS, **LINEAR)
    days = MONTHS.set_axis(pd.date_range("2010-01-01", periods=120, freq="D"))
    years = MONTHS.set_axis(pd.date_range("1900-01-01", periods=120, freq="YS"))
    for given, found in ((days, "readings at other distances"), (years, "a reading a year")):
        with pytest.raises(DataError, match=f"{found}; expected a reading a month, as the model was trained on"):
            task(given)
    with pytest.raises(DataError, match="a reading every 1 day; expected a reading a month"):
        task(days.to_frame())


def test_a_pipe_of_years_tells_what_is_late_repeated_or_missing(tmp_path):
    years = pd.DataFrame({"year": range(1950, 2020), "gdp": np.arange(70.0)})
    Forecaster.from_data(years, **LINEAR).save_pretrained(tmp_path / "run")
    years.to_csv(tmp_path / "years.csv", index=False)
    lines = "year,gdp\n2020,70\n2020,70\n2023,73\n2021,71\n"
    ended = follow(
        tmp_path / "run", lines, "--history", tmp_path / "years.csv", "--save_state", tmp_path / "state.json"
    )
    assert [cells[0] for cells in answers(ended)] == ["2020", "2023"]
    for note in (
        "line 3: '2020' was there before",
        "line 4: 2 readings are missing",
        "line 5: '2021' is not later than",
    ):
        assert note in ended.err
    again = follow(tmp_path / "run", "2023,73\n2024,74\n", "--save_state", tmp_path / "state.json")
    assert [cells[0] for cells in answers(again)] == ["2024"]


# ---- nothing there


def test_readings_that_are_all_missing_are_no_history():
    task = Forecaster.from_data(load(200), **LINEAR)
    with pytest.raises(DataError, match="history 1 has no reading, all are missing; expected one reading at least"):
        task(np.full(200, np.nan))
    stream = task.stream()
    assert {stream.push(np.nan) for _ in range(100)} == {None}
    assert stream.push(50.0) is not None
