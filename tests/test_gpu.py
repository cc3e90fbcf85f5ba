"""A GPU gives what the CPU gives, in fp32 to 1e-4, and is never waited for within a step of training. Skipped without one."""

from __future__ import annotations

import copy
import warnings

import datasets
import numpy as np
import pytest
import torch

import seqtext
from seqtext.batching.padded import Padded
from seqtext.models.graphs import without_graphs
from seqtext.nn.backbone import Backbone
from seqtext.nn.precision import exact_fp32
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.translation.translator import Translator
from seqtext.training.optimizer import make_optimizer
from seqtext.training.step import Stepper

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

GPU = "cuda"
# Without dropout, whose draws differ between devices.
PLAIN = {
    "word_dropout": 0.0, "word_prediction": 0.0, "embedding_dropout": 0.0, "layer_dropout": 0.0, "head_dropout": 0.0,
    "subword_sampling": False, "hidden_size": 64, "embedding_size": 64, "vocabulary_size": 400,
}  # fmt: skip
every_cell = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])


def make(topics, cell: str) -> TopicClassifier:
    return TopicClassifier.from_data(topics["train"], cell=cell, **PLAIN)


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_backbone_its_final_state_and_its_gradients(cell, bidirectional):
    torch.manual_seed(0)
    ours = Backbone(input_size=64, hidden_size=128, num_layers=2, cell=cell, bidirectional=bidirectional)
    theirs = copy.deepcopy(ours).to(GPU)
    values, lengths = torch.randn(16, 50, 64), torch.randint(1, 51, (16,))
    found = []
    for module, device in ((ours, "cpu"), (theirs, GPU)):
        outputs, state = module.forward_with_state(Padded(values, lengths).to(torch.device(device)))
        with exact_fp32():
            (outputs.values.square().mean() + sum(part.square().mean() for part in state)).backward()
        found.append([outputs.values, *state, *(p.grad for p in module.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(other.cpu(), one, atol=1e-4, rtol=1e-4)


@every_cell
def test_training(topics, tmp_path, cell):
    options = {"max_steps": 4, "learning_rate": 1e-3, "ema_decay": 0.0, "precision": "fp32"}
    results = [
        seqtext.fit(
            make(topics, cell), topics["train"], topics["validation"], run=tmp_path / name, device=name, **options
        )
        for name in ("cpu", GPU)
    ]
    one, other = (result.validation["loss"] for result in results)
    assert other == pytest.approx(one, abs=1e-4)
    assert results[1].settings["device"] == GPU


@every_cell
def test_prediction(topics, cell):
    task, texts = make(topics, cell), list(topics["test"]["text"])
    with torch.no_grad():
        for parameter in task.model.parameters():  # so that labels are told with some certainty
            parameter.mul_(2)
    vectors, labels = task.encode_texts(texts), task(texts)
    task.model.to(GPU)
    np.testing.assert_allclose(task.encode_texts(texts), vectors, atol=1e-4)
    assert labels
    for one, other in zip(labels, task(texts), strict=True):
        assert other.probability == pytest.approx(one.probability, abs=1e-4)


@every_cell
@pytest.mark.parametrize("attention", ["dot", "scaled_dot", "additive", None])
def test_translation_and_the_gradients_of_its_training(topics, cell, attention):
    texts = topics["train"]["text"][:40]
    rows = datasets.Dataset.from_dict({"source": texts, "target": [text[::-1] for text in texts]})
    sizes = {"vocabulary_size": 400, "embedding_size": 32, "encoder_size": 32, "hidden_size": 64, "num_layers": 3}
    dropouts = {f"{name}_dropout": 0.0 for name in ("word", "embedding", "input", "layer", "output")}
    ours = Translator.from_data(rows, cell=cell, attention=attention, **sizes, **dropouts)
    theirs = copy.deepcopy(ours)
    theirs.model.to(GPU)
    found = []
    for task in (ours, theirs):
        task.model.train()  # which cuDNN asks for
        [loss] = task.losses(task.encode(rows).batch(np.arange(40)).to(task.device))
        with exact_fp32():
            (loss.sum / loss.count).backward()
        gradients = [p.grad for p in task.model.parameters() if p.grad is not None]
        found.append([loss.sum.detach() / loss.count, *gradients])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(other.cpu(), one, atol=1e-4, rtol=1e-4)
    for one, other in zip(ours(texts[:5], beam=3), theirs(texts[:5], beam=3), strict=True):
        assert (other.text, other.ended) == (one.text, one.ended)
        assert other.score == pytest.approx(one.score, abs=1e-3)


# ---- nobody waits


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("where", ["cpu", GPU])
@pytest.mark.parametrize("kind", ["topics", "language"])
def test_a_step_of_training_waits_for_nothing(topics, optimizer, where, kind):
    """Wherever the batches are made."""
    language = {"text_column": "text", "vocabulary_size": 400, "sampled_softmax": 50}
    task = make(topics, "lstm") if kind == "topics" else LanguageModel.from_data(topics["train"], **language)
    task.model.to(GPU).train()
    made = make_optimizer(task.model, name=optimizer, learning_rate=1e-3, weight_decay=0.01)
    steps = Stepper(
        task, made, precision="bf16", device=torch.device(GPU), max_grad_norm=1.0, seed=0, check_every=1000
    )  # fmt: skip
    examples = task.encode(topics["train"]).to(torch.device(where))
    epoch = examples.plan(tokens=400, seed=0, micro_batches=2, max_rows=16).epoch(0)
    steps(examples, epoch.step(0), 0)
    steps(examples, epoch.step(1), 1)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        steps(examples, epoch.step(2), 2)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    steps.check(examples)


# ---- graphs


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize(
    "filters",
    [
        {"temperature": 0.0},
        {"temperature": 0.9, "top_p": 0.9, "min_p": 0.01},
        {"top_k": 20, "no_repeat_ngram": 2, "repetition_penalty": 1.2, "guidance": 2.0},
    ],
)
def test_texts_written_by_graphs_are_those_written_without(topics, filters, copies):
    settings = {"hidden_size": 64, "embedding_size": 64, "vocabulary_size": 400, "no_copy_ngram": 2}
    task = TextGenerator.from_data(topics["train"], text_column="text", attributes=("label",), **settings)
    task.model.to(GPU)
    with torch.no_grad():
        task.model.embedding.weight.mul_(8)
    options = {"count": 60, "seed": 1, "max_length": 40, "allow_copies": copies, **filters}
    with without_graphs():
        expected = task(["sea", "town", "wood"], **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # which is how a step that cannot be captured is told
        found = task(["sea", "town", "wood"], **options)
    assert len(expected) > 128
    assert [one.text for one in found] == [one.text for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, rel=1e-5)


@pytest.mark.parametrize("attention", ["scaled_dot", None])
@pytest.mark.parametrize("beam", [1, 5])
def test_translations_found_by_graphs_are_those_found_without(topics, beam, attention):
    texts = topics["train"]["text"][:100]
    rows = datasets.Dataset.from_dict({"source": texts, "target": [text[::-1] for text in texts]})
    sizes = {"vocabulary_size": 400, "embedding_size": 32, "encoder_size": 32, "hidden_size": 64}
    task = Translator.from_data(rows, attention=attention, **sizes)
    task.model.to(GPU)
    with without_graphs():
        expected = task(texts, beam=beam, no_repeat_ngram=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = task(texts, beam=beam, no_repeat_ngram=3)
    assert [one.text for one in found] == [one.text for one in expected]
