"""What is told before and after training: from when to when spans reach, by which clock, and how a baseline stands to the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqtext.tasks.forecasting.report.report import table as closing
from seqtext.tasks.forecasting.written import digits_for
from tests.tasks.forecasting.recipe import done, load, table, times


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def spans(ended) -> list[str]:
    """The lines of the spans."""
    return [line.split(maxsplit=1)[1] for line in ended.out.splitlines() if "readings, 2" in line]


def test_spans_are_told_by_the_clocks_of_their_zone():
    clocks = pd.date_range("2024-03-25", periods=300, freq="h", tz="Europe/Berlin").strftime("%Y-%m-%d %H:%M").tolist()
    Path("a.csv").write_text(table("when,kw", clocks, load(300)))
    told = spans(done("--data", "a.csv", "--time_zone", "Europe/Berlin", "--dry_run", "--run", "run"))
    assert told[0] == "216 readings, 2024-03-25 00:00:00+01:00 to 2024-04-03 00:00:00+02:00, 0 missing"
    assert told[2] == "60 readings, 2024-04-04 01:00:00+02:00 to 2024-04-06 12:00:00+02:00, 0 missing"


def test_spans_of_several_series_reach_from_the_first_reading_of_any_to_the_last_of_any():
    text = table("id,when,kw", ["a"] * 400 + ["b"] * 150, times(400) + times(150), load(400) + load(150))
    Path("a.csv").write_text(text)
    told = spans(done("--data", "a.csv", "--series_column", "id", "--dry_run", "--run", "run"))
    assert told[0] == "396 readings, 2024-01-01 00:00:00 to 2024-01-12 23:00:00, 0 missing"
    assert told[2] == "110 readings, 2024-01-06 00:00:00 to 2024-01-17 15:00:00, 0 missing"


def test_months_are_told_as_such_and_dated():
    Path("a.csv").write_text(
        table("month,sales", pd.date_range("2000-01", periods=240, freq="MS").strftime("%Y-%m").tolist(), load(240))
    )
    ended = done("--data", "a.csv", "--test_from", "2016", "--validation_from", "2014", "--dry_run", "--run", "run")
    assert "series      1 (sales); a reading a month" in ended.out
    assert spans(ended)[2] == "48 readings, 2016-01-01 00:00:00 to 2019-12-01 00:00:00, 0 missing"


# ---- the closing lines


def said(ours: float, theirs: float) -> list[str]:
    errors = {
        "mse": ours,
        "mae": ours,
        "rmse": ours,
        "smape": ours,
        "mase": None,
        "horizon": 1,
        "windows": 9,
        "pinball": None,
    }
    figures = {
        "test": errors | {"coverage": None, "series": None, "interval": None},
        "baselines": {
            "last value": errors | {"mse": theirs, "mae": theirs, "seconds": 0.0, "description": "the last reading"}
        },
        "training": {"seconds": 1},
        "other_context": {},
    }
    return [line for line in closing(figures) if line.startswith(("By ", "last value is"))]


def test_what_is_shown_as_equal_is_as_good_and_said_once():
    assert said(1.83333301, 1.83333302) == [
        "last value is as good here, and simpler: use that, or train longer, or on more readings."
    ]


def test_how_much_better_is_a_share_or_where_that_says_nothing_both_errors():
    assert said(0.5, 1.0)[0] == "By MSE this model is best, 50.0% below last value."
    assert said(1.5, 1.0)[0].startswith("last value is better by 50.0% of MSE here")
    assert said(2e-8, 0.0)[0].startswith("last value is better by MSE, 0 instead of 2e-08, here, and simpler")


def test_digits_are_those_of_what_varies():
    assert digits_for(0.5, 0.4) == digits_for(-3.0, 1.0) == digits_for(0.0, 1.0) == 8
    assert digits_for(1e6, 1.0) == 14
    assert digits_for(1e12, 1e-9) == 17
    number = 1e12 + 0.25
    assert float(f"{number:.{digits_for(1e12, 7.0)}g}") == pytest.approx(number, abs=1e-3)
    assert np.isfinite(digits_for(1e150, 1e-150))
