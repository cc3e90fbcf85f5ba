"""From a data set to training, validation and test rows: which split is which, and what becomes of rare classes."""

from __future__ import annotations

import datasets
import pytest

from seqtext.tasks.classification.splits import labelled_splits


def rows(count: int, *, first: int = 0, classes: int = 2) -> datasets.Dataset:
    numbers = range(first, first + count)
    return datasets.Dataset.from_dict(
        {"text": [f"text {number}" for number in numbers], "label": [f"class {number % classes}" for number in numbers]}
    )


@pytest.mark.parametrize("name", ["validation", "valid", "val", "dev"])
def test_a_validation_split_has_any_of_its_usual_names(name: str) -> None:
    given = datasets.DatasetDict({"train": rows(40), name: rows(10, first=50), "test": rows(10, first=70)})
    found = labelled_splits(given)
    assert found.validation["text"][:] == given[name]["text"][:]
    assert len(found.train) == 40
    assert found.notes == (() if name == "validation" else (f"validation: the split {name!r}",))


def test_splits_that_are_not_used_are_told_and_need_no_columns() -> None:
    other = datasets.Dataset.from_dict({"body": ["x"]})
    given = datasets.DatasetDict(
        train=rows(40),
        validation=rows(10, first=50),
        dev=rows(9, first=60),
        test=rows(10, first=70),
        unsupervised=other,
    )
    found = labelled_splits(given)
    assert len(found.validation) == 10
    assert found.notes == ("split 'dev' is not used", "split 'unsupervised' is not used")


def test_a_test_split_held_out_is_the_same_whatever_the_seed() -> None:
    one, two = (labelled_splits(datasets.DatasetDict(train=rows(200)), seed=seed) for seed in (0, 7))
    assert one.test["text"][:] == two.test["text"][:]
    assert one.validation["text"][:] != two.validation["text"][:]
    assert one.notes[0] == "no test split: 20 training rows are held out as one, the same whatever the seed"
    assert not set(one.test["text"][:]) & {*two.train["text"][:], *two.validation["text"][:]}


def test_a_class_that_loses_its_last_training_row_is_told_and_no_other() -> None:
    rare = rows(50, classes=5).filter(lambda row: row["label"] != "class 1" or row["text"] == "text 1")
    given = datasets.DatasetDict(
        train=rare, validation=rows(20, first=60, classes=3), test=rows(62, first=100, classes=5)
    )
    found = labelled_splits(given, max_rows=4)
    assert set(found.train["label"][:]) == {"class 0", "class 2", "class 3", "class 4"}
    assert len(found.warnings) == 2  # of validation and of test
    assert all("the label 'class 1' in " in warning for warning in found.warnings)
