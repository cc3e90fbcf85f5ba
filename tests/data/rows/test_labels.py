from __future__ import annotations

import re
from collections.abc import Sequence

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.rows.labels import Labels, about_labels, check_same_classes
from seqtext.errors import DataError

CLASSES = ["World", "Sports", "Business"]


def split(labels: Sequence[object], *, name: str = "train", classes: list[str] | None = None) -> datasets.Dataset:
    features = datasets.Features(label=datasets.ClassLabel(names=classes)) if classes else None
    return datasets.Dataset.from_dict({"label": labels}, features=features, split=name)


@pytest.mark.parametrize(
    ("values", "names", "ids"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        (["10", "9", "10"], ("9", "10"), [1, 0, 1]),
        ([5, 3, 10], ("3", "5", "10"), [1, 0, 2]),
        ([True, False, True], ("false", "true"), [1, 0, 1]),
        (["NA", "null", "NA"], ("NA", "null"), [0, 1, 0]),
        (["-1", "a", "-1"], ("-1", "a"), [0, 1, 0]),
        ([1, -1, 1], ("-1", "1"), [1, 0, 1]),
        (["1", "-1", "-1.0"], ("-1", "1"), [1, 0, 0]),
        ([2.0, 10.0, 2.0], ("2", "10"), [0, 1, 0]),
        (["2.0", "10.0", "2.0"], ("2", "10"), [0, 1, 0]),
        (["2", "10", "2.00"], ("2", "10"), [0, 1, 0]),
        (["1.0", "2.10", "1.0"], ("1.0", "2.10"), [0, 1, 0]),
        ([" sea", "town", "sea "], ("sea", "town"), [0, 1, 0]),
        (["[a]", "[b]", "[a]"], ("[a]", "[b]"), [0, 1, 0]),
        ([["b"], ["a"], ["b"]], ("a", "b"), [1, 0, 1]),
        ([[2], [10], [2]], ("2", "10"), [0, 1, 0]),
    ],
)
def test_values_become_names_and_ids(values: list[object], names: tuple[str, ...], ids: list[int]) -> None:
    labels = Labels.of(split(values), "label")
    assert labels.names == names
    assert sum(labels.counts) == 3
    encoded = labels.encode(split(values), "label")
    assert encoded.ids.dtype == np.int64
    assert encoded.ids.tolist() == ids
    assert encoded.names == names
    assert encoded.rows.tolist() == [0, 1, 2]
    assert encoded.dropped == 0
    assert encoded.warnings == ()


def test_class_names_keep_their_order_and_those_without_rows() -> None:
    labels = Labels.of(split([0, 2, 2], classes=CLASSES), "label")
    assert labels == Labels(tuple(CLASSES), (1, 0, 2))
    assert labels.encode(split([2, 0], classes=CLASSES), "label").ids.tolist() == [2, 0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("abcde"), min_size=2, max_size=30).filter(lambda v: len(set(v)) > 1), st.randoms())
def test_ids_follow_the_rows_shown(values: list[str], chance: object) -> None:
    rows = np.random.default_rng(chance.randrange(2**32)).integers(0, len(values), 40)  # type: ignore[attr-defined]
    data = split(values)
    labels = Labels.of(data, "label")
    encoded = labels.encode(data.select(rows), "label")
    assert [labels.names[id_] for id_ in encoded.ids] == [values[row] for row in rows]


# ---- rows without a label


@pytest.mark.fault(14)
@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([0, -1, 1, -1, 2], CLASSES),
        ([0, None, 1, None, 2], CLASSES),
        ([0, -1, 1, -1, 2], None),
        ([0, None, 1, None, 2], None),
        ([0.0, float("nan"), 1.0, None, 2.0], None),
        ([0.0, -1.0, 1.0, None, 2.0], None),
        ([["x"], [], ["y"], None, ["z"]], None),
        (["x", "", "y", " ", "z"], None),
        (["0", "-1", "1", "-1", "2"], None),
        (["0", "-1", "1", "", "2"], None),
        (["x", None, "y", None, "z"], None),
        ([True, None, False, None, True], None),
    ],
)
def test_rows_without_a_label_stop_or_are_dropped_and_counted(values: list[object], classes: list[str] | None) -> None:
    data = split(values, name="test", classes=classes)
    labels = Labels.of(data, "label")
    found = "split 'test', column 'label': found no label (None, -1 or empty) in 2 rows, 2, 4 of 5; "
    with pytest.raises(DataError, match=re.escape(found) + ".*--unlabelled drop"):
        labels.encode(data, "label")
    encoded = labels.encode(data, "label", unlabelled="drop")
    assert encoded.rows.tolist() == [0, 2, 4]
    assert encoded.dropped == 2
    assert len(encoded.ids) == 3


