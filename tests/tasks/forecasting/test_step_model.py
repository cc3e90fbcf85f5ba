"""The linear path and the RNN over segments: nothing of what comes reaches them, what is known ahead reaches its own step alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from seqtext.data.series.repeating import repeats
from seqtext.data.series.series import whole
from seqtext.errors import DataError, OptionsError
from seqtext.saving.configs import to_plain
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.linear_fit import _fit
from seqtext.tasks.forecasting.linear_sums import Member
from seqtext.tasks.forecasting.prepare import prepare
from seqtext.tasks.forecasting.remarks import ForecastWarning
from seqtext.tasks.forecasting.step_model import StepModel
from tests.tasks.forecasting.forecasters import HOUR, LEVELS, START, holed, load, series_of

SETTINGS = {"season": 5, "window": 12, "hidden_size": 6, "horizon": 7, "quantiles": LEVELS}


def stirred(forecaster: Forecaster) -> Forecaster:
    """The same with a recurrent part that says something, as if it had been trained."""
    assert isinstance(forecaster.model, StepModel)
    if forecaster.model.recurrent:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            torch.nn.init.normal_(forecaster.model.head.weight, std=0.5)
    forecaster.model.shifts += torch.linspace(-0.1, 0.1, len(forecaster.model.shifts))
    return forecaster


def made_for(
    *values: np.ndarray, known: tuple[str, ...] = (), inputs: np.ndarray | None = None, **settings
) -> Forecaster:
    changes = {} if inputs is None else {"inputs": inputs, "input_names": ("sun", "wind"), "known_ahead": known}
    return stirred(Forecaster.from_data(whole(series_of(*values, **changes)), **{**SETTINGS, **settings}))


def numbers(forecast) -> np.ndarray:
    return np.stack([forecast.values, *forecast.quantiles.values()])


# ---- calling, streaming, forecasting a part: one and the same


@pytest.mark.fault(34)
@pytest.mark.parametrize(
    "settings", [{}, {"model": "linear"}, {"cell": "rnn", "num_layers": 2}, {"quantiles": ()}], ids=str
)
def test_calling_equals_streaming_and_forecasting_a_part(settings):
    values = holed(load(90), 3, 20, 21, 40, 69, 89)
    task = made_for(values, **settings)
    stream = task.stream(start=START)
    streamed = [stream.push(value) for value in values]
    need = task.least_history
    assert all(answer is None for answer in streamed[: need - 1])
    assert streamed[need - 1] is not None
    ends = np.arange(40, 84, 3)
    called = task([values[:end] for end in ends], start=[START] * len(ends))
    part = task.forecasts(whole(series_of(values)), ends)
    scale = task.config.scales[0]
    for row, (end, forecast) in enumerate(zip(ends, called, strict=True)):
        answer = streamed[end - 1]
        assert np.abs(forecast.values - answer.values).max() < 1e-5 * scale
        assert np.abs(forecast.values - part.values[row]).max() < 1e-5 * scale
        for level, quantile in forecast.quantiles.items():
            assert np.abs(quantile - answer.quantiles[level]).max() < 1e-5 * scale
        assert (np.diff(numbers(forecast)[1:], axis=0) >= 0).all(), "quantiles rise"


def test_other_units_give_the_same_forecasts_in_those():
    values = load(90)
    task, other = made_for(values), made_for(values * 1000 - 7)
    expected = numbers(task(values, start=START)) * 1000 - 7
    np.testing.assert_allclose(numbers(other(values * 1000 - 7, start=START)), expected, rtol=1e-4)


@pytest.mark.fault(35)
@pytest.mark.parametrize("model", ["segments", "linear"])
def test_what_comes_never_reaches_a_forecast(model):
    values, inputs = load(90), np.random.default_rng(2).normal(size=(90, 2))
    task = made_for(values, inputs=inputs, known=("sun",), model=model)
    changed, other = values.copy(), inputs.copy()
    changed[60:] += 1000
    other[60:, 1] += 1000  # the wind is known up to the moment alone
    series = series_of(values, inputs=inputs, input_names=("sun", "wind"), known_ahead=("sun",))
    before = task.forecasts(whole(series), np.array([60]))
    after = task.forecasts(whole(replace(series, values=changed, inputs=other)), np.array([60]))
    np.testing.assert_array_equal(before.values, after.values)
    for level, quantile in before.quantiles.items():
        np.testing.assert_array_equal(quantile, after.quantiles[level])


@pytest.mark.parametrize("model", ["segments", "linear"])
@pytest.mark.parametrize("step", [0, 3, 6])
def test_what_is_known_ahead_reaches_its_own_step_alone(model, step):
    inputs = np.random.default_rng(2).normal(size=(90, 2))
    values = load(90) + 20 * inputs[:, 0]
    task = made_for(values, inputs=inputs, known=("sun",), model=model)
    future = np.zeros((7, 1))
    expected = numbers(task(values, inputs=inputs, future=future, start=START))
    future[step] = 2.0
    found = numbers(task(values, inputs=inputs, future=future, start=START))
    others = np.arange(7) != step
    np.testing.assert_array_equal(found[:, others], expected[:, others])
    assert (found[:, step] != expected[:, step]).all()


# ---- the linear path


def test_the_path_alone_is_the_closed_form():
    """One map, of changes against the last reading, without seasons and calendar: ridge regression in units of each feature's deviation."""
    values = load(200)
    task = Forecaster.from_data(whole(series_of(values, timed=False)), model="linear", window=6, horizon=2, season=150)
    assert task.config.seasons == ()
    windows = task.encode(whole(series_of(values, timed=False)))
    _fit(task.model.linear, windows.series, windows.first(np.arange(len(windows))), [Member(0, 0, 0, 0.1)])
    scaled = (values - task.config.means[0]) / task.config.scales[0]
    ends = np.arange(6, 199)
    seen = np.stack([scaled[end - 6 : end] for end in ends])
    last = seen[:, -1:]
    x = np.concatenate([seen - last, seen - last, seen.mean(1, keepdims=True) - last, last], axis=1)
    there = x.std(0) > 1e-6  # the last reading less itself is nothing
    z = (x - x.mean(0))[:, there] / x.std(0)[there]
    for step in range(2):
        y = scaled[ends + step] - last[:, 0]
        weights = np.linalg.solve(z.T @ z / len(z) + 0.1 * np.eye(z.shape[1]), z.T @ (y - y.mean()) / len(z))
        expected = (last[:, 0] + y.mean() + z @ weights) * task.config.scales[0] + task.config.means[0]
        found = [task(values[:end]).values[step] for end in ends[::20]]
        np.testing.assert_allclose(found, expected[::20], atol=1e-4 * task.config.scales[0])


