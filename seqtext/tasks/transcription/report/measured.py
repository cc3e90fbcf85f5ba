"""`test`, `baselines` and `noise` of report/metrics.json, and what pictures are drawn of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seqtext.builtin.touch_tones import RATE, Dialled, touch_tones
from seqtext.data.audio.tones import test_tones, touch_tone_rows
from seqtext.reporting.baseline import Baselines
from seqtext.tasks.transcription.report.baselines import goertzel, logistic_regression
from seqtext.tasks.transcription.report.metrics import Listened, listen, singles, string_figures, word_figures
from seqtext.tasks.transcription.transcriber import Transcriber

if TYPE_CHECKING:
    from datasets import Dataset

DECIBELS = (20.0, 15.0, 10.0, 7.5, 5.0, 2.5, 0.0)  # of tones above the noise
STRINGS = 200  # at each
NOISE_SEED = 3


class Figures(NamedTuple):
    """What was measured.

    Attributes:
        figures: parts of report/metrics.json.
        listened: the test strings and what was written of them.
    """

    figures: dict[str, Any]
    listened: Listened


def measured(
    task: Transcriber, test: Dataset, train: Dataset | None = None, *, which: Baselines = "all", tones: bool = False
) -> Figures:
    """The figures of a transcriber on test recordings, beside baselines.

    Args:
        task: to measure.
        test: recordings.
        train: of training, for baselines that learn.
        which: of them.
        tones: whether the test is that of the built-in telephone keys, of which more is known, and can be made.
    """
    made = test_tones() if tones else []
    ends = [[end / RATE for end in one.ends] for one in made] if tones else None
    listened = listen(task, test, ends=ends)
    figures: dict[str, Any] = {"test": {"rows": len(test), **string_figures(task, listened)}, "baselines": {}}
    found = singles(task, test)
    if found is not None:
        figures["test"]["single"] = {"recordings": len(test), "accuracy": found.accuracy}
    if which != "none" and tones:
        detector = goertzel([one.samples for one in made])
        figures["baselines"][detector.name] = detector.figures(
            word_figures(listened.said.symbols, detector.predicted, task.config)
        )
    if which != "none" and tones:
        figures["noise"] = noise_figures(task)
    if which == "all" and train is not None and found is not None:
        simple = logistic_regression(task, train, test)
        if simple is not None:
            accuracy = float((np.asarray(simple.predicted) == found.true).mean())
            figures["baselines"][simple.name] = simple.figures({"accuracy": accuracy})
    return Figures(figures, listened)


def noise_figures(task: Transcriber) -> dict[str, Any]:
    """The share of strings of telephone keys that are right, over how loud the noise is, beside the Goertzel detector's."""
    ours, theirs = [], []
    for place, level in enumerate(DECIBELS):
        made: list[Dialled] = touch_tones(STRINGS, seed=NOISE_SEED + place, decibels=(level, level))
        listened = listen(task, touch_tone_rows(made, "noise"))
        ours.append(string_figures(task, listened)["strings_right"])
        detected = goertzel([one.samples for one in made]).predicted
        theirs.append(word_figures(listened.said.symbols, detected, task.config)["strings_right"])
    return {"decibels": list(DECIBELS), "strings_right": {"this model": ours, "Goertzel detector": theirs}}
