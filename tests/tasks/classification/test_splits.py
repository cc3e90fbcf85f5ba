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


def test_per_class_draws_training_and_validation_rows_together_and_leaves_the_rest_aside() -> None:
    given = datasets.DatasetDict(train=rows(200), validation=rows(50, first=300), test=rows(20, first=400))
    found = [labelled_splits(given, per_class=10, seed=seed) for seed in (0, 1)]
    for data in found:
        assert (len(data.train), len(data.validation), len(data.test)) == (18, 2, 20)
        used = [*data.train["text"], *data.validation["text"]]
        assert set(used) <= set(given["train"]["text"][:])
        assert [label for part in (data.train, data.validation) for label in part["label"]].count("class 0") == 10
        assert any("20 training rows used, 10 of each class, drawn with seed" in note for note in data.notes)
        assert any("validation split is left aside" in note for note in data.notes)
    assert found[0].train["text"][:] != found[1].train["text"][:]
    assert found[0].test["text"][:] == found[1].test["text"][:]


def test_a_class_with_fewer_rows_gives_all_it_has() -> None:
    few = datasets.concatenate_datasets(
        [rows(40, classes=1), rows(3, first=41, classes=1).map(lambda row: {"label": "b"})]
    )
    data = labelled_splits(datasets.DatasetDict(train=few, test=rows(4, classes=1)), per_class=10)
    assert len(data.train) + len(data.validation) == 13
    assert any("10 of each class (1 classes have fewer)" in note for note in data.notes)
