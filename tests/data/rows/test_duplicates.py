from __future__ import annotations

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.rows.duplicates import duplicates


def texts(values: list[str | None]) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"text": values}, features=datasets.Features(text=datasets.Value("string")))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=2)), st.lists(st.text(max_size=2)))
def test_duplicates_are_those_in_both(train: list[str], test: list[str]) -> None:
    found = duplicates(texts(list(train)), texts(list(test)), "text", first=3)
    rows = [row for row, text in enumerate(test, start=1) if text in train and text.strip()]
    assert found == (len(rows), tuple(rows[:3]))


@pytest.mark.fault(19)
def test_planted_duplicates_are_counted_across_batches() -> None:
    train = texts([f"train {row}" for row in range(25_000)])
    values = [f"test {row}" for row in range(25_000)]
    for row in (3, 9_999, 10_000, 24_999):
        values[row] = f"train {row}"
    assert duplicates(train, texts(list(values)), "text") == (4, (4, 10_000, 10_001, 25_000))
