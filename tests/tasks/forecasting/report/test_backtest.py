"""Rolling origins over later readings: where they lie, how far ahead they look, and what is told of each step and each series."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import seqtext
from tests.in_process import succeeded
from tests.tasks.forecasting.recipe import START, done, evaluate, load, measured, table, times

HOUR = np.timedelta64(1, "h")
LATER = START + 400 * HOUR


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Runs of linear models: of a series with quantiles, of three, and of one with what is known ahead."""
    folder = tmp_path_factory.mktemp("power")
    before = Path.cwd()
    os.chdir(folder)
    flags = ("--model", "linear", "--window", "48", "--horizon", "6", "--baselines", "fast")
    try:
        Path("load.csv").write_text(table("when,kw", times(400), load(400)))
        done(*flags, "--data", "load.csv", "--quantiles", "0.1", "0.5", "0.9", "--run", "one")
        Path("wide.csv").write_text(table("when,a,b,c", times(400), *(load(400, seed) for seed in range(3))))
        done(*flags, "--data", "wide.csv", "--layout", "wide", "--run", "wide")
        heat = np.random.default_rng(5).normal(size=700)
        Path("heat.npy").write_bytes(heat.tobytes())
        kw = [value + 3 * warm for value, warm in zip(load(700), heat, strict=True)]
        Path("heat.csv").write_text(table("when,kw,heat", times(400), kw[:400], heat[:400].tolist()))
        Path("heat_later.csv").write_text(table("when,kw,heat", times(300, LATER), kw[400:], heat[400:].tolist()))
        done(*flags, "--data", "heat.csv", "--value_column", "kw", "--future_columns", "heat", "--run", "heat")
        Path("later.csv").write_text(table("when,kw", times(300, LATER), load(700)[400:]))
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.filterwarnings("ignore:the model learnt 6 steps ahead")  # of 48
@pytest.mark.parametrize(("every", "horizon"), [("24h", 48), ("24", 48), ("7h", 5), ("2h", None)])
def test_forecasts_begin_at_the_first_reading_that_can_be_forecast_and_so_far_apart(place, every, horizon):
    flags = () if horizon is None else ("--horizon", horizon)
    figures = measured(place / "one", "--data", place / "later.csv", "--every", every, *flags, "--output", "out")
    reach, steps, apart = seqtext.load(place / "one").config.reach, horizon or 6, int(every.removesuffix("h"))
    begins = range(reach, 300 - steps + 1, apart)
    lines = [json.loads(line) for line in Path("out/predictions.jsonl").read_text().splitlines()]
    assert [line["time"] for line in lines] == [str(LATER + n * HOUR) + ":00" for n in begins]
    assert figures["test"]["windows"] == len(begins)
    assert (figures["test"]["every"], figures["test"]["horizon"]) == (apart, steps)
    assert len(figures["test"]["by_step"]) == steps
    task = seqtext.load(place / "one")
    values, start = load(700)[400:], LATER
    for place_, begin in list(enumerate(begins))[:3]:
        expected = task(np.array(values[:begin]), start=str(start), horizon=steps)
        assert lines[place_]["forecast"] == pytest.approx(expected.values.tolist(), rel=1e-4)
        assert lines[place_]["true"] == pytest.approx(values[begin : begin + steps])


def test_baselines_look_as_far_ahead_and_have_quantiles_where_there_is_a_history(place):
    flags = ("--data", place / "later.csv", "--every", "24h", "--horizon", "30")
    figures = measured(place / "one", *flags)
    assert set(figures["baselines"]) == {"last value", "same time yesterday"}
    assert all(len(one["by_step"]) == 30 for one in figures["baselines"].values())
    assert any(note.startswith("no quantiles of baselines: too few readings") for note in figures["data"]["notes"])
    short = measured(place / "one", *flags, "--baselines", "all")
    assert set(short["baselines"]) == set(figures["baselines"])
    assert any(note.startswith("nothing was fitted: too few readings") for note in short["data"]["notes"])
    whole = measured(place / "one", *flags, "--history", place / "load.csv", "--baselines", "all")
    assert not whole["data"]["notes"]
    assert {"ridge regression", "boosted trees", "same time last week"} <= set(whole["baselines"])
    for one in (whole["test"], *whole["baselines"].values()):
        assert one["crps"] > 0
        assert one["wql"] > 0
    assert whole["test"]["pinball"] < whole["baselines"]["last value"]["pinball"]
    assert measured(place / "one", *flags, "--baselines", "none")["baselines"] == {}


