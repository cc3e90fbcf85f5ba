"""Figures against counts by hand, and the classes that a test set lacks or a model never saw."""

import json

import numpy as np
import pytest

from seqtext.errors import DataError
from seqtext.reporting.class_metrics import classification_metrics

NAMES = ["World", "Sports", "Business"]


def test_figures_equal_those_counted_by_hand():
    metrics = classification_metrics(predicted=[0, 0, 1, 1, 2, 0], true=[0, 0, 1, 0, 2, 2], names=NAMES)
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.confusion.tolist() == [[2, 1, 0], [0, 1, 0], [1, 0, 1]]  # row true, column predicted
    world, sports, business = metrics.per_class
    assert (world.name, world.precision, world.recall, world.rows) == (
        "World",
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
        3,
    )
    assert (sports.precision, sports.recall, sports.rows) == (0.5, 1.0, 1)
    assert (business.precision, business.recall, business.rows) == (1.0, 0.5, 2)
    assert metrics.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 2 / 3) / 3)


@pytest.mark.fault(17)
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_macro_f1_is_the_mean_over_classes_with_rows_whichever_is_absent(absent):
    true = np.array([label for label in (0, 1, 2, 0, 1, 2) if label != absent])
    assert classification_metrics(true, true, NAMES).macro_f1 == 1.0
    everywhere_absent = classification_metrics(np.full_like(true, absent), true, NAMES)
    assert everywhere_absent.macro_f1 == 0.0
    assert everywhere_absent.per_class[absent].rows == 0
    assert json.dumps(everywhere_absent.to_json(), allow_nan=False)


def test_predicting_an_absent_class_is_paid_for_once_by_the_recall_of_the_true_one():
    metrics = classification_metrics(predicted=[0, 2], true=[0, 0], names=NAMES)
    assert metrics.macro_f1 == pytest.approx(2 / 3)  # F1 of World alone: precision 1, recall 1/2


def test_rows_of_a_class_unseen_in_training_stay_in_and_are_counted():
    metrics = classification_metrics(predicted=[0, 1, 1], true=[0, 1, 2], names=NAMES, known=range(2))
    assert metrics.accuracy == pytest.approx(2 / 3)
    assert metrics.unseen_rows == 1
    assert metrics.per_class[2].recall == 0.0
    assert metrics.macro_f1 == pytest.approx((1 + 2 / 3 + 0) / 3)


@pytest.mark.fault(18)
@pytest.mark.parametrize("rows", [1, 2])
def test_one_class_and_few_rows(rows):
    metrics = classification_metrics([0] * rows, [0] * rows, ["only"])
    assert (metrics.accuracy, metrics.macro_f1, metrics.rows) == (1.0, 1.0, rows)


def test_json_holds_plain_numbers_only():
    plain = classification_metrics([0, 1], [0, 0], NAMES).to_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["per_class"][0] == {
        "name": "World",
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "rows": 2,
    }


@pytest.mark.parametrize(
    ("predicted", "true", "message"),
    [
        ([0, 1], [0], r"one length, got the shapes .*\(2,\).*\(1,\)"),
        ([0, 3], [0, 1], r"predicted ids must be integers in \[0, 3\).*got int64 in \[0, 3\]"),
        ([0, 1], [0, -1], r"true ids must be integers in \[0, 3\).*got int64 in \[-1, 0\]"),
        ([0.0, 1.5], [0, 1], "got float64"),
        ([True, False], [0, 1], "got bool"),
    ],
)
def test_what_cannot_be_compared_is_refused(predicted, true, message):
    with pytest.raises(ValueError, match=message):
        classification_metrics(predicted, true, NAMES)


def test_no_rows_is_a_fault_of_the_data():
    with pytest.raises(DataError, match="no rows to measure"):
        classification_metrics([], [], NAMES)
