"""The forecaster as a user holds it: past readings in, the next ones out, and nothing of what comes reaches a forecast."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import seqtext
from seqtext.data.series.series import Part, split_by_time, whole
from seqtext.errors import OptionsError, SavedFileError
from seqtext.saving.folders import seal
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.training.fit import fit
from tests.tasks.forecasting.forecasters import (
    LEVELS,
    SMALL,
    START,
    holed,
    load,
    made_for,
    series_of,
    stated,
)

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
    forecaster = Forecaster.from_data(whole(series_of(values)), difference="none")
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


# ---- calling, streaming, forecasting a part: one and the same

CONTEXTS = ["window", "stateful"]
KINDS = {
    "plain": {},
    "difference": {"difference": "last", "horizon": 3},
    "season and calendar": {"difference": "season", "season": 5, "calendar": True, "horizon": 7, "quantiles": LEVELS},
}


@pytest.mark.fault(34)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("context", CONTEXTS)
def test_calling_equals_streaming_and_forecasting_a_part(context, cell, kind):
    values = holed(load(60), 3, 20, 21, 40, 59)
    task = made_for(values, context=context, cell=cell, **KINDS[kind])
    stream = task.stream(start=START)
    streamed = [stream.push(value) for value in values]
    need = task.least_history
    assert need == (8 if context == "window" else {"plain": 1, "difference": 1}.get(kind, 5))
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
    monkeypatch.setattr("seqtext.tasks.forecasting.rollout.STEPS_AT_ONCE", 16)
    np.testing.assert_allclose(task.forecasts(series, first).values, expected.values, rtol=1e-6)
    other = task.forecasts(series, first, context="window")
    monkeypatch.undo()
    np.testing.assert_allclose(task.forecasts(series, first, context="window").values, other.values, rtol=1e-6)


@pytest.mark.fault(35)
@pytest.mark.parametrize("context", CONTEXTS)
def test_streams_side_by_side_are_those_one_after_the_other_to_the_bit(context):
    one, two = load(40, 1), load(40, 2)
    task = made_for(load(), context=context, difference="season", season=3, horizon=4)

    def pushed(stream, values):
        return [stream.push(value) for value in values]

    alone = [pushed(task.stream(), values) for values in (one, two)]
    a, b = task.stream(), task.stream()
    together = [(a.push(x), b.push(y)) for x, y in zip(one, two, strict=True)]
    assert list(zip(*together, strict=True)) == [tuple(answers) for answers in alone]


@pytest.mark.fault(45)
def test_a_series_among_others_is_forecast_as_it_is_alone():
    task = made_for(load(), 3 * load(seed=1), horizon=2)
    histories = [load(30), 3 * load(9, seed=1), load(100)]
    together = task(histories, series=["a", "b", "a"])
    for history, name, forecast in zip(histories, "aba", together, strict=True):
        np.testing.assert_allclose(task(history, series=name).values, forecast.values, rtol=1e-6)


# ---- nothing of the future


@pytest.mark.fault(35)
@pytest.mark.parametrize("difference", ["none", "season"])
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("steps", [{"horizon": 6}, {"horizon": 6, "multi_step": "mean"}])
def test_what_comes_never_reaches_a_forecast(context, difference, steps):
    values, other = holed(load(80), 2), load(80, seed=1)
    inputs = np.random.default_rng(0).normal(size=(160, 1))
    columns = {"inputs": inputs, "input_names": ("heat",)} if "multi_step" not in steps else {}
    series = series_of(values, other, **columns)
    settings = {**SMALL, "difference": difference, "season": 4, "calendar": True, "context": context, **steps}
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
    "settings", [{}, {"difference": "last"}, {"horizon": 5, "multi_step": "mean"}, {"quantiles": LEVELS}]
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
    "settings", [{}, {"difference": "last", "calendar": True}, {"difference": "season", "season": 3, "cell": "lstm"}]
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
    task = made_for(values, horizon=6, multi_step="mean", difference="season", season=3)
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
        "difference": "none",
    }
    task = Forecaster.from_data(train, **settings)
    fit(
        task, train, train, run=tmp_path / "run", learning_rate=0.01, weight_decay=0.0, ema_decay=0.9,
        device="cpu", threads=1, **options,
    )  # fmt: skip
    first = task.positions(test, most=1000)
    one = task.forecasts(test, first)
    assert np.square(one.values - one.true).mean() < 1e-6 * values.var()
    for end in (first[0], first[5]):
        rolled = task(values[:end], horizon=48).values
        assert np.square(rolled - values[end : end + 48]).mean() < 1e-6 * values.var()


# ---- saved


RICH = {"cell": "lstm", "difference": "season", "season": 4, "calendar": True, "horizon": 3, "quantiles": LEVELS}


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


@pytest.mark.fault(66)
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
        ({"difference_lag": -1}, "difference_lag is -1"),
        ({"difference_lag": 10**12}, "difference_lag is 1000000000000"),
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
        settings = {**SMALL, "layer_dropout": 0.2, "head_dropout": 0.1, "difference": "last", "sample_by": "series"}
        return Forecaster.from_data(train, **settings)

    straight = made()
    fit(straight, train, validation, run=tmp_path / "straight", **options)
    stopped, evaluate, calls = made(), Forecaster.validate, []

    def stop_at_the_third(task, examples, **how):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return evaluate(task, examples, **how)

    monkeypatch.setattr(Forecaster, "validate", stop_at_the_third)
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
