"""The electricity recipe without a flag about the model: what it chooses, trains, tells and leaves."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import seqtext
from tests import in_process
from tests.in_process import seqtext_command as command
from tests.tasks.forecasting.recipe import load, rows_of, table, times

FEW = (
    "--epochs",
    "1",
    "--batch_rows",
    "64",
    "--device",
    "cpu",
    "--threads",
    "1",
    "--baselines",
    "fast",
    "--hidden_size",
    "8",
)


def done(*flags: object):
    return in_process.succeeded(in_process.recipe("electricity", *FEW, *flags))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A run whose readings follow the sun, which is known ahead, and a kind of day, which is a word."""
    folder = tmp_path_factory.mktemp("sun")
    sun = np.random.default_rng(0).normal(size=600).round(3)
    kind = np.where(sun > 0.5, "clear", "grey")
    values = (np.array(load()) + 2 * sun).round(4).tolist()
    (folder / "load.csv").write_text(table("when,kw,sun,kind", times(600), values, sun.tolist(), kind.tolist()))
    ended = done(
        "--data", folder / "load.csv", "--value_column", "kw", "--future_columns", "sun", "kind", "--horizon", "6",
        "--quantiles", "0.1", "0.5", "0.9", "--run", folder / "run",
    )  # fmt: skip
    (folder / "told.txt").write_text(ended.out + ended.err)
    return folder


def test_the_model_is_chosen_and_told_and_both_errors_are_judged(place):
    told = (place / "told.txt").read_text()
    assert re.search(r"model +linear path \+ Linear\(.*nn.GRU\(8, 8, batch_first=True\)", told)
    assert "recurrent part counts" in told
    assert ("forecasts stay at zero or above" in told) == (np.loadtxt(
        place / "load.csv", delimiter=",", skiprows=1, usecols=1).min() >= 0)  # fmt: skip
    assert "quantiles shifted by" in told
    assert "linear path fitted again on training and validation rows" in told


