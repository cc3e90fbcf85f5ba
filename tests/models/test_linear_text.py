"""The linear model is logistic regression on TF-IDF, as scikit-learn has them; saved, it is the same; what was damaged is refused."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from seqtext.data.text.ngrams import CHARACTERS
from seqtext.data.text.words import TOKEN
from seqtext.errors import SavedFileError
from seqtext.models import linear_rows
from seqtext.models.linear_fit import fit_label_sets, fit_linear, fit_numbers
from seqtext.models.linear_text import LinearText

TEXTS = [
    "the match was won",
    "a late goal won the match",
    "the bank cut its rate",
    "shares fell at the bank",
    "rain and sun",
    "sun, snow",
]
LABELS = [0, 0, 1, 1, 2, 2]


def fitted(classes=3, **settings):
    model = fit_linear(TEXTS[: 2 * classes], LABELS[: 2 * classes], classes=classes, **settings).model
    assert model is not None
    return model


def test_vectors_are_those_of_scikit_learn():
    found = fitted()._weighing.vectors(TEXTS)
    ours = csr_matrix(tuple(found), shape=(len(TEXTS), len(fitted()._weighing.buckets)))
    of_words = ours[:, fitted()._weighing.buckets < CHARACTERS]
    theirs = TfidfVectorizer(token_pattern=TOKEN, ngram_range=(1, 2), sublinear_tf=True).fit_transform(TEXTS)
    assert of_words.shape == theirs.shape
    assert np.allclose((of_words @ of_words.T).toarray(), (theirs @ theirs.T).toarray(), atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_sum_to_one_and_are_the_same_alone_saved_and_in_any_order(classes):
    model = fitted(classes)
    together = model.log_probabilities([*TEXTS, ""])
    assert torch.allclose(together.exp().sum(dim=1), torch.ones(7))
    assert together.argmax(dim=1).tolist()[: 2 * classes] == LABELS[: 2 * classes]
    alone = torch.cat([model.log_probabilities([text]) for text in [*TEXTS, ""]])
    assert torch.allclose(alone, together, atol=1e-6)
    again = LinearText.of_tensors(model.tensors(), functions=1 if classes == 2 else classes, where="here")
    assert torch.equal(again.log_probabilities([*TEXTS, ""]), together)
    assert model.log_probabilities([]).shape == (0, classes)


def test_a_class_without_rows_is_never_the_likeliest():
    found = fit_linear(TEXTS, [0, 0, 1, 1, 3, 3], classes=5).model
    assert found is not None
    assert set(found.log_probabilities([*TEXTS, "", "unheard of"]).argmax(dim=1).tolist()) <= {0, 1, 3}


def test_of_too_many_features_the_commonest_are_kept(monkeypatch):
    monkeypatch.setattr(linear_rows, "MAX_WEIGHTS", 90)
    model = fitted()
    assert 0 < len(model._weighing.buckets) <= 30


def test_what_is_not_a_saved_one_is_refused():
    good = fitted().tensors()
    bad = {
        "weights": good["weights"][:, :2],
        "biases": good["biases"].double(),
        "rarity": torch.full_like(good["rarity"], float("nan")),
        "buckets": good["buckets"].flip(0),
    }
    for name, tensor in bad.items():
        with pytest.raises(SavedFileError, match=name):
            LinearText.of_tensors({**good, name: tensor}, functions=3, where="here")
    with pytest.raises(SavedFileError, match="no such tensor"):
        LinearText.of_tensors({}, functions=3, where="here")


def test_each_of_several_labels_is_told_by_itself_and_constant_ones_always_or_never():
    texts = ["sea salt", "sea", "salt", "nothing"] * 4
    members = np.array([["sea" in text, "salt" in text, True, False] for text in texts])
    model, description = fit_label_sets(texts, members)
    assert "logistic regression for each label, 16 rows, C = 5" in description
    assert ((model.scores(texts).numpy() > 0) == members).all()
    again = LinearText.of_tensors(model.tensors(), functions=4, where="here")
    assert torch.equal(again.scores(texts), model.scores(texts))
    assert fit_label_sets(texts, members[:, 2:]).model is None
    assert fit_label_sets(["", " "], np.array([[True], [False]])).model is None


def test_numbers_are_those_of_ridge_regression():
    from sklearn.linear_model import Ridge

    texts = ["sea salt", "sea", "salt", "nothing"] * 4
    values = np.array([3.0, 2.0, 1.0, 0.0] * 4, dtype=np.float32)
    model, description = fit_numbers(texts, values)
    assert "ridge regression, 16 rows, alpha = 1" in description
    dense = np.zeros((16, len(model.tensors()["buckets"])))
    parts = model._weighing.vectors(texts)
    dense[np.repeat(np.arange(16), np.diff(parts.starts)), parts.features] = parts.values
    expected = Ridge(alpha=1.0).fit(dense, values).predict(dense)
    assert model.scores(texts)[:, 0].numpy() == pytest.approx(expected, abs=0.01)
    assert fit_numbers(texts, np.ones(16)).model is None
