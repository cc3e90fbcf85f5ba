"""What the electricity recipe says to readings and options that cannot be used, and what it makes of odd ones."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from tests.in_process import seqtext_command
from tests.tasks.forecasting.recipe import done, load, recipe, rows_of, table, times

pytestmark = pytest.mark.draws  # what is odd is drawn too


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


N, BAD = 200, 16  # the row, from 0, that a fault is put into: row 17


def readings(bad: str | None = None, **changed) -> str:
    """The csv file with another cell in row 17."""
    kw = [str(value) for value in load(N)]
    if bad is not None:
        kw[BAD] = bad
    return table("when,kw", changed.get("when", times(N)), changed.get("kw", kw))


def shifted(*, drop: tuple[int, ...] = (), swap: bool = False, double: bool = False) -> str:
    when = times(N + len(drop))
    when = [time for number, time in enumerate(when) if number not in drop]
    if swap:
        when[BAD], when[BAD + 1] = when[BAD + 1], when[BAD]
    if double:
        when = [*when[: BAD + 1], when[BAD], *when[BAD + 1 : -1]]
    return readings(when=when)


AT = r"TRAIN, row 17, column 'kw': "
# fmt: off
FAULTS = {
    "a decimal comma": (readings('"5,123"'), (), AT + r"found '5,123'; expected a finite number; pass --decimal , if .*"),
    "decimal commas everywhere": (
        readings(kw=[f'"{value}"'.replace(".", ",") for value in load(N)]), (), r"TRAIN, row 1, column 'kw': found .*--decimal ,.*",
    ),
    "a thousands separator": (readings('"1,234.5"'), (), AT + r"found '1,234.5'; .*; remove the thousands separators"),
    "a unit": (readings("5.1 kW"), (), AT + r"found '5.1 kW'; .*; remove the unit 'kW'"),
    "a dash": (readings("-"), (), AT + r"found '-'; .*; pass --missing '-' if it marks a missing reading"),
    "infinity": (readings("inf"), (), AT + r"found 'inf'; .*"),
    "a gap": (
        shifted(drop=(BAD,)), (), r"TRAIN, row 17, column 'when': 1 reading missing \(first before row 17, .*\); .*; pass --repair, .*",
    ),
    "a time twice": (shifted(double=True), (), r"TRAIN, row 18, column 'when': .*1 reading at the time of another \(first in row 18.*"),
    "out of order": (shifted(swap=True), (), r"TRAIN, row 18, column 'when': 1 reading out of order \(first in row 18, .*"),
    "no time": (readings(when=[*times(N)[:BAD], "noon", *times(N)[BAD + 1:]]), (), r"TRAIN, row 17, column 'when': found 'noon'; .*"),
    "mixed zones": (
        readings(when=[*[f"{time}Z" for time in times(N)[:BAD]], *times(N)[BAD:]]), (),
        r"TRAIN, column 'when': .* row 1 has one .*, row 17 lacks one .*",
    ),
    "a day of 23 hours": (
        readings(when=[t for t in times(N + 1, np.datetime64("2024-03-30T00:00")) if t != "2024-03-31 02:00"]), (),
        r"TRAIN, row 27, column 'when': 1 reading missing .*summer time.*",
    ),
    "shorter than the window": (
        table("when,kw", times(20), load(20)), (), r"TRAIN \(a span of 14 readings\): no window of 24 readings with 1 after it fits; .*",
    ),
    "one reading": (table("kw", load(1)), (), r"TRAIN: series 'kw' has 1 readings"),
    "a test file before the training file": (
        readings(), ("--train", "a.csv", "--test", "a.csv"), r"TEST: its first reading of 'kw' is at 2024-01-01T00:00:00; expected .*",
    ),
    "a number too large": (readings("1e308"), (), AT + r"found 1e\+308; expected a number of at most 1e\+150; .*"),
    "times in two columns": (
        table("when,hour,kw", [time[:10] for time in times(N)], [time[11:13] for time in times(N)], load(N)), ("--value_column", "kw"),
        r"TRAIN, column 'when': 191 readings at the time of another .*; the column 'hour' says when .*; pass --time_column when hour",
    ),
    "several series": (
        table("item_id,when,kw", [1] * 100 + [2] * 100, times(100) * 2, load(N)), ("--repair",),
        r"TRAIN, column 'when': 100 readings at the time of another .*; the column 'item_id' has 2 values; .*--series_column item_id to .*",
    ),
    "uneven times": (
        table("when,kw", [f"{time[:-2]}{n * 7 % 60:02}" for n, time in enumerate(times(N))], load(N)), (),
        r"TRAIN, column 'when': readings come at no fixed distance, .*; resample them: pass --frequency 1h for the mean of each 1h",
    ),
    "no such file": (readings(), ("--train", "nothing.csv"), r"--train nothing.csv: no such file or folder: .*"),
    "no such name": (
        readings(), ("--data", "nothing"),
        r"nothing: no such file or folder: .*; expected a file, a folder, a hub name owner/name, or built in: household; .*",
    ),
    "no distance": (readings(), ("--frequency", "month"), "--frequency is month; expected a distance that is always the same, .*"),
    "weeks without times": (table("kw", load(N)), ("--validation", "weeks"), r"TRAIN: the series have no whole weeks of readings; .*"),
    "too few weeks": (readings(), ("--validation", "weeks"), r"TRAIN: 160 readings are too few for 1 weeks of 168; pass .*"),
    "a column there is not": (readings(), ("--value_column", "kv"), r"TRAIN: no column 'kv' among .*"),
    "a share beyond all": (readings(), ("--test_share", "1.5"), r"--test_share is 1.5; expected between 0 and 1"),
    "a horizon beyond the test": (
        readings(), ("--horizon", "50", "--validation_share", "0.5"),
        r"TRAIN: no window of 24 readings with 50 to forecast after it fits; lower --window or --horizon",
    ),
    "columns not known ahead": (
        table("when,kw,heat", times(N), load(N), load(N, 1)),
        ("--value_column", "kw", "--past_columns", "heat", "--horizon", "4", "--multi_step", "mean"), r"--multi_step mean, and heat .*",
    ),
}
# fmt: on


@pytest.mark.fault(1, 9, 36, 37, 38, 41, 71)
@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_in_a_line_with_its_row_and_nothing_is_left_behind(case):
    content, flags, message = FAULTS[case]
    for name in ("train", "test"):
        message = message.replace(name.upper(), f"a.csv, split '{name}'")
    Path("a.csv").write_text(content)
    flags = flags if {"--train", "--data"} & set(flags) else ("--data", "a.csv", *flags)
    ended = recipe("--run", "run", *flags)
    assert "Traceback" not in ended.err
    assert (ended.code, ended.err.count("\n")) == (2, 1), ended.err
    assert re.fullmatch(f"error: {message}\n", ended.err), ended.err
    assert os.listdir() == ["a.csv"]


@pytest.mark.parametrize(
    ("content", "flags", "pattern"),
    [
        (
            shifted(drop=(BAD,)),
            ("--repair",),
            r"note +a.csv, split 'train': 1 reading was not there, and filled in as missing\n",
        ),
        (
            shifted(swap=True),
            ("--repair",),
            r"1 reading was out of order sorted|1 reading out of order was sorted",
        ),
        (shifted(double=True), ("--repair",), r"1 reading at the time of another was averaged with it"),
        (readings("-"), ("--missing", "-"), r"train +144 readings, .*, 1 missing"),
        (
            readings("1e30"),
            (),
            r"scale +mean [\d.]+e\+27, standard deviation",
        ),
        (
            readings(kw=[*load(N)[:180], "", *load(N)[181:]]),
            (),
            r"warning +test: 1 reading is missing, and taken as the one before: the model was trained on .* without gaps\n",
        ),
        (
            table("when,hour,kw", [time[:10] for time in times(N)], [time[11:13] for time in times(N)], load(N)),
            ("--value_column", "kw", "--time_column", "when", "hour"),
            r"2024-01-01 00:00:00 to 2024-01-06 23:00:00",
        ),
        (
            table("item_id,when,kw", [1] * 100 + [2] * 100, times(100) * 2, load(N)),
            ("--series_column", "item_id"),
            r"series +2 \(1, 2\); a reading every 1 h\n",
        ),
        (
            table("when,kw", [f"{time[:-2]}{n * 7 % 60:02}" for n, time in enumerate(times(N))], load(N)),
            ("--frequency", "1h"),
            r"note +a.csv, split 'train': 200 readings were averaged over the steps of --frequency\n",
        ),
        (readings(kw=["7"] * N), (), r"warning +all training readings are the same in 'kw'\n"),
        (readings(kw=[f'"{value}"'.replace(".", ",") for value in load(N)]), ("--decimal", ","), r"series +1 \(kw\)"),
        (table("kw", load(N)), (), r"series +1 \(kw\); no timestamps\n"),
    ],
)
def test_what_can_be_used_is_used_with_a_word_about_it(content, flags, pattern):
    Path("a.csv").write_text(content)
    ended = done("--data", "a.csv", "--dry_run", *flags)
    assert re.search(pattern, ended.out), ended.out
    assert ended.err == ""


@pytest.mark.fault(38)
def test_a_constant_series_and_one_outlier_train_and_forecast_finite_numbers():
    for name, values in (("constant", [7.0] * 120), ("outlier", [*load(50), 1e30, *load(69)])):
        Path(f"{name}.csv").write_text(table("kw", values))
        done("--data", f"{name}.csv", "--run", name)
        made = rows_of(seqtext_command("forecast", name, "--history", f"{name}.csv", "--horizon", "3").out)
        assert np.isfinite([float(row["forecast"]) for row in made]).all()
