"""Numbers that mark missing readings are told, with what to pass; passed, they are missing."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.data.series.marks import of_marks
from seqtext.data.series.table import read_series
from tests.data.series.test_layouts import table
from tests.tasks.forecasting.forecasters import series_of

LOAD = [3.2, 0.1, 7.5, 4.4, 2.0]


@pytest.mark.parametrize(
    ("marked", "mark", "count"),
    [
        ([*LOAD, -999], "-999", 1),
        ([*LOAD, -9999.0, -9999.0], "-9999", 2),
        ([*LOAD, -200, -200], "-200", 2),  # as air quality stations write it
        ([*LOAD, 9999], "9999", 1),
        ([*LOAD, -999.9], "-999.9", 1),
        ([-20.0, 35.0, -999], "-999", 1),
    ],
)
def test_a_mark_is_told_and_missing_once_it_is_passed(marked, mark, count):
    data = table(kw=[str(value) for value in marked])
    (note,) = [note for note in read_series(data).notes if "--missing" in note]
    assert note.endswith(f"if it marks a missing one, pass --missing {mark}")
    assert f": {count} reading{'s are' if count > 1 else ' is'} {mark}, far from all others (" in note
    mended = read_series(data, missing=[mark])
    assert np.isnan(mended.values).sum() == count
    assert not [note for note in mended.notes if "--missing" in note]


@pytest.mark.parametrize(
    "values",
    [
        [*LOAD, -3.7],  # fed back into the net
        [*LOAD, -311.7],  # an outlier
        [100.0, 101.0, 0.0, 0.0, 102.0],  # an outage
        [-999.0] * 5,
        [900.0, 950.0, 999.0, 1001.0],
        [-50.0, -40.0, -60.0, -99.0, -70.0],
    ],
)
def test_what_may_be_a_reading_is_none(values):
    assert of_marks(series_of(np.array(values))) == []


def test_both_marks_and_those_of_further_columns_are_told():
    values = np.array([*LOAD, -999, -9999])
    series = series_of(values, inputs=np.array([*LOAD, 5, -999])[:, None], input_names=("sun",))
    told = of_marks(series)
    assert [note.rsplit(" ", 1)[1] for note in told] == ["-9999", "-999", "-999"]
    assert "1 cell of 'sun' is -999" in told[2]
