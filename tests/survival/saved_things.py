"""One of every kind of thing that is saved, small, and how each is loaded and used. Hardly anything of it is trained."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import seqtext
from tests.conftest import topic_rows
from tests.training.line import Line, points

HISTORY = 3 + np.sin(np.arange(100) / 4)


class Thing(NamedTuple):
    """Something that is saved.

    Attributes:
        folder: of its files.
        use: loads it and does with it what its users do.
        listed: whether a manifest lists its files.
    """

    folder: Path
    use: Callable[[], object]
    listed: bool = True


def make_all(place: Path) -> None:
    """Saves a model of each task (a generator with a classifier in it, a language model of words), a checkpoint, options and a log."""
    import datasets

    from seqtext.data.series.series import SeriesSet, whole
    from seqtext.options import TrainingOptions
    from seqtext.saving.configs import write_options
    from seqtext.tasks.classification.classifier import TopicClassifier
    from seqtext.tasks.forecasting.forecaster import Forecaster
    from seqtext.tasks.generation.generator import TextGenerator
    from seqtext.tasks.language_model.language_model import LanguageModel
    from seqtext.tasks.translation.translator import Translator
    from seqtext.training.fit import fit
    from seqtext.training.run_log import LogFile

    os.environ["SEQTEXT_CACHE"] = str(place / "cache")
    rows = datasets.Dataset.from_dict(topic_rows(60))
    sizes: dict[str, Any] = {"hidden_size": 6, "embedding_size": 6, "vocabulary_size": 330}
    TopicClassifier.from_data(rows, **sizes).save_pretrained(place / "classifier")
    TextGenerator.from_data(rows, vectors_from=place / "classifier", **sizes).save_pretrained(place / "generator")
    LanguageModel.from_data(rows, text_column="text", tokens="words", **sizes).save_pretrained(place / "language")
    pairs = rows.add_column("other", rows["text"])
    Translator.from_data(
        pairs, source_column="text", target_column="other", encoder_size=6, encoder_layers=1, **sizes
    ).save_pretrained(place / "translator")
    series = SeriesSet(("load",), HISTORY, np.array([0, len(HISTORY)]), None, None)
    Forecaster.from_data(whole(series), window=6, hidden_size=4, num_layers=1).save_pretrained(place / "forecaster")
    fit(Line(), points(), run=place / "line", device="cpu", threads=1, epochs=1, batch_tokens=30)
    newest = max((place / "line" / "checkpoints").glob("step-*"))
    shutil.copytree(newest, place / "checkpoints" / newest.name)
    (place / "run").mkdir()
    write_options(place / "run" / "options.yaml", TrainingOptions(run="run", epochs=3))
    log = LogFile(place / "run" / "metrics.jsonl")
    for step in range(20, 100, 20):
        log.append(step=step, epoch=step / 40, loss=1 / step, gradient_norm=0.5)


def things(place: Path) -> dict[str, Thing]:
    """What `make_all` saved."""
    [checkpoint] = (place / "checkpoints").glob("step-*")
    return {
        "classifier": Thing(place / "classifier", lambda: _use_classifier(place / "classifier")),
        "generator": Thing(place / "generator", lambda: _use_generator(place / "generator")),
        "language": Thing(place / "language", lambda: _use_language(place / "language")),
        "translator": Thing(place / "translator", lambda: _use_translator(place / "translator")),
        "forecaster": Thing(place / "forecaster", lambda: _use_forecaster(place / "forecaster")),
        "checkpoint": Thing(checkpoint, lambda: _use_checkpoint(place / "checkpoints")),
        "run": Thing(place / "run", lambda: _use_run(place / "run"), listed=False),
    }


def _use_classifier(folder: Path) -> None:
    classifier = seqtext.load(folder)
    if hasattr(classifier, "predict"):  # a config may name another task that has the same parts
        classifier(["the ship sails \x1b[31m☃ 3", ""], top_k=2)


def _use_generator(folder: Path) -> None:
    generator = seqtext.load(folder)
    generator(like="a ship", count=2, max_length=6, seed=1)


def _use_language(folder: Path) -> None:
    model = seqtext.load(folder)
    model(["the ship sails \x1b[31m☃ 3", ""], by_token=True)


def _use_translator(folder: Path) -> None:
    translator = seqtext.load(folder)
    translator(["a ship sails \x1b[31m☃ 3", ""], beam=2)


def _use_forecaster(folder: Path) -> None:
    forecaster = seqtext.load(folder)
    forecaster(HISTORY[: max(forecaster.least_history, 10)])


def _use_checkpoint(folder: Path) -> None:
    from seqtext.training.averaging import Averages
    from seqtext.training.checkpoint import load_checkpoint
    from seqtext.training.optimizer import make_optimizer
    from seqtext.training.step import Stepper

    task = Line()
    optimizer = make_optimizer(task.model, learning_rate=0.1, weight_decay=0.0)
    device = torch.device("cpu")
    stepper = Stepper(task, optimizer, precision="fp32", device=device, max_grad_norm=1.0, seed=0)
    load_checkpoint(folder, stepper, Averages(task.model, 0.999), accept=lambda progress, environment: None)


def _use_run(folder: Path) -> None:
    from seqtext.options import RunOptions
    from seqtext.saving.configs import read_options
    from seqtext.training.run_folder import RunFolder

    run = RunFolder(folder)
    run.holds_run()
    read_options(RunOptions, run.options)
    run.metrics.lines()