def test_a_linear_process_is_learnt_without_a_step_and_a_walk_is_its_last_value():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=600))
    task = Forecaster.from_data(whole(series_of(walk, timed=False)), model="linear", horizon=3)
    np.testing.assert_allclose(task(walk).values, walk[-1], atol=0.2)
    values = [1.0, 0.5]
    for _ in range(400):
        values.append(1.6 * values[-1] - 0.9 * values[-2] + 1e-2 * rng.normal())
    line = np.array(values)
    task = Forecaster.from_data(whole(series_of(line, timed=False)), model="linear", window=8)
    found = [task(line[:end]).values[0] for end in range(300, 400)]
    assert np.abs(np.array(found) - line[300:400]).mean() < 0.02


# ---- beyond the horizon, below zero


def test_beyond_the_horizon_it_reads_its_own_forecasts():
    values = load(90)
    task = made_for(values)
    with pytest.warns(ForecastWarning, match="learnt 7 steps ahead, of 12"):
        long = task(values, start=START, horizon=12)
    first = task(values, start=START)
    second = task(np.concatenate([values, first.values]), start=START)
    np.testing.assert_allclose(long.values, np.concatenate([first.values, second.values])[:12], rtol=1e-5)
    # How wide intervals are is asked of readings, not of its own forecasts, which are farther from what comes than these.
    above = long.quantiles[0.9] - long.values
    assert (above[7:] >= above[6] - 1e-4).all()
    np.testing.assert_array_equal(long.times, START + 90 * HOUR + np.arange(12) * HOUR)


def test_no_forecast_is_below_zero_where_no_reading_was():
    values = np.maximum(load(90) - 50, 0)
    task = made_for(values)
    assert task.config.nonnegative == "auto"
    assert numbers(task(values, start=START)).min() == 0
    assert numbers(made_for(values, nonnegative="no")(values, start=START)).min() < 0
    assert numbers(task(values - 3, start=START)).min() < 0, "once a reading is below zero, forecasts may be"
    assert numbers(made_for(values, nonnegative="yes")(values - 3, start=START)).min() == 0
    assert made_for(load(90) - 50).config.nonnegative == "no"


# ---- gaps


def test_a_gap_is_filled_by_the_season_before_it_unless_the_last_is_asked_for():
    values = np.tile([1.0, 2.0, 3.0, 4.0, 9.0], 20)  # the season of five that the settings say
    task = made_for(values)
    outage = holed(values, *range(88, 98))
    with pytest.warns(ForecastWarning, match="10 readings are missing, and taken as the one a season before"):
        found = numbers(task(outage, start=START))
    np.testing.assert_allclose(found[0], task(values, start=START).values, rtol=1e-5)
    np.testing.assert_allclose(found, numbers(task(values, start=START)), atol=0.01)  # fewer forecasts say how wide
    last = made_for(values, fill="last")
    with pytest.warns(ForecastWarning, match="10 readings are missing, and taken as the one before"):
        found = numbers(last(outage, start=START))
    assert np.abs(found - numbers(last(values, start=START))).max() > 0.1


# ---- what is chosen from the data

DAY, WEEK = 24, 168