@pytest.mark.fault(2, 14)
def test_a_split_without_any_label_cannot_be_used() -> None:
    labels = Labels(tuple(CLASSES))
    data = split([-1] * 1200, name="test", classes=CLASSES)
    for unlabelled in ("error", "drop"):
        with pytest.raises(DataError, match=r"1,200 rows, the first 1, 2, 3, 4, 5 of 1,200.*use another split"):
            labels.encode(data, "label", unlabelled=unlabelled)
    nothing = datasets.Dataset.from_dict({"label": [None, None]})
    with pytest.raises(DataError, match="the data, column 'label': found no labels"):
        Labels.of(nothing, "label")


# ---- labels that are none


@pytest.mark.fault(15, 16)
@pytest.mark.parametrize("bad", [-100, -2, 3, 99])
@pytest.mark.parametrize("place", [0, 7, 19])
def test_ids_without_a_name_are_never_ignored(bad: int, place: int) -> None:
    # `ClassLabel` refuses such ids in Python, but parquet files and -1 pass it by.
    values = [row % 3 for row in range(20)]
    values[place] = bad
    data = split(values).cast(datasets.Features(label=datasets.Value("int64")))
    data = datasets.Dataset(
        data.data, info=datasets.DatasetInfo(features=datasets.Features(label=_classes())), split="train"
    )
    with pytest.raises(DataError, match=rf"found {bad} in row {place + 1}; expected 0 to 2 \('World, Sports"):
        Labels.of(data, "label")


def _classes() -> datasets.ClassLabel:
    return datasets.ClassLabel(names=CLASSES)


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, -100, 1, -100], "found -100 in 2 rows, 2, 4; expected 0 or more; .*no label is ever ignored"),
        (["0", "-100", "1", "-100"], "found -100 in 2 rows, 2, 4; expected 0 or more; .*no label is ever ignored"),
        ([0.0, 1.0, 1.5], r"found 1.5 in row 3 \(the column is double\)"),
        ([0.0, 1e300, 1.0], r"found 0.0 in row 1 \(the column is double\); expected a name, a whole number"),
        ([[0.5], [1.5]], r"found 0.5 in row 1 \(the column is double\)"),
        ([["a"], [], ["a", "b"]], r"row 3, found \['a', 'b'\]: each row has several labels; where"),
        (["[1]", "", "[0, 1]"], r"row 3, found '\[0, 1\]': each row has several labels; where a text has one"),
        (["x"] * 9, "found only 'x', in 9 rows; expected two classes at least"),
        ([True, True], "found only 'true', in 2 rows"),
        ([None, 3, 3], "found only '3', in 2 rows"),
    ],
)
def test_columns_that_hold_no_labels(values: list[object], message: str) -> None:
    with pytest.raises(DataError, match=f"split 'train', column 'label'[:,] {message}"):
        Labels.of(split(values), "label")


