"""Histories that are forecast from all the same, and what is said of them: gaps, other series and clocks, frames, zones, no numbers."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from seqtext.data.series.series import Part, whole
from seqtext.errors import DataError, NumericsError
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.remarks import ForecastWarning
from seqtext.training.fit import fit
from tests.tasks.forecasting.forecasters import SMALL, START, holed, load, made_for, series_of, stated

ZONED = pd.Series(load(60), index=pd.date_range("2024-01-01", periods=60, freq="h", tz="Europe/Berlin"), name="a")


def told(task: Forecaster, *args, **kwargs):
    """What a call answers, and the sentences it warns with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = task(*args, **kwargs)
    assert {warning.category for warning in caught} <= {ForecastWarning}
    return made, [str(warning.message) for warning in caught]


# ---- missing readings


@pytest.mark.parametrize("difference", ["none", "season"])
@pytest.mark.parametrize("context", ["window", "stateful"])
def test_without_a_mark_a_missing_reading_is_the_one_before_it(context, difference):
    values = load(60)
    task = made_for(values, context=context, difference=difference, season=4)
    assert not task.config.marks_missing
    gaps = holed(values, 54, 55, 58)
    filled = gaps.copy()
    filled[[54, 55, 58]] = values[53], values[53], values[57]
    made, said = told(task, gaps)
    assert said == [
        "history 1: 3 readings are missing, and taken as the one before: the model was trained on readings without gaps"
    ]
    assert stated(made) == pytest.approx(stated(task(filled)), abs=1e-5)
    streams = task.stream(), task.stream()
    for one, other in zip(gaps, filled, strict=True):
        answers = [stream.push(value) for stream, value in zip(streams, (one, other), strict=True)]
    assert answers[0] == answers[1]
    assert answers[0].values == pytest.approx(made.values.tolist(), abs=1e-4)


def test_a_gap_outside_of_what_is_read_is_not_worth_a_word():
    task, values = made_for(load(60)), load(60)
    assert told(task, holed(values, 3, 40)) == (task(values), []) or stated(task(values)) == stated(
        task(holed(values, 3))
    )
    marked = made_for(holed(load(60), 5))
    assert told(marked, holed(values, 59))[1] == []
    late = series_of(holed(load(100), 30))
    assert len(task.encode(Part(late, np.array([[60, 100]])))) == 40


def test_missing_inputs_are_those_before_them_too():
    inputs = np.random.default_rng(0).normal(size=(120, 2))
    series = series_of(load(), inputs=inputs, input_names=("heat", "wind"))
    task = Forecaster.from_data(whole(series), **SMALL)
    gaps, filled = inputs.copy(), inputs.copy()
    gaps[118, 1], filled[118, 1] = np.nan, inputs[117, 1]
    assert stated(task(load(), inputs=gaps)) == stated(task(load(), inputs=filled))


# ---- another series, another unit


def test_a_reading_far_off_is_told_with_its_place_and_only_where_it_is_read():
    task, values = made_for(load(60)), load(60)
    kilo = values.copy()
    kilo[57] *= 1000
    (_, said) = told(task, kilo)
    assert len(said) == 1
    assert said[0].startswith("history 1, reading 58: ")
    assert "standard deviations from the mean of training" in said[0]
    assert "in another unit?" in said[0]
    early = values.copy()
    early[2] *= 1000
    assert told(task, early)[1] == []
    assert told(task, values * 1000, series="other")[1] == [], "it is scaled by itself"


def test_a_stream_tells_it_once():
    stream = made_for(load(60)).stream()
    for value in load(20):
        stream.push(value)
    with pytest.warns(ForecastWarning, match="reading 21: 50000 lies .* standard deviations"):
        stream.push(50_000.0)
    stream.push(50_000.0)


def test_a_model_of_one_series_given_another_says_so():
    task = made_for(load(60))
    named = pd.Series(load(60), name="temperature")
    made, said = told(task, named)
    assert said == ["the model learnt one series, 'a'; 'temperature' is scaled and forecast as that"]
    assert stated(made) == stated(task(load(60)))
    assert told(task, named.rename("a"))[1] == told(task, named, series="a")[1] == []


# ---- zones


@pytest.mark.fault(73)
def test_forecasts_come_back_in_the_zone_of_the_history():
    task = made_for(load(60), horizon=3)
    made, said = told(task, ZONED)
    assert said == []
    assert [str(time) for time in made.times] == [f"2024-01-03 {hour}:00:00+01:00" for hour in (12, 13, 14)]
    offset = task(load(60), start="2024-01-01T00:00:00+05:30")
    assert str(offset.times[0]) == "2024-01-03 12:00:00+05:30"
    assert str(task(ZONED.tz_convert("UTC")).times[0]) == "2024-01-03 11:00:00+00:00"
    assert task(ZONED.tz_localize(None)).times[0] == np.datetime64("2024-01-03T12:00")
    both = task([ZONED, ZONED.tz_convert("America/Lima")])
    assert [str(forecast.times[0])[-6:] for forecast in both] == ["+01:00", "-05:00"]