def test_lines_tell_steps_and_series(place):
    Path("later.csv").write_text(table("when,a,b,c", times(300, LATER), *(load(700, seed)[400:] for seed in range(3))))
    ended = succeeded(
        evaluate(place / "wide", "--data", "later.csv", "--layout", "wide", "--every", "24h", "--plot", "a.png")
    )
    lines = ended.out.splitlines()
    assert re.match(r"tested on later.csv, 6 steps ahead, \d+ windows, 24 readings apart: MSE ", lines[0])
    head = next(n for n, line in enumerate(lines) if line.startswith("  MAE by step ahead"))
    assert lines[head].split()[-4:] == ["1", "2", "4", "6"] or lines[head].split()[-1] == "6"
    assert lines[head + 1].startswith("  this model")
    head = next(
        n for n, line in enumerate(lines) if re.match(r"  (MASE|MAE) of 3 series +mean +median +worst +of", line)
    )
    _, median, worst, name = lines[head + 1].split()[2:]
    assert float(median) <= float(worst)
    assert name in "abc"
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    figures = measured(place / "wide", "--data", "later.csv", "--layout", "wide", "--every", "24h")
    each = figures["test"]["by_series"]["each"]
    assert set(each) == {"a", "b", "c"}
    assert figures["test"]["mae"] == pytest.approx(np.mean([one["mae"] for one in each.values()]))


def test_what_is_known_ahead_is_read_from_the_later_readings(place):
    figures = measured(place / "heat", "--data", place / "heat_later.csv", "--value_column", "kw", "--every", "6h")
    assert figures["test"]["mae"] < 0.5 < figures["baselines"]["same time yesterday"]["mae"]


def test_a_picture_of_one_step_of_one_series(place):
    succeeded(
        evaluate(place / "one", "--data", place / "later.csv", "--every", "24h", "--horizon", "1", "--plot", "a.svg")
    )
    assert b"<svg" in Path("a.svg").read_bytes()


WRONG = {
    "no distance": (("--every", "often"), "--every is often; expected a time such as 24h or 15min, or a number of readings"),
    "months": (("--every", "1month"), "--every is 1month; expected a time such as .*"),
    "nothing": (("--every", "0"), "--every is 0; expected a time such as .*"),
    "between readings": (("--every", "90min"), ".*later.csv: --every 90min; expected a multiple of 3600 s, the distance of readings"),
    "no horizon": (("--horizon", "0"), "--horizon is 0; expected at least 1"),
    "too far": (("--every", "24h", "--horizon", "290"), ".*later.csv: 300 readings in the longest series; expected at least .*"),
    "farther than the file": (
        ("--horizon", "400"), ".*later.csv: 300 readings to forecast; expected at least 400, the horizon; give more of them",
    ),
    "no picture": (("--plot", "a.gif"), "--plot a.gif; expected a name that ends in .png, .svg or .pdf"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_told_in_a_line(place, case):
    flags, message = WRONG[case]
    ended = evaluate(place / "one", "--data", place / "later.csv", *flags)
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(f"error: {message}\n", ended.err), ended.err


def test_a_time_between_forecasts_needs_times(place):
    Path("plain.csv").write_text(table("kw", load(300)))
    ended = evaluate(place / "one", "--data", "plain.csv", "--every", "24h")
    assert ended.code == 2
    assert "give a number of readings, such as --every 24" in ended.err
    assert measured(place / "one", "--data", "plain.csv", "--every", "24")["test"]["every"] == 24


def test_evaluating_from_python_takes_the_same_choices(place):
    task = seqtext.load(place / "one")
    frame = {"when": times(300, LATER), "kw": load(700)[400:]}
    figures = task.evaluate(frame, every="24h", horizon=12)
    assert figures["test"]["horizon"] == 12
    assert figures["test"]["every"] == 24
