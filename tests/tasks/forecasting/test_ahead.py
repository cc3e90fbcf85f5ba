"""What is known ahead of series by the calendar: taken from the month after the history on, whatever the file begins with."""

from __future__ import annotations

import datasets
import numpy as np
import pytest

from seqtext.data.series.series import SeriesSet
from seqtext.data.series.table import read_series
from seqtext.errors import DataError
from seqtext.tasks.forecasting.ahead import _of_series


def months(first: str, count: int, step: int = 1) -> SeriesSet:
    dates = (np.datetime64(first, "M") + step * np.arange(count)).astype("datetime64[D]").astype(str).tolist()
    rows = datasets.Dataset.from_dict({"date": dates, "y": list(range(count)), "price": list(range(count))})
    return read_series(rows, time_column="date", value_columns=("y",), input_columns=("price",))


@pytest.mark.parametrize("step", [1, 3, 12])
def test_what_the_history_has_passed_is_left_out(step):
    history = months("2019-01", 8, step)
    behind = str(np.datetime64("2019-01", "M") + 8 * step)
    for begin in (0, 4, 8):
        future = months(str(np.datetime64("2019-01", "M") + begin * step), 20 - begin, step)
        assert _of_series(future, history, 0, 3).ravel().tolist() == [8 - begin + ahead for ahead in range(3)]
    with pytest.raises(DataError, match=f"expected {behind}"):
        _of_series(months(str(np.datetime64(behind, "M") + step), 5, step), history, 0, 3)


def test_another_step_of_the_calendar_is_told():
    with pytest.raises(DataError, match="found a reading a quarter; expected a reading a month, as the history has"):
        _of_series(months("2019-01", 8, 3), months("2019-01", 8), 0, 3)