@pytest.mark.parametrize(
    ("length", "frequency", "horizon", "seasons", "window", "size"),
    [
        (200, HOUR, 1, (24,), 33, 16),
        (1_000, HOUR, 24, (24, 168), 166, 16),
        (9_000, HOUR, 24, (24, 168), 168, 32),
        (9_000, 1800, 48, (48, 336), 432, 32),
        (30_000, 900, 96, (96, 672), 672, 64),
        (60_000, 60, 60, (1440, 10080), 2880, 64),
        (1_000, 86_400, 7, (7,), 32, 16),
        (400, 604_800, 4, (52,), 66, 16),
    ],
)
def test_seasons_window_and_size_follow_from_step_and_length(length, frequency, horizon, seasons, window, size):
    values = np.random.default_rng(0).normal(size=length)
    config = prepare(whole(series_of(values, frequency=frequency)), {"horizon": horizon})
    assert (config.seasons, config.window, config.hidden_size) == (seasons, window, size)
    assert config.window % config.segment == 0
    assert (config.model, config.calendar) == ("segments", True)


@pytest.mark.parametrize(("weekend", "seasons"), [(2.0, (24, 168)), (0.0, (24,))])
def test_a_season_that_is_given_has_its_week_without_a_clock_too(weekend, seasons):
    hours = np.arange(1_000)
    values = np.sin(2 * np.pi * hours / 24) - weekend * (hours % 168 >= 120)
    values += np.random.default_rng(0).normal(0, 0.1, len(hours))
    config = prepare(whole(series_of(values, frequency=None)), {"season": 24})
    assert config.seasons == seasons


def test_options_of_a_plain_model_choose_it_and_are_refused_by_others():
    part = whole(series_of(load(200)))
    assert Forecaster.from_data(part).config.model == "segments"
    for given in (
        {"difference": "last"},
        {"context": "stateful"},
        {"multi_step": "mean", "horizon": 3},
        {"model": "plain"},
    ):
        config = prepare(part, given)
        assert (config.model, config.cell, config.num_layers, config.window) == ("plain", "rnn", 2, 96)
    with pytest.raises(OptionsError, match="--model segments has no --context stateful; leave them out, or pass"):
        Forecaster.from_data(part, model="segments", context="stateful")
    assert to_plain(Forecaster.from_data(part).config)["difference"] == "none"


@pytest.mark.parametrize(("period", "found"), [(12, (12,)), (24, (24,)), (7, (7,))])
def test_a_season_is_found_without_times(period, found):
    rng = np.random.default_rng(0)
    series = [
        np.sin(np.arange(400) * 2 * np.pi / period) + 0.3 * rng.normal(size=400) + 0.01 * np.arange(400)
        for _ in range(3)
    ]
    assert repeats(series) == found
    weeks = [np.where(np.arange(900) // 12 % 7 < 5, one[:1].repeat(900) * 0 + 1, 0.3) for one in series]
    assert repeats([np.sin(np.arange(900) * 2 * np.pi / 12) * week for week in weeks]) == (12, 84)


@pytest.mark.parametrize(
    "values", [np.cumsum(np.random.default_rng(0).normal(size=500)), np.ones(100), np.arange(5.0)], ids=len
)
def test_nothing_repeats_in_walks_and_constants(values):
    assert repeats([values]) == ()


# ---- what is known ahead


def test_columns_known_ahead_are_asked_for_and_checked():
    values, inputs = load(90), np.random.default_rng(2).normal(size=(90, 2))
    task = made_for(values, inputs=inputs, known=("sun",))
    given = {"inputs": inputs, "start": START}
    with pytest.raises(DataError, match=r"sun of 0 readings ahead; expected of 7, the horizon; give them with future="):
        task(values, **given)
    with pytest.raises(DataError, match="the future: ends before step 4; expected 7 steps, the horizon"):
        task(values, future=np.zeros((3, 1)), **given)
    holes = np.zeros((7, 1))
    holes[4] = np.nan
    with pytest.raises(DataError, match="the future: no value of sun at step 5; expected one for each step"):
        task(values, future=holes, **given)
    with pytest.raises(DataError, match=r"the future: shape \(7, 2\); expected \(7, 1\): sun"):
        task(values, future=np.zeros((7, 2)), **given)
    with pytest.raises(OptionsError, match="trained without columns that are known ahead; leave future out"):
        made_for(values)(values, future=holes, start=START)
    with pytest.raises(
        OptionsError, match=r"a plain model reads no columns that are known ahead \(sun\); pass --model seg"
    ):
        made_for(values, inputs=inputs, known=("sun",), model="plain")


def test_a_recurrent_part_that_says_nothing_of_use_counts_nothing():
    values = load(200)
    task = made_for(values)
    part = whole(series_of(values))
    assert "recurrent part counts 0%" in task.complete(part, part)
    alone = made_for(values, model="linear")
    np.testing.assert_allclose(task(values, start=START).values, alone(values, start=START).values, rtol=1e-5)
