"""Texts as Python code holds them: found, or refused; never the names of columns in their place."""

from __future__ import annotations

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from seqtext.data.reading.joined_columns import joined
from seqtext.data.text.given import given_texts
from seqtext.errors import DataError

TEXTS = ["20 km", "3 hours", "Oslo"]
TABLE = {"id": [1, 2, 3], "text": TEXTS}
ROWS = datasets.Dataset.from_dict(TABLE)


@pytest.mark.fault(73)
@pytest.mark.parametrize(
    "given",
    [
        TEXTS, tuple(TEXTS), iter(TEXTS), dict.fromkeys(TEXTS).keys(), np.array(TEXTS), np.array(TEXTS, dtype=object),
        pd.Series(TEXTS, index=[7, 8, 9]), pa.array(TEXTS), ROWS["text"], ROWS["text"][:],
        pd.DataFrame(TABLE), pa.table(TABLE), ROWS, ROWS[:], TABLE, {"text": np.array(TEXTS)}, ROWS.to_iterable_dataset(),
        [{"text": text} for text in TEXTS], [TEXTS[0], {"text": TEXTS[1]}, TEXTS[2]],
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_texts_are_found_wherever_they_are(given: object) -> None:
    assert list(given_texts(given, "text")) == TEXTS


@pytest.mark.fault(73)
def test_one_text_is_one() -> None:
    for given in ("20 km", {"text": "20 km"}, np.str_("20 km")):
        assert list(given_texts(given, "text")) == ["20 km"]
    assert list(given_texts([], "text")) == []


def test_texts_of_several_columns_are_joined() -> None:
    column, table = joined(["title", "body"]), {"title": ["a", "c"], "body": ["b", ""], "id": [1, 2]}
    rows = datasets.Dataset.from_dict(table)
    for given in (table, pd.DataFrame(table), rows, list(rows)):
        assert list(given_texts(given, column)) == ["a \u241f b", "c \u241f "]
    assert list(given_texts({"title": "a", "body": "b"}, column)) == ["a \u241f b"]
    assert list(given_texts(["a text alone"], column)) == ["a text alone"]


@pytest.mark.fault(73)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (pd.DataFrame({"id": [1], "body": ["a"]}), r"found DataFrame with the columns id, body; .* a list of texts; pass df\['body'\]$"),
        (pa.table({"body": ["a"]}), r"found Table with the columns body; expected a list of texts; pass df\['body'\]$"),
        ({"body": ["a"]}, r"found dict with the columns body; expected a list of texts; pass rows\['body'\]$"),
        (datasets.DatasetDict(test=ROWS), "found DatasetDict with the columns test; expected a list of texts; give it the column 'text'"),
        ({}, "found an empty table"),
        (pd.DataFrame({"text": [1]}), "text 1, column 'text': found int; expected a string"),
        ({"text": 7}, "column 'text': found int; expected a list of texts"),
        (7, "found int; expected a list of texts"),
        (None, "found NoneType; expected a list of texts"),
        (b"a", "found bytes; expected a list of texts"),
        ({"a"}, "found set; expected a list of texts"),
        (["a", None], "text 2: found NoneType; expected a string"),
        (pd.Series(["a", np.nan]), "text 2: found (float|NoneType); expected a string"),
        (["a", {"body": "b"}], "text 2: found a row of body; expected the column 'text', or a string"),
        ([["a", "b"]], "text 1: found list; expected a string"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_told(given: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(given_texts(given, "text"))


def test_a_table_of_columns_of_different_lengths_is_told() -> None:
    with pytest.raises(DataError, match="columns title, body of different lengths"):
        list(given_texts({"title": ["a"], "body": ["b", "c"]}, joined(["title", "body"])))
