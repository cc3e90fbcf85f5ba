"""A forecaster that starts from the run of another meter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import seqtext
from seqtext.data.series.series import Part, SeriesSet, whole
from seqtext.errors import DataError, OptionsError
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.linear_tuning import AS_IT_IS
from tests import in_process
from tests.tasks.forecasting import forecasters
from tests.tasks.forecasting.recipe import table, times
from tests.tasks.forecasting.test_recipe_by_default import FEW

DAY, STEP = 8, 3 * 3600  # readings a day, seconds between them


def meter(seed: int, days: int = 60, *, size: float = 1.0, base: float = 0.0) -> np.ndarray:
    """A load every three hours with two peaks a day, whose height comes and goes, and noise."""
    rng, hours = np.random.default_rng(seed), 3 * np.arange(DAY * days)
    level = np.zeros(len(hours))
    for step in range(1, len(hours)):
        level[step] = 0.95 * level[step - 1] + 0.15 * rng.normal()
    peaks = np.exp(-(((hours % 24) - 7.5) ** 2) / 4) + 1.5 * np.exp(-(((hours % 24) - 19) ** 2) / 8)
    return base + size * (2 + peaks * np.exp(level * 0.3) + level + 0.1 * rng.normal(size=len(hours)))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("day")
    Forecaster.from_data(whole(series_of(meter(0))), horizon=6, hidden_size=8).save_pretrained(folder / "run")
    return folder / "run"


def series_of(values: np.ndarray, **changes) -> SeriesSet:
    return forecasters.series_of(values, **{"frequency": STEP, **changes})


def off(task: Forecaster, series: SeriesSet, first: int) -> float:
    """Mean absolute error behind each position from one on."""
    part = Part(series, np.array([[first, len(series.values)]]))
    made = task.forecasts(part, task.positions(part, most=200))
    return float(np.abs(made.true - made.values).mean())


def test_two_weeks_of_a_related_meter_are_forecast_better_than_from_scratch(run):
    """Another level and size, other noise: two weeks alone say less of what a day is like."""
    gains = []
    for seed in range(1, 6):
        series = series_of(meter(seed, 28, size=3.0, base=10.0), names="n")
        two_weeks = Part(series, np.array([[0, 14 * DAY]]))
        started = Forecaster.from_data(two_weeks, init_from=run)
        scratch = Forecaster.from_data(two_weeks, horizon=6, model="linear")
        gains.append(off(scratch, series, 14 * DAY) / off(started, series, 14 * DAY))
    assert np.mean(gains) > 1.03
    assert np.min(gains) > 0.9


def test_settings_weights_and_structure_are_those_of_the_run_and_scales_are_new(run):
    source = seqtext.load(run)
    series = series_of(meter(1, 20, size=3.0, base=10.0), names="n")
    task = Forecaster.from_data(series, init_from=run)
    same = replace(task.config, series=source.config.series, means=source.config.means, scales=source.config.scales)
    assert same == source.config
    assert task.config.means == pytest.approx((series.values.mean(),))
    for (name, weight), there in zip(
        task.model.named_parameters(), source.model.state_dict(keep_vars=True).items(), strict=False
    ):
        if name in dict(source.model.named_parameters()):
            assert torch.equal(weight, dict(source.model.named_parameters())[name]), there
    assert task.copied.startswith("linear path ")
    assert task.copied.endswith("weights of the gru to go on from, settings copied; scales of the series new")


def test_a_few_readings_leave_the_path_as_it_is_and_many_make_it_theirs(run):
    source = seqtext.load(run)
    few = Forecaster.from_data(series_of(meter(1, 10)), init_from=run)
    assert float(few.model.linear.members[0, 3]) == pytest.approx(AS_IT_IS)
    assert "linear path as it is" in few.copied
    assert torch.equal(few.model.linear.shared, source.model.linear.shared)
    noise = 0.1 * np.random.default_rng(0).normal(size=60 * DAY)
    other = series_of(np.tile([1.0, 5.0, 2.0, 8.0, 3.0], 12 * DAY) + noise)  # what returns, returns in five readings
    train = Part(other, np.array([[0, 40 * DAY]]))
    moved, stayed = Forecaster.from_data(train, init_from=run), Forecaster.from_data(train, init_from=run)
    stayed.model.load_state_dict(source.model.state_dict())
    assert off(moved, other, 40 * DAY) < 0.5 * off(stayed, other, 40 * DAY)


def test_fitted_again_it_still_shrinks_to_what_it_has(run):
    series = series_of(meter(3, 20))
    train, validation = Part(series, np.array([[0, 130]])), Part(series, np.array([[130, 160]]))
    task = Forecaster.from_data(train, init_from=run)
    task.refit(train, validation)
    assert float(task.model.linear.members[0, 0]) == -2
    scratch = Forecaster.from_data(train, horizon=6, hidden_size=8)
    assert float(scratch.model.linear.members[0, 0]) != -2


def test_whether_readings_fall_below_zero_is_asked_of_the_new_ones(run):
    assert seqtext.load(run).config.nonnegative == "auto"
    assert Forecaster.from_data(series_of(meter(1) - 5), init_from=run).config.nonnegative == "no"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon": 12}, "--horizon is 12, but --init_from .* has 6; leave --horizon out"),
        ({"hidden_size": 16}, "--hidden_size is 16, but .* has 8; leave --hidden_size out"),
        ({"quantiles": (0.1, 0.5, 0.9)}, "--quantiles is 0.1 0.5 0.9, but .* has none; leave --quantiles out"),
        ({"model": "plain"}, "--model is plain, but .* has segments; leave --model out"),
    ],
)
def test_settings_that_its_weights_cannot_have_are_refused(run, settings, message):
    with pytest.raises(OptionsError, match=message):
        Forecaster.from_data(series_of(meter(1)), init_from=run, **settings)
    Forecaster.from_data(series_of(meter(1)), init_from=run, horizon=6, refit=False, head_dropout=0.5)


def test_readings_that_the_run_cannot_read_are_refused(run):
    quarters = replace(series_of(meter(1)), frequency=3600)
    with pytest.raises(
        DataError, match="a reading every 1 h; expected a reading every 3 h, as .* average them with --frequ"
    ):
        Forecaster.from_data(quarters, init_from=run)
    with pytest.raises(
        DataError, match="every 1 day; expected a reading every 3 h, as .* was trained on; leave --init_from"
    ):
        Forecaster.from_data(replace(quarters, frequency=86400), init_from=run)
    with pytest.raises(DataError, match="no timestamps, and .* reads a calendar; name their column with --time_column"):
        Forecaster.from_data(series_of(meter(1), timed=False, frequency=None), init_from=run)
    with_columns = series_of(meter(1), inputs=np.zeros((480, 1)), input_names=("sun",))
    with pytest.raises(DataError, match="further columns sun; expected none, as .* reads; leave --past_columns"):
        Forecaster.from_data(with_columns, init_from=run)


def test_the_recipe_takes_settings_and_columns_from_the_run_and_tells_it_once(tmp_path):
    sun = np.random.default_rng(0).normal(size=480).round(3)
    kind = np.where(sun > 0.5, "clear", "grey")
    lines = table("when,kw,sun,kind", times(480), (meter(0) + sun).round(4).tolist(), sun.tolist(), kind.tolist())
    (tmp_path / "old.csv").write_text(lines)
    flags = ("--value_column", "kw", "--horizon", "6", "--quantiles", "0.1", "0.5", "0.9")
    day = ("--future_columns", "sun", "kind", "--run", tmp_path / "day")
    in_process.succeeded(in_process.recipe("electricity", *FEW, "--data", tmp_path / "old.csv", *flags, *day))
    values = (3 * (meter(1, 42) + sun[:336])).round(4).tolist()
    (tmp_path / "new.csv").write_text(
        table("when,power,sun,kind", times(336), values, sun[:336].tolist(), kind[:336].tolist())
    )
    common = [flag for flag in FEW if flag not in ("--hidden_size", "8")]
    new = ("--data", tmp_path / "new.csv", "--value_column", "power", "--init_from", tmp_path / "day")
    ended = in_process.succeeded(in_process.recipe("electricity", *common, *new, "--run", tmp_path / "new"))
    assert ended.out.count("started from") == 1
    assert "scales of further columns copied; scales of the series new" in ended.out
    assert "learning_rate: 0.0005" in (tmp_path / "new" / "options.yaml").read_text()
    config = json.loads((tmp_path / "new" / "model" / "config.json").read_text())
    assert (config["horizon"], config["series"]) == (6, ["power"])
    assert config["input_names"] == ["sun", "kind=clear", "kind=grey"]
    ended = in_process.recipe("electricity", *common, *new, "--horizon", "12", "--run", tmp_path / "other")
    assert (ended.code, "has 6; leave --horizon out" in ended.err) == (2, True)


def test_from_python_it_is_trained_on_with_the_learning_rate_of_the_recipe(run, tmp_path):
    few = {"max_steps": 1, "device": "cpu", "threads": 1}
    for name, source, rate in (("new", None, "0.002"), ("started", run, "0.0005")):
        task = Forecaster.from_data(series_of(meter(1)), init_from=source, **({} if source else {"hidden_size": 8}))
        seqtext.fit(task, whole(series_of(meter(1))), run=tmp_path / name, **few)
        assert f"learning_rate: {rate}\n" in (tmp_path / name / "options.yaml").read_text()
    seqtext.fit(task, whole(series_of(meter(1))), run=tmp_path / "said", learning_rate=0.25, **few)
    assert "learning_rate: 0.25\n" in (tmp_path / "said" / "options.yaml").read_text()


def test_a_run_of_another_task_is_refused(tmp_path):
    from seqtext import Tagger

    Tagger.from_data({"tokens": [["a", "b"]] * 4, "tags": [["X", "Y"]] * 4}).save_pretrained(tmp_path / "tags")
    ended = in_process.recipe("electricity", *FEW, "--init_from", tmp_path / "tags")
    assert ended.code == 2
    assert (
        "is a Tagger; expected a Forecaster; give a run of the electricity recipe, or leave --init_from out"
        in ended.err
    )
