"""The electricity recipe and `seqtext forecast` as a user has them: any layout of readings in, forecasts out, faults told in a line."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import seqtext
from seqtext.reporting import canvas
from seqtext.saving.folders import read_folder
from tests.in_process import figures_of, seqtext_command
from tests.tasks.forecasting.recipe import START, done, load, recipe, rows_of, table, times


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with readings, and a run for one step and one for a day of quantiles."""
    folder = tmp_path_factory.mktemp("power")
    (folder / "load.csv").write_text(table("when,kw", times(600), load()))
    before = Path.cwd()
    os.chdir(folder)
    try:
        data = ("--data", "load.csv", "--unit", "kW")
        done(*data, "--epochs", "6", "--baselines", "fast", "--run", "one")
        done(*data, "--baselines", "all", "--horizon", "12", "--quantiles", "0.1", "0.5", "0.9",
             "--validation", "weeks", "--calendar", "--run", "day")  # fmt: skip
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


# ---- what a run leaves


def test_a_run_has_model_report_pictures_and_card(place):
    for name, step in (("one", []), ("day", ["error_by_step.png"])):
        folder = place / name
        assert set(read_folder(folder / "model")) == {"config.json", "model.safetensors"}
        pictures = sorted(
            ["learning_curves.png", "two_weeks.png", "fan_chart.png", "error_by_hour.png", *step, "hidden_state.png"]
        )
        assert sorted(path.name for path in (folder / "report").iterdir()) == sorted(
            [*pictures, "manifest.json", "metrics.json"]
        )
        assert all((folder / "report" / p).read_bytes().startswith(b"\x89PNG\r\n\x1a\n") for p in pictures)
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert sorted(re.findall(r"!\[.*\]\(report/(.*)\)", card)) == pictures
        figures = figures_of(folder)
        assert f"| **this model** | {figures['test']['mse']:.5g} |" in card
        assert len(figures["baselines"]) >= 3
        for baseline in figures["baselines"].values():
            assert f"| {baseline['description']} | {baseline['mse']:.5g} |" in card


def test_it_learns_what_can_be_learnt(place):
    figures = figures_of(place / "one")
    assert figures["test"]["mse"] < figures["baselines"]["last value"]["mse"] / 2
    assert figures["test"]["windows"] == 120
    assert figures["data"]["rows"] == {"train": 432, "validation": 48, "test": 120}
    other = figures["other_context"]["this model, state carried"]["mse"]
    assert other == pytest.approx(figures["test"]["mse"], rel=0.5)
    assert re.fullmatch(
        r"epoch \d of 6, the lowest loss on the validation rows, never on test", figures["training"]["selection"]
    )


def test_the_figure_is_that_of_the_saved_model_behind_the_training_readings(place):
    values = np.array(load())
    forecaster = seqtext.load(place / "one")
    forecasts = forecaster([values[:end] for end in range(480, 600)])
    errors = values[480:] - [forecast.values[0] for forecast in forecasts]
    assert np.square(errors).mean() == pytest.approx(figures_of(place / "one")["test"]["mse"], rel=1e-5)
    assert forecaster.config.means[0] == values[:432].mean(), "scales are those of the training span alone"


def test_a_day_ahead_is_measured_by_step_with_intervals_and_every_baseline(place):
    figures = figures_of(place / "day")
    names = {"last value", "same time yesterday", "same time last week", "ridge regression", "boosted trees"}
    assert set(figures["baselines"]) == names | {"boosted trees on the change"}
    assert len(figures["test"]["by_step"]) == figures["test"]["horizon"] == 12
    assert len(figures["test"]["mae_by_hour"]) == 24
    assert np.nanmean([error or np.nan for error in figures["test"]["mae_by_hour"]]) == pytest.approx(
        figures["test"]["mae"], rel=0.2
    )
    assert figures["test"]["windows"] == 120 - 12 + 1
    assert figures["test"]["pinball"] > 0
    assert 0 <= figures["test"]["interval"]["coverage"] <= 1
    assert any("1 whole weeks spread over the training span" in n for n in figures["data"]["notes"])
    assert figures["data"]["rows"]["validation"] == 168


def test_a_better_baseline_is_named_as_such():
    Path("a.csv").write_text(table("when,kw", times(600), load()))
    ended = done("--data", "a.csv", "--max_steps", "1", "--baselines", "fast", "--run", "run")
    assert re.search(
        r"\nsame time .* is better by [\d.]+% of MSE here, and simpler: use that, or train longer, or on more readings\.\n",
        ended.out,
    )


# ---- every way to give readings


