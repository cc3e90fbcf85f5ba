"""Tables for a saved model: columns that it learnt as numbers are no words elsewhere, and its step of time is theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import datasets
import pandas as pd
import pytest

from seqtext.data.reading.sources import load_table
from seqtext.data.series.series import whole
from seqtext.data.series.table import read_series
from seqtext.errors import DataError, OptionsError
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.request import ForecastRequest
from tests.in_process import seqtext_command as command
from tests.tasks.forecasting.recipe import load, times


def frame(length: int = 200) -> pd.DataFrame:
    off = [hour // 24 % 7 == 6 for hour in range(length)]
    return pd.DataFrame({"when": times(length), "kw": load(length), "off": off, "region": "north"})


def model_of(table: pd.DataFrame, folder: Path, *inputs: str, **how: str) -> Path:
    table.to_csv(folder / "train.csv", index=False)
    rows = load_table(str(folder / "train.csv"), flag="--data", expected="readings")
    series = read_series(rows, value_columns=("kw",), input_columns=inputs, **how)
    task = Forecaster.from_data(whole(series), model="linear", horizon=4)
    task.save_pretrained(folder / "model")
    return folder / "model"


@pytest.mark.fault(36)
@pytest.mark.parametrize("cell", ["no", "3.5 C"])
def test_words_where_the_model_learnt_numbers_are_refused_and_never_other_numbers(tmp_path, cell) -> None:
    model = model_of(frame(), tmp_path, "off")
    frame().assign(off=cell).to_csv(tmp_path / "now.csv", index=False)
    ended = command("forecast", model, "--history", tmp_path / "now.csv")
    assert ended.code == 2
    assert f"column 'off': found '{cell}'; expected numbers, or true and false, as the model learnt" in ended.err
    frame().assign(off=1).to_csv(tmp_path / "now.csv", index=False)
    assert command("forecast", model, "--history", tmp_path / "now.csv").code == 0
    with pytest.raises(DataError, match="as the model learnt"):
        Forecaster.from_pretrained(model)(frame().assign(off=cell))


def test_a_column_that_is_not_there_is_told_by_the_name_that_it_has_in_tables(tmp_path) -> None:
    model = model_of(
        pd.concat([frame().assign(id="a"), frame().assign(id="b", region="south")]),
        tmp_path,
        "region",
        series_column="id",
    )
    frame().drop(columns=["region"]).to_csv(tmp_path / "now.csv", index=False)
    ended = command("forecast", model, "--history", tmp_path / "now.csv")
    assert ended.code == 2
    assert "now.csv: no column 'region' among 'when' (string), 'kw' (string), 'off' (string)\n" in ended.err
    assert "region=" not in ended.err


def test_a_column_that_is_not_known_ahead_is_told_likewise() -> None:
    whole_day = frame().drop(columns=["off"])
    rows = datasets.Dataset.from_pandas(whole_day, preserve_index=False, split="train")
    series = read_series(rows, value_columns=("kw",), input_columns=("region",))
    task = Forecaster.from_data(whole(replace(series, known_ahead=series.input_names)), model="linear", horizon=4)
    with pytest.raises(DataError, match=r"the history: no column 'region' among 'when' \(\w+\), 'kw' \(\w+\)$"):
        task(whole_day, future=whole_day.drop(columns=["region"])[:4])


def test_a_column_that_the_model_reads_is_not_proposed_as_the_name_of_series(tmp_path) -> None:
    both = pd.concat([frame().assign(id="a"), frame().assign(id="b", region="south")])
    model = model_of(both, tmp_path, "region", series_column="id")
    ended = command("forecast", model, "--history", tmp_path / "train.csv")
    assert "pass --series_column id to make" in ended.err
    ended = command("forecast", model, "--history", tmp_path / "train.csv", "--series_column", "id")
    assert ended.code == 0, ended.err


def test_another_step_of_time_is_refused_and_the_fix_obeyed_works(tmp_path) -> None:
    model = model_of(frame(), tmp_path)
    now = pd.DataFrame({"when": pd.date_range("1990-01-31", periods=200, freq="ME"), "kw": load(200)})
    now.to_csv(tmp_path / "months.csv", index=False)
    for flag in ("forecast", "--history"), ("evaluate", "--data"):
        ended = command(flag[0], model, flag[1], tmp_path / "months.csv")
        assert ended.code == 2
        assert "a reading a month; expected a reading every 1 h, as the model was trained on" in ended.err
    quarters = pd.date_range("2024-01-01", periods=800, freq="15min")
    pd.DataFrame({"when": quarters, "kw": load(800)}).to_csv(tmp_path / "fine.csv", index=False)
    ended = command("forecast", model, "--history", tmp_path / "fine.csv")
    assert ended.code == 2
    assert "or train on these; in a file --frequency 1h averages finer ones" in ended.err
    ended = command("forecast", model, "--history", tmp_path / "fine.csv", "--frequency", "1h")
    assert ended.code == 0, ended.err


@pytest.mark.parametrize("horizon", [2.5, "3"])
def test_a_horizon_that_is_no_whole_number_is_refused(horizon) -> None:
    with pytest.raises(OptionsError, match="expected a whole number"):
        ForecastRequest(horizon=horizon)
