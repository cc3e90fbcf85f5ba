"""The linear model learns what can be learnt, says what it did, and does the same twice."""

import re
from typing import NamedTuple

import numpy as np
import pytest

from seqtext.data.text.words import TOKEN
from seqtext.errors import DataError
from seqtext.models import linear_fit
from seqtext.models import linear_rows as module
from seqtext.models.linear_fit import fit_linear

SPORTS = ["the match was won", "a late goal won the match", "the team lost the cup", "goal and match for the team"]
MONEY = ["the bank cut its rate", "shares fell at the bank", "a rate cut lifts shares", "profit at the bank rose"]
TEXTS, LABELS = SPORTS + MONEY, [0] * 4 + [1] * 4


class Fitted(NamedTuple):
    predicted: np.ndarray | None
    description: str


def fitted(train, labels, test, **how) -> Fitted:
    """What the linear model of some rows says of others."""
    present, codes = np.unique(np.asarray(labels), return_inverse=True)
    model, description = fit_linear(train, codes, classes=max(len(present), 2), **how)
    if model is None:
        return Fitted(None, description)
    return Fitted(present[model.log_probabilities(list(test)).numpy().argmax(axis=1)], description)


def test_it_learns_words_and_says_what_it_is():
    baseline = fitted(TEXTS, LABELS, ["the team and a goal", "the bank and a rate"])
    assert baseline.predicted.tolist() == [0, 1]
    assert baseline.predicted.dtype == np.int64
    assert baseline.description == "TF-IDF (words and characters) + logistic regression, 8 rows, C = 5"


def test_it_reads_characters_where_there_are_no_spaces():
    train = ["サッカーの試合", "野球の試合", "銀行の金利", "銀行の株価"]
    baseline = fitted(train, [0, 0, 1, 1], ["試合", "銀行"])
    assert baseline.predicted.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It's 3 $ up", ["It", "'", "s", "3", "$", "up"]),
        ("from 東京 today", ["from", "東", "京", "today"]),
        ("हिन्दी शब्द", ["हिन्दी", "शब्द"]),  # the vowel signs are no \w for Python
        ("naïve e\u0301t\u0323e", ["naïve", "e\u0301t\u0323e"]),
    ],
)
def test_tokens_of_many_scripts(text, tokens):
    assert re.findall(TOKEN, text) == tokens


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_of_no_words_at_all_nothing_is_learnt_and_it_says_so(text):
    assert fitted([text] * 3, [1, 0, 1], ["anything", ""]) == (None, "nothing to learn: one class, or no words")


def test_of_a_single_class_nothing_is_learnt():
    assert fitted(SPORTS, [7] * 4, MONEY).predicted is None


def test_two_rows_an_empty_test_text_and_a_label_that_is_missing():
    baseline = fitted(["red apple", "blue sky"], [0, 5], ["apple", "sky", ""])
    assert baseline.predicted.tolist()[:2] == [0, 5]
    assert baseline.predicted[2] in (0, 5)


def test_three_classes_and_columns_that_can_only_be_read_in_order():
    train = ["red apple", "blue sky", "green grass"] * 100
    baseline = fitted(iter(train), np.tile([4, 2, 9], 100), iter(["a red one", "some grass", "the sky"]))
    assert baseline.predicted.tolist() == [4, 9, 2]
    assert "300 rows, C = 30 chosen on held-out train rows" in baseline.description  # the surest, where all are right


def test_words_that_occur_once_serve_where_no_word_occurs_twice():
    train = [chr(0x4E00 + row) for row in range(module.FEW_ROWS)]
    baseline = fitted(train, np.arange(len(train)) % 2, train)
    assert (baseline.predicted == np.arange(len(train)) % 2).all()


def test_a_large_set_is_sampled_by_seed_and_the_description_tells():
    def words(seed):
        return fitted(TEXTS * 50, LABELS * 50, TEXTS, seed=seed, max_rows=10)

    assert "10 rows sampled from 400" in words(0).description
    assert words(0).predicted.tolist() == words(0).predicted.tolist()


def test_the_sample_keeps_each_text_with_its_label():
    train = [f"word{row % 3} filler" for row in range(900)]
    baseline = fitted(train, np.arange(900) % 3, ["word0", "word1", "word2"], max_rows=60)
    assert baseline.predicted.tolist() == [0, 1, 2]


def test_long_texts_are_cut_alike_and_the_description_tells(monkeypatch):
    monkeypatch.setattr(module, "MAX_CHARACTERS", 40)
    baseline = fitted(["red a b c d e " * 5, "blue f g h i j " * 5], [0, 1], ["blue " + "red " * 50])
    assert "texts cut to 20 characters" in baseline.description


def test_a_fit_that_does_not_converge_is_told_and_does_not_warn(monkeypatch):
    monkeypatch.setattr(linear_fit, "MAX_PASSES", 1)
    assert "not converged after 1 passes" in fitted(TEXTS, LABELS, TEXTS).description


def test_the_same_seed_gives_the_same_predictions():
    rng = np.random.default_rng(0)
    train = [" ".join(rng.choice(list("abcdefgh"), 6)) for _ in range(300)]
    labels = rng.integers(0, 3, 300)
    first, second = (fitted(train, labels, train, seed=3) for _ in range(2))
    assert (first.predicted == second.predicted).all()
    assert first.description == second.description


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(DataError, match="no train rows"):
        fitted([], [], ["text"])
    for texts in (TEXTS[:-1], [*TEXTS, "more"]):
        with pytest.raises(ValueError, match=f"got {len(texts)} texts and 8 labels"):
            fitted(texts, LABELS, TEXTS)


def test_of_many_classes_fewer_rows_are_fitted_and_the_strength_is_chosen_for_some(monkeypatch):
    monkeypatch.setattr(linear_fit, "MAX_WORK", 60_000)
    monkeypatch.setattr(linear_fit, "TUNING_CLASSES", 5)
    asked, yes_or_no = [], linear_fit._yes_or_no
    monkeypatch.setattr(linear_fit, "_yes_or_no", lambda *given: (asked.append(len(given[1])), yes_or_no(*given))[1])
    labels = np.arange(4_000) % 20
    found = fitted(
        [f"class{label} and word{row % 7}" for row, label in enumerate(labels)], labels, ["class3", "class17"]
    )
    assert found.predicted.tolist() == [3, 17]
    assert "3,000 rows sampled from 4,000" in found.description
    assert asked == [5, 5, 5, 20]
