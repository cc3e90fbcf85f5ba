"""A stream of a model of segments: worked out in numpy, with what earlier readings said kept; equal to the forecasts of a whole series."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.data.series.series import whole
from seqtext.tasks.forecasting.stream import ForecastStream
from tests.tasks.forecasting.forecasters import LEVELS, START, holed, load, series_of
from tests.tasks.forecasting.test_step_model import SETTINGS, made_for

N = 700  # readings, more than a stream of SETTINGS has room for: it moves what it keeps
MISSING = (3, 20, 21, 22, 23, 24, 25, 40, 300, 301, 695)
COLUMNS = np.random.default_rng(2).normal(size=(N + 7, 2))


def answered(stream: ForecastStream, values, inputs=None, known=()) -> list:
    answers = []
    for row, value in enumerate(values):
        columns = () if inputs is None else inputs[row]
        future = inputs[row + 1 : row + 8, known] if len(known) else None
        answers.append(stream.push(value, inputs=columns, future=future))
    return answers


def stated(answer) -> np.ndarray:
    return np.stack([answer.values, *answer.quantiles.values()])


@pytest.mark.parametrize(
    ("trained", "settings"),
    [
        ((3, 40), {}),  # missing readings are marked
        ((), {}),  # they are not
        ((), {"fill": "last"}),
        ((), {"num_layers": 2}),
        ((), {"cell": "lstm", "loss": "gaussian"}),
        ((), {"quantiles": (0.5, 0.9)}),
        ((), {"quantiles": (), "horizon": 1}),
        ((), {"horizon": 1}),
        ((), {"model": "linear", "season": 24}),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:.*missing")
def test_a_stream_is_what_the_whole_series_says(trained, settings):
    values = holed(load(N), *MISSING)
    task = made_for(holed(load(90), *trained), **settings)
    answers = answered(task.stream(start=START), values)
    first = np.array([*range(task.least_history, 60), 302, 416, 417, 560, 698])
    part = task.forecasts(whole(series_of(values)), first[first + task.config.horizon <= N])
    for row, at in enumerate(first[first + task.config.horizon <= N].tolist()):
        expected = np.stack([part.values[row], *(of[row] for of in part.quantiles.values())])
        np.testing.assert_allclose(
            stated(answers[at - 1]), expected, atol=2e-5 * task.config.scales[0], err_msg=str(at)
        )


@pytest.mark.parametrize("known", [(), (0,)])
@pytest.mark.parametrize("model", ["segments", "linear"])
def test_so_is_one_with_further_columns(known, model):
    names = [("sun", "wind")[place] for place in known]
    task = made_for(load(90), inputs=COLUMNS[:90], known=tuple(names), model=model)
    values = load(120)
    answers = answered(task.stream(start=START), values, COLUMNS, known)
    series = series_of(values, inputs=COLUMNS[:120], input_names=("sun", "wind"), known_ahead=tuple(names))
    part = task.forecasts(whole(series), np.arange(60, 114))
    for row in range(54):
        expected = np.stack([part.values[row], *(of[row] for of in part.quantiles.values())])
        np.testing.assert_allclose(stated(answers[59 + row]), expected, atol=2e-5 * task.config.scales[0])


@pytest.mark.parametrize(
    ("settings", "taken"), [({}, 30), ({}, 520), ({"model": "linear"}, 150), ({"cell": "rnn"}, 90)], ids=str
)
@pytest.mark.filterwarnings("ignore:.*missing")
def test_a_state_goes_on_to_the_bit(settings, taken):
    values = holed(load(N), *MISSING)
    task = made_for(load(90), **settings)
    expected = answered(task.stream(start=START), values)
    stream = task.stream(start=START)
    answered(stream, values[:taken])
    other = task.stream(start=START)
    other.restore(stream.state())
    assert answered(other, values[taken:]) == expected[taken:]


@pytest.mark.filterwarnings("ignore:.*missing")
def test_a_state_behind_a_gap_that_is_all_of_it_goes_on_and_one_before_any_reading_says_nothing():
    task = made_for(load(90))
    gap = np.full(400, np.nan)
    for values, says in ((np.concatenate([load(60), gap]), True), (gap, False)):
        stream, other = task.stream(start=START), task.stream(start=START)
        answered(stream, values)
        other.restore(stream.state())
        assert answered(other, gap[:3]) == answered(stream, gap[:3])
        assert (other.forecast() is not None) is says


def test_readings_taken_without_a_forecast_are_those_of_a_history():
    values = load(200)
    task = made_for(load(90))
    pushed, taken = task.stream(start=START), task.stream(start=START)
    answers = answered(pushed, values)
    for value in values[:-1]:
        taken.take(value)
    assert taken.push(values[-1]) == answers[-1]


def test_a_stream_is_of_the_weights_there_are_when_it_is_opened():
    values = load(90)
    task = made_for(values)
    before = answered(task.stream(start=START), values)[-1]
    assert answered(task.stream(start=START), values)[-1] == before
    task.model.shifts += 0.5
    after = answered(task.stream(start=START), values)[-1]
    assert after.quantiles[LEVELS[2]] != before.quantiles[LEVELS[2]]


def test_what_it_keeps_does_not_grow():
    task = made_for(load(90), **SETTINGS)
    stream, sizes = task.stream(start=START), []
    for value in load(N):
        stream.push(value)
        sizes.append(sum(tensor.numel() for tensor in stream.state().values()))
    assert len(set(sizes[200:])) == 1