def test_a_column_of_texts_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtext.data.reading.label_codes.MAX_LABELS", 100)
    with pytest.raises(DataError, match="more than 100 different values"):
        Labels.of(split([str(row // 2) for row in range(1000)]), "label")


# ---- names that may mean the same, or several things


def about(values: Sequence[object], **others: Sequence[object]) -> tuple[list[str], list[str]]:
    return about_labels({"train": split(values), **{name: split(v, name=name) for name, v in others.items()}}, "label")


def test_blanks_around_labels_are_counted_where_they_were() -> None:
    notes, warnings = about([" sea", "sea", "town\t"] * 9, test=["sea", " sea"])
    told = "split {}: blanks around {} labels of column 'label' are left out"
    assert notes == [told.format("'train'", 18), told.format("'test'", 1)]
    assert warnings == []


@pytest.mark.fault(72)
def test_names_that_differ_in_case_alone_are_told_with_their_rows() -> None:
    _, [warning] = about(["Sports", "sports", "World", "SPORTS", "Sci  Tech", "sci tech", "Sports"] * 5)
    for told in ("'Sports' (10 rows)", "'sports' (5 rows)", "'SPORTS' (5 rows)", "'Sci  Tech' (5 rows)"):
        assert told in warning
    assert "World" not in warning
    assert warning.endswith("if they are one, write them alike")
    mended = ["Sports", "Sports", "World", "Sports", "Sci Tech", "Sci Tech", "Sports"] * 5
    assert about(mended) == ([], [])


@pytest.mark.fault(72)
@pytest.mark.parametrize("mark", [";", "|", ", "])
def test_labels_that_stand_several_in_a_cell_are_told(mark: str) -> None:
    _, [warning] = about(["sea", f"sea{mark}town", "town", f"town{mark}wood", "wood", "sea"] * 5)
    assert f"'sea{mark}town', 'town{mark}wood'" in warning
    assert "each row may have several labels; where a text has one label, keep one" in warning


@pytest.mark.parametrize("names", [["Food, Drink", "Travel"], ["Home, Garden", "Home, Kitchen"], ["a;", "b"]])
def test_names_with_marks_in_them_are_names(names: list[str]) -> None:
    assert about(names * 9) == ([], [])


def test_classes_of_hardly_any_rows_are_told() -> None:
    _, [warning] = about([f"intent {row // 2}" for row in range(300)])
    assert warning == "150 classes in 300 training rows: hardly anything can be learnt of a class"


def test_splits_are_matched_whatever_readers_added_to_a_label() -> None:
    labels = Labels(("1", "2.10", "sea"))
    assert labels.encode(split(["1.0", "2.10", " sea"]), "label").ids.tolist() == [0, 1, 2]
    assert Labels(("1", "2")).encode(split([2.0, 1.0]), "label").ids.tolist() == [1, 0]
    assert Labels(("1", "1.0")).encode(split(["1.0", "1", "x"]), "label").ids.tolist() == [1, 0, 2]


# ---- labels that training never saw


@pytest.mark.fault(17)
def test_unseen_labels_count_as_mistakes_and_are_told() -> None:
    labels = Labels.of(split(["Sports", "World", "World"]), "label")
    values = ["World", "Sport", "Weather", "Sport", "Sports", *["Sport"] * 6]
    encoded = labels.encode(split(values, name="test"), "label")
    assert labels.names == ("Sports", "World")
    assert encoded.names == ("Sports", "World", "Sport", "Weather")
    assert encoded.ids.tolist() == [1, 2, 3, 2, 0, *[2] * 6]
    told = "split 'test', column 'label': the label {} never occurs in training: counted as a mistake"
    assert encoded.warnings == (
        told.format("'Sport' in 8 rows, the first 2, 4, 6, 7, 8") + "; did you mean 'Sports'?",
        told.format("'Weather' in row 3"),
    )


def test_rows_are_told_as_they_stand_in_the_split_also_after_dropping() -> None:
    encoded = Labels(("x", "y")).encode(split(["x", None, "z"]), "label", unlabelled="drop", where="my rows")
    assert encoded.ids.tolist() == [0, 2]
    assert encoded.warnings[0].startswith("my rows, column 'label': the label 'z' in row 3 never")


@pytest.mark.fault(17)
def test_a_class_without_training_rows_is_told_where_it_is_tested() -> None:
    labels = Labels.of(split([0, 2], classes=CLASSES), "label")
    encoded = labels.encode(split([0, 1], name="test", classes=CLASSES), "label")
    assert encoded.ids.tolist() == [0, 1]
    assert [warning for warning in encoded.warnings if "'Sports' in row 2 never occurs in training" in warning]
    assert Labels(tuple(CLASSES)).encode(split([0, 1], classes=CLASSES), "label").warnings == ()


@pytest.mark.fault(11, 72)
def test_labels_are_matched_by_name_whatever_the_ids_of_the_column() -> None:
    labels = Labels(("a", "b", "1"))
    assert labels.encode(split([0, 1, 2], classes=["b", "1", "a"]), "label").ids.tolist() == [1, 2, 0]
    assert labels.encode(split([1, 1]), "label").ids.tolist() == [2, 2]


def test_no_known_label_at_all_stops() -> None:
    with pytest.raises(
        DataError, match=r"only labels that are not in training: one of '0', '1'; expected one of 'a', 'b'"
    ):
        Labels(("a", "b")).encode(split([0, 1]), "label")


@pytest.mark.fault(11)
def test_another_order_of_classes_stops_and_prints_both() -> None:
    splits = datasets.DatasetDict(
        train=split([0], classes=CLASSES), test=split([0], name="test", classes=["Sports", "World", "Business"])
    )
    with pytest.raises(DataError) as caught:
        check_same_classes(splits, "label")
    assert "split 'test', column 'label': found the classes in the order Sports, World, Business" in str(caught.value)
    assert "expected that of split 'train': World, Sports, Business" in str(caught.value)
    check_same_classes({"train": splits["train"], "other": split(["World"])}, "label")


def test_that_minus_one_is_read_as_no_label_is_told_where_it_may_be_a_class() -> None:
    rows = split([-1, 0, 1, -1])
    told = "if -1 is a class, write it as a name, such as negative, and the other classes too"
    with pytest.raises(DataError, match=r"found no label \(None, -1 or empty\) in 2 rows.*; " + told):
        Labels.of(rows, "label").encode(rows, "label")
    empty = split(["a", "", "b"])
    with pytest.raises(DataError, match="--unlabelled drop leaves these rows out and counts them$"):
        Labels.of(empty, "label").encode(empty, "label")


def test_true_and_false_are_the_same_however_they_are_written() -> None:
    labels = Labels.of(split([True, False]), "label")
    assert labels.encode(split(["False", "TRUE", "true"]), "label").ids.tolist() == [0, 1, 1]
    assert Labels.of(split(["True", "False"]), "label").encode(split([True, False]), "label").ids.tolist() == [1, 0]
