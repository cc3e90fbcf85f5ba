"""The linear model beside the recurrent one: weighed by validation rows alone, saved with it, the same opinion everywhere."""

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Value

import seqtext
from seqtext.errors import OptionsError, SavedFileError
from seqtext.saving.folders import tensor_bytes
from seqtext.tasks.classification.blend import WEIGHTS, Blend, best_weights, blended
from seqtext.tasks.classification.inference import opinions
from seqtext.tasks.classification.settings import TopicConfig
from seqtext.tasks.classification.targets import OneLabel

SMALL = {"embedding_size": 8, "hidden_size": 8, "vocabulary_size": 320}
QUICK = {"epochs": 1, "batch_rows": 8, "threads": 1, "device": "cpu", "precision": "fp32"}
THREE = OneLabel(TopicConfig(labels=("a", "b", "c")))
WORDS = {"sea": ["ship", "wave", "salt"], "town": ["tram", "street", "shop"], "wood": ["oak", "owl", "moss"]}


def rows(count, seed):
    draw = np.random.default_rng(seed)
    names = list(WORDS)
    labels = draw.integers(0, len(names), count)
    texts = [" ".join([*draw.choice(WORDS[names[label]], 2), "and", "the"]) for label in labels]
    features = Features(text=Value("string"), label=ClassLabel(names=names))
    return Dataset.from_dict({"text": texts, "label": labels.tolist()}, features=features)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    train, validation = rows(120, 0), rows(40, 1)
    task = seqtext.TopicClassifier.from_data(train, **SMALL)
    result = seqtext.fit(task, train, validation, run=tmp_path_factory.mktemp("runs") / "run", **QUICK)
    return task, result, validation


def test_words_are_learnt_though_the_recurrent_model_has_hardly_begun(fitted):
    task, result, validation = fitted
    assert result.validation["accuracy"] == 1.0
    assert result.validation == task.validate(task.encode(validation))
    examples = task.encode(validation)
    alone = {"linear": examples.linear, "recurrent": opinions(task.model, examples, task.target)}
    assert (alone["linear"].argmax(dim=1).numpy() == validation["label"]).all()
    assert not (alone["recurrent"].argmax(dim=1).numpy() == validation["label"]).all()


def test_saved_it_is_the_same_alone_and_among_others(fitted):
    task, result, validation = fitted
    again = seqtext.load(result.run)
    texts = [*validation["text"], "", "unheard of"]
    together = [prediction.probability for prediction in task(texts)]
    assert together == [prediction.probability for prediction in again(texts)]
    assert together == pytest.approx([task([text])[0].probability for text in texts], abs=1e-5)
    examples = task.encode(validation)
    assert task.probabilities(examples).max(axis=1).tolist() == pytest.approx(together[:-2], abs=1e-5)


@pytest.mark.fault(39)
def test_validation_rows_choose_the_weights_and_test_rows_see_them_only():
    draw = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (200,), generator=draw)
    right = torch.nn.functional.one_hot(labels, 3).float().mul(4).log_softmax(dim=1)
    noise = torch.randn(200, 3, generator=draw).mul(3).log_softmax(dim=1)
    assert best_weights(right, noise, labels, THREE)[1] == 0
    assert best_weights(noise, right, labels, THREE)[0] == 0
    both = best_weights(
        right + 3 * torch.randn(200, 3, generator=draw), right + 3 * torch.randn(200, 3, generator=draw), labels, THREE
    )
    assert min(both) > 0
    assert set(both) <= set(WEIGHTS)
    unknown = torch.full_like(labels, 7)
    assert best_weights(right, noise, unknown, THREE) == (1.0, 1.0)


def test_of_many_rows_that_are_sorted_by_class_all_classes_choose_the_weights():
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(3).repeat_interleave(6000)
    right = torch.nn.functional.one_hot(labels, 3).float().mul(3) + torch.randn(18_000, 3, generator=draw)
    first = torch.tensor([3.0, 0.0, 0.0]).expand(18_000, 3)  # says that all are of the first class
    assert best_weights(right.log_softmax(dim=1), first.log_softmax(dim=1), labels, THREE)[1] == 0


def test_a_weight_of_nothing_is_the_other_model():
    one, other = torch.randn(5, 3).log_softmax(dim=1), torch.randn(5, 3).log_softmax(dim=1)
    assert torch.allclose(blended(one, other, (1.0, 0.0), THREE), one, atol=1e-6)
    assert torch.allclose(blended(one, other, (0.0, 1.0), THREE), other, atol=1e-6)


def test_without_it_nothing_is_fitted(tmp_path):
    train = rows(60, 0)
    task = seqtext.TopicClassifier.from_data(train, model="rnn", **SMALL)
    seqtext.fit(task, train, rows(20, 1), run=tmp_path / "run", **QUICK)
    assert task.blend is None
    assert not (tmp_path / "run" / "model" / "linear.safetensors").exists()


def test_a_linear_model_alone_is_a_model_like_any_other(tmp_path):
    train = rows(120, 0)
    task = seqtext.TopicClassifier.from_data(train, model="linear", vocabulary_size=320)
    result = seqtext.fit(task, train, rows(40, 1), run=tmp_path / "run", **QUICK)
    assert (result.steps, result.best_epoch, result.validation["accuracy"]) == (0, 0, 1.0)
    assert not list(task.model.parameters())
    again = seqtext.load(tmp_path / "run")
    assert [found.label for found in again(["ship and wave", "owl and moss"])] == ["sea", "wood"]
    with pytest.raises(OptionsError, match="no vectors of texts"):
        again.encode_texts(["ship"])


def test_what_is_no_blend_is_refused(fitted):
    task, _, _ = fitted
    tensors = {**task.blend.linear.tensors(), "both": torch.tensor([1.0, 2.0])}
    assert Blend.of_bytes(tensor_bytes(tensors), functions=3, where="here").weights == (1.0, 2.0)
    for wrong in (torch.tensor([1.0]), torch.tensor([1.0, -1.0]), torch.tensor([float("nan"), 1.0])):
        with pytest.raises(SavedFileError, match="both"):
            Blend.of_bytes(tensor_bytes({**tensors, "both": wrong}), functions=3, where="here")
