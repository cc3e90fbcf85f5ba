"""A small saved model of each task, untrained."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtext.data.series.series import whole
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.known import TASKS
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.tagging.tagger import Tagger
from seqtext.tasks.transcription.transcriber import Transcriber
from seqtext.tasks.translation.translator import Translator
from tests.tasks.forecasting import forecasters
from tests.tasks.generation import generators
from tests.tasks.tagging import taggers
from tests.tasks.transcription import transcribers
from tests.tasks.translation import translators


@pytest.fixture(scope="session")
def saved_tasks(topics, tmp_path_factory) -> dict[str, Path]:
    """The model folder of each task, by the name of the task."""
    series = forecasters.series_of(forecasters.load(), names=["kw"])
    made = {
        "TopicClassifier": TopicClassifier.from_data(topics["train"], **generators.SIZES),
        "TextGenerator": TextGenerator.from_data(topics["train"], **generators.SIZES),
        "LanguageModel": LanguageModel.from_data(topics["train"], text_column="text", **generators.SIZES),
        "Tagger": Tagger.from_data(taggers.rows(), tag_column="upos", **taggers.SIZES),
        "Transcriber": Transcriber.from_data(transcribers.rows(), **transcribers.SMALL),
        "Translator": Translator.from_data(translators.pairs(60), **translators.SIZES),
        "Forecaster": Forecaster.from_data(whole(series), **forecasters.SMALL),
    }
    assert set(made) == {task.name for task in TASKS}
    place = tmp_path_factory.mktemp("tasks")
    for name, task in made.items():
        task.save_pretrained(place / name)
    return {name: place / name for name in made}
