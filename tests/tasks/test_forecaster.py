"""The forecaster as a user holds it: past readings in, the next ones out, and nothing of what comes reaches a forecast."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import seqtext
from seqtext.data.series import Part, SeriesSet, split_by_time, whole
from seqtext.errors import DataError, OptionsError, SavedFileError
from seqtext.storage import seal
from seqtext.tasks.forecaster import Forecast, Forecaster
from seqtext.training.fit import fit

HOUR = 3600
START = np.datetime64("2024-01-01T00:00:00", "s")
SMALL = {"window": 8, "hidden_size": 6, "num_layers": 2, "change": "none"}
LEVELS = (0.1, 0.5, 0.9)


def load(length: int = 120, seed: int = 0) -> np.ndarray:
    """Readings with a day of 24 and noise, far from 0 and 1."""
    rng = np.random.default_rng(seed)
    return 50 + 10 * np.sin(np.arange(length) * 2 * np.pi / 24) + rng.normal(size=length)


def series_of(*values: np.ndarray, timed: bool = True, names: str = "abc", **changes) -> SeriesSet:
    starts = np.concatenate([[0], np.cumsum([len(one) for one in values])]).astype(np.int64)
    first = np.full(len(values), START) if timed else None
    frequency = HOUR if timed else None
    made = SeriesSet(tuple(names[: len(values)]), np.concatenate(values), starts, first, frequency)
    return replace(made, **changes)


def holed(values: np.ndarray, *missing: int) -> np.ndarray:
    values = values.copy()
    values[list(missing)] = np.nan
    return values


def made_for(*values: np.ndarray, timed: bool = True, **settings) -> Forecaster:
    return Forecaster.from_data(whole(series_of(*values, timed=timed)), **{**SMALL, **settings})


def stated(forecast: Forecast) -> list[float]:
    """All numbers of a forecast."""
    return np.concatenate([forecast.values, *forecast.quantiles.values()]).tolist()


# ---- the textbook's model


def test_the_default_is_the_model_of_the_textbook():
    class Textbook(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(1, 32, 2, batch_first=True)
            self.head = nn.Linear(32, 1)

        def forward(self, x):
            outputs, _ = self.rnn(x, torch.zeros(2, len(x), 32))
            return self.head(outputs[:, -1])

    values = load(300)
    forecaster = Forecaster.from_data(whole(series_of(values)), change="none")
    book = Textbook()
    for number, layer in enumerate(forecaster.model.backbone.layers):
        for name, weight in layer.named_parameters():
            weight.data.copy_(getattr(book.rnn, f"{name[:-1]}{number}"))
    forecaster.model.head.load_state_dict(book.head.state_dict())
    ends = [96, 150, 300]
    x = torch.tensor(np.stack([values[end - 96 : end] for end in ends]) - values.mean()) / values.std()
    with torch.no_grad():
        expected = book(x.float().unsqueeze(-1))[:, 0].numpy() * values.std() + values.mean()
    found = forecaster([values[:end] for end in ends])
    assert [forecast.values.shape for forecast in found] == [(1,)] * 3
    np.testing.assert_allclose([forecast.values[0] for forecast in found], expected, rtol=1e-6)
    assert sum(p.numel() for p in forecaster.model.parameters()) == sum(p.numel() for p in book.parameters())


# ---- windows


def windows_of(series: SeriesSet, spans: list[list[int]] | None = None, **settings):
    part = whole(series) if spans is None else Part(series, np.array(spans))
    task = Forecaster.from_data(whole(series), **{**SMALL, "window": 3, **settings})
    return task, task.encode(part)


def batch_of(windows, *rows: int):
    return windows.batch(np.array(rows))


def test_a_window_and_what_comes_behind_it():
    values = np.arange(10.0)
    task, windows = windows_of(series_of(values), horizon=2)
    scaled = torch.tensor((values - 4.5) / values.std()).float()
    assert len(windows) == 6
    batch = batch_of(windows, 0, 5)
    torch.testing.assert_close(batch.inputs.values[..., 0], torch.stack([scaled[0:3], scaled[5:8]]))
    torch.testing.assert_close(batch.targets[:, 0], torch.stack([scaled[3:5], scaled[8:10]]))
    assert batch.anchors is None
    assert batch.inputs.is_full
    assert task.config.input_size == 1


def test_changes_are_counted_from_the_last_value_or_from_a_season_before():
    values = np.arange(20.0)
    of = lambda *places: torch.tensor((values[list(places)] - 9.5) / values.std()).float()  # noqa: E731
    _, windows = windows_of(series_of(values), horizon=3, change="last")
    torch.testing.assert_close(batch_of(windows, 0).anchors[0, 0], of(2, 2, 2))
    _, windows = windows_of(series_of(values), horizon=7, change="season", season=5)
    batch = batch_of(windows, 0)  # whose first target is the sixth reading: before it there is no season
    torch.testing.assert_close(batch.targets[0, 0], of(5, 6, 7, 8, 9, 10, 11))
    torch.testing.assert_close(batch.anchors[0, 0], of(0, 1, 2, 3, 4, 0, 1))


def test_missing_readings_are_marked_and_never_a_target_nor_an_anchor():
    values = holed(np.arange(12.0), 0, 4, 5, 9)
    task, windows = windows_of(series_of(values), horizon=2, change="last")
    assert task.config.input_size == 2
    there = values[~np.isnan(values)]
    scaled = torch.tensor((values - there.mean()) / there.std()).float()
    batch = batch_of(windows, 0, 3)  # windows of readings 0 to 2 and 3 to 5
    assert batch.inputs.values[..., 1].tolist() == [[0, 1, 1], [1, 0, 0]]
    assert batch.inputs.values[0, :, 0].tolist() == [0, float(scaled[1]), float(scaled[2])]
    assert batch.inputs.values[1, 1:, 0].tolist() == [0, 0]
    assert torch.isnan(batch.targets[0, 0]).tolist() == [False, True]
    torch.testing.assert_close(batch.anchors[:, 0, 0], scaled[[2, 3]])  # 5 and 4 are missing: 3 is the last there
    loss = task.loss(batch)
    assert float(loss.count) == 3
    assert torch.isfinite(loss.sum)
    loss.sum.backward()
    assert all(torch.isfinite(p.grad).all() for p in task.model.parameters())


def test_before_the_first_reading_changes_are_counted_from_the_mean_not_from_another_series():
    both = series_of(np.arange(8.0), holed(np.arange(8.0), 0, 1, 2))
    _, windows = windows_of(both, change="last")
    second = batch_of(windows, 5)  # the first window of the second series
    assert torch.isnan(second.targets).tolist() == [[[False]]]
    assert second.anchors.tolist() == [[[0.0]]]
    assert second.inputs.values.tolist() == [[[0, 0]] * 3]


def test_further_columns_are_scaled_by_their_own_and_marked_where_missing():
    heat = np.array([[10.0], [30], [10], [30], [np.nan], [30], [10], [30]])
    _, windows = windows_of(series_of(np.arange(8.0), inputs=heat, input_names=("heat",)))
    batch = batch_of(windows, 1)
    deviation = np.nanstd(heat)
    expected = [(30 - np.nanmean(heat)) / deviation, (10 - np.nanmean(heat)) / deviation]
    assert batch.inputs.values.shape == (1, 3, 4)  # value, heat, and a mark of each
    assert batch.inputs.values[0, :2, 1].tolist() == pytest.approx(expected)
    assert batch_of(windows, 2).inputs.values[0, 2, 1:].tolist() == [0, 1, 0]


def test_the_calendar_is_that_of_the_reading_to_forecast():
    task, windows = windows_of(series_of(load(200)), calendar=True)
    assert task.config.input_size == 7
    batch = batch_of(windows, 24 * 3 + 2)  # whose first target is Thursday, 5 in the morning
    target = START + np.timedelta64(24 * 3 + 5, "h")
    year = target.astype(np.int64) % 31_556_952 / 31_556_952
    turns = np.array([5 / 24, ((3 + 4 - 1) % 7 * 24 + 5) / 168, year]) * 2 * np.pi
    # weeks are counted from the first Thursday of 1970, so a Thursday stands at the start of one
    turns[1] = 5 / 168 * 2 * np.pi
    found = batch.inputs.values[0, -1, 1:].tolist()
    assert found == pytest.approx([*np.sin(turns), *np.cos(turns)], abs=1e-5)


def test_several_series_never_mix():
    one, two, short = np.arange(10.0), 1000 + np.arange(7.0), np.arange(3.0)
    _, windows = windows_of(series_of(one, two, short, names="abc"), horizon=2)
    assert len(windows) == 6 + 3
    batch = windows.batch(np.arange(len(windows)))
    inside = torch.cat([batch.inputs.values[..., 0], batch.targets[:, 0]], dim=1)
    steps = inside.diff(dim=1)
    per_series = steps[[0, -1], 0]
    torch.testing.assert_close(steps, per_series[[0] * 6 + [1] * 3].unsqueeze(1).expand(-1, 4))


def test_errors_count_in_units_of_each_series_change_over_a_season():
    """As MASE counts them: a series that hardly changes from day to day counts more than its deviation says."""
    calm, wild = load(240), load(240, seed=1) + 40 * np.random.default_rng(2).normal(size=240)
    alike = made_for(calm, wild, loss="squared")
    task = made_for(calm, wild, loss="squared", weigh="season")
    task.model.load_state_dict(alike.model.state_dict())
    changes = [np.abs(values[24:] - values[:-24]).mean() for values in (calm, wild)]
    wanted = np.array(task.config.scales) / changes
    assert task.config.weights == pytest.approx(wanted / wanted.mean())
    assert task.config.weights[0] > 2 * task.config.weights[1]
    windows = task.encode(whole(series_of(calm, wild)))
    rows = np.array([5, 7, len(windows) - 3])
    weights = np.array(task.config.weights)[[0, 0, 1]]
    own, weighed = alike.loss(windows.batch(rows)._replace(weights=None)), task.loss(windows.batch(rows))
    assert weighed.rows.numpy() == pytest.approx(own.rows.numpy() * weights, rel=1e-5)
    assert float(weighed.count) == pytest.approx(weights.sum())
    with pytest.raises(OptionsError, match="--weigh season"):
        made_for(calm, timed=False, weigh="season")
    assert made_for(np.ones(50), timed=False, weigh="season", season=7).config.weights == (1.0,)


def test_centred_windows_know_no_level_in_batches_and_in_streams():
    values = holed(load(200), 20, 150)
    task = made_for(values, centre=True, change="last", horizon=3)
    assert task.config.marks_missing
    readings = task.encode(whole(series_of(values))).batch(np.array([2, 90, 140])).inputs.values
    assert (readings[..., 0].sum(1) / readings[..., 1].sum(1)).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert readings[..., 0][readings[..., 1] == 0].abs().sum() == 0
    mean, higher = task(values).values, task(values + 100).values
    assert higher - 100 == pytest.approx(mean, abs=1e-3)
    stream = task.stream()
    *_, last = (stream.push(value) for value in values)
    assert last.values == pytest.approx(mean.tolist(), abs=1e-5 * task.config.scales[0])
    with pytest.raises(OptionsError, match="centred"):
        made_for(values, centre=True)(values, horizon=2)
    with pytest.raises(OptionsError, match="--centre"):
        made_for(values, centre=True, context="stateful")


def test_the_change_so_far_is_read_in_batches_and_in_streams():
    values = holed(load(200), 60, 150)
    task = made_for(values, change="season", season=24, change_input=True, horizon=3)
    windows = task.encode(whole(series_of(values)))
    assert windows.first(np.array([0])).tolist() == [8 + 24]
    batch = windows.batch(np.array([0, 100]))
    filled = windows.series.known.numpy()
    for row, first in enumerate(windows.first(np.array([0, 100])).tolist()):
        at = np.arange(first - 8, first)
        assert batch.inputs.values[row, :, -1].numpy() == pytest.approx(filled[at] - filled[at - 24])
    stream = task.stream()
    answers = [stream.push(value) for value in values]
    assert [answer is None for answer in answers] == [True] * 31 + [False] * 169
    for end in (32, 90, 200):
        assert answers[end - 1].values == pytest.approx(
            task(values[:end]).values.tolist(), abs=1e-5 * task.config.scales[0]
        )
    with pytest.raises(DataError, match="at least 32"):
        task(values[:31])
    with pytest.raises(OptionsError, match="--change_input"):
        made_for(values, change="last", change_input=True)


def test_targets_of_a_span_lie_in_it_and_windows_may_begin_before():
    series = series_of(np.arange(20.0))
    _, windows = windows_of(series, [[5, 8], [12, 20]], horizon=2)
    assert windows.first(np.arange(len(windows))).tolist() == [5, 6, 12, 13, 14, 15, 16, 17, 18]
    _, windows = windows_of(series, [[0, 20]], window=8, context="stateful")
    batch = windows.batch(np.arange(len(windows)))
    assert batch.targets.shape[1] == 6, "the first quarter of a piece only warms the state up"


def test_pieces_of_a_carried_state_learn_every_reading_of_a_span_and_none_outside():
    series = series_of(np.arange(60.0))
    for span, learnt in (([20, 51], range(20, 50)), ([0, 20], range(3, 18))):  # but the few left over at the end
        task, windows = windows_of(series, [span], window=8, context="stateful")
        batch = windows.batch(np.arange(len(windows)))
        [scale], [mean] = task.config.scales, task.config.means
        targets = (batch.targets.double().flatten() * scale + mean).round().int().tolist()
        assert sorted(set(targets)) == list(learnt)


# ---- calling, streaming, forecasting a part: one and the same

CONTEXTS = ["window", "stateful"]
KINDS = {
    "plain": {},
    "change": {"change": "last", "horizon": 3},
    "season and calendar": {"change": "season", "season": 5, "calendar": True, "horizon": 7, "quantiles": LEVELS},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("context", CONTEXTS)
def test_calling_equals_streaming_and_forecasting_a_part(context, cell, kind):
    values = holed(load(60), 3, 20, 21, 40, 59)
    task = made_for(values, context=context, cell=cell, **KINDS[kind])
    stream = task.stream(start=START)
    streamed = [stream.push(value) for value in values]
    need = task.least_history
    assert need == (8 if context == "window" else {"plain": 1, "change": 1}.get(kind, 5))
    assert all(answer is None for answer in streamed[: need - 1])
    ends = np.arange(max(8, need), 60 - task.config.horizon + 1, 3)
    called = task([values[:end] for end in [*ends, 60]], start=[START] * (len(ends) + 1))
    scale = task.config.scales[0]
    for end, forecast in zip([*ends, 60], called, strict=True):
        answer = streamed[end - 1]
        assert np.abs(forecast.values - answer.values).max() < 1e-5 * scale
        assert forecast.quantiles.keys() == answer.quantiles.keys()
        for level, quantile in forecast.quantiles.items():
            assert np.abs(quantile - answer.quantiles[level]).max() < 1e-5 * scale
    part = task.forecasts(whole(series_of(values)), ends)
    np.testing.assert_allclose(part.values, [f.values for f in called[:-1]], atol=1e-5 * scale)
    assert part.quantiles.keys() == called[0].quantiles.keys()
    np.testing.assert_array_equal(part.true[:, 0], values[ends])
    one_by_one = [task(values[:end], start=START).values for end in ends[::6]]
    np.testing.assert_allclose(one_by_one, part.values[::6], atol=1e-5 * scale)


def test_a_carried_state_is_that_of_the_whole_series_at_once():
    values = load(200)
    task = made_for(values, context="stateful")
    x = torch.tensor((values - task.config.means[0]) / task.config.scales[0]).float().view(1, -1, 1)
    rnn = nn.RNN(1, 6, 2, batch_first=True)
    for number, layer in enumerate(task.model.backbone.layers):
        for name, weight in layer.named_parameters():
            getattr(rnn, f"{name[:-1]}{number}").data.copy_(weight)
    with torch.no_grad():
        at_once = task.model.head(rnn(x)[0])[0, :, 0].double().numpy() * task.config.scales[0] + task.config.means[0]
    first = task.positions(whole(series_of(values)), most=1000)
    made = task.forecasts(whole(series_of(values)), first)
    np.testing.assert_allclose(made.values[:, 0], at_once[first - 1], atol=1e-5 * task.config.scales[0])
    shuffled = np.random.default_rng(0).permutation(first)
    again = task.forecasts(whole(series_of(values)), shuffled)
    np.testing.assert_array_equal(again.values[:, 0], made.values[shuffled - first[0], 0])


def test_pieces_that_fit_the_memory_make_no_difference(monkeypatch):
    values = load(200)
    task = made_for(values, context="stateful", horizon=5, multi_step="mean")
    series, first = whole(series_of(values)), np.array([9, 30, 180, 181])
    expected = task.forecasts(series, first)
    monkeypatch.setattr("seqtext.tasks.rollout.STEPS_AT_ONCE", 16)
    np.testing.assert_allclose(task.forecasts(series, first).values, expected.values, rtol=1e-6)
    other = task.forecasts(series, first, context="window")
    monkeypatch.undo()
    np.testing.assert_allclose(task.forecasts(series, first, context="window").values, other.values, rtol=1e-6)


@pytest.mark.parametrize("context", CONTEXTS)
def test_streams_side_by_side_are_those_one_after_the_other_to_the_bit(context):
    one, two = load(40, 1), load(40, 2)
    task = made_for(load(), context=context, change="season", season=3, horizon=4)

    def pushed(stream, values):
        return [stream.push(value) for value in values]

    alone = [pushed(task.stream(), values) for values in (one, two)]
    a, b = task.stream(), task.stream()
    together = [(a.push(x), b.push(y)) for x, y in zip(one, two, strict=True)]
    assert list(zip(*together, strict=True)) == [tuple(answers) for answers in alone]


def test_a_series_among_others_is_forecast_as_it_is_alone():
    task = made_for(load(), 3 * load(seed=1), horizon=2)
    histories = [load(30), 3 * load(9, seed=1), load(100)]
    together = task(histories, series=["a", "b", "a"])
    for history, name, forecast in zip(histories, "aba", together, strict=True):
        np.testing.assert_allclose(task(history, series=name).values, forecast.values, rtol=1e-6)


# ---- nothing of the future


@pytest.mark.parametrize("change", ["none", "season"])
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("steps", [{"horizon": 6}, {"horizon": 6, "multi_step": "mean"}])
def test_what_comes_never_reaches_a_forecast(context, change, steps):
    values, other = holed(load(80), 2), load(80, seed=1)
    inputs = np.random.default_rng(0).normal(size=(160, 1))
    columns = {"inputs": inputs, "input_names": ("heat",)} if "multi_step" not in steps else {}
    series = series_of(values, other, **columns)
    settings = {**SMALL, "change": change, "season": 4, "calendar": True, "context": context, **steps}
    task = Forecaster.from_data(Part(series, np.array([[0, 50], [80, 130]])), **settings)
    first = np.array([20, 50, 70, 100, 130])
    before = task.forecasts(whole(series), first).values
    for place, number in zip(first, range(len(first)), strict=True):
        for stand_in in (0.0, np.nan, 1e30):
            changed = replace(series, values=series.values.copy())
            if series.inputs is not None:
                changed = replace(changed, inputs=series.inputs.copy())
                changed.inputs[place:] = stand_in
            changed.values[place:] = stand_in
            after = task.forecasts(whole(changed), first).values
            assert np.array_equal(after[number], before[number])
    changed.values[:] = 0.0
    assert not np.array_equal(task.forecasts(whole(changed), first).values, before), "the past does reach it"


# ---- units


@pytest.mark.parametrize(
    "settings", [{}, {"change": "last"}, {"horizon": 5, "multi_step": "mean"}, {"quantiles": LEVELS}]
)
def test_other_units_give_the_same_forecasts_in_those(settings):
    values = load(200)
    task, other = (made_for(v, **settings) for v in (values, values * 1000 + 5))
    other.model.load_state_dict(task.model.state_dict())
    for end in (8, 100, 200):
        one = stated(task(values[:end]))
        two = (np.array(stated(other(values[:end] * 1000 + 5))) - 5) / 1000
        assert np.abs(two - one).max() < 1e-4 * values.std()


# ---- step after step


@pytest.mark.parametrize(
    "settings", [{}, {"change": "last", "calendar": True}, {"change": "season", "season": 3, "cell": "lstm"}]
)
def test_rolled_out_is_one_step_at_a_time_on_its_own_forecasts(settings):
    values = load(60)
    task = made_for(values, context="stateful", horizon=4, multi_step="mean", **settings)
    made = task(values, horizon=9, start=START)
    history = values.tolist()
    for _ in range(9):
        history.append(float(task(history, horizon=1, start=START).values[0]))
    np.testing.assert_allclose(made.values, history[60:], atol=1e-5 * values.std())
    stream = task.stream(start=START)
    answers = [stream.push(value) for value in history[:-1]]
    np.testing.assert_allclose(made.values, [answer.values[0] for answer in answers[59:]], atol=1e-5 * values.std())


def test_rolled_out_of_a_window_the_state_goes_on_from_that_window():
    values = load(60)
    task = made_for(values, horizon=6, multi_step="mean", change="season", season=3)
    carried = Forecaster(replace(task.config, context="stateful"))
    carried.model.load_state_dict(task.model.state_dict())
    expected = carried(values[-8:]).values
    np.testing.assert_allclose(task(values).values, expected, atol=1e-5 * values.std())
    part = task.forecasts(whole(series_of(values)), np.array([20, 54]))
    np.testing.assert_allclose(part.values[1], task(values[:54]).values, atol=1e-5 * values.std())


@pytest.mark.parametrize("loss", ["gaussian", "student_t"])
def test_sampled_paths_are_seeded_and_their_quantiles_rise(loss):
    values = load(60)
    task = made_for(values, horizon=5, multi_step="sampled", loss=loss, quantiles=LEVELS)
    one, two, other = (task(values, samples=300, seed=seed) for seed in (1, 1, 2))
    assert stated(one) == stated(two) != stated(other)
    assert one.values.shape == (5,)
    assert list(one.quantiles) == list(LEVELS)
    rising = np.diff(np.stack(list(one.quantiles.values())), axis=0)
    assert (rising > 0).all()
    exact = task(values, horizon=1)  # of one step the distribution itself is known
    assert one.values[0] == pytest.approx(exact.values[0], abs=0.25 * values.std())
    assert exact.quantiles[0.9][0] == pytest.approx(one.quantiles[0.9][0], abs=0.5 * values.std())


# ---- it learns


PATTERN = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])  # what follows a 1 must be remembered
TOYS = {"window": (25, {"epochs": 150, "batch_rows": 16}), "stateful": (37, {"epochs": 200, "batch_rows": 4})}


@pytest.mark.parametrize("context", TOYS)
def test_a_process_without_noise_is_learnt_and_goes_on_by_itself(context, tmp_path):
    times, options = TOYS[context]
    values = np.tile(PATTERN, times)
    train, test = split_by_time(series_of(values, timed=False), test_share=0.3)
    settings = {
        "window": 24,
        "hidden_size": 32,
        "num_layers": 1,
        "loss": "squared",
        "context": context,
        "change": "none",
    }
    task = Forecaster.from_data(train, **settings)
    fit(
        task, train, train, run=tmp_path / "run", learning_rate=0.01, weight_decay=0.0, average_decay=0.9,
        device="cpu", threads=1, **options,
    )  # fmt: skip
    first = task.positions(test, most=1000)
    one = task.forecasts(test, first)
    assert np.square(one.values - one.true).mean() < 1e-6 * values.var()
    for end in (first[0], first[5]):
        rolled = task(values[:end], horizon=48).values
        assert np.square(rolled - values[end : end + 48]).mean() < 1e-6 * values.var()


# ---- saved


RICH = {"cell": "lstm", "change": "season", "season": 4, "calendar": True, "horizon": 3, "quantiles": LEVELS}


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> tuple[Forecaster, Path]:
    task = made_for(load() / 3, holed(load(seed=1) * 1e9, 7), **RICH)
    folder = tmp_path_factory.mktemp("saved") / "model"
    task.save_pretrained(folder)
    return task, folder


def test_saved_and_loaded_is_the_same_to_the_bit(saved):
    task, folder = saved
    for loaded in (seqtext.load(folder), Forecaster.from_pretrained(folder)):
        assert loaded.config == task.config
        assert np.array(loaded.config.scales).tobytes() == np.array(task.config.scales).tobytes()
        assert np.array(loaded.config.means).tobytes() == np.array(task.config.means).tobytes()
        for name in "ab":
            assert stated(loaded(load(50), series=name, start=START)) == stated(
                task(load(50), series=name, start=START)
            )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scales": [1.0, 0.0]}, "a scale that is not above 0"),
        ({"scales": [1.0, -1.0]}, "a scale that is not above 0"),
        ({"scales": [1.0, float("nan")]}, "no finite number"),
        ({"means": [1.0, float("inf")]}, "no finite number"),
        ({"means": [1.0, 1e999]}, "no finite number"),
        ({"scales": [1.0]}, r"\[1, 2\] names, means and scales; expected as many of each"),
        ({"series": [], "means": [], "scales": []}, "at least one"),
        ({"input_names": ["heat"]}, "names, means and scales"),
        ({"scales": ["1", "2"]}, "key 'scales'"),
        ({"hidden_size": 16}, "expected F32"),
        ({"hidden_size": 10**9}, r"--hidden_size is 1000000000; expected 1 to 16384"),
        ({"window": 0}, r"--window is 0; expected 1 to"),
        ({"frequency": None}, "calendar inputs without a frequency"),
        ({"change_lag": -1}, "change_lag is -1"),
        ({"change_lag": 10**12}, "change_lag is 1000000000000"),
        ({"quantiles": [0.9, 0.1]}, "--quantiles"),
        ({"marks_missing": 1}, "key 'marks_missing'"),
        ({"horison": 1}, "unknown key 'horison'; did you mean 'horizon'"),
        ({"task": "TopicClassifier"}, "config.json"),
    ],
)
def test_a_config_that_cannot_be_is_refused(saved, tmp_path, changes, message):
    saved[0].save_pretrained(tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text()) | changes
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    seal(tmp_path / "model")
    with pytest.raises((SavedFileError, OptionsError), match=message):
        seqtext.load(tmp_path / "model")


def test_resumed_equals_uninterrupted_to_the_bit(tmp_path, monkeypatch):
    train, validation = split_by_time(series_of(holed(load(200), 5), load(150, seed=1)), test_share=0.2)
    options = {"epochs": 3, "batch_rows": 32, "device": "cpu", "threads": 1}

    def made() -> Forecaster:
        settings = {**SMALL, "layer_dropout": 0.2, "head_dropout": 0.1, "change": "last", "draw": "series"}
        return Forecaster.from_data(train, **settings)

    straight = made()
    fit(straight, train, validation, run=tmp_path / "straight", **options)
    stopped, evaluate, calls = made(), Forecaster.evaluate, []

    def stop_at_the_third(task, examples, **how):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return evaluate(task, examples, **how)

    monkeypatch.setattr(Forecaster, "evaluate", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, train, validation, run=tmp_path / "stopped", **options)
    monkeypatch.undo()
    resumed = made()
    fit(resumed, train, validation, run=tmp_path / "stopped", resume=True, **options)
    for name, weight in straight.model.state_dict().items():
        assert torch.equal(weight, resumed.model.state_dict()[name]), name
    assert (tmp_path / "straight" / "metrics.jsonl").read_bytes() == (
        tmp_path / "stopped" / "metrics.jsonl"
    ).read_bytes()


def test_the_same_readings_and_seed_give_the_same_forecaster():
    one, two, other = (made_for(load(), seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), two.model.parameters(), strict=True))
    assert not torch.equal(one.model.head.weight, other.model.head.weight)


# ---- what a user may give


def test_histories_come_as_arrays_lists_or_pandas_series_which_bring_their_times():
    values = load(60)
    task = made_for(values, calendar=True, horizon=3)
    timed = pd.Series(values, index=pd.date_range("2024-01-01", periods=60, freq="h"))
    made = task(timed)
    for history, start in ((values, START), (values.tolist(), "2024-01-01"), (pd.Series(values), "2024-01-01 00:00")):
        assert stated(task(history, start=start)) == stated(made)
    assert str(made.times[0]) == "2024-01-03T12:00:00"
    assert np.diff(made.times).astype(int).tolist() == [HOUR, HOUR]
    assert stated(task(values, start="2024-01-01T02:00:00+02:00")) == stated(made)
    assert stated(task(timed.tz_localize("UTC").tz_convert("Europe/Berlin"))) == stated(made)
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
    one = made_for(a)
    assert stated(one(unknown)) == stated(one(unknown, series="a")) != stated(one(unknown, series="other"))


# fmt: off
TIMED = pd.Series(load(20), index=pd.date_range("2024-01-01", periods=20, freq="15min"))
JUMP = pd.Series(load(20), index=pd.date_range("2024-01-01", periods=21, freq="h").delete(7))
CALLS = {
    "a short history": ({}, (load(7),), {}, "history 1 has 7 readings; expected at least 8, which the model looks back"),
    "one of several": ({}, ([load(9), load(3)],), {}, "history 2 has 3 readings"),
    "no readings": ({}, ([],), {}, "history 1 has 0 readings"),
    "less than a season": (
        {"context": "stateful", "change": "season", "season": 30}, (load(29),), {}, "has 29 readings; expected at least 30",
    ),
    "inf": ({}, (np.append(load(9), np.inf),), {}, "history 1, reading 10: found inf; expected a number, or NaN where missing"),
    "text": ({}, (["a"] * 9,), {}, r"history 1: found \['a'.*; expected numbers"),
    "a word": ({}, ("abc",), {}, "history 1: found 'abc'; expected numbers"),
    "two dimensions": ({}, (load(20).reshape(10, 2),), {}, r"history 1: found shape \(10, 2\); expected one dimension"),
    "a number": ({}, (5.0,), {}, r"found shape \(\)"),
    "missing": (
        {}, (holed(load(20), 4, 6),), {},
        "history 1: 2 missing, the first at reading 5; expected every .* trained without gaps; fill them",
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
    "nothing there": ({"missing": True}, (np.full(20, np.nan),), {"series": "x"}, "series 'x' has no reading"),
}
# fmt: on


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
        (np.where(inputs == inputs[5, 1], np.nan, inputs), "inputs of history 1: 1 missing, the first at reading 6"),
        (np.where(inputs == inputs[5, 1], np.inf, inputs), "inputs of history 1, reading 6: found inf"),
        ([["a", "b"]] * 120, "inputs of history 1: found .*; expected numbers"),
    ):
        with pytest.raises(DataError, match=message):
            task(load(), inputs=wrong)
    with pytest.raises(OptionsError, match="horizon is 2, and heat, wind are not known ahead; train with --horizon"):
        task(load(), inputs=inputs, horizon=2)
    with pytest.raises(OptionsError, match="--multi_step mean, and heat, wind are not known ahead; use direct"):
        heated(horizon=3, multi_step="mean")
    for wrong in ((1.0,), (1.0, np.nan), (np.inf, 1.0)):
        with pytest.raises(DataError, match="reading 121: "):
            stream.push(1.0, inputs=wrong)


def test_streams_refuse_what_they_cannot_take():
    with pytest.raises(OptionsError, match=r"series None was not in training; expected one of a, b, or scale=\(mean"):
        made_for(load(), load()).stream()
    with pytest.raises(OptionsError, match="series 'x' was not in training"):
        made_for(load()).stream(series="x")
    with pytest.raises(DataError, match="no start, and the model reads a calendar; give start=TIME"):
        made_for(load(), calendar=True).stream()
    stream = made_for(load()).stream()
    stream.push(1.0)
    for wrong in (np.inf, np.nan, "a", None):
        with pytest.raises(DataError, match="reading 2: found"):
            stream.push(wrong)
    values = load(20)
    by_scale = made_for(load()).stream(scale=(values.mean(), values.std()))
    assert [by_scale.push(value) for value in values][-1] is not None


def test_parts_with_missing_readings_are_refused_where_the_model_cannot_be_told():
    values = load(100)
    task = made_for(values[:50])
    late = series_of(holed(values, 70))
    for use in (task.encode, lambda part: task.forecasts(part, np.array([80]))):
        with pytest.raises(
            DataError, match="the series, series 'a': 1 missing, the first at reading 71; expected every"
        ):
            use(Part(late, np.array([[50, 100]])))
    with pytest.raises(DataError, match="first at reading 71"):  # in a window, before the span
        task.encode(Part(late, np.array([[75, 100]])))
    assert len(task.encode(Part(late, np.array([[79, 100]])))) == 21


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
    ({"huber_width": 0.0}, "--huber_width is 0.0; expected more than 0"),
    ({"huber_width": float("nan")}, "--huber_width is nan"),
    ({"season": 0}, "--season is 0"),
    ({"quantiles": (0.9, 0.5)}, "--quantiles are 0.9 0.5; expected rising numbers between 0 and 1"),
    ({"quantiles": (0.1, 0.9)}, "--quantiles lack 0.5, which is the forecast itself; add it"),
    ({"quantiles": (0.5,), "loss": "huber"}, "--loss huber has no --quantiles"),
    ({"multi_step": "sampled"}, "--multi_step sampled needs --loss gaussian or student_t to draw from, not auto"),
    ({"context": "stateful", "window": 3}, "--window is 3; expected at least 4 with --context stateful"),
    ({"change": "season", "timed": False}, "--change season of series without timestamps .*; pass --change season --season"),
    ({"change": "week", "timed": False}, "--change week of series without timestamps"),
    ({"calendar": True, "timed": False}, "calendar inputs without a frequency; name the time column"),
]
# fmt: on


@pytest.mark.parametrize(("settings", "message"), SETTINGS)
def test_settings_are_checked_by_name_and_value(settings, message):
    with pytest.raises(OptionsError, match=message):
        made_for(load(), **settings)
