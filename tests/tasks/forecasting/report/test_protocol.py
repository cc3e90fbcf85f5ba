"""The protocol of papers on the ETT data: their spans, all windows, errors in deviations of training, nothing beyond the look-back."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import seqtext
from seqtext.data.series.options import SeriesDataOptions
from seqtext.data.series.series import whole
from seqtext.errors import DataError
from seqtext.tasks.forecasting.prepare import prepare
from seqtext.tasks.forecasting.report.protocol import protocol_splits, under_protocol
from seqtext.tasks.forecasting.settings import ForecastSettings
from seqtext.tasks.forecasting.step_inputs import lag_table
from tests import in_process
from tests.in_process import Ended, figures_of
from tests.tasks.forecasting.forecasters import load, series_of
from tests.tasks.forecasting.recipe import table

STEP = np.timedelta64(12, "h")
MONTH = 60  # readings
COUNT = 20 * MONTH + 7


def ett(*flags: object) -> Ended:
    quick = ("--protocol", "ett", "--data", "ett.csv", "--device", "cpu", "--threads", "1", "--baselines", "fast")
    return in_process.recipe("electricity", *quick, *flags)


def readings(count: int = COUNT) -> list[np.ndarray]:
    return [np.round(load(count, seed) * (1 + seed), 4) for seed in range(3)]


def write(count: int = COUNT) -> None:
    times = [str(np.datetime64("2016-07-01T00:00") + row * STEP).replace("T", " ") for row in range(count)]
    Path("ett.csv").write_text(table("date,HUFL,MULL,OT", times, *(one.tolist() for one in readings(count))))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ett")
    before = Path.cwd()
    os.chdir(folder)
    try:
        write()
        ended = in_process.succeeded(ett("--model", "linear", "--horizon", "20", "--window", "30", "--run", "run"))
        Path("out.txt").write_text(ended.out)
    finally:
        os.chdir(before)
    return folder


def test_errors_are_those_of_all_windows_in_deviations_of_the_training_span(place):
    told = figures_of(place / "run")["protocol"]
    windows = 4 * MONTH - 20 + 1
    assert (told["windows"], told["variables"]) == (3 * windows, 3)
    assert (told["look_back"], told["horizon"]) == (30, 20)
    task, squares, sizes = seqtext.load(place / "run"), [], []
    for number, values in enumerate(readings()):
        mean, scale = values[: 12 * MONTH].mean(), values[: 12 * MONTH].std()
        assert task.config.means[number] == pytest.approx(mean)
        assert task.config.scales[number] == pytest.approx(scale)
        begins = np.arange(16 * MONTH, 16 * MONTH + windows)
        starts = [str(np.datetime64("2016-07-01T00:00") + (begin - 30) * STEP) for begin in begins]
        name = [("HUFL", "MULL", "OT")[number]] * windows
        made = task([values[begin - 30 : begin] for begin in begins], start=starts, series=name)
        off = np.array([one.values for one in made]) - [values[begin : begin + 20] for begin in begins]
        squares.append(np.square(off / scale))
        sizes.append(np.abs(off / scale))
    assert told["errors"]["this model"]["mse"] == pytest.approx(np.mean(squares), rel=1e-4)
    assert told["errors"]["this model"]["mae"] == pytest.approx(np.mean(sizes), rel=1e-4)
    assert told["errors"]["last value"]["mse"] > told["errors"]["this model"]["mse"]


def test_the_line_says_what_papers_do(place):
    out = (place / "out.txt").read_text()
    line = f"ETT protocol, z-scored by the training span: look-back 30, horizon 20, {3 * 221} windows of 3 variables"
    assert line in out
    assert re.search(r"\n  this model: MSE \d\.\d{3}, MAE \d\.\d{3}\n", out)
    notes = figures_of(place / "run")["data"]["notes"]
    assert "spans: 12, 4 and 4 months of 30 days (--protocol ett)" in notes
    assert figures_of(place / "run")["data"]["rows"] == {
        "train": 3 * 12 * MONTH,
        "validation": 3 * 4 * MONTH,
        "test": 3 * 4 * MONTH,
    }


def test_nothing_before_the_look_back_is_read(place):
    task = seqtext.load(place / "run")
    values, start = readings()[0], "2016-07-01"
    one = task(values[:200], start=start, series="HUFL").values
    changed = values[:200].copy()
    changed[:170] += 5
    assert np.array_equal(task(changed, start=start, series="HUFL").values, one)


@pytest.mark.parametrize("look_back", [24, 30, 96, 200, None])
def test_lags_by_season_reach_no_farther_than_asked(look_back):
    series = series_of(np.array(load(2_000)))
    config = prepare(whole(series), {"horizon": 30, "look_back": look_back, "model": "linear"})
    assert -int(lag_table(config)[0].min(initial=0)) <= (look_back or 2_000)
    assert config.window <= (look_back or 2_000)
    assert (168 in config.seasons) == (look_back in (200, None))


@dataclass(frozen=True)
class Options(SeriesDataOptions, ForecastSettings):
    """Those of the recipe that matter here."""

    protocol: str = "ett"


def test_defaults_are_those_of_papers_and_what_is_asked_for_stays():
    made = under_protocol(Options())
    assert (made.window, made.horizon, made.look_back, made.layout, made.refit) == (96, 96, 96, "wide", False)
    assert under_protocol(made) == made, "a run that goes on has them already"
    asked = under_protocol(Options(window=336, horizon=720, series_column=("id",)))
    assert (asked.window, asked.horizon, asked.look_back, asked.layout) == (336, 720, 336, "auto")
    assert under_protocol(Options(protocol="none")) == Options(protocol="none")


def test_what_is_not_of_the_protocol_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(20 * MONTH - 1)
    ended = ett("--dry_run")
    assert ended.code == 2
    told = "error: ett.csv, split 'train': 1,199 readings; expected 1,200: 20 months of 30 days, for --protocol ett\n"
    assert ended.err == told
    write()
    ended = ett("--context", "stateful", "--dry_run")
    assert ended.code == 2
    assert "--protocol ett and --context stateful; leave --context stateful out" in ended.err
    ended = in_process.recipe(
        "electricity", "--protocol", "ett", "--train", "ett.csv", "--test", "ett.csv", "--dry_run"
    )
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    with pytest.raises(DataError, match="no timestamps; expected readings whose step divides 30 days"):
        protocol_splits({"train": series_of(np.array(load(100)), timed=False)})
