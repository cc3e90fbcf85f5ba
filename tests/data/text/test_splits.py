"""From a data set to training, validation and test texts, with attributes or without."""

from __future__ import annotations

import datasets
import pytest

from seqtext.data.rows.splits import hold_out_rows
from seqtext.data.text.splits import text_splits
from seqtext.errors import DataError


def rows(count: int, *, first: int = 0, classes: int = 2) -> datasets.Dataset:
    numbers = range(first, first + count)
    return datasets.Dataset.from_dict(
        {"text": [f"text {number}" for number in numbers], "label": [f"class {number % classes}" for number in numbers]}
    )


def of(**splits: datasets.Dataset) -> datasets.DatasetDict:
    return datasets.DatasetDict(splits)


def test_given_splits_are_used_as_they_are() -> None:
    given = of(train=rows(40), dev=rows(10, first=50), test=rows(10, first=70), other=rows(3))
    found = text_splits(given, attributes=("label",))
    assert [len(part) for part in (found.train, found.validation, found.test)] == [40, 10, 10]
    assert (found.text_column, found.duplicates, found.warnings) == ("text", 0, ())
    assert found.notes == ("validation: the split 'dev'", "split 'other' is not used")


@pytest.mark.parametrize("attributes", [(), ("label",)])
def test_missing_splits_are_held_out_of_training_rows(attributes: tuple[str, ...]) -> None:
    one, two = (text_splits(of(train=rows(200)), attributes=attributes, seed=seed) for seed in (0, 7))
    assert [len(part) for part in (one.train, one.validation, one.test)] == [162, 18, 20]
    assert one.test["text"][:] == two.test["text"][:]
    assert one.validation["text"][:] != two.validation["text"][:]
    assert one.notes == (
        "no test split: 20 training rows are held out as one, the same whatever the seed",
        "validation: 18 training rows, held out with seed 0",
    )
    parts = [set(part["text"][:]) for part in (one.train, one.validation, one.test)]
    assert len(set.union(*parts)) == 200


def test_held_out_rows_have_their_share_of_each_class_of_the_first_attribute() -> None:
    found = text_splits(of(train=rows(200, classes=4)), attributes=("label",))
    assert sorted(found.test["label"][:]) == [f"class {number}" for number in range(4) for _ in range(5)]


def test_a_validation_split_alone_is_the_test() -> None:
    found = text_splits(of(train=rows(40), validation=rows(10, first=50)))
    assert found.test["text"][0] == "text 50"
    assert len(found.validation) == 4
    assert found.notes[0] == "no test split: the given validation split is the test"


def test_only_so_many_training_rows_are_drawn() -> None:
    found = text_splits(of(train=rows(100), test=rows(9, first=200)), attributes=("label",), max_rows=30)
    assert [len(part) for part in (found.train, found.validation, found.test)] == [27, 3, 9]
    assert found.notes[0] == "30 training rows used, drawn with seed 0 (--max_rows)"


@pytest.mark.fault(19)
def test_test_texts_that_are_in_train_are_told() -> None:
    found = text_splits(of(train=rows(40), validation=rows(5, first=60), test=rows(10, first=38)))
    assert found.duplicates == 2
    assert found.warnings == ("2 test texts are in train too: the test figures flatter",)


@pytest.mark.fault(14)
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_attribute_without_a_value_is_told_by_the_row_of_the_file(split: str, value: str | None) -> None:
    given = {"train": rows(40), "test": rows(20, first=50)}
    labels = given[split]["label"][:]
    labels[16] = value
    given[split] = given[split].remove_columns("label").add_column("label", labels)
    with pytest.raises(
        DataError, match=rf"column 'label': found no value .* in row 17 of {len(labels)}; .*; fill them"
    ):
        text_splits(of(**given), attributes=("label",), max_rows=20)
    assert text_splits(of(**given), text_column="text").text_column == "text", "where it is no attribute it may be so"


@pytest.mark.fault(2, 10)
@pytest.mark.parametrize(
    ("splits", "settings", "message"),
    [
        ({"test": rows(9)}, {}, "no training rows; expected a split 'train'; its splits: test"),
        ({"train": rows(9)}, {"attributes": ("lable",)}, "no column 'lable' among .*; did you mean 'label'"),
        ({"train": rows(9)}, {"others": ("vector",)}, "no column 'vector' among"),
        ({"train": rows(9)}, {"text_column": "body"}, "no column 'body' among"),
        (
            {"train": rows(9).rename_column("text", "a").add_column("b", rows(9)["text"][:])},
            {},
            "columns could be the text",
        ),
        ({"train": rows(1)}, {"text_column": "text"}, "1 row left to train on; expected two at least, to hold one out"),
    ],
)
def test_what_cannot_be_used_is_told(splits: dict, settings: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        text_splits(of(**splits), **settings)


def test_held_out_rows_are_a_tenth_and_not_too_many() -> None:
    assert [len(part) for part in hold_out_rows(rows(50), None, seed=0)] == [45, 5]
    assert [len(part) for part in hold_out_rows(rows(5), "label", seed=0)] == [4, 1]
    assert len(hold_out_rows(rows(30_000), None, seed=0)[1]) == 2_500