def test_long_readings_of_several_series_with_a_carried_state_and_two_seeds():
    shared = times(200)
    text = table(
        "client,when,kw", ["a"] * 200 + ["b"] * 150, shared + shared[:150], load(200) + [1000 * v for v in load(150, 1)]
    )
    Path("long.csv").write_text(text)
    ended = done("--data", "long.csv", "--series_column", "client", "--context", "stateful", "--max_rows", "100",
                 "--seeds", "2", "--run", "runs")  # fmt: skip
    assert "series      2 (a, b); a reading every 1 h" in ended.out
    assert "training: the last 100 readings of each series at most (--max_rows)" in ended.out
    seeds = json.loads(Path("runs", "seeds.json").read_text())
    assert seeds["mse"] == [figures_of(f"runs/seed-{seed}")["test"]["mse"] for seed in (0, 1)]
    assert seeds["mse"][0] != seeds["mse"][1]
    config = seqtext.load("runs/seed-0").config
    assert (config.series, config.context) == (("a", "b"), "stateful")
    assert config.scales[1] > 500 * config.scales[0]
    made = seqtext_command("forecast", "runs/seed-0", "--history", "long.csv", "--series_column", "client")
    rows = rows_of(made.out)
    assert [(row["series"], row["time"]) for row in rows] == [
        ("a", "2024-01-09 08:00:00"),
        ("b", "2024-01-07 06:00:00"),
    ]
    assert float(rows[1]["forecast"]) > 1000 > 20 > float(rows[0]["forecast"])


def test_wide_readings_are_a_series_a_column():
    Path("wide.csv").write_text(table("when,north,south", times(200), load(200), load(200, 1)))
    done("--data", "wide.csv", "--layout", "wide", "--sample_by", "series", "--run", "run")
    assert seqtext.load("run").config.series == ("north", "south")
    made = seqtext_command("forecast", "run", "--history", "wide.csv")
    assert (made.code, made.err) == (0, "")
    assert [row["series"] for row in rows_of(made.out)] == ["north", "south"]


def test_m4_is_a_series_a_row_and_the_test_file_follows_on():
    def m4(first: int, *lengths: int) -> str:
        width = max(lengths)
        rows = [
            [f"H{number + 1}", *load(first + length, number)[first:], *[""] * (width - length)]
            for number, length in enumerate(lengths)
        ]
        return "\n".join(",".join(map(str, row)) for row in [[f"V{n + 1}" for n in range(width + 1)], *rows]) + "\n"

    Path("train.csv").write_text(m4(0, 150, 120))
    Path("test.csv").write_text(m4(150, 6, 6))
    ended = done("--train", "train.csv", "--test", "test.csv", "--horizon", "6", "--difference", "season", "--season", "24",
                 "--baselines", "fast", "--run", "run")  # fmt: skip
    assert "no timestamps" in ended.out
    assert "MASE, season (24 readings)" in ended.out
    figures = figures_of("run")
    assert figures["test"]["windows"] == 2
    assert set(figures["baselines"]) == {"last value", "one season (24) before"}
    made = rows_of(seqtext_command("forecast", "run", "--history", "train.csv").out)
    assert [(row["series"], row["step"]) for row in made] == [(s, str(n)) for s in ("H1", "H2") for n in range(1, 7)]


def test_missing_readings_and_further_columns_go_all_the_way_through():
    kw, heat = load(300), load(300, 1)
    kw[5] = kw[100] = kw[280] = ""
    heat[120] = "n/a"
    Path("a.csv").write_text(table("when,kw,heat", times(300), kw, heat))
    ended = done("--data", "a.csv", "--value_column", "kw", "--past_columns", "heat", "--missing", "n/a",
                 "--horizon", "3", "--run", "run")  # fmt: skip
    assert re.search(r"test +60 readings, .*, 1 missing", ended.out)
    made = seqtext_command("forecast", "run", "--history", "a.csv", "--missing", "n/a")
    assert (made.code, len(rows_of(made.out))) == (0, 3)


def test_a_dry_run_makes_all_checks_and_leaves_nothing(place):
    before = sorted(os.walk("."))
    ended = done("--data", place / "load.csv", "--dry_run", "--run", "run")
    assert sorted(os.walk(".")) == before
    assert re.search(r"windows +408 of 24 readings to train on, 1 to forecast", ended.out)
    assert "2024-01-01 00:00:00 to 2024-01-18 23:00:00, 0 missing" in ended.out
    assert ended.err == ""


def test_a_run_that_has_ended_is_not_trained_again(place):
    args = ("--data", place / "load.csv", "--max_steps", "2", "--run", "run")
    done(*args)
    weights = Path("run", "model", "model.safetensors").read_bytes()
    assert recipe(*args).code == 2, "a run folder that is taken"
    assert "has ended already" in done("--resume", "--run", "run").err
    assert Path("run", "model", "model.safetensors").read_bytes() == weights


