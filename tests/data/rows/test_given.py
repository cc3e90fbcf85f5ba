"""Rows as Python code holds them, each as the same data set."""

from __future__ import annotations

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from seqtext.data.rows.given import as_rows, is_frame
from seqtext.errors import DataError

TEXTS, LABELS = ["20 km", "3 hours", "Oslo"], ["length", "time", "place"]
COLUMNS = {"text": TEXTS, "label": LABELS}


class Column(list):
    """As a column of polars: iterable, and Arrow's on demand."""

    def to_arrow(self) -> pa.Array:
        return pa.array(self)


class Frame:
    """As a frame of polars: names of columns, and columns by their names."""

    columns = tuple(COLUMNS)

    def __getitem__(self, name: str) -> Column:
        return Column(COLUMNS[name])


@pytest.mark.fault(73)
@pytest.mark.parametrize(
    "given",
    [
        datasets.Dataset.from_dict(COLUMNS),
        datasets.Dataset.from_dict(COLUMNS)[:],
        pd.DataFrame(COLUMNS),
        pd.DataFrame(COLUMNS, index=[9, 4, 4]),
        pd.DataFrame({"text": TEXTS, "label": pd.Categorical(LABELS)}),
        Frame(),
        pa.table(COLUMNS),
        COLUMNS,
        {"text": np.array(TEXTS), "label": pd.Series(LABELS)},
        [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)],
        ({"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)),
    ],
    ids=lambda given: type(given).__name__,
)
def test_whatever_has_columns_is_a_data_set(given: object) -> None:
    assert as_rows(given, "text", "label")[:] == COLUMNS


def test_of_several_splits_one_is_taken_where_it_is_named() -> None:
    splits = datasets.DatasetDict(train=datasets.Dataset.from_dict(COLUMNS))
    assert as_rows(splits, split="train")[:] == COLUMNS
    for split in (None, "test"):
        with pytest.raises(DataError, match=r"found a DatasetDict; expected a Dataset; pass one split, as data\['tr"):
            as_rows(splits, split=split)


def test_missing_cells_are_none_whatever_marks_them() -> None:
    frame = pd.DataFrame({"text": ["a", None, np.nan, pd.NA], "number": [1, 2, np.nan, None]})
    assert as_rows(frame)[:] == {"text": ["a", None, None, None], "number": [1.0, 2.0, None, None]}
    assert as_rows([{"text": "a"}, {"text": "b", "more": 1}])[:] == {"text": ["a", "b"], "more": [None, 1]}


@pytest.mark.fault(70)
def test_columns_that_nobody_asked_for_and_no_type_fits_are_left_aside() -> None:
    frame = pd.DataFrame({**COLUMNS, "mixed": [1, "a", None], "large": [2**70, 1, 2], "object": [object()] * 3})
    assert as_rows(frame, "text", "label").column_names == ["text", "label"]
    twice = pd.DataFrame([["a", "b", "c"]], columns=["text", "x", "x"])
    assert as_rows(twice).column_names == ["text"]


@pytest.mark.fault(10, 73)
@pytest.mark.parametrize("place", [0, 1, 4])
@pytest.mark.parametrize(
    ("wrong", "told"), [(3, "3 (int)"), (1.5, "1.5 (float)"), (["a"], "['a'] (list)"), (b"a", "b'a'")]
)
def test_a_cell_of_another_type_is_told_with_its_row_wherever_it_stands(place: int, wrong: object, told: str) -> None:
    texts: list[object] = ["a", "b", None, "c", "d"]
    texts[place] = wrong
    for given in ({"body": texts}, [{"body": text} for text in texts], pd.DataFrame({"body": texts})):
        with pytest.raises(DataError) as caught:
            as_rows(given, "body")
        assert f"row {place + 1}, column 'body': found {told}" in str(caught.value)
        assert "expected text, as in 3 of 5 rows" in str(caught.value)


@pytest.mark.fault(2, 73)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "found NoneType; expected a Dataset, a data frame, a dict of columns, or a list of dicts"),
        ("text", "found str; expected a Dataset"),
        (["a", "b"], r"found list; expected a Dataset.*; for texts alone pass {'text': texts}"),
        ([("a", "b")], "found list; expected a Dataset.* a list of dicts$"),
        ([], "no rows; expected one row at least"),
        ({"text": []}, "no rows"),
        (pd.DataFrame({"text": []}), "no rows"),
        ({"text": "a"}, r"found 'a' \(str\) as column 'text'"),
        ({"text": ["a"], "label": ["b", "c"]}, "columns of different lengths: 'text' 1, 'label' 2"),
    ],
)
def test_what_holds_no_rows_is_told(given: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_rows(given)


def test_streaming_data_sets_are_told_apart() -> None:
    data = datasets.Dataset.from_dict(COLUMNS)
    for streaming in (data.to_iterable_dataset(), datasets.IterableDatasetDict()):
        with pytest.raises(DataError, match="streaming data set; expected one on disk; load it without streaming=True"):
            as_rows(streaming)


def test_frames_are_told_from_what_only_looks_like_one() -> None:
    assert is_frame(pd.DataFrame(COLUMNS))
    assert is_frame(pa.table(COLUMNS))
    for other in (COLUMNS, TEXTS, pd.Series(TEXTS), np.array(TEXTS), "columns"):
        assert not is_frame(other)
