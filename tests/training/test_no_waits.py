"""No step of training waits for the device: counted on the CPU, by the operators that would wait on a GPU."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import datasets
import numpy as np
import pytest
import torch

import seqtext
from seqtext.builtin.household import household
from seqtext.data.series.series import Part, SeriesSet
from seqtext.options import OptimizerName
from seqtext.training.optimizer import make_optimizer
from seqtext.training.processes import Processes
from seqtext.training.step import Stepper
from tests.conftest import topic_rows
from tests.dispatch import Waits
from tests.tasks.tagging import taggers
from tests.tasks.transcription.transcribers import rows as recordings

SIZES = {"hidden_size": 8, "embedding_size": 8, "vocabulary_size": 400}


def series() -> Part:
    load = household(days=20)
    values = load.values.copy()
    values[100:110] = np.nan
    made = SeriesSet(
        values=values, starts=np.array([0, len(values)]), names=("load",), first_times=load.times[:1],
        frequency=900, inputs=None, input_names=(), notes=(),
    )  # fmt: skip
    return Part(made, np.array([[0, len(values)]]))


def classifier(**settings):
    rows = datasets.Dataset.from_dict(topic_rows(60, 1), split="train")
    return seqtext.TopicClassifier.from_data(rows, **SIZES, word_dropout=0.2, **settings), rows


def labels_of(**settings):
    rows = topic_rows(60, 1)
    lists = [[label, "new"][: 1 + number % 2] for number, label in enumerate(rows["label"])]
    given = datasets.Dataset.from_dict({"text": rows["text"], "labels": lists}, split="train")
    return seqtext.TopicClassifier.from_data(given, **SIZES, **settings), given


def number_of(**settings):
    given = datasets.Dataset.from_dict({"text": topic_rows(60, 1)["text"], "stars": list(range(60))}, split="train")
    return seqtext.TopicClassifier.from_data(given, target="number", **SIZES, **settings), given


def generator(**settings):
    rows = datasets.Dataset.from_dict(topic_rows(60, 1), split="train")
    return seqtext.TextGenerator.from_data(rows, attributes=("label",), **SIZES, max_length=16, **settings), rows


def language_model(**settings):
    rows = datasets.Dataset.from_dict({"text": topic_rows(60, 1)["text"]}, split="train")
    return seqtext.LanguageModel.from_data(rows, **SIZES, max_length=16, word_dropout=0.1, **settings), rows


def translator(**settings):
    texts = topic_rows(60, 1)["text"]
    rows = datasets.Dataset.from_dict({"source": texts, "target": [text.upper() for text in texts]}, split="train")
    sizes = {**SIZES, "encoder_size": 8, "encoder_layers": 1, "num_layers": 2}
    return seqtext.Translator.from_data(rows, **sizes, word_dropout=0.1, **settings), rows


def tagger(**settings):
    given = taggers.rows(60)
    return seqtext.Tagger.from_data(given, tag_column="upos", **taggers.SIZES, **settings), given


def tagger_of_pieces(**settings):
    with TemporaryDirectory() as folder:
        language_model()[0].save_pretrained(Path(folder, "model"))
        return tagger(init_from=Path(folder, "model"), **settings)


def transcriber(**settings):
    spoken = recordings(30)
    sizes = {"hidden_size": 8, "embedding_size": 8, "bands": 12}
    return seqtext.Transcriber.from_data(spoken, **sizes, **settings), spoken


def forecaster(**settings):
    part = series()
    return seqtext.Forecaster.from_data(part, window=24, hidden_size=8, **settings), part


CASES = {
    "topics": (classifier, {}),
    "topics, long texts in windows": (classifier, {"long_texts": "mean", "max_length": 8}),
    "topics, weighed classes and smoothed labels": (classifier, {"label_smoothing": 0.1, "balance_classes": True}),
    "topics, gru": (classifier, {"cell": "gru", "num_layers": 2}),
    "topics, several labels a text": (labels_of, {"label_smoothing": 0.1}),
    "topics, a number a text": (number_of, {"number_loss": "huber"}),
    "generation": (generator, {"vector_dropout": 0.5}),
    "generation, zeros": (generator, {"feedback": "zeros", "label_smoothing": 0.1}),
    "language models": (language_model, {}),
    "language models, a part of the vocabulary": (language_model, {"sampled_softmax": 50}),
    "language models, words": (language_model, {"tokens": "words", "label_smoothing": 0.1, "num_layers": 2}),
    "translation": (translator, {}),
    "translation without attention": (translator, {"attention": None, "cell": "lstm"}),
    "translation, additive attention": (translator, {"attention": "additive", "tied": "none"}),
    "tags": (tagger, {}),
    "tags, both directions": (tagger, {"bidirectional": True, "num_layers": 2, "max_length": 8}),
    "tags, looking ahead": (tagger, {"look_ahead": 2, "cell": "gru"}),
    "transcription": (transcriber, {}),
    "tags, by pieces of a language model": (tagger_of_pieces, {}),
    "transcription, a running mean": (transcriber, {"normalisation": "running"}),
    "transcription, each recording by itself": (transcriber, {"joined": 1, "ahead": 1, "stack": 2, "cell": "lstm"}),
    "forecasts": (forecaster, {}),
    "forecasts with quantiles and a calendar": (
        forecaster,
        {"quantiles": (0.1, 0.5, 0.9), "calendar": True, "horizon": 4},
    ),
    "forecasts that carry the state": (forecaster, {"context": "stateful", "cell": "lstm"}),
}


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("case", CASES)
def test_a_step_waits_for_nothing(case: str, optimizer: OptimizerName) -> None:
    make, settings = CASES[case]
    task, rows = make(**settings)
    examples = task.encode(rows)
    plan = examples.plan(tokens=400, seed=0, micro_batches=2, max_rows=16)
    steps = Stepper(
        task,
        make_optimizer(task.model.train(), name=optimizer, learning_rate=0.01, weight_decay=0.01),
        precision="fp32", device=torch.device("cpu"), max_grad_norm=1.0, seed=0, check_every=1000,
    )  # fmt: skip
    epoch = plan.epoch(0)
    steps(examples, epoch.step(0), 0)  # the optimizer makes its moments
    with Waits() as waits:
        steps(examples, epoch.step(1), 1)
    assert waits.found == {}
    with waits:
        steps.check(examples)  # what is read every few steps is seen by the count
    assert waits.found["_local_scalar_dense"] == 1


class Two(Processes):
    """Two, the other of which has nothing to add; what is exchanged in a step is kept."""

    exchanged: ClassVar[list[torch.Tensor]] = []

    def add_up(self, flat: torch.Tensor) -> None:
        self.exchanged.append(flat)


def test_gradients_are_exchanged_at_once_and_only_what_hosts_know_is_read():
    task, rows = classifier(num_layers=2)
    examples = task.encode(rows)
    both = Two(size=2)
    steps = Stepper(
        task, make_optimizer(task.model.train(), learning_rate=0.01, weight_decay=0.01),
        precision="fp32", device=torch.device("cpu"), max_grad_norm=1.0, seed=0, check_every=1000, processes=both,
    )  # fmt: skip
    epoch = examples.plan(tokens=400, seed=0, micro_batches=2, max_rows=16).epoch(0)
    steps(examples, epoch.step(0), 0)
    both.exchanged.clear()
    with Waits() as waits:
        result = steps(examples, epoch.step(1), 1, stop=True, seconds=7.0)
    assert waits.found == {}
    assert (result.stop, result.seconds) == (True, 7.0)
    known, gradients = both.exchanged
    parameters = list(task.model.parameters())
    assert len(known) == len(parameters) + 2
    assert len(gradients) == sum(p.numel() for p in parameters if p.grad is not None) + 3