def test_a_model_of_wall_clocks_reads_the_hours_of_the_zone_and_says_so():
    task = made_for(load(60), calendar=True)
    here = task(ZONED.tz_localize(None))
    made, said = told(task, ZONED)
    assert said == [
        "the model learnt the hours of a clock without a zone; of times in Europe/Berlin it reads the hours there"
    ]
    assert stated(made) == stated(here) != stated(told(task, ZONED.tz_convert("UTC"))[0])
    assert stated(told(task, load(60), start="2024-01-01T00:00:00+01:00")[0]) == stated(here)
    with pytest.warns(ForecastWarning, match="the hours of a clock without a zone"):
        stream = task.stream(start="2024-01-01T00:00:00+01:00")
    for value in load(60):
        last = stream.push(value)
    assert last.values == pytest.approx(here.values.tolist(), abs=1e-4)


@pytest.mark.parametrize("zone", ["+01:00", "UTC", "Europe/Berlin"])
def test_a_model_of_times_with_a_zone_takes_others_for_its_own_clocks_and_says_so(zone):
    series = replace(series_of(load(60)), zone=zone)
    task = Forecaster.from_data(whole(series), **SMALL, calendar=True)
    assert task.config.zoned
    made, said = told(task, load(60), start=START)
    assert said == [f"the model learnt times with a zone; times without one are taken for {zone}"]
    other, said = told(task, ZONED.tz_localize(None).tz_localize(zone))
    assert said == []
    assert stated(made) == stated(other)


# ---- frames


def test_frames_are_read_as_files_are():
    task = made_for(load(60), horizon=2)
    plain = stated(task(load(60), start=START))
    when = pd.date_range("2024-01-01", periods=60, freq="h")
    for frame in (
        pd.DataFrame({"when": when, "a": load(60), "place": "x"}),
        pd.DataFrame({"a": load(60)}, index=when),
        pd.DataFrame({"when": when.astype(str), "a": load(60)}),
    ):
        made = task(frame)
        assert stated(made) == plain
        assert made.times[0] == np.datetime64("2024-01-03T12:00")
    assert str(task(pd.DataFrame({"a": load(60)}, index=when.tz_localize("Asia/Tokyo"))).times[0])[-6:] == "+09:00"
    _, said = told(task, pd.DataFrame({"when": when, "b": load(60)}))
    assert said == ["the model learnt one series, 'a'; 'b' is scaled and forecast as that"]
    many = made_for(load(60), 3 * load(60))
    wide = many(pd.DataFrame({"when": when, "b": 3 * load(60), "a": load(60)}))
    assert [len(forecast.values) for forecast in wide] == [1, 1]
    with pytest.raises(
        DataError, match="the history: a reading every 15 min; expected a reading every 1 h, as the model was"
    ):
        task(pd.DataFrame({"when": pd.date_range("2024-01-01", periods=60, freq="15min"), "a": load(60)}))


@pytest.mark.fault(73)
def test_series_and_frames_can_be_trained_on(tmp_path):
    values = load(60)
    expected = made_for(values)
    when = pd.date_range("2024-01-01", periods=60, freq="h")
    frame = pd.DataFrame({"when": when, "a": values})
    for given in (pd.Series(values, when, name="a"), pd.Series(values, when.astype(str), name="a"), frame):
        task = Forecaster.from_data(given, **SMALL)
        assert task.config == expected.config
        assert len(task.encode(given)) == 52
    fit(task, frame, run=tmp_path / "run", max_steps=1, device="cpu", threads=1)
    assert Forecaster.from_data(values.tolist(), **SMALL).config.series == ("series",)
    assert Forecaster.from_data(ZONED, **SMALL).config.zoned
    for given, message in (
        (pd.Series(values, [f"n{n}" for n in range(60)]), "the readings, index, reading 1: found 'n0'; expected times"),
        (pd.Series(values[:59], when.delete(7)), "the readings, row 8, column 'index': 1 reading missing"),
        ([["a"]], "the readings: found .*; expected numbers"),
        (frame.rename(columns={"a": "kW"}).assign(b=1.0), "the history: 2 columns hold numbers"),
        ([np.nan], "the readings: no reading"),
    ):
        with pytest.raises(DataError, match=message):
            Forecaster.from_data(given, **SMALL)


class Polars:
    """As a Series of polars is: no index, a name that may be empty, numbers through `__array__`."""

    def __init__(self, values, name=""):
        self.values, self.name = values, name

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)


def test_series_without_an_index_and_with_other_marks_of_missing():
    task = made_for(holed(load(60), 5))
    assert stated(task(Polars(load(60)))) == stated(task(load(60)))
    ints = [round(value) for value in load(60)]
    nullable = pd.Series([*ints[:-1], None], dtype="Int64")
    assert stated(task(nullable)) == stated(task([*ints[:-1], np.nan]))


# ---- forecasts that are no numbers


def test_a_forecast_that_is_no_number_is_an_error():
    task = made_for(load(60))
    with torch.no_grad():
        for name, weight in task.model.named_parameters():
            weight.fill_(3e38 if "head" in name else 50.0 if "bias" in name else 0.0)
    for use in (task, lambda values: task.forecasts(whole(series_of(values)), np.array([20]))):
        with pytest.raises(NumericsError, match="the forecast is -?(inf|nan); expected finite numbers"):
            use(load(60))
    stream = task.stream()
    with pytest.raises(NumericsError, match="reading 8: the forecast is"):
        for value in load(60):
            stream.push(value)
    large = made_for(load(60))
    wrong = Forecaster(replace(large.config, means=(1e308,), scales=(1e308,)))
    with torch.no_grad():
        wrong.model.head.bias.fill_(10.0)
    with pytest.raises(NumericsError, match="history 1: the forecast is inf"):
        wrong(load(60))
