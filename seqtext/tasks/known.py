"""The tasks there are. Whatever has to know them reads this list: `seqtext.load`, `seqtext.*`, the commands, `info`, `evaluate`.

A new task is its folder, its recipe and its entry here. Imports nothing until a part of a task is asked for.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # what `seqtext.*` offers of each task, for type checkers and editors
    from seqtext.tasks.classification.classifier import TopicClassifier as TopicClassifier
    from seqtext.tasks.classification.predictions import LabelsPrediction as LabelsPrediction
    from seqtext.tasks.classification.predictions import NumberPrediction as NumberPrediction
    from seqtext.tasks.classification.predictions import Prediction as Prediction
    from seqtext.tasks.forecasting.calling import Forecast as Forecast
    from seqtext.tasks.forecasting.forecaster import Forecaster as Forecaster
    from seqtext.tasks.generation.generator import TextGenerator as TextGenerator
    from seqtext.tasks.generation.writing import Generated as Generated
    from seqtext.tasks.language_model.language_model import LanguageModel as LanguageModel
    from seqtext.tasks.language_model.scoring import TextScore as TextScore
    from seqtext.tasks.tagging.stream import TagStream as TagStream
    from seqtext.tasks.tagging.tagger import Tagger as Tagger
    from seqtext.tasks.transcription.transcriber import Transcriber as Transcriber
    from seqtext.tasks.transcription.transcript import Transcript as Transcript
    from seqtext.tasks.translation.scoring import PairScore as PairScore
    from seqtext.tasks.translation.translator import Translator as Translator
    from seqtext.tasks.translation.writing import Translation as Translation


class KnownTask(NamedTuple):
    """A task, by the names of its parts.

    Attributes:
        name: of its class, which saved models name.
        folder: below seqtext/tasks; it has `command.py`, `report/evaluate.py` and `report/card.py`.
        public: module of each public name, the class among them.
        command: of `seqtext`, which uses a saved model; its dataclass is the same word with a capital.
        about: the command's line of help.
        measures: what `seqtext evaluate` finds out.
        recipe: what `seqtext train` calls it.
        trains: what that makes.
        script: the recipe's file.
        writes: whether its model writes texts; its head then gives tokens, which others may start from.
        also: another task's command that a saved model of this one has too, and the module that holds it.
    """

    name: str
    folder: str
    public: dict[str, str]
    command: str
    about: str
    measures: str
    recipe: str
    trains: str
    script: str
    writes: bool = False
    also: tuple[str, str] | None = None

    def has(self, command: str) -> bool:
        """Whether a command uses a saved model of the task."""
        return command == self.command or (self.also is not None and command == self.also[0])

    def part(self, module: str) -> ModuleType:
        """A module of the task's folder, as `command` or `report.card`."""
        return import_module(f"seqtext.tasks.{self.folder}.{module}")


TASKS = (
    KnownTask(
        name="TopicClassifier",
        folder="classification",
        public={
            "TopicClassifier": "classifier",
            "Prediction": "predictions",
            "LabelsPrediction": "predictions",
            "NumberPrediction": "predictions",
        },
        command="predict",
        about="label texts: given, from a file, or from a pipe",
        measures="accuracy, macro F1, and figures of each class; of several labels F1 and average precision; of numbers R2 and errors",
        recipe="topics",
        trains="a classifier of texts, from texts with a label each",
        script="topic_classification",
    ),
    KnownTask(
        name="TextGenerator",
        folder="generation",
        public={"TextGenerator": "generator", "Generated": "writing"},
        command="generate",
        about="write texts from a topic, a mixture, an example or nothing",
        measures="perplexity with and without the vector, bits per byte; whether samples have the topic asked for",
        recipe="generation",
        trains="a writer of texts, from texts with or without topics",
        script="text_generation",
        writes=True,
    ),
    KnownTask(
        name="LanguageModel",
        folder="language_model",
        public={"LanguageModel": "language_model", "TextScore": "scoring"},
        command="score",
        about="say how likely texts are, or by a translator pairs: given, from a file, or from a pipe",
        measures="perplexity per token and per word, bits per byte",
        recipe="language",
        trains="a model of how texts go on, from texts without labels, for others to start from",
        script="language_model",
        writes=True,
    ),
    KnownTask(
        name="Tagger",
        folder="tagging",
        public={"Tagger": "tagger", "TagStream": "stream"},
        command="tag",
        about="say a tag for every word of texts: given, from a file, or from a pipe",
        measures="accuracy, figures of each tag, words that training has not, F1 of spans",
        recipe="tags",
        trains="a tagger of words, from words with a tag each",
        script="tagging",
    ),
    KnownTask(
        name="Translator",
        folder="translation",
        public={"Translator": "translator", "Translation": "writing", "PairScore": "scoring"},
        command="translate",
        about="translate texts: given, from a file, or from a pipe, line by line",
        measures="BLEU, chrF, exact match and perplexity, beside the source copied",
        recipe="translation",
        trains="a translator, from pairs of texts",
        script="translation",
        writes=True,
        also=("score", "score"),
    ),
    KnownTask(
        name="Transcriber",
        folder="transcription",
        public={"Transcriber": "transcriber", "Transcript": "transcript"},
        command="transcribe",
        about="write what is said in recordings, or while it is being said",
        measures="word error rate, whole strings right, the delay of each word, figures of each speaker",
        recipe="digits",
        trains="a transcriber of sounds, from recordings with what is said in them",
        script="spoken_digits",
    ),
    KnownTask(
        name="Forecaster",
        folder="forecasting",
        public={"Forecaster": "forecaster", "Forecast": "calling"},
        command="forecast",
        about="forecast the next readings of a history, or after each line of a pipe",
        measures="errors and coverage of intervals, beside repeated readings",
        recipe="electricity",
        trains="a forecaster, from readings in time: of electricity, or of anything",
        script="electricity",
    ),
)
BY_NAME = {task.name: task for task in TASKS}
PUBLIC = {name: task for task in TASKS for name in task.public}


def public(name: str) -> Any:
    """A public name of a task: its class, or what the class returns."""
    task = PUBLIC[name]
    return getattr(task.part(task.public[name]), name)
