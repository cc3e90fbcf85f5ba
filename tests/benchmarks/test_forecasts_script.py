"""`benchmarks/forecasts.py` measures what is installed, and says what is not."""

from __future__ import annotations

import importlib
import re

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.in_process import run, succeeded


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("forecasts")


def test_what_is_installed_has_figures_and_what_is_not_is_skipped_with_a_line(script, monkeypatch):
    monkeypatch.setattr(script, "installed", lambda package: package == "sklearn")
    monkeypatch.setattr(
        script, "_boosted", lambda task, model: lambda at: dict.fromkeys(script.LEVELS, task.values[:96])
    )
    flags = ("--days", "40", "--origins", "3", "--threads", "1")
    ended = succeeded(
        run(script.main, "forecasts.py", *flags, "--methods", "week", "trees", "lightgbm", "nhits", "lstm", "mstl")
    )
    lines = ended.out.splitlines()
    assert lines[0] == "3,840 readings, 3,072 to fit on, 3 forecasts of 96 steps"
    assert re.fullmatch(r"same time last week +0\.\d{4} +- +0\.0 +\d+\.\d", lines[2])
    assert re.fullmatch(r"boosted trees \(scikit-learn\) +\d\.\d{4} +\d\.\d{4} +\d+\.\d +\d+\.\d", lines[3])
    assert lines[4:] == [
        f"{'LightGBM':<34} skipped: lightgbm not installed",
        f"{'NHITS (neuralforecast)':<34} skipped: neuralforecast not installed",
        f"{'LSTM (neuralforecast)':<34} skipped: neuralforecast not installed",
        f"{'MSTL with AutoETS (statsforecast)':<34} skipped: statsforecast not installed",
    ]


def test_trees_read_nothing_behind_the_forecast(script, tmp_path):
    task = script.made(tmp_path / "a.csv", 20, None)
    at, steps = np.full(96, 1500), np.arange(96)
    before = script.features(task, at, steps)
    task.frame.loc[task.frame.index[1500] :, "kw"] = 99.0
    assert np.array_equal(script.features(task, at, steps), before)