def test_what_is_known_ahead_is_read_from_a_file_and_asked_for(place):
    sun = [5.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    after = np.datetime64("2024-01-26T00:00")
    (place / "sun.csv").write_text(table("when,sun,kind", times(6, after), sun, ["clear", *["grey"] * 4, "fog"]))
    history = ("forecast", place / "run", "--history", place / "load.csv", "--value_column", "kw")
    ended = in_process.succeeded(command(*history, "--future", place / "sun.csv"))
    rows = rows_of(ended.out)
    assert [row["time"] for row in rows] == [f"{time}:00" for time in times(6, after)]
    assert "column 'kind': not in training, taken for none of its words: 'fog'" in ended.err
    values = [float(row["forecast"]) for row in rows]
    assert values[0] > values[1] + 5, "the sun of the first hour alone is high"
    without = command(*history)
    assert (without.code, "give them with future=, or --future FILE" in without.err) == (2, True)


def test_without_timestamps_the_calendar_is_left_out_and_that_is_told(tmp_path):
    (tmp_path / "load.csv").write_text(table("when,kw", times(600), load()))
    done("--data", tmp_path / "load.csv", "--run", tmp_path / "run")
    forecaster = seqtext.load(tmp_path / "run")
    with pytest.warns(UserWarning, match="no timestamps, so the calendar is left out"):
        found = forecaster(np.array(load())).values
    expected = forecaster(np.array(load()), start="2024-01-01").values
    np.testing.assert_allclose(found, expected, atol=0.5)


def test_a_static_column_is_the_same_in_all_rows_of_a_series(tmp_path):
    lines = table("id,kw,region", ["a"] * 300 + ["b"] * 300, load(), ["north"] * 299 + ["south"] * 301)
    (tmp_path / "two.csv").write_text(lines)
    flags = (
        "--data",
        tmp_path / "two.csv",
        "--series_column",
        "id",
        "--value_column",
        "kw",
        "--static_columns",
        "region",
        *("--time_column", "none"),
    )
    ended = in_process.recipe("electricity", *FEW, *flags, "--run", tmp_path / "run")
    assert ended.code == 2
    assert (
        "column 'region', series 'a': found cells that differ; expected the same in all rows; pass --past_columns"
        in ended.err
    )


def test_a_static_column_needs_nothing_known_ahead(tmp_path):
    values = load()
    rows = table("id,kw,region", ["a"] * 300 + ["b"] * 300, values, ["north"] * 300 + ["south"] * 300)
    (tmp_path / "two.csv").write_text(rows)
    flags = (
        "--data",
        tmp_path / "two.csv",
        "--series_column",
        "id",
        "--value_column",
        "kw",
        "--static_columns",
        "region",
    )
    done(*flags, "--time_column", "none", "--horizon", "3", "--model", "linear", "--run", tmp_path / "run")
    config = seqtext.load(tmp_path / "run").config
    assert (config.input_names, config.known_ahead) == (("region=north", "region=south"), ())
    asked = (
        "--history",
        tmp_path / "two.csv",
        "--series_column",
        "id",
        "--value_column",
        "kw",
        "--time_column",
        "none",
    )
    ended = in_process.succeeded(in_process.seqtext_command("forecast", tmp_path / "run", *asked))
    assert [line.split(",")[:2] for line in ended.out.splitlines()[1:]] == [
        [one, str(n)] for one in "ab" for n in (1, 2, 3)
    ]


def test_months_are_dated(tmp_path):
    months = [str(np.datetime64("2000-01", "M") + month) for month in range(120)]
    (tmp_path / "sales.csv").write_text(table("month,sales", months, load(120)))
    done("--data", tmp_path / "sales.csv", "--horizon", "3", "--model", "linear", "--run", tmp_path / "run")
    asked = ("--history", tmp_path / "sales.csv", "--plot", tmp_path / "ahead.png")
    ended = in_process.succeeded(in_process.seqtext_command("forecast", tmp_path / "run", *asked))
    expected = ["time", "2010-01-01 00:00:00", "2010-02-01 00:00:00", "2010-03-01 00:00:00"]
    assert [line.split(",")[0] for line in ended.out.splitlines()] == expected
    frame = pd.Series(load(120), index=pd.date_range("2000-01-31", periods=120, freq="ME"), name="sales")
    times = seqtext.load(tmp_path / "run")(frame).times
    assert times.astype("datetime64[D]").astype(str).tolist() == ["2010-01-31", "2010-02-28", "2010-03-31"]


def test_spans_begin_at_dates_or_have_a_file_each(tmp_path):
    values = load()
    (tmp_path / "load.csv").write_text(table("when,kw", times(600), values))
    flags = ("--validation_from", "2024-01-20", "--test_from", "2024-01-23", "--dry_run")
    ended = done("--data", tmp_path / "load.csv", *flags)
    spans = [
        "train      456 readings, 2024-01-01 00:00:00 to 2024-01-19 23:00:00",
        "validation 72 readings, 2024-01-20 00:00:00 to 2024-01-22 23:00:00",
        "test       72 readings, 2024-01-23 00:00:00 to 2024-01-25 23:00:00",
    ]
    assert all(span in ended.out for span in spans)
    for name, first, end in (("train", 0, 456), ("validation", 456, 528), ("test", 528, 600)):
        (tmp_path / f"{name}.csv").write_text(table("when,kw", times(600)[first:end], values[first:end]))
    files = [part for name in ("train", "validation", "test") for part in (f"--{name}", tmp_path / f"{name}.csv")]
    ended = done(*files, "--dry_run")
    assert all(span in ended.out for span in spans)
    ended = in_process.recipe("electricity", *FEW, "--data", tmp_path / "load.csv", "--test_from", "2025")
    assert (ended.code, "no reading lies from --test_from 2025; expected a time" in ended.err) == (2, True)
