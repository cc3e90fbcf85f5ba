"""Single figures are those of scikit-learn and scipy, and defined where these are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, f1_score, r2_score

from seqtext.tasks.classification.measures import (
    average_precision,
    best_threshold,
    chosen_thresholds,
    f1_scores,
    micro_average_precision,
    number_figures,
)

DRAW = np.random.default_rng(0)
TRUE = DRAW.random((300, 4)) < [0.5, 0.2, 0.05, 0.01]
ANSWERS = np.clip(TRUE * 0.3 + DRAW.random((300, 4)) * 0.7, 0, 1).round(2).astype(np.float32)  # with ties


def test_f1_and_average_precision_are_those_of_scikit_learn():
    found = ANSWERS > 0.5
    micro, of_each = f1_scores(found, TRUE)
    assert micro == pytest.approx(f1_score(TRUE, found, average="micro"))
    assert of_each == pytest.approx(f1_score(TRUE, found, average=None, zero_division=0))
    assert micro_average_precision(ANSWERS, TRUE) == pytest.approx(
        average_precision_score(TRUE, ANSWERS, average="micro")
    )
    assert average_precision(ANSWERS[:, 1], TRUE[:, 1]) == pytest.approx(
        average_precision_score(TRUE[:, 1], ANSWERS[:, 1])
    )
    assert average_precision(ANSWERS[:, 0], np.zeros(300, dtype=bool)) == 0


def test_labels_without_an_answer_are_missed():
    more = np.concatenate([TRUE, np.ones((300, 1), dtype=bool)], axis=1)
    assert micro_average_precision(ANSWERS, more) < micro_average_precision(ANSWERS, TRUE)


def test_the_best_threshold_is_no_worse_than_any_other():
    threshold = best_threshold(ANSWERS[:, 0], TRUE[:, 0])
    best = f1_score(TRUE[:, 0], ANSWERS[:, 0] >= threshold)
    assert all(best >= f1_score(TRUE[:, 0], ANSWERS[:, 0] >= other) for other in np.linspace(0.05, 0.95, 50))
    assert best_threshold(ANSWERS[:, 0], np.zeros(300, dtype=bool)) == 0.5


def test_labels_of_few_rows_have_one_threshold_for_all():
    thresholds, own = chosen_thresholds(ANSWERS, TRUE)
    assert own == 2
    common = best_threshold(ANSWERS.ravel(), TRUE.ravel())
    assert thresholds[2:] == (common, common)
    assert thresholds[0] == best_threshold(ANSWERS[:, 0], TRUE[:, 0])


def test_figures_of_numbers_are_those_of_scikit_learn_and_scipy():
    true = DRAW.integers(1, 6, 200).astype(float)
    predicted = true + DRAW.normal(size=200)
    found = number_figures(predicted, true)
    assert found["r2"] == pytest.approx(r2_score(true, predicted))
    assert found["mae"] == pytest.approx(np.abs(true - predicted).mean())
    assert found["rmse"] == pytest.approx(np.sqrt(((true - predicted) ** 2).mean()))
    assert found["spearman"] == pytest.approx(spearmanr(true, predicted).statistic)


def test_where_all_numbers_are_the_same_nothing_is_explained():
    found = number_figures(np.array([1.0, 2.0]), np.array([3.0, 3.0]))
    assert (found["r2"], found["spearman"]) == (0.0, 0.0)
    assert number_figures(np.full(3, 0.2), np.full(3, 0.1))["r2"] == 0.0, "whose mean is not quite 0.1"
    assert number_figures(np.full(3, 2.0), np.arange(3.0))["spearman"] == 0.0
