"""What is printed before training is what training then does."""

from __future__ import annotations

import re
from types import SimpleNamespace

import datasets
import pytest

import seqtext
from seqtext.data.text.encoding import EncodingReport
from seqtext.errors import DataError, ResourceError
from seqtext.options import TrainingOptions
from seqtext.reporting import estimate
from seqtext.reporting.unknown_characters import unknown_characters
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.report.summary import classification_summary
from seqtext.tasks.classification.splits import labelled_splits
from seqtext.training import tracking
from seqtext.training.step import Stepper

OPTIONS = {"batch_tokens": 300, "device": "cpu", "epochs": 1, "seed": 4, "precision": "fp32"}


@pytest.fixture
def data(topics):
    return labelled_splits(topics)


@pytest.fixture
def task(data):
    return TopicClassifier.from_data(data.train, hidden_size=4, embedding_size=4, vocabulary_size=300)


def test_the_steps_told_are_those_of_the_first_epoch(data, task, tmp_path):
    lines, figures = classification_summary(task, data, TrainingOptions(**OPTIONS))
    [told] = re.findall(r"^batches +(\d+) steps", "\n".join(lines), flags=re.MULTILINE)
    result = seqtext.fit(task, data.train, data.validation, run=tmp_path / "run", **OPTIONS)
    assert int(told) == result.steps
    assert figures["padding"] == result.padding


@pytest.mark.parametrize("slow", ["validate", "encode_with_report"])
def test_the_time_told_has_encoding_and_validation_in_it(data, task, monkeypatch, slow):
    method, clock = getattr(TopicClassifier, slow), [0.0]

    def slowly(*arguments, **options):
        clock[0] += 6000
        return method(*arguments, **options)

    monkeypatch.setattr(TopicClassifier, slow, slowly)
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    lines, _ = classification_summary(task, data, TrainingOptions(**OPTIONS))
    assert any("about 100.0 minutes per epoch" in line for line in lines)


@pytest.mark.parametrize(("most", "timed"), [(None, 7), (100, 7), (6, 6), (5, 5), (1, 1)])
def test_the_time_is_told_from_seven_steps_or_as_many_as_the_run_has(data, task, monkeypatch, most, timed):
    made, plain = [], Stepper.__call__
    monkeypatch.setattr(Stepper, "__call__", lambda *given, **named: (made.append(1), plain(*given, **named))[1])
    monkeypatch.setattr(estimate, "WARM_STEPS", 2)
    monkeypatch.setattr(estimate, "TIMED_STEPS", 5)
    classification_summary(task, data, TrainingOptions(**OPTIONS, max_steps=most))
    assert len(made) == timed


def test_a_tracker_that_is_not_there_is_told_with_the_summary(data, task, monkeypatch):
    monkeypatch.setattr(tracking.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match="--track wandb: it is not installed"):
        classification_summary(task, data, TrainingOptions(**OPTIONS, track="wandb"))


@pytest.mark.fault(30)
def test_characters_that_are_spelt_in_bytes_are_named_and_most_of_them_refused(task):
    data = SimpleNamespace(test=datasets.Dataset.from_dict({"text": ["жук, жук и ёж"] * 3}))

    def warnings(byte_tokens: int, **choices) -> list[str]:
        reports = {"test": EncodingReport(tokens=100, byte_tokens=byte_tokens)}
        return unknown_characters(task.tokenizer, data, "text", reports, **choices)

    assert warnings(5) == []
    [told] = warnings(6)
    assert told.startswith("split 'test': 6% of the tokens spell characters the vocabulary lacks: ж ")
    assert set("жукиё") <= set(told)
    with pytest.raises(DataError, match="split 'test': 51% .* ж .*; train a tokenizer on this language"):
        warnings(51)
    assert len(warnings(51, refused=("train",))) == 1
