"""Lists of labels as people write them: read alike however they are written, and only where it is plain that there are several."""

from __future__ import annotations

import json

import datasets
import numpy as np
import pytest

from seqtext.data.reading.joined_columns import joined
from seqtext.data.reading.label_codes import coded
from seqtext.data.reading.label_lists import coded_lists, forced_form, form_of
from seqtext.data.reading.label_numbers import named_by_numbers
from seqtext.errors import DataError

LISTS = [["war", "drama"], [], ["drama"], ["comedy"], ["war"]] * 4


def rows(values, feature=None, **others) -> datasets.Dataset:
    features = datasets.Features(labels=feature) if feature is not None else None
    return datasets.Dataset.from_dict({"labels": values, **others}, features=features, split="train")


def names_of(data, column="labels"):
    form = form_of(data, column)
    found = coded_lists(data, column, form)
    return form, [sorted(np.array(found.values)[members].tolist()) for members in found.members], found


OBJECTS = [[{"id": 18 + number, "name": name} for number, name in enumerate(one)] for one in LISTS]
WRITTEN = {
    "lists": (LISTS, "list"),
    "json": ([str(one).replace("'", '"') for one in LISTS], "list"),
    "python": ([str(one) for one in LISTS], "list"),
    "numpy": ([str(np.array(one)) for one in LISTS], "list"),
    "bars": (["|".join(one) or "[]" for one in LISTS], "|"),
    "semicolons": (["; ".join(one) or "[]" for one in LISTS], ";"),
    "objects": (OBJECTS, "list"),
    "objects in json": ([json.dumps(one) for one in OBJECTS], "list"),
    "objects in python": ([str(one) for one in OBJECTS], "list"),
    "tags": (["".join(f"<{name}>" for name in one) or "[]" for one in LISTS], "list"),
    "commas": ([", ".join(one) or "[]" for one in LISTS], ","),
}


@pytest.mark.fault(72)
@pytest.mark.parametrize("case", WRITTEN)
def test_all_ways_of_writing_several_labels_are_the_same(case):
    values, form = WRITTEN[case]
    assert names_of(rows(values))[:2] == (form, [sorted(one) for one in LISTS])


def test_objects_are_called_by_the_text_that_names_them_whatever_stands_in_it():
    cells = [
        """[{'iso_639_1': 'en', 'name': "It's {odd}, \\"so\\""}, {'iso_639_1': 'fr', 'name': 'Français'}]""",
        '[{"code": "a, b"}, {"code": "c"}]',
        "[]",
        '{"label": "pos", "score": 0.9}',
    ]
    assert names_of(rows(cells))[1] == [["Français", 'It\'s {odd}, "so"'], ["a, b", "c"], [], ["pos"]]


def test_names_and_numbers_of_classes_are_labels_too():
    classes = datasets.Sequence(datasets.ClassLabel(names=["war", "drama", "unused"]))
    _, found, coded = names_of(rows([[1, 0], [0], []], classes))
    assert found == [["drama", "war"], ["war"], []]
    assert coded.values == ("war", "drama", "unused"), "in their own order"
    _, found, coded = names_of(rows([[10, 2], [2], [10.0]]))
    assert (found, coded.values) == ([["10", "2"], ["2"], ["10"]], ("2", "10"))


@pytest.mark.parametrize("values", [[[1, 0, 0], [0, 0, 1], [1, 1, 0]], ["[1, 0, 0]", "[0, 0, 1]", "[1, 1, 0]"]])
def test_lists_of_zeros_and_ones_of_one_length_are_a_yes_or_no_for_each(values):
    form, found, _ = names_of(rows(values))
    assert (form, found) == ("yes_no", [["0"], ["2"], ["0", "1"]])


def test_a_column_of_yes_and_no_for_each_label_and_what_is_neither():
    data = rows(["x"] * 4, toxic=["1", "0", "-1", "yes"], insult=[0, 1, -1, None])
    form, found, coded = names_of(data, joined(["toxic", "insult"]))
    assert (form, found[:2]) == ("yes_no", [["toxic"], ["insult"]])
    assert coded.missing.tolist() == [False, False, True, True]
    with pytest.raises(DataError, match="row 2, column 'toxic': found '7'; expected 0 or 1, or yes or no"):
        coded_lists(rows(["x"] * 2, toxic=["1", "7"], insult=[0, 1]), joined(["toxic", "insult"]), "yes_no")


NAMES = ["comedy", "drama", "war"]
NUMBERED = [{name: float(name in one) for name in NAMES} for one in LISTS]
ONE_EACH = [{name: int(name == NAMES[row % 3]) for name in NAMES} for row in range(6)]
AS_WRITTEN = {"objects": lambda one: one, "json": json.dumps, "python": str}