@pytest.mark.parametrize(("flags", "unit"), [((), "kW"), (("--unit", "kilowatt"), "kilowatt")])
def test_pictures_of_the_household_have_its_unit_unless_another_is_named(monkeypatch, flags, unit):
    labelled = []

    def label_axis(axis, name, unit=""):
        labelled.append((name, unit))

    monkeypatch.setattr(canvas, "label_axis", label_axis)
    done("--max_rows", "2000", "--max_steps", "1", *flags, "--run", "run")
    assert {("value", unit), ("input", unit)} <= set(labelled)
    assert f"mean absolute error ({unit})" in [name for name, _ in labelled]


# ---- seqtext forecast


@pytest.mark.draws
def test_a_forecast_continues_the_times_and_says_quantiles(place):
    ended = seqtext_command("forecast", place / "day", "--history", place / "load.csv", "--output", "out.csv",
                            "--plot", "out.png")  # fmt: skip
    assert ended == (0, "", "")
    rows = rows_of(Path("out.csv").read_text())
    assert list(rows[0]) == ["time", "forecast", "q0.1", "q0.5", "q0.9"]
    assert [row["time"] for row in rows] == [f"{t}:00" for t in times(612)[600:]]
    assert all(float(row["q0.1"]) <= float(row["q0.5"]) <= float(row["q0.9"]) for row in rows)
    expected = seqtext.load(place / "day")(load(), start=START).values
    assert [float(row["forecast"]) for row in rows] == pytest.approx(expected, rel=1e-6)
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")


def test_one_step_rolls_on_as_far_as_is_asked_for(place):
    ended = seqtext_command("forecast", place / "one", "--history", place / "load.csv", "--horizon", "30")
    assert ended.code == 0
    rows = rows_of(ended.out)
    assert [row["time"] for row in rows] == [f"{t}:00" for t in times(630)[600:]]
    expected = seqtext.load(place / "one")(load(), horizon=30).values
    assert [float(row["forecast"]) for row in rows] == pytest.approx(expected, rel=1e-6)


def test_a_history_of_a_series_never_met_is_scaled_by_itself_and_that_is_told(place):
    Path("wide.csv").write_text(table("when,x,y", times(30), load(30), load(30, 1)))
    assert seqtext_command("forecast", place / "one", "--history", "wide.csv", "--value_column", "x").code == 0
    ended = seqtext_command("forecast", place / "one", "--history", "wide.csv", "--value_column", "x", "y")
    assert ended.code == 0
    assert ended.err == "note: not in training, scaled by their own history: 'x, y'\n"
    Path("other.csv").write_text(table("when,megawatts", times(30), load(30)))
    other = seqtext_command("forecast", place / "one", "--history", "other.csv")
    assert other.err == "note: the model learnt one series, 'kw'; 'megawatts' is scaled and forecast as that\n"
    Path("kilo.csv").write_text(table("when,kw", times(30), [1000 * value for value in load(30)]))
    kilo = seqtext_command("forecast", place / "one", "--history", "kilo.csv")
    assert kilo.code == 0
    assert re.fullmatch(
        r"note: history 1, reading 7: 7130.4 lies [\d,]+ standard deviations from .* in another unit\?\n", kilo.err
    )


# fmt: off
FORECASTS = {
    "nothing to forecast": ((), "no history; give a file with --history, or a pipe with --follow"),
    "both": (("--follow", "--output", "a.csv"), "--follow reads a pipe and answers on the terminal, .*"),
    "no horizon": (("--history", "a.csv", "--horizon", "0"), "--horizon is 0; expected at least 1"),
    "no picture": (("--history", "a.csv", "--plot", "a.gif"), "--plot a.gif; expected a name that ends in .png, .svg or .pdf"),
    "no file": (("--history", "b.csv"), "--history b.csv: no such file or folder: .*; expected a file of readings; did you mean .*"),
    "a folder": (("--history", "."), r".*two.csv: found the columns when, x, y; expected those of .*: when, kw"),
    "two columns": (
        ("--history", "two.csv"),
        "two.csv: 2 columns hold numbers: 'x', 'y'; expected one to forecast; "
        "pass --value_column NAME, or --value_column with several names to forecast each",
    ),
    "too short": (("--history", "short.csv"), "history 1 has 23 readings; expected at least 24, which the model looks back"),
    "another frequency": (
        ("--history", "quarters.csv"),
        "quarters.csv: a reading every 15 min; expected a reading every 1 h, .*--frequency 1h averages finer ones",
    ),
    "a gap": (("--history", "gap.csv"), "gap.csv, row 8, column 'when': 1 reading missing .*; pass --repair, .*"),
    "several series": (("--history", "long.csv"), "long.csv, column 'when': 30 readings at the time of another .*--series_column id .*"),
    "an unwritable file": (("--history", "a.csv", "--output", "no/such/dir/a.csv"), None),
    "beyond the head": (("day", "--history", "a.csv", "--horizon", "13"), "horizon is 13; expected at most 12, as trained; .*"),
    "no times": (("day", "--history", "plain.csv"), "the history has no timestamps, and the model reads a calendar; .*"),
}
# fmt: on


