"""Several labels a row, by the names of training: unseen ones told, rows without a list refused or dropped, constant ones refused."""

from __future__ import annotations

import datasets
import pytest

from seqtext.data.reading.joined_columns import joined
from seqtext.data.rows.label_sets import LabelSets, about_sets
from seqtext.errors import DataError

TRAIN = [["war", "drama"], [], ["drama"], ["war"]]


def rows(values, split="train") -> datasets.Dataset:
    return datasets.Dataset.from_dict({"labels": values}, split=split)


@pytest.fixture
def sets() -> LabelSets:
    return LabelSets.of(rows(TRAIN), "labels", "list")


def test_labels_are_matched_by_name_and_unseen_ones_come_last_and_are_told(sets):
    assert sets.names == ("drama", "war")
    found = sets.encode(rows([["war"], [], ["drama", "warr"]], "test"), "labels")
    assert found.names == ("drama", "war", "warr")
    assert found.members.tolist() == [[False, True, False], [False] * 3, [True, False, True]]
    [warning] = found.warnings
    assert "the label 'warr' in row 3 never occurs in training: counted as missed; did you mean 'war'?" in warning


def test_rows_without_a_list_stop_or_are_dropped_and_an_empty_list_is_one(sets):
    data = rows([["war"], None, []])
    with pytest.raises(DataError, match=r"found no list \(None or empty\) in row 2 of 3; .*--unlabelled drop"):
        sets.encode(data, "labels")
    found = sets.encode(data, "labels", unlabelled="drop")
    assert (found.rows.tolist(), found.dropped) == ([0, 2], 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([["war"], ["war"]], "all rows have the labels 'war'"),
        ([[], []], "no row has a label"),
        ([None, None], "no row has a label"),
    ],
)
def test_labels_that_all_rows_have_or_none_are_nothing_to_learn(values, message):
    with pytest.raises(DataError, match=message):
        LabelSets.of(datasets.Dataset.from_dict(
            {"labels": values}, features=datasets.Features(labels=datasets.Sequence(datasets.Value("string")))
        ), "labels", "list")  # fmt: skip


def test_labels_of_which_training_has_none_are_another_column(sets):
    with pytest.raises(
        DataError, match="found only labels that are not in training: 'sea'; expected one of 'drama', 'war'"
    ):
        sets.encode(rows([["sea"], []], "test"), "labels")


def test_repeats_and_rows_without_labels_are_told():
    notes, warnings = about_sets({"train": rows([["a", "a"], ["b"], []])}, "labels", "list")
    assert notes == ["column 'labels' is read as a list of labels; 1 of 3 rows have none"]
    assert warnings == ["split 'train': a label stands more than once in the list of row 1; it is counted once"]


WAYS = {
    "|": "|".join,
    ";": "; ".join,
    ",": ",".join,
    "list": lambda one: str(one).replace("'", '"'),
    "lists": lambda one: one,
    "objects": lambda one: {name: float(name in one) for name in ("war", "drama", "sea")},
}


@pytest.mark.parametrize("trained", ["|", ";", ",", "list"])
@pytest.mark.parametrize("written", WAYS)
def test_another_file_may_write_the_same_labels_in_another_way(trained, written):
    sets = LabelSets.of(rows([WAYS[trained](one) or "[]" for one in TRAIN]), "labels", trained)
    given = [["war"], ["drama", "war"], ["drama"]]
    found = sets.encode(rows([WAYS[written](one) for one in given], "test"), "labels")
    assert (found.names, found.warnings) == (("drama", "war"), ())
    assert found.members.tolist() == [[False, True], [True, True], [True, False]]


def test_labels_that_training_never_had_are_told_in_the_form_that_knows_most():
    sets = LabelSets.of(rows(["a|b", "b", "c, d"]), "labels", "|")
    assert sets.names == ("a", "b", "c, d")
    assert sets.encode(rows(["c, d|a", "e|b"], "test"), "labels").names == ("a", "b", "c, d", "e")
    found = sets.encode(rows(['["c, d", "a"]', '["e", "b"]'], "test"), "labels")
    assert found.names == ("a", "b", "c, d", "e")
    assert "the label 'e' in row 2 never occurs in training" in found.warnings[0]


def test_columns_of_yes_and_no_are_told_apart_by_their_names():
    def answers(split: str, **columns: list[int]) -> datasets.Dataset:
        return datasets.Dataset.from_dict(columns, split=split)

    train = answers("train", toxic=[1, 1, 0], insult=[0, 1, 0])
    both = joined(("toxic", "insult"))
    sets = LabelSets.of(train, both, "yes_no")
    test = answers("test", insult=[0, 1, 1], toxic=[0, 0, 1])
    found = sets.encode(test, joined(("insult", "toxic")))
    assert found.names == ("toxic", "insult")
    assert found.members.tolist() == [[False, False], [False, True], [True, True]]
    other = answers("test", threat=[0, 1], insult=[1, 1])
    with pytest.raises(DataError, match="found the columns 'threat', 'insult'; expected one of 'toxic', 'insult'"):
        sets.encode(other, joined(("threat", "insult")))


@pytest.mark.parametrize("cell", [float("inf"), float("nan"), -1.0, 0.5])
def test_numbers_that_name_no_class_are_told(cell):
    values = datasets.Dataset.from_dict({"labels": [[1.0, cell], [2.0]]})
    with pytest.raises(DataError, match="row 1: .*expected names or whole numbers"):
        LabelSets.of(values, "labels", "list")


def test_two_columns_of_lists_are_no_answers():
    both = datasets.Dataset.from_dict({"genres": [["a"], ["b"]], "tags": [["x"], ["y"]]}, split="train")
    with pytest.raises(DataError, match=r"row 1, column 'genres': found \['a'\]; expected 0 or 1, or yes or no"):
        LabelSets.of(both, joined(("genres", "tags")), "yes_no")
