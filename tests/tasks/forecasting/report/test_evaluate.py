"""A forecaster on later readings: the figures of its report where the span is the same, and a line for what is wrong."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import seqtext
from seqtext.tasks.forecasting.report.evaluate import figure_lines
from tests.in_process import figures_of, succeeded
from tests.tasks.forecasting.recipe import START, done, evaluate, load, measured, table, times

HOUR = np.timedelta64(1, "h")
LEVELS = ("0.1", "0.5", "0.9")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Folders of readings, and runs: of a day with quantiles, of two series with a test file, of a calendar and a further column."""
    folder = tmp_path_factory.mktemp("power")
    before = Path.cwd()
    os.chdir(folder)
    try:
        Path("load.csv").write_text(table("when,kw", times(600), load()))
        done("--data", "load.csv", "--baselines", "fast", "--horizon", "12", "--quantiles", *LEVELS, "--run", "day")
        Path("two").mkdir()
        for name, first, length in (("train", 0, 200), ("test", 200, 60)):
            when = times(length, START + first * HOUR)
            Path("two", f"{name}.csv").write_text(table("when,a,b", when, load(length, first), load(length, first + 1)))
        done(
            "--train",
            "two/train.csv",
            "--test",
            "two/test.csv",
            "--layout",
            "wide",
            "--baselines",
            "fast",
            "--run",
            "wide",
        )
        Path("heat.csv").write_text(table("when,kw,heat", times(300), load(300), load(300, 1)))
        done("--data", "heat.csv", "--value_column", "kw", "--past_columns", "heat", "--calendar", "--run", "heat")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def untimed(baselines: dict) -> dict:
    assert baselines
    return {name: {key: value for key, value in one.items() if key != "seconds"} for name, one in baselines.items()}


# ---- the span that the run was tested on


def test_the_last_share_of_the_same_readings_has_the_figures_of_the_report(place):
    report = figures_of(place / "day")
    figures = measured(place / "day", "--data", place / "load.csv", "--test_share", "0.2")
    assert figures["test"] == report["test"]
    assert figures["test"]["interval"]["nominal"] == pytest.approx(0.8)
    assert untimed(figures["baselines"]) == untimed(report["baselines"])
    assert set(figures["baselines"]) == {"last value", "same time yesterday", "same time last week"}


@pytest.mark.parametrize("how", ["--history", "the split train beside it"])
def test_later_readings_behind_those_of_training_have_the_figures_of_the_report(place, how):
    flags = ("--data", place / "two", "--layout", "wide")
    if how == "--history":
        flags = ("--data", place / "two" / "test.csv", "--history", place / "two" / "train.csv")
    figures, report = measured(place / "wide", *flags), figures_of(place / "wide")
    assert figures["test"] == report["test"]
    assert untimed(figures["baselines"]) == untimed(report["baselines"])


def test_lines_are_those_of_the_report(place):
    report = figures_of(place / "day")
    lines, test = list(figure_lines(report)), report["test"]
    errors = f"MSE {test['mse']:.5g}, MAE {test['mae']:.5g}, MASE {test['mase']:.3f}, pinball {test['pinball']:.5g}"
    errors += f", CRPS {test['crps']:.5g}, WQL {test['wql']:.5g}"
    assert lines[0].endswith(f"12 steps ahead, 109 windows: {errors}")
    assert [line.split(":")[0].strip() for line in lines[1:4]] == list(report["baselines"])
    assert lines[4].startswith(f"  the interval holds {test['interval']['coverage']:.1%} of the values, 80% wanted")
    assert lines[5] == f"model chosen: {report['training']['selection']}"
    one = list(figure_lines(figures_of(place / "wide")))
    assert re.search(r", 1 step ahead, \d+ windows: MSE [\d.e-]+, MAE [\d.e-]+, MASE [\d.]+$", one[0])


# ---- a new file


