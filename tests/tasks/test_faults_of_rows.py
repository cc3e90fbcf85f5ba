"""Rows that cannot be used, given to each task from Python: refused before anything is trained, with the row and what stands in it."""

from __future__ import annotations

import random
import re

import numpy as np
import pandas as pd
import pytest

import seqtext
from seqtext.errors import DataError
from seqtext.tasks.known import TASKS
from tests.survival.planted import ROWS, Row, cell_faults

BY_RECIPE = {task.recipe: getattr(seqtext, task.name) for task in TASKS if task.recipe in ROWS}
N = 60


def rows_of(recipe: str) -> list[Row]:
    drawn = random.Random(0)
    return [ROWS[recipe](drawn, number) for number in range(N)]


def refused(recipe: str, rows: object) -> str:
    with pytest.raises(DataError) as caught:
        BY_RECIPE[recipe].from_data(rows)
    return str(caught.value)


@pytest.mark.fault(10, 14, 16, 36, 37, 73)
@pytest.mark.parametrize("recipe", BY_RECIPE)
def test_a_cell_that_cannot_be_used_is_told_with_its_row_wherever_it_stands(recipe: str):
    for kind, (column, value) in cell_faults(recipe, "jsonl").items():
        for row in (0, N // 2, N - 1):
            rows = rows_of(recipe)
            rows[row][column] = value
            frame = pd.DataFrame(rows)
            for given in (
                (frame,) if recipe == "electricity" else (rows, frame, {name: list(frame[name]) for name in frame})
            ):
                told = refused(recipe, given)
                assert re.search(rf"\brow {row + 1}\b", told), (kind, told)
                assert "\n" not in told


@pytest.mark.fault(2, 9, 73)
@pytest.mark.parametrize("recipe", BY_RECIPE)
def test_what_holds_no_rows_or_lacks_the_column_is_told(recipe: str):
    rows = pd.DataFrame(rows_of(recipe))
    for given in (rows[:0], rows.iloc[:, :0], rows.iloc[:, :1]):
        assert "\n" not in refused(recipe, given)


@pytest.mark.fault(15)
@pytest.mark.parametrize("recipe", ["topics", "generation"])
def test_no_id_is_ever_left_out(recipe: str):
    rows = pd.DataFrame(rows_of(recipe))
    rows["label"] = np.arange(N) % 3
    rows.loc[7, "label"] = -100
    assert "found -100 in row 8" in refused(recipe, rows)
