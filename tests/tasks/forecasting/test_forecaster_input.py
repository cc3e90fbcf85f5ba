"""What a user may give a forecaster, what it makes of it, and what it says to what cannot be meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seqtext.data.series.series import whole
from seqtext.errors import DataError, OptionsError
from seqtext.tasks.forecasting.forecaster import Forecaster
from tests.tasks.forecasting.forecasters import (
    HOUR,
    SMALL,
    START,
    holed,
    load,
    made_for,
    series_of,
    stated,
)


def test_histories_come_as_arrays_lists_or_pandas_series_which_bring_their_times():
    values = load(60)
    task = made_for(values, calendar=True, horizon=3)
    timed = pd.Series(values, index=pd.date_range("2024-01-01", periods=60, freq="h"))
    made = task(timed)
    for history, start in ((values, START), (values.tolist(), "2024-01-01"), (pd.Series(values), "2024-01-01 00:00")):
        assert stated(task(history, start=start)) == stated(made)
    assert str(made.times[0]) == "2024-01-03T12:00:00"
    assert np.diff(made.times).astype(int).tolist() == [HOUR, HOUR]
    assert stated(task(pd.Series(values, index=timed.index.astype(str)))) == stated(made)
    assert stated(task(timed.set_axis(timed.index.to_period("h")))) == stated(made)
    several = task([timed, timed[10:]])
    assert [forecast.times[0] for forecast in several] == [made.times[0]] * 2


def test_a_history_is_scaled_by_its_series_or_by_itself():
    a, b = load(60), 1000 + 100 * load(60, seed=1)
    task, b = made_for(a, b), b[:40]
    unknown = 5 * load(60, seed=2)
    own = Forecaster(replace(task.config, series=("u",), means=(unknown.mean(),), scales=(unknown.std(),)))
    own.model.load_state_dict(task.model.state_dict())
    assert stated(task(unknown)) == stated(task(unknown, series="new")) == stated(own(unknown))
    assert stated(task(b, series="b")) == stated(task(pd.Series(b, name="b"))) != stated(task(b))
    one, near = made_for(a), a + 3
    assert stated(one(near)) == stated(one(near, series="a")) != stated(one(near, series="other"))


# fmt: off
TIMED = pd.Series(load(20), index=pd.date_range("2024-01-01", periods=20, freq="15min"))
JUMP = pd.Series(load(20), index=pd.date_range("2024-01-01", periods=21, freq="h").delete(7))
CALLS = {
    "a short history": ({}, (load(7),), {}, "history 1 has 7 readings; expected at least 8, which the model looks back"),
    "one of several": ({}, ([load(9), load(3)],), {}, "history 2 has 3 readings"),
    "no readings": ({}, ([],), {}, "history 1 has 0 readings"),
    "less than a season": (
        {"context": "stateful", "difference": "season", "season": 30}, (load(29),), {}, "has 29 readings; expected at least 30",
    ),
    "inf": ({}, (np.append(load(9), np.inf),), {}, "history 1, reading 10: found inf; expected a number, or NaN where missing"),
    "text": ({}, (["a"] * 9,), {}, r"history 1: found \['a'.*; expected numbers"),
    "a word": ({}, ("abc",), {}, "history 1: found 'abc'; expected numbers"),
    "two dimensions": ({}, (load(20).reshape(10, 2),), {}, r"history 1: found shape \(10, 2\); expected one dimension"),
    "a number": ({}, (5.0,), {}, r"found shape \(\)"),
    "1e308": ({}, (np.append(load(9), -1e308),), {}, r"history 1, reading 10: found -1e\+308; expected at most 1e\+150"),
    "a frame and a start": ({}, (pd.DataFrame({"a": load(20)}),), {"start": START}, "found a frame, and names, inputs or a start"),
    "an index of words": (
        {}, (pd.Series(load(9), index=list("abcdefghi")),), {},
        "history 1, index, reading 1: found 'a'; expected times; give an index of times, pandas.to_datetime",
    ),
    "no time in the index": (
        {}, (pd.Series(load(9), index=[pd.NaT, *pd.date_range("2024-01-01", periods=8, freq="h")]),), {},
        "history 1, index: reading 1 has no time",
    ),
    "another frequency": ({}, (TIMED,), {}, "history 1: reading 2 comes 900 s after the one before; expected 3,600 s"),
    "a jump in time": ({}, (JUMP,), {}, "history 1: reading 8 comes 7,200 s after the one before"),
    "no horizon": ({}, (load(),), {"horizon": 0}, "horizon is 0; expected at least 1"),
    "beyond the head": (
        {"horizon": 4}, (load(),), {"horizon": 5}, "horizon is 5; expected at most 4, as trained; train with a longer",
    ),
    "no start": ({"calendar": True}, (load(),), {}, "no timestamps, and the model reads a calendar; give a pandas Series"),
    "no time": ({"calendar": True}, (load(),), {"start": "noon"}, "history 1, start: found 'noon'; expected a time as ISO 8601"),
    "names for others": ({}, ([load(), load()],), {"series": ["a"]}, "2 histories; expected as many names"),
    "nothing there": ({"missing": True}, (np.full(20, np.nan),), {"series": "x"}, "history 1 has no reading, all are missing"),
}
# fmt: on


@pytest.mark.fault(41)
@pytest.mark.parametrize("case", CALLS)
def test_a_call_that_cannot_be_meant_is_told(case):
    settings, arguments, keywords, message = CALLS[case]
    settings = dict(settings)
    task = made_for(holed(load(), 3) if settings.pop("missing", False) else load(), **settings)
    with pytest.raises((DataError, OptionsError), match=message):
        task(*arguments, **keywords)


def heated(**settings) -> Forecaster:
    inputs = np.random.default_rng(0).normal(size=(120, 2))
    series = series_of(load(), inputs=inputs, input_names=("heat", "wind"))
    return Forecaster.from_data(whole(series), **{**SMALL, **settings})


def test_further_columns_are_asked_for_and_checked():
    task, inputs = heated(), np.random.default_rng(0).normal(size=(120, 2))
    assert stated(task(load(), inputs=inputs)) != stated(task(load(), inputs=inputs + 1))
    stream = task.stream()
    for value, row in zip(load(), inputs, strict=True):
        last = stream.push(value, inputs=row)
    assert last.values == pytest.approx(task(load(), inputs=inputs).values.tolist(), abs=1e-4)
    for wrong, message in (
        (None, "no inputs given; expected the columns heat, wind beside each history"),
        (inputs[:-1], r"inputs of shape \(119, 2\); expected \(120, 2\): heat, wind"),
        (inputs[:, :1], r"inputs of shape \(120, 1\)"),
        (np.where(inputs == inputs[5, 1], np.inf, inputs), "inputs of history 1, reading 6: found inf"),
        ([["a", "b"]] * 120, "inputs of history 1: found .*; expected numbers"),
    ):
        with pytest.raises(DataError, match=message):
            task(load(), inputs=wrong)
    with pytest.raises(OptionsError, match="horizon is 2, and heat, wind are not known ahead; train with --horizon"):
        task(load(), inputs=inputs, horizon=2)
    with pytest.raises(OptionsError, match="--multi_step mean, and heat, wind are not known ahead; use direct"):
        heated(horizon=3, multi_step="mean")
    for wrong in ((1.0,), (np.inf, 1.0), (1e300, 1.0)):
        with pytest.raises(DataError, match="reading 121: "):
            stream.push(1.0, inputs=wrong)


@pytest.mark.fault(36)
def test_streams_refuse_what_they_cannot_take():
    with pytest.raises(OptionsError, match=r"series None was not in training; expected one of a, b, or scale=\(mean"):
        made_for(load(), load()).stream()
    with pytest.raises(OptionsError, match="series 'x' was not in training"):
        made_for(load()).stream(series="x")
    with pytest.raises(DataError, match="no start, and the model reads a calendar; give start=TIME"):
        made_for(load(), calendar=True).stream()
    stream = made_for(load()).stream()
    stream.push(50.0)
    for wrong in (np.inf, -1e308, "a", None):
        with pytest.raises(DataError, match="reading 2: found"):
            stream.push(wrong)
    values = load(20)
    by_scale = made_for(load()).stream(scale=(values.mean(), values.std()))
    assert [by_scale.push(value) for value in values][-1] is not None


@pytest.mark.fault(41)
def test_parts_too_short_for_a_window_are_refused():
    task = made_for(load())
    with pytest.raises(DataError, match=r"no window of 8 readings with 1 after it fits; lower --window|\(8 readings\)"):
        task.encode(whole(series_of(load(8))))
    with pytest.raises(DataError, match="no window of 8 readings with 1 to forecast after it fits"):
        task.positions(whole(series_of(load(8))), most=10)
    assert task.positions(whole(series_of(load(9))), most=10).tolist() == [8]
    assert len(task.positions(whole(series_of(load(120))), most=10)) == 10


# fmt: off
SETTINGS = [
    ({"hiden_size": 8}, "unknown setting 'hiden_size'; did you mean 'hidden_size'"),
    ({"window": 0}, "--window is 0; expected 1 to 1000000"),
    ({"horizon": 0}, "--horizon is 0"),
    ({"head_dropout": 1.0}, "--head_dropout is 1.0; expected from 0 to below 1"),
    ({"huber_delta": 0.0}, "--huber_delta is 0.0; expected more than 0"),
    ({"huber_delta": float("nan")}, "--huber_delta is nan"),
    ({"season": 0}, "--season is 0"),
    ({"quantiles": (0.9, 0.5)}, "--quantiles are 0.9 0.5; expected rising numbers between 0 and 1"),
    ({"quantiles": (0.1, 0.9)}, "--quantiles lack 0.5, which is the forecast itself; add it"),
    ({"quantiles": (0.5,), "loss": "huber"}, "--loss huber has no --quantiles"),
    ({"multi_step": "sampled"}, "--multi_step sampled needs --loss gaussian or student_t to draw from, not auto"),
    ({"context": "stateful", "window": 3}, "--window is 3; expected at least 4 with --context stateful"),
    ({"difference": "season", "timed": False}, "--difference season of series without timestamps .*; pass --difference season --season"),
    ({"difference": "week", "timed": False}, "--difference week of series without timestamps"),
    ({"calendar": True, "timed": False}, "calendar inputs without a frequency; name the time column"),
]
# fmt: on


@pytest.mark.parametrize(("settings", "message"), SETTINGS)
def test_settings_are_checked_by_name_and_value(settings, message):
    with pytest.raises(OptionsError, match=message):
        made_for(load(), **settings)
