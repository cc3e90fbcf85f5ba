"""Another model's answers are read in every form they come in, and what cannot be one is told with its row."""

from __future__ import annotations

import json

import datasets
import numpy as np
import pytest

from seqtext.data.rows.teacher import answered, teacher_answers
from seqtext.errors import DataError

NAMES = ("sea", "sky")
GOOD = [[0.9, 0.1], [0.25, 0.75], None, [1.0, 0.0]]


def rows_of(values: list) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"p": values})


def by_name(values: list | None) -> dict | None:
    return None if values is None else dict(zip(reversed(NAMES), reversed(values), strict=True))


@pytest.mark.parametrize(
    "form",
    [
        lambda value: value,
        by_name,
        lambda value: None if value is None else json.dumps(value),
        lambda value: "" if value is None else json.dumps(by_name(value)),
    ],
    ids=["lists", "by name", "JSON", "JSON by name"],
)
def test_probabilities_are_read_in_every_form(form):
    found = teacher_answers(rows_of([form(value) for value in GOOD]), "p", NAMES)
    assert found.given.tolist() == [True, True, False, True]
    assert found.probabilities.tolist() == pytest.approx(np.array([[0.9, 0.1], [0.25, 0.75], [0, 0], [1, 0]]))
    assert found.values == "probabilities"


def test_rows_that_were_drawn_keep_their_own_answers():
    rows = rows_of(GOOD).select([3, 2, 1])
    assert teacher_answers(rows, "p", NAMES).probabilities[:, 0].tolist() == pytest.approx([1, 0, 0.25])
    assert answered(rows, "p").tolist() == [True, False, True]


def test_logits_are_told_by_negative_numbers_or_by_the_flag():
    found = teacher_answers(rows_of([[2.0, -2.0], [-1.0, 1.0], None]), "p", NAMES)
    assert found.values == "logits"
    assert found.probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-4)))
    plain = teacher_answers(rows_of([[2.0, 0.0]]), "p", NAMES, values="logits")
    assert plain.probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))


def test_temperature_softens_both_kinds_alike():
    kept = np.array([[0.9, 0.1]])
    soft = teacher_answers(rows_of(kept.tolist()), "p", NAMES, temperature=2.0).probabilities
    of_logits = teacher_answers(
        rows_of(np.log(kept).tolist()), "p", NAMES, temperature=2.0, values="logits"
    ).probabilities
    assert soft[0, 0] == pytest.approx(3 / 4)  # sqrt(0.9) to sqrt(0.1) is 3 to 1
    assert of_logits == pytest.approx(soft)
    sure = teacher_answers(rows_of([[1.0, 0.0]]), "p", NAMES, temperature=5.0).probabilities
    assert sure.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ([0.9, 0.3], ["row 3", "sum to 1.2", "--teacher_values logits"]),
        ([90.0, 10.0], ["row 3", "sum to 100"]),
        ([1.1, -0.1], ["row 3", "negative"]),
        ([0.5, 0.3, 0.2], ["row 3", "found 3 number", "2, one for each class"]),
        ([], ["row 3", "found 0 number"]),
        ([float("nan"), 1.0], ["row 3", "nan"]),
        ([None, 1.0], ["row 3", "nan"]),
        ([float("inf"), 0.0], ["row 3", "inf"]),
    ],
)
def test_a_row_that_is_no_answer_is_named(bad, told):
    for form in (lambda value: value, lambda value: None if value is None else json.dumps(value)):
        with pytest.raises(DataError) as error:
            teacher_answers(rows_of([form(value) for value in [GOOD[0], None, bad, GOOD[1]]]), "p", NAMES)
        for part in told:
            assert part in str(error.value)


def test_logits_must_be_numbers_but_may_rule_a_class_out():
    ruled_out = teacher_answers(rows_of([[0.0, -np.inf]]), "p", NAMES, values="logits")
    assert ruled_out.probabilities.tolist() == [[1.0, 0.0]]
    for bad in ([np.nan, -1.0], [np.inf, 0.0], [-np.inf, -np.inf]):
        with pytest.raises(DataError, match="row 2"):
            teacher_answers(rows_of([[1.0, -1.0], bad]), "p", NAMES, values="logits")


@pytest.mark.parametrize("bad", [0.5, "0.5", "[0.5, 0.5", '{"sea": 0.5}', '["a", "b"]', {"sea": 0.5, "land": 0.5}])
def test_what_is_no_list_of_numbers_is_refused(bad):
    with pytest.raises(DataError, match="row 1.*expected"):
        teacher_answers(rows_of([bad]), "p", NAMES)


def test_the_fix_of_a_sum_that_is_not_1_works():
    rows = rows_of([[3.0, 1.0], [0.5, 2.0]])
    with pytest.raises(DataError, match="--teacher_values logits"):
        teacher_answers(rows, "p", NAMES)
    assert teacher_answers(rows, "p", NAMES, values="logits").given.all()
