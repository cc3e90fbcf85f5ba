"""The linear model beside a classifier, fitted on training rows and weighed on validation rows. Needs scikit-learn."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.text.encoding import texts_of
from seqtext.errors import DataError
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.tasks.classification.blend import Blend, best_weights
from seqtext.tasks.classification.encode import answers
from seqtext.tasks.classification.inference import opinions

if TYPE_CHECKING:
    from datasets import Dataset

    from seqtext.tasks.classification.classifier import TopicClassifier

SEED = 0  # of the solver and the rows it chooses its strength by: the same for all runs, so that one baseline stands beside them


def fit_blend(task: TopicClassifier, train: Dataset, validation: Dataset) -> tuple[Blend | None, str]:
    """The linear model of training rows with its share, and how it was come by, as a line; None where words teach nothing.

    Args:
        task: with the recurrent model trained, if it has one.
        train: rows that the linear model is fitted on.
        validation: rows that neither was trained on.

    Raises:
        DataError: if there is nothing to learn, nor another model beside.
    """
    started, config = time.perf_counter(), task.config
    texts = (text for chunk in texts_of(train, config.text_column) for text in chunk)
    linear, description = task.target.fit_linear(texts, answers(train, config).best, seed=SEED)
    if linear is None:
        if not isinstance(task.model, SeqToVec):
            raise DataError(
                description, where=place_of(train), expected="texts with words, and not all with one answer"
            )
        return None, ""
    seconds = time.perf_counter() - started
    blend = Blend(linear, (0.0, 1.0), description, seconds)
    if not isinstance(task.model, SeqToVec):
        return blend, f"linear model: {description}, {seconds:.0f} s"
    task.blend = blend
    examples = task.encode(validation)
    assert examples.linear is not None
    weights = best_weights(opinions(task.model, examples, task.target), examples.linear, examples.labels, task.target)
    share = weights[0] / sum(weights)
    said = f"linear model beside it: {description}, {seconds:.0f} s; by the validation rows the recurrent one counts {share:.0%}"
    return replace(blend, weights=weights), said