def test_new_readings_alone_are_forecast_from_their_own_head_on(place):
    new = load(80, 7)
    Path("new.csv").write_text(table("when,kw", times(80, np.datetime64("2025-03-01T00:00")), new))
    flags = ("--data", "new.csv", "--output", "out")
    figures = measured(place / "day", *flags)
    assert figures["test"]["windows"] == 80 - 24 - 12 + 1
    assert set(figures["baselines"]) == {"last value", "same time yesterday"}
    lines = [json.loads(line) for line in Path("out/predictions.jsonl").read_text().splitlines()]
    assert len(lines) == figures["test"]["windows"]
    task = seqtext.load(place / "day")
    for row in (0, 20):
        expected, line = task(np.array(new[: 24 + row])), lines[row]
        assert line["series"] == "kw"
        assert line["time"] == str(np.datetime64("2025-03-02T00:00:00") + row * HOUR)
        assert line["true"] == new[24 + row : 36 + row]
        assert line["forecast"] == pytest.approx(expected.values.tolist(), rel=1e-5)
        assert line["q0.9"] == pytest.approx(expected.quantiles[0.9].tolist(), rel=1e-5)
    errors = [np.abs(np.subtract(line["true"], line["forecast"])).mean() for line in lines]
    assert figures["test"]["mae"] == pytest.approx(np.mean(errors), rel=1e-6)
    assert figures["test"]["mase"] is None
    note = "no MASE: fewer than two seasons lie before the first forecast; give more with --history FILE"
    levels = "no quantiles of baselines: too few readings lie before the first forecast; give more with --history FILE"
    assert sorted(figures["data"]["notes"]) == [note, levels]
    Path("old.csv").write_text(table("when,kw", times(60, np.datetime64("2025-03-01T00:00") - 60 * HOUR), load(60, 8)))
    obeyed = measured(place / "day", "--data", "new.csv", "--history", "old.csv")
    assert obeyed["test"]["windows"] == 80 - 12 + 1
    assert obeyed["test"]["mase"] > 0
    assert obeyed["data"]["notes"] == []


def test_readings_without_times_and_with_decimal_commas(place):
    Path("new.csv").write_text(table("kw", [f'"{value}"'.replace(".", ",") for value in load(50)]))
    succeeded(
        evaluate(place / "wide", "--data", place / "two", "--layout", "wide", "--max_rows", "3", "--output", "two")
    )
    figures = measured(place / "day", "--data", "new.csv", "--decimal", ",", "--output", "out")
    assert "mae_by_hour" not in figures["test"]
    first = json.loads(Path("out/predictions.jsonl").read_text().splitlines()[0])
    assert first["reading"] == 25
    lines = [json.loads(line) for line in Path("two/predictions.jsonl").read_text().splitlines()]
    assert len(lines) == 3
    assert {line["series"] for line in lines} <= {"a", "b"}


def test_one_series_by_another_name_is_the_one_of_training_and_a_short_one_is_left_out(place):
    Path("new.csv").write_text(table("when,power", times(60), load(60)))
    figures = measured(place / "day", "--data", "new.csv")
    assert "new.csv: series 'power' is taken for 'kw', the one of training" in figures["data"]["notes"]
    Path("long.csv").write_text(
        table("id,when,v", ["a"] * 60 + ["b"] * 9, [*times(60), *times(9)], [*load(60), *load(9)])
    )
    figures = measured(place / "wide", "--data", "long.csv", "--series_column", "id", "--value_column", "v")
    assert figures["test"]["windows"] == 60 - 24
    assert "1 of 2 series are too short to forecast" in figures["data"]["notes"]


def test_further_columns_and_the_calendar_of_training_are_read(place):
    figures = measured(place / "heat", "--data", place / "heat.csv", "--test_share", "0.2")
    assert figures["test"] == figures_of(place / "heat")["test"]


def test_the_household_is_there_for_a_model_of_any_one_series(place):
    ended = evaluate(place / "day", "--data", "household")
    assert (ended.code, ended.out) == (2, "")
    told = "household (simulated): a reading every 15 min; expected a reading every 1 h, as the model was trained on; give readings of "
    assert ended.err.startswith(f"error: {told}")


# ---- what is refused