@pytest.mark.fault(72)
@pytest.mark.parametrize("way", AS_WRITTEN)
def test_objects_of_a_number_for_each_label_name_those_with_a_one(way):
    assert names_of(rows([AS_WRITTEN[way](one) for one in NUMBERED]))[:2] == ("list", [sorted(one) for one in LISTS])
    one_each = rows([AS_WRITTEN[way](one) for one in ONE_EACH])
    assert form_of(one_each, "labels") is None
    assert forced_form(one_each, "labels") == "list"
    assert coded(one_each, "labels")[:2] == (pytest.approx([0, 1, 2, 0, 1, 2]), (*NAMES,))
    with pytest.raises(DataError, match="row 1, found 'drama, war': each row has several labels"):
        coded(rows([AS_WRITTEN[way](one) for one in NUMBERED]), "labels")


def test_a_name_without_a_number_is_a_no_and_a_row_without_any_has_no_labels():
    found = coded_lists(rows([{"war": True, "sea": None}, None, {"war": False}, {"sea": True}]), "labels", "list")
    assert found.members.tolist() == [[False, True], [False] * 2, [False] * 2, [True, False]]
    assert found.missing.tolist() == [False, True, False, False]
    assert coded(rows(['{"it\'s: {odd}": 1}', "", "{}", "{'b': 1.0, 'a': 0}"]), "labels").values == ("b", "it's: {odd}")


def test_other_numbers_and_other_objects_are_no_labels():
    with pytest.raises(
        DataError, match=r"row 2, column 'labels': found 0.7 for 'war'; expected 0 or 1 .*--teacher_column labels"
    ):
        form_of(rows([{"war": 1.0}, {"war": 0.7}]), "labels")
    assert form_of(rows([{"war": "yes"}, {"war": "no"}]), "labels") is None
    assert form_of(rows(["{'war': 1}", "war"]), "labels") is None


PLAIN_NAMES = {
    "names with a comma": ["Paris, France", "Lyon, France", "Oslo, Norway"] * 5,
    "a grid of two": ["good, strong", "bad, strong", "good, weak", "bad, weak"] * 5,
    "one name each": ["war", "drama"] * 5,
    "lists of one": ["[war]", "[drama]"] * 5,
    "lists of one, as lists": [["war"], ["drama"], []] * 5,
    "numbers": [1, 2, 3],
}


@pytest.mark.fault(72)
@pytest.mark.parametrize("case", PLAIN_NAMES)
def test_where_it_is_not_plain_a_text_has_one_label(case):
    assert form_of(rows(PLAIN_NAMES[case]), "labels") is None


def test_whoever_says_that_there_are_several_is_believed():
    assert forced_form(rows(PLAIN_NAMES["a grid of two"]), "labels") == ","
    assert forced_form(rows(["a;b, c", "a;b"]), "labels") == ";"
    assert forced_form(rows(PLAIN_NAMES["lists of one, as lists"]), "labels") == "list"


def test_repeats_count_once_blanks_are_no_part_of_a_name_and_nothing_is_no_list():
    data = rows([" war |drama|war", "drama|", None, "  ", "war"])
    found = coded_lists(data, "labels", "|")
    assert found.values == ("drama", "war")
    assert found.members.tolist() == [[True, True], [True, False], [False] * 2, [False] * 2, [False, True]]
    assert found.repeats.tolist() == [True, False, False, False, False]
    assert found.missing.tolist() == [False, False, True, True, False]


FAULTS = {
    "half a label": ([[1.5, 2.0], [1.0]], "list", "row 1: found 1.5 in the list; expected names or whole numbers"),
    "nothing in a list": ([["a"], ["b", None]], "list", "row 2: found None in the list"),
    "an object without a name": ([[{"id": 1}, {"id": 2}], [{"id": 1}]], "list", "row 1: found .* in the list; expected names or whole"),
    "objects": (["[{'id': 1, 'name': 'War'}, {'id': 2}]"], "list", "row 1, column 'labels': found .*expected a list of names"),
    "another length": ([[1, 0, 0], [1, 0]], "yes_no", r"row 2: found \[1, 0\]; expected 3 times 0 or 1"),
}  # fmt: skip


@pytest.mark.fault(72)
@pytest.mark.parametrize("case", FAULTS)
def test_what_is_no_label_is_told_with_its_row(case):
    values, form, message = FAULTS[case]
    data = rows(values)
    assert form_of(data, "labels") in ("list", None)
    with pytest.raises(DataError, match=message):
        coded_lists(data, "labels", form)


def test_objects_of_dates_are_no_answers():
    assert named_by_numbers(rows(['{"a": 2024-01-01}', '{"a": 2024-01-02}']), "labels") is None
