"""The judge is the baseline kept: the same labels, with probabilities that sum to 1 however sure it is."""

import numpy as np
import pytest
import torch

from seqtext.errors import DataError
from seqtext.models.linear_fit import fit_linear
from seqtext.tasks.generation.report.judge import Judge

TOPICS = ["the match and the goal", "the bank cut its rate", "a probe reached the moon"]


def noisy(count, classes, seed=0):
    """Texts with some words of their topic among words of any."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    every = [word for topic in TOPICS for word in topic.split()]
    own = [rng.choice(TOPICS[label].split(), 2) for label in labels]
    return [" ".join([*rng.choice(every, 4), *words]) for words in own], labels


@pytest.mark.parametrize("classes", [2, 3])
def test_it_says_what_the_baseline_predicts(classes):
    train, labels = noisy(400, classes)
    test, true = noisy(200, classes, seed=1)
    judge, (linear, description) = Judge(train, labels), fit_linear(train, labels, classes=classes)
    assert linear is not None
    predicted = linear.log_probabilities(test).numpy().argmax(axis=1)
    likely = judge.probabilities(test)
    assert likely.shape == (200, classes)
    assert likely.sum(axis=1) == pytest.approx(np.ones(200))
    assert (likely.argmax(axis=1) == predicted).all()
    assert judge.accuracy(test, true) == (predicted == true).mean()
    assert judge.description == description


def test_more_of_a_topic_is_more_likely_that_topic():
    judge = Judge(TOPICS * 20, [0, 1, 2] * 20)
    mixed, mostly = judge.probabilities(["match goal bank rate", "match goal match bank"])
    assert 0.3 < mixed[0] < 0.7
    assert mostly[0] > mixed[0]


def test_ids_without_train_rows_are_never_given():
    judge = Judge(TOPICS[:2] * 20, [1, 3] * 20, classes=5)
    likely = judge.probabilities([*TOPICS, ""])
    assert likely.shape == (4, 5)
    assert (likely[:, [0, 2, 4]] == 0).all()
    assert likely.argmax(axis=1).tolist()[:2] == [1, 3]
    assert judge.probabilities([]).shape == (0, 5)


def test_scores_beyond_what_a_float_holds_still_sum_to_one():
    judge = Judge(TOPICS * 20, [0, 1, 2] * 20)
    judge._model._biases = torch.tensor([-3000.0, -2000.0, -2500.0])
    assert judge.probabilities(["the"])[0] == pytest.approx([0, 1, 0])


def test_what_cannot_judge_or_be_judged_is_refused():
    with pytest.raises(DataError, match="nothing to learn from in 3 texts"):
        Judge(TOPICS, [1, 1, 1])
    with pytest.raises(DataError, match="of at least two topics"):
        Judge(["", " "], [0, 1])
    with pytest.raises(DataError, match="no train rows"):
        Judge([], [])
    with pytest.raises(ValueError, match=r"ids in \[0, 2\), got some in \[0, 2\]"):
        Judge(TOPICS, [0, 1, 2], classes=2)
    judge = Judge(TOPICS, [0, 1, 2])
    with pytest.raises(ValueError, match="got 3 texts and labels of shape"):
        judge.accuracy(TOPICS, [0, 1])
    with pytest.raises(DataError, match="no texts to judge"):
        judge.accuracy([], [])
