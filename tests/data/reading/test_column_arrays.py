from __future__ import annotations

from itertools import pairwise

import datasets
import numpy as np
import pytest

from seqtext.data.reading.column_arrays import column_arrays, place_of


def shards(*sizes: int) -> datasets.Dataset:
    ends = np.cumsum([0, *sizes]).tolist()
    parts = [{"n": list(range(start, end))} for start, end in pairwise(ends)]
    return datasets.concatenate_datasets([datasets.Dataset.from_dict(part) for part in parts])


@pytest.mark.parametrize("sizes", [(25,), (7, 1, 17), (3, 0, 20, 2)])
@pytest.mark.parametrize(
    "rows", [None, list(range(24, -1, -1)), [3, 3, 24, 0, 7, 7], list(range(5, 20)), [], [24] * 11, [8, 2, 9, 1, 20, 6]]
)
def test_values_follow_the_rows_shown(monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...], rows: list[int]) -> None:
    monkeypatch.setattr("seqtext.data.reading.column_arrays.MAX_ROWS", 4)
    data = shards(*sizes) if rows is None else shards(*sizes).select(rows)
    arrays = list(column_arrays(data, "n"))
    assert [value for array in arrays for value in array.to_pylist()] == (list(range(25)) if rows is None else rows)
    # However the rows lie on the disk, the arrays are of one size: what is done array by array does not depend on it.
    assert all(len(array) == 4 for array in arrays[:-1])


def test_what_messages_call_a_data_set() -> None:
    data = shards(3)
    assert place_of(data) == "the data"
    data = datasets.Dataset.from_dict({"n": [1]}, info=datasets.DatasetInfo(dataset_name="news"), split="test")
    assert place_of(data.select([0])) == "news, split 'test'"
