"""seqtext trains, saves and runs small recurrent models of text and numbers.

`seqtext.load(folder)` opens any saved model; `seqtext.fit(task, train, validation, run=...)` trains one. Everything is imported when
first used, so that `import seqtext` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqtext.tasks.forecaster import Forecast, Forecaster
    from seqtext.tasks.generator_writing import Generated
    from seqtext.tasks.saved import load
    from seqtext.tasks.text_generator import TextGenerator
    from seqtext.tasks.topic_classifier import Prediction, TopicClassifier
    from seqtext.tasks.translator import Translation, Translator
    from seqtext.training.fit import fit

__version__ = "0.1.0"
__all__ = [
    "Forecast",
    "Forecaster",
    "Generated",
    "Prediction",
    "TextGenerator",
    "TopicClassifier",
    "Translation",
    "Translator",
    "__version__",
    "fit",
    "load",
]

_HOMES = {
    "Generated": "seqtext.tasks.generator_writing",
    "TextGenerator": "seqtext.tasks.text_generator",
    "Forecast": "seqtext.tasks.forecaster",
    "Forecaster": "seqtext.tasks.forecaster",
    "Prediction": "seqtext.tasks.topic_classifier",
    "TopicClassifier": "seqtext.tasks.topic_classifier",
    "Translation": "seqtext.tasks.translator",
    "Translator": "seqtext.tasks.translator",
    "fit": "seqtext.training.fit",
    "load": "seqtext.tasks.saved",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqtext' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
