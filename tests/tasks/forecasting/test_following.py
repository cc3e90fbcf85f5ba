"""`seqtext forecast --follow`: each line of a pipe is answered as calling would; what is late, repeated or missing is told, and no more."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import seqtext
from seqtext.data.series.series import whole
from seqtext.tasks.forecasting.forecaster import Forecaster
from tests.conftest import ROOT
from tests.in_process import seqtext_command
from tests.tasks.forecasting.following import PLAIN, answers, follow, stamped
from tests.tasks.forecasting.forecasters import series_of
from tests.tasks.forecasting.recipe import START, load, rows_of, table, times


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_line_of_a_pipe_is_answered(meters):
    values = load(40)
    ended = follow(meters / "one", "".join(f"{value}\n" for value in values))
    assert ended.code == 0
    rows = rows_of(ended.out)
    assert [row["reading"] for row in rows] == [str(number) for number in range(24, 41)]
    forecaster = seqtext.load(meters / "one")
    expected = [forecast.values[0] for forecast in forecaster([values[:end] for end in range(24, 41)])]
    assert [float(row["forecast"]) for row in rows] == pytest.approx(expected, abs=1e-4)
    assert ended.err == "note: no forecast after the first 23 readings: the model looks back further\n"


def test_a_pipe_with_times_and_a_header_gives_every_step_and_quantile(meters):
    values = load(30)
    ended = follow(meters / "day", "\n".join(["when,kw", *stamped(values)]))
    rows = rows_of(ended.out)
    assert [row["reading"] for row in rows] == times(30)[23:]
    assert list(rows[0])[1:6] == ["forecast_1", "q0.1_1", "q0.5_1", "q0.9_1", "forecast_2"]
    assert len(rows[0]) == 1 + 12 * 4
    expected = seqtext.load(meters / "day")(values, start=START)
    assert [float(rows[-1][f"forecast_{n}"]) for n in range(1, 13)] == pytest.approx(expected.values, abs=1e-4)
    assert float(rows[-1]["q0.9_12"]) == pytest.approx(expected.quantiles[0.9][11], abs=1e-4)
    zulu = follow(
        meters / "day", "".join(f"{t.replace(' ', 'T')}Z\t{v}\r\n" for t, v in zip(times(30), values, strict=True))
    )
    assert zulu.code == 0
    assert [list(row.values())[1:] for row in rows_of(zulu.out)] == [list(row.values())[1:] for row in rows]


def test_decimal_commas_and_marks_of_missing_readings_are_understood_if_told(tmp_path):
    values = np.array(load(200))
    values[3] = np.nan
    Forecaster.from_data(whole(series_of(values, names=("kw",), timed=False)), **PLAIN).save_pretrained(
        tmp_path / "gaps"
    )
    lines = [str(value) for value in load(30)]
    lines[7], lines[9], lines[11] = "NA", "", "nan"
    plain = follow(tmp_path / "gaps", "\n".join(lines) + "\n", "--missing", "NA")
    assert plain.code == 0
    assert len(rows_of(plain.out)) == 7
    commas = "\n".join(line.replace(".", ",") for line in lines) + "\n"
    assert follow(tmp_path / "gaps", commas, "--missing", "NA", "--decimal", ",") == plain


# fmt: off
LINES = {
    "a word": ("kw\n1\n2\nthree\n", "line 4: found 'three'; expected a number"),
    "a decimal comma": ("1.5\n\"2,5\"\n", "line 2: found '2,5'; expected a number; pass --decimal ,"),
    "a decimal comma behind a semicolon": ("when;kw\n2024-01-01 00:00;2,5\n", "line 2: found '2,5'; expected a number; pass --decimal ,"),
    "infinity": ("1\ninf\n", "line 2: found 'inf'; expected a number"),
    "too large": ("1\n1e999\n", "line 2: reading 2: found inf; expected a number, or NaN where missing"),
    "no time": ("2024-01-01 00:00,1\nnoon,2\n", "line 2: found 'noon'; expected a time as ISO 8601"),
    "a counter for a time": ("1,1\n", "line 1: found '1'; expected a time as ISO 8601"),
}
# fmt: on


def test_a_pipe_may_have_semicolons_and_lack_readings(meters):
    lines = [f"{time};{value}" for time, value in zip(times(30), load(30), strict=True)]
    plain = follow(meters / "one", "\n".join(lines).replace(";", ","))
    assert follow(meters / "one", "\n".join(lines)) == plain
    assert follow(meters / "one", "\n".join(line.replace(".", ",") for line in lines), "--decimal", ",") == plain
    lines[26] = f"{times(30)[26]};nan"
    assert follow(meters / "one", "\n".join(lines)).code == 0


def test_a_pipe_that_is_no_text_or_not_there_is_told_in_a_line(meters):
    ended = seqtext_command("forecast", meters / "one", "--follow", stdin=b"1\n2\xff\n")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert ended.err.startswith("error: standard input, line 2: not UTF-8: byte 0xFF at its place 2; expected text")
    command = [sys.executable, "-m", "seqtext.cli", "forecast", str(meters / "one"), "--follow"]
    closed = subprocess.run(
        ["sh", "-c", f"{shlex.join(command)} <&-"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert closed.returncode == 2
    assert closed.stderr.startswith("error: standard input is closed; leave <&- out, or give a file")


@pytest.mark.parametrize("case", LINES)
def test_a_line_that_is_no_reading_is_told_by_its_number(meters, case):
    text, message = LINES[case]
    ended = follow(meters / "one", text)
    assert ended.code == 2
    assert re.fullmatch(f"error: standard input, {message}\n", ended.err), ended.err


def test_a_model_with_a_calendar_asks_a_pipe_for_times(meters):
    ended = follow(meters / "day", "1\n")
    assert ended.code == 2
    told = (
        "error: standard input, line 1: no timestamp, and the model reads a calendar; write lines of timestamp,value\n"
    )
    assert ended.err == told


def test_a_reading_is_answered_before_the_next_one_comes(meters):
    command = [sys.executable, "-m", "seqtext.cli", "forecast", str(meters / "one"), "--follow"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as child:
        child.stdin.write("".join(f"{value}\n" for value in load(23)).encode())
        for number in (24, 25):
            child.stdin.write(b"5.0\n")
            child.stdin.flush()
            while (line := child.stdout.readline()).startswith(b"reading"):
                pass
            assert line.startswith(f"{number},".encode())


# ---- late, repeated, missing


@pytest.mark.parametrize("model", ["one", "carried", "linear"])
def test_missing_lines_are_readings_that_are_nan_and_late_and_repeated_ones_are_left_out(meters, model):
    values = load(60)
    whole_ = stamped(values)
    told = [line if number not in (40, 41, 50) else f"{times(60)[number]},nan" for number, line in enumerate(whole_)]
    expected = answers(follow(meters / model, "\n".join(told)))
    come = [line for number, line in enumerate(whole_) if number not in (40, 41, 50)]
    come.insert(45, whole_[20])  # late
    come.insert(46, come[44])  # repeated
    come.insert(48, "2024-01-02 23:25,1")  # late, and between two
    ended = follow(meters / model, "\n".join(come))
    assert answers(ended) == [row for row in expected if row[0] not in {times(60)[number] for number in (40, 41, 50)}]
    first = whole_[20].split(",")[0]
    notes = ended.err.splitlines()
    assert "note: line 41: 2 readings are missing before it" in notes
    assert (
        f"note: line 46: '{first}' is not later than 2024-01-02 22:00:00, the newest reading, and is left out" in notes
    )
    assert "note: line 47: '2024-01-02 22:00' was there before, and is left out" in notes


def test_times_a_little_off_are_those_of_the_reading_and_farther_off_ones_are_left_out(meters):
    lines = stamped(load(40))
    expected = answers(follow(meters / "one", "\n".join(lines)))
    early = [line.replace(":00,", ":03,") if number % 2 else line for number, line in enumerate(lines)]
    ended = follow(meters / "one", "\n".join([*early[:30], "2024-01-02 05:30,7", "2999-01-01 00:00,7", *early[30:]]))
    assert [row[1] for row in answers(ended)] == [row[1] for row in expected]
    assert (
        "note: line 31: '2024-01-02 05:30' lies between two readings (a reading every 1 h), and is left out"
        in ended.err
    )
    assert (
        "note: line 32: '2999-01-01 00:00' lies over 100,000 readings after 2024-01-02 05:00:00, and is left out"
        in ended.err
    )


def test_many_such_lines_are_counted(meters):
    lines = stamped(load(30))
    ended = follow(meters / "one", "\n".join([*lines, *[lines[-1]] * 7]))
    assert ended.err.count("was there before") == 3
    assert "note: in all 7 lines were repeated\n" in ended.err


def test_times_with_and_without_a_zone_are_not_mixed(meters):
    ended = follow(meters / "one", "2024-01-01 00:00,1\n2024-01-01T01:00Z,1\n")
    assert ended.code == 2
    assert ended.err == "error: standard input, line 2: a time with a zone; expected as before, where they had none\n"


# ---- a flag


def test_a_reading_far_from_its_forecast_is_flagged_and_few_others_are(meters):
    values = load(400)
    values[350] += 3
    ended = follow(meters / "linear", "\n".join(stamped(values)), "--flag")
    rows = rows_of(ended.out)
    flags = {row["reading"]: row["flag"] for row in rows}
    assert list(rows[0])[:3] == ["reading", "flag", "forecast_1"]
    assert flags[times(400)[350]] == "1"
    assert rows[0]["flag"] == "", "before the first forecast there is no telling"
    assert sum(flag == "1" for flag in flags.values()) < 0.05 * len(flags)
    missing = stamped(values)
    missing[300] = f"{times(400)[300]},nan"
    del missing[310:312]
    found = {
        row["reading"]: row["flag"] for row in rows_of(follow(meters / "linear", "\n".join(missing), "--flag").out)
    }
    assert found[times(400)[300]] == ""
    assert found[times(400)[312]] in ("0", "1"), "by the third step of the forecast before the gap"


def test_a_flag_needs_quantiles(meters):
    ended = follow(meters / "one", "1\n", "--flag")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: --flag needs quantiles, which the model does not forecast; train with --quantiles 0.1 0.5 0.9\n"
    )


@pytest.mark.parametrize("flags", [("--flag",), ("--save_state", "a.json")])
def test_what_is_of_a_pipe_is_not_of_a_file(meters, flags):
    Path("a.csv").write_text(table("when,kw", times(60), load(60)))
    ended = seqtext_command("forecast", meters / "one", "--history", "a.csv", *flags)
    assert (ended.code, ended.err) == (
        2,
        "error: --save_state and --flag are of a pipe; add --follow, or leave them out\n",
    )
