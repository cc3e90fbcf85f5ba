"""Forecasters of times that clocks of a zone wrote: a calendar in local time, forecasts in the zone of the history."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import seqtext
from seqtext.data.series.series import SeriesSet, whole
from seqtext.data.series.table import read_series
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.prepare import prepare
from seqtext.tasks.forecasting.scaled_series import scaled, scales_for
from seqtext.tasks.forecasting.step_inputs import step_inputs
from seqtext.tasks.forecasting.windows import features
from tests import in_process
from tests.data.series.test_layouts import table
from tests.data.series.test_zones import ZONE, clock
from tests.in_process import seqtext_command as command
from tests.tasks.forecasting.recipe import done, load, rows_of
from tests.tasks.forecasting.recipe import table as csv_of


def of_clock(first: str, hours: int) -> SeriesSet:
    return read_series(table(when=clock(first, hours), kw=load(hours)), time_zone=ZONE)


@pytest.mark.fault(37)
def test_the_calendar_is_that_of_the_zone_and_follows_a_change_of_clocks() -> None:
    config = prepare(whole(of_clock("2024-02-20", 24 * 30)), {"model": "linear", "horizon": 24})
    assert (config.time_zone, config.zoned, config.calendar) == (ZONE, True, True)
    history = of_clock("2024-10-10", 24 * 17)  # up to the 27th, on which clocks are put back
    rows = scaled(history, config, *scales_for(history, config))
    steps = step_inputs(rows, np.array([len(history.values)]), config).steps[0]
    hours = torch.atan2(steps[:, 0], steps[:, 2]).remainder(2 * torch.pi) / (2 * torch.pi) * 24
    assert hours.round().int().tolist() == [0, 1, 2, 2, *range(3, 23)], "the hour from two to three is there twice"


def test_a_plain_model_reads_the_hours_of_the_zone_too() -> None:
    config = prepare(whole(of_clock("2024-02-20", 24 * 30)), {"model": "plain", "calendar": True})
    noon = np.array(["2024-01-15T11:00", "2024-07-15T10:00"], dtype="datetime64[s]").astype(np.int64)
    made = features(torch.zeros(2, 1), torch.from_numpy(noon), config)
    assert made[:, 1].tolist() == pytest.approx([0, 0], abs=1e-5), "the sine of a day at noon"
    assert made[:, 4].tolist() == pytest.approx([-1, -1], abs=1e-5)


def test_clocks_without_a_zone_are_those_of_training_and_forecasts_have_the_zone_of_the_history(tmp_path) -> None:
    times = clock("2024-03-01", 600)
    (tmp_path / "load.csv").write_text(csv_of("when,kw", times, load()))
    train = ("--data", tmp_path / "load.csv", "--time_zone", ZONE, "--calendar", "--horizon", "6")
    ended = done(*train, "--multi_step", "mean", "--max_steps", "2", "--run", tmp_path / "run")
    assert "times are those of clocks in Europe/Berlin" in ended.out
    assert seqtext.load(tmp_path / "run").config.time_zone == ZONE
    (tmp_path / "now.csv").write_text(csv_of("when,kw", clock("2024-10-10", 24 * 17), load(24 * 17)))
    ended = in_process.succeeded(command("forecast", tmp_path / "run", "--history", tmp_path / "now.csv"))
    assert "now.csv: times without a zone are taken for those of Europe/Berlin, as in training" in ended.err
    told = [row["time"] for row in rows_of(ended.out)]
    assert told[1:4] == ["2024-10-27 01:00:00+02:00", "2024-10-27 02:00:00+02:00", "2024-10-27 02:00:00+01:00"]
    utc = [str(np.datetime64("2024-10-09T22:00") + hour * np.timedelta64(1, "h")) + "Z" for hour in range(24 * 17)]
    (tmp_path / "utc.csv").write_text(csv_of("when,kw", utc, load(24 * 17)))
    same = in_process.succeeded(command("forecast", tmp_path / "run", "--history", tmp_path / "utc.csv"))
    assert [row["time"] for row in rows_of(same.out)][:2] == ["2024-10-26 22:00:00+00:00", "2024-10-26 23:00:00+00:00"]
    assert [row["forecast"] for row in rows_of(same.out)] == [row["forecast"] for row in rows_of(ended.out)]


def test_a_backtest_reads_clocks_as_training_did(tmp_path) -> None:
    (tmp_path / "load.csv").write_text(csv_of("when,kw", clock("2024-03-01", 600), load()))
    task = Forecaster.from_data(of_clock("2024-03-01", 600), model="linear", horizon=6)
    task.save_pretrained(tmp_path / "model")
    flags = ("--data", tmp_path / "load.csv", "--test_share", "0.2")
    told = in_process.succeeded(command("evaluate", tmp_path / "model", *flags))
    said = in_process.succeeded(command("evaluate", tmp_path / "model", *flags, "--time_zone", ZONE))
    note = "load.csv: times without a zone are taken for those of Europe/Berlin, as in training"
    assert (note in told.out + told.err, note in said.out + said.err) == (True, False)
    assert figures_line(told.out) == figures_line(said.out)


def figures_line(out: str) -> str:
    """The line of a backtest with the errors."""
    [line] = [line for line in out.splitlines() if line.startswith("tested on")]
    return line


def test_a_history_and_a_pipe_over_a_change_of_clocks_need_no_flag_where_training_had_the_zone(tmp_path) -> None:
    task = Forecaster.from_data(of_clock("2024-03-01", 600), model="linear")
    task.save_pretrained(tmp_path / "model")
    hours = clock("2024-10-10", 24 * 17 + 6)  # over the 27th, on which the hour from two to three is there twice
    values = load(len(hours))
    (tmp_path / "early.csv").write_text(csv_of("when,kw", hours[:400], values[:400]))
    (tmp_path / "all.csv").write_text(csv_of("when,kw", hours, values))
    batch = in_process.succeeded(command("forecast", tmp_path / "model", "--history", tmp_path / "all.csv"))
    lines = "".join(f"{hour},{value}\n" for hour, value in zip(hours[400:], values[400:], strict=True)).encode()
    flags = ("--follow", "--history", tmp_path / "early.csv")
    piped = in_process.succeeded(command("forecast", tmp_path / "model", *flags, stdin=lines))
    assert "line 1: times without a zone are taken for those of Europe/Berlin, as in training" in piped.err
    assert "left out" not in piped.err
    assert "missing before" not in piped.err
    assert len(rows_of(piped.out)) == len(hours) - 400
    last, [ahead] = rows_of(piped.out)[-1], rows_of(batch.out)
    assert float(last["forecast"]) == pytest.approx(float(ahead["forecast"]), rel=1e-5)
    import pandas as pd

    frame = pd.DataFrame({"kw": values}, index=pd.to_datetime(hours))
    assert task(frame).to_frame().index[0] == pd.Timestamp(ahead["time"])
