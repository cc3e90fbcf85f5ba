"""A pipe of many series, and of columns beside the readings: by a header or in order, words among them, and known ahead from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import seqtext
from seqtext.data.series.series import whole
from seqtext.tasks.forecasting.forecaster import Forecaster
from tests.tasks.forecasting.following import answers, follow
from tests.tasks.forecasting.forecasters import LEVELS, series_of
from tests.tasks.forecasting.recipe import START, load, table, times

LINEAR = {"model": "linear", "window": 24, "horizon": 4}
N = 80


def beside(length: int = 400) -> dict[str, np.ndarray]:
    """A number, and whether it is one word or the other."""
    rng = np.random.default_rng(9)
    calm = (rng.random(length) < 0.5).astype(float)
    return {"heat": rng.normal(size=length), "sky=calm": calm, "sky=storm": 1 - calm}


def words(columns: dict[str, np.ndarray]) -> list[str]:
    return ["calm" if calm else "storm" for calm in columns["sky=calm"]]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("meters")
    three = series_of(*(np.array(load(400, seed)) for seed in range(3)))
    Forecaster.from_data(whole(three), **LINEAR, quantiles=LEVELS).save_pretrained(folder / "many")
    columns = beside()
    inputs = {"inputs": np.column_stack(list(columns.values())), "input_names": tuple(columns)}
    moved = np.array(load(400)) + columns["heat"] + 2 * columns["sky=calm"]
    for name, ahead in (("past", ()), ("future", tuple(columns)), ("both", ("heat",))):
        series = series_of(moved, names=("kw",), known_ahead=ahead, **inputs)
        Forecaster.from_data(whole(series), **LINEAR).save_pretrained(folder / name)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def numbers(rows: list[list[str]], first: int = 1) -> list[list[float]]:
    return [[float(cell) for cell in row[first:]] for row in rows]


def lines_of(*columns: list) -> str:
    return "\n".join(",".join(map(str, row)) for row in zip(*columns, strict=True))


# ---- many series


def test_series_side_by_side_are_answered_as_each_alone(place):
    values = {name: load(60, seed) for seed, name in enumerate("abc")}
    mixed = [f"{name},{when},{values[name][row]}" for row, when in enumerate(times(60)) for name in "abc"]
    ended = follow(place / "many", "\n".join(mixed))
    task = seqtext.load(place / "many")
    rows = answers(ended)
    assert ended.out.startswith("series,reading,forecast_1,q0.1_1,")
    for name in "abc":
        own = [row for row in rows if row[0] == name]
        assert len(own) == 60 - task.least_history + 1
        expected = task(np.array(values[name]), series=name, start=str(START))
        assert numbers(own, 2)[-1][::4] == pytest.approx(expected.values.tolist(), rel=1e-4)
    header = follow(
        place / "many", "\n".join(["when,meter,load", *(",".join([w, n, v]) for n, w, v in map(_split, mixed))])
    )
    assert answers(header) == rows


def _split(line: str) -> list[str]:
    return line.split(",")


def test_series_without_times_and_one_that_is_not_known(place):
    mixed = [f"{name},{value}" for value in load(40) for name in ("a", "x")]
    ended = follow(place / "many", "\n".join(mixed))
    assert {row[0] for row in answers(ended)} == {"a"}
    said = "note: line 2: series 'x' was not in training, and is left out; give --history with it"
    assert ended.err.startswith(said)
    assert "note: in all 40 lines were of series that training did not have" in ended.err
    Path("x.csv").write_text(table("id,when,v", ["x"] * 60, times(60), load(60, 5)))
    history = ("--history", "x.csv", "--series_column", "id")
    more = lines_of(["x"] * 20, times(20, START + np.timedelta64(60, "h")), load(80, 5)[60:])
    obeyed = follow(place / "many", more, *history)
    assert len(answers(obeyed)) == 20


def test_a_state_holds_every_series(place):
    mixed = [
        f"{name},{when},{load(60, seed)[row]}" for row, when in enumerate(times(60)) for seed, name in enumerate("ab")
    ]
    expected = answers(follow(place / "many", "\n".join(mixed)))
    state = ("--save_state", "state.json")
    parts = [answers(follow(place / "many", "\n".join(some), *state)) for some in (mixed[:75], mixed[75:])]
    assert parts[0] + parts[1] == expected


# ---- columns beside the readings


def test_columns_in_order_or_by_a_header_are_those_that_calling_gets(place):
    columns, values = beside(N), load(N)
    in_order = lines_of(times(N), values, columns["heat"].tolist(), words(columns))
    ended = follow(place / "past", in_order)
    expected = seqtext.load(place / "past")(values, inputs=np.column_stack(list(columns.values())), start=str(START))
    assert numbers(answers(ended))[-1] == pytest.approx(expected.values.tolist(), rel=1e-4)
    named = "sky,kw,note,when,heat\n" + lines_of(words(columns), values, ["x"] * N, times(N), columns["heat"].tolist())
    assert answers(follow(place / "past", named)) == answers(ended)


def test_what_is_known_ahead_comes_from_a_file(place):
    columns, values = beside(N + 10), load(N)
    table_ = table("when,heat,sky", times(N + 10), columns["heat"].tolist(), words(columns))
    Path("weather.csv").write_text(table_)
    inputs = np.column_stack(list(columns.values()))
    task = seqtext.load(place / "future")
    expected = task(values, inputs=inputs[:N], future=inputs[N : N + 4], start=str(START)).values.tolist()
    future = ("--future", "weather.csv")
    alone = follow(place / "future", lines_of(times(N), values), *future)  # the file has those of the past too
    assert numbers(answers(alone))[-1] == pytest.approx(expected, rel=1e-4)
    whole_ = lines_of(times(N), values, columns["heat"][:N].tolist(), words(columns)[:N])
    assert answers(follow(place / "future", whole_, *future)) == answers(alone)
    untimed = table("heat,sky", columns["heat"].tolist(), words(columns))
    Path("plain.csv").write_text(untimed)
    counted = follow(place / "future", "\n".join(map(str, values)), "--future", "plain.csv", "--time_column", "none")
    assert len(answers(counted)) == len(answers(alone))


def test_where_the_file_ends_there_is_no_forecast_and_that_is_told(place):
    columns, values = beside(N), load(N)
    Path("weather.csv").write_text(table("when,heat", times(N), columns["heat"].tolist()))
    lines = lines_of(times(N), values, words(columns))
    ended = follow(place / "both", lines, "--future", "weather.csv")
    rows = answers(ended)
    assert rows[-1][0] == times(N)[N - 5], "four steps are known behind it"
    assert f"note: line {N - 3}: no forecast: what is known ahead does not reach so far" in ended.err
    assert "note: in all 4 lines had no forecast, since what is known ahead did not reach so far" in ended.err
    without = follow(place / "both", lines_of(times(N), values, columns["heat"].tolist(), words(columns)))
    assert answers(without) == []


def test_too_few_cells_are_told_with_what_is_expected(place):
    ended = follow(place / "past", "2024-01-01 00:00,5\n")
    assert ended.code == 2
    assert ended.err == (
        "error: standard input, line 1: 2 cells; expected time, reading, heat, sky;"
        " give them in this order, or a header that names them\n"
    )
    ended = follow(place / "past", "when,kw,sky\n2024-01-01 00:00,5,calm\n")
    assert ended.err.startswith("error: standard input, line 1: no column 'heat'; expected one of when, kw, sky")


def test_a_stream_asks_for_what_is_known_ahead(place):
    columns = beside(N + 4)
    inputs = np.column_stack(list(columns.values()))
    task = seqtext.load(place / "future")
    stream = task.stream(start=START)
    for row, value in enumerate(load(N)):
        last = stream.push(value, inputs=inputs[row], future=inputs[row + 1 : row + 5])
    expected = task(load(N), inputs=inputs[:N], future=inputs[N:], start=START)
    assert last.values == pytest.approx(expected.values.tolist(), rel=1e-4)
    with pytest.raises(seqtext.errors.DataError, match="ends before step 1; expected 4 steps, the horizon"):
        stream.push(7.0, inputs=inputs[0])