N = 60
SHORT = table("when,kw", times(30), load(30))
REFUSED = {
    "another step of time": (
        "day",
        table("when,kw", [f"2024-01-01 00:{n:02}" for n in range(N)], load(N)),
        (),
        "NEW: a reading every 1 min; expected a reading every 1 h, as the model was trained on; give readings of that step, "
        "or train on these; in a file --frequency 1h averages finer ones",
    ),
    "series that training did not have": (
        "wide",
        table("when,a,north", times(N), load(N), load(N)),
        ("--value_column", "a", "north"),
        "NEW: series 'north' was not in training; expected one of a, b; leave it out, or train on it",
    ),
    "a series misspelt": (
        "wide",
        table("id,when,v", ["B"] * N, times(N), load(N)),
        ("--series_column", "id"),
        "NEW: series 'B' was not in training; expected one of a, b; did you mean 'b'?",
    ),
    "too few readings": (
        "day",
        SHORT,
        (),
        "NEW: 30 readings in the longest series; expected at least 36: 24 that the model looks back, and 12 to forecast;"
        " give more readings before them with --history FILE",
    ),
    "fewer readings than the horizon": (
        "day",
        table("when,kw", times(8), load(8)),
        (),
        "NEW: 8 readings to forecast; expected at least 12, the horizon of the model; give more of them",
    ),
    "too small a share": (
        "day",
        table("when,kw", times(100), load(100)),
        ("--test_share", "0.1"),
        "NEW: 10 readings to forecast; expected at least 12, the horizon of the model; raise --test_share, or give more of them",
    ),
    "a history that is too short": (
        "day",
        SHORT,
        ("--history", "few.csv"),
        "few.csv: 33 readings in the longest series; expected at least 36: .*; give more .* with --history FILE",
    ),
    "a history behind the data": (
        "day",
        SHORT,
        ("--history", "late.csv"),
        "NEW: its first reading of 'kw' is at 2024-01-01T00:00:00; expected .*",
    ),
    "no such history": (
        "day",
        SHORT,
        ("--history", "nix.csv"),
        "--history nix.csv: no such file or folder: .*; expected a file of readings; .*",
    ),
    "a folder for a history": (
        "day",
        SHORT,
        ("--history", "two"),
        "two, split 'train': 2 columns hold numbers: 'a', 'b'; expected one to forecast; pass --value_column NAME, .*",
    ),
    "a share beyond all": ("day", SHORT, ("--test_share", "1.5"), "--test_share is 1.5; expected between 0 and 1"),
    "a share and a history": (
        "day",
        SHORT,
        ("--test_share", "0.5", "--history", "few.csv"),
        "--history and --test_share both say what is history; give one of them",
    ),
    "a split of the household": (
        "day",
        SHORT,
        ("--data", "household", "--split", "test"),
        "--split, --revision and --data_config are of data sets; household has none",
    ),
    "no further column": ("heat", table("when,kw", times(N), load(N)), (), "NEW: no column 'heat' among .*"),
    "no times for the calendar": (
        "heat",
        table("kw,heat", load(N), load(N)),
        (),
        "NEW: no timestamps, and the model reads a calendar; name their column with --time_column",
    ),
    "several columns": (
        "day",
        table("when,x,y", times(N), load(N), load(N)),
        (),
        "NEW: 2 columns hold numbers: .*; pass --value_column NAME, or .*",
    ),
    "a gap": (
        "day",
        table("when,kw", [*times(20), *times(20, START + 21 * HOUR)], load(40)),
        (),
        "NEW, row 21.*: 1 reading missing .*; pass --repair, .*",
    ),
    "another layout": (
        "day",
        table("when,kw", times(N), load(N)),
        ("--layout", "long"),
        "NEW: the long layout needs .*; pass --series_column NAME",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_refused_in_one_line(place, case):
    run, content, flags, told = REFUSED[case]
    Path("new.csv").write_text(content)
    Path("few.csv").write_text(table("when,kw", times(3, START - 3 * HOUR), load(3)))
    Path("early.csv").write_text(table("when,kw", times(30, START - 40 * HOUR), load(30)))
    Path("late.csv").write_text(table("when,kw", times(40, START + 5 * HOUR), load(40)))
    Path("two").symlink_to(place / "two")
    ended = evaluate(place / run, *(flags if "--data" in flags else ("--data", "new.csv", *flags)))
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert ended.err.count("\n") == 1
    pattern = told.replace("NEW", "new.csv").replace("?", r"\?")
    assert re.fullmatch(f"error: {pattern}\n", ended.err), ended.err


def test_missing_readings_are_the_ones_before_them_and_told(place):
    Path("gap.csv").write_text(table("when,kw", times(N), [*load(40), "", *load(19)]))
    ended = evaluate(place / "day", "--data", "gap.csv")
    assert (ended.code, ended.err) == (0, "")
    assert (
        "warning: test: 1 reading is missing, and taken as the one before: the model was trained on readings"
        in ended.out
    )
    Path("early.csv").write_text(table("when,kw", times(30, START - 40 * HOUR), load(30)))
    Path("new.csv").write_text(SHORT)
    ended = evaluate(place / "day", "--data", "new.csv", "--history", "early.csv")
    assert (ended.code, ended.err) == (0, "")
    assert "10 readings are missing between early.csv and new.csv" in ended.out