@pytest.mark.parametrize("case", FORECASTS)
def test_a_forecast_that_cannot_be_made_is_told_in_a_line(place, case):
    flags, message = FORECASTS[case]
    model = "one"
    if flags[:1] == ("day",):
        model, flags = flags[0], flags[1:]
    Path("a.csv").write_text(table("when,kw", times(60), load(60)))
    Path("short.csv").write_text(table("when,kw", times(23), load(23)))
    Path("plain.csv").write_text(table("kw", load(60)))
    quarters = [str(START + n * np.timedelta64(15, "m")) for n in range(60)]
    Path("quarters.csv").write_text(table("when,kw", quarters, load(60)))
    Path("gap.csv").write_text(table("when,kw", times(60)[:7] + times(60)[8:], load(59)))
    Path("long.csv").write_text(table("when,id,kw", times(30) * 2, ["a"] * 30 + ["b"] * 30, load(60)))
    Path("two.csv").write_text(table("when,x,y", times(60), load(60), load(60)))
    ended = seqtext_command("forecast", place / model, *flags)
    if message is None:  # folders that are not there are made, or it is told that they cannot be
        assert ended.code in (0, 5)
        return
    assert ended.code == 2
    assert re.fullmatch(f"error: {message}\n", ended.err), ended.err
    assert ended.out == ""


def test_a_gap_outside_of_what_is_read_is_mended_without_a_word_about_the_model(place):
    for gap, said in ((8, []), (50, ["note: history 1: 1 reading is missing, and taken as the one before: .*"])):
        Path("gap.csv").write_text(
            table("when,kw", times(60)[:gap] + times(60)[gap + 1 :], load(60)[:gap] + load(60)[gap + 1 :])
        )
        ended = seqtext_command("forecast", place / "one", "--history", "gap.csv", "--repair")
        assert ended.code == 0
        mended = "note: gap.csv: 1 reading was not there, and filled in as missing"
        assert re.fullmatch("\n".join([*said, mended, ""]), ended.err), ended.err


def test_a_history_may_be_parquet_or_jsonl(place):
    frame = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=60, freq="h"), "kw": load(60)})
    frame.to_parquet("a.parquet")
    frame.astype({"when": str}).to_json("a.jsonl", orient="records", lines=True)
    Path("a.csv").write_text(table("when,kw", times(60), load(60)))
    expected = seqtext_command("forecast", place / "one", "--history", "a.csv")
    for name in ("a.parquet", "a.jsonl"):
        assert seqtext_command("forecast", place / "one", "--history", name) == expected
        assert seqtext_command("evaluate", place / "one", "--data", name).code == 0


def test_forecasts_are_written_in_the_zone_of_the_history(place):
    Path("zoned.csv").write_text(table("when,kw", [f"{time}+02:00" for time in times(60)], load(60)))
    ended = seqtext_command("forecast", place / "one", "--history", "zoned.csv", "--horizon", "2")
    assert [row["time"] for row in rows_of(ended.out)] == ["2024-01-03 12:00:00+02:00", "2024-01-03 13:00:00+02:00"]


# ---- the other commands on such a run


def test_info_tells_what_a_forecaster_is_and_how_good_it_was(place):
    for name, said in (("one", "1 step ahead, 120 windows"), ("day", "12 steps ahead, 109 windows")):
        ended = seqtext_command("info", place / name)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("Forecaster in ")
        figures = figures_of(place / name)
        assert f"tested on load.csv, {said}: MSE {figures['test']['mse']:.5g}" in ended.out
        assert len(figures["baselines"]) >= 3
        for baseline, errors in figures["baselines"].items():
            assert f"\n  {baseline}: MSE {errors['mse']:.5g}" in ended.out


def test_commands_of_classifiers_refuse_a_forecaster_and_the_other_way_round(place, run_folder):
    ended = seqtext_command("predict", place / "one", "a text")
    told = f"error: {place}/one is a Forecaster; expected a TopicClassifier; seqtext forecast {place}/one\n"
    assert ended == (2, "", told)
    ended = seqtext_command("forecast", run_folder, "--history", place / "load.csv")
    told = f"error: {run_folder} is a TopicClassifier; expected a Forecaster; seqtext predict {run_folder}\n"
    assert ended == (2, "", told)
