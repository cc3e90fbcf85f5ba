"""A split of a classifier as ids, labels and what a teacher says of it, all of it checked. Knows a task's config and its models.

A row with a teacher's answer needs no label: it teaches, and is never measured on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.data.reading.fingerprint import fingerprint
from seqtext.data.reading.label_codes import coded
from seqtext.data.rows.columns import check_texts, require
from seqtext.data.rows.label_sets import LabelSets
from seqtext.data.rows.labels import Labels, without_label
from seqtext.data.rows.target_numbers import TargetNumbers
from seqtext.data.rows.teacher import TeacherAnswers, teacher_answers
from seqtext.data.text.encoding import EncodingReport, encode_to_disk, texts_of
from seqtext.nn.losses import Taught
from seqtext.tasks.classification.rows import EncodedTexts, kept_part
from seqtext.tasks.classification.settings import TopicConfig

if TYPE_CHECKING:
    from datasets import Dataset

    from seqtext.tasks.classification.classifier import TopicClassifier


class Answers(NamedTuple):
    """What is known of some rows.

    Attributes:
        labels: (R,) ids, -1 where a teacher alone answers; (R, C) bool of several labels; (R,) standardised numbers.
        teacher: its answers, if there is one.
    """

    labels: NDArray[Any]
    teacher: TeacherAnswers | None

    @property
    def best(self) -> NDArray[Any]:
        """(R, ...) the label, or else the teacher's likeliest class."""
        if self.teacher is None:
            return self.labels
        return np.where(self.labels < 0, self.teacher.probabilities.argmax(axis=1), self.labels)

    def taught(self, weight: float) -> Taught | None:
        """The teacher's part in the loss of each row, which is `weight` where there is a label too."""
        if self.teacher is None:
            return None
        shares = np.where(self.labels < 0, 1.0, weight * self.teacher.given).astype(np.float32)
        return Taught(torch.from_numpy(self.teacher.probabilities), torch.from_numpy(shares))


def answers(rows: Dataset, config: TopicConfig) -> Answers:
    """What rows have, as the classifier learns it; and a teacher's answers where it has one and the rows have its column.

    Raises:
        DataError: naming a row with neither, or whose label or answer cannot be used.
    """
    if config.target == "labels":
        return Answers(label_sets(config).encode(rows, config.label_column).members, None)
    if config.target == "number":
        values = target_numbers(config).encode(rows, config.label_column).values
        return Answers(((values - config.mean) / config.deviation).astype(np.float32), None)
    labels, column = Labels(config.labels), config.teacher_column
    if column is None or column not in rows.column_names:
        return Answers(labels.encode(rows, config.label_column).ids, None)
    teacher = teacher_answers(
        rows, column, config.labels, values=config.teacher_values, temperature=config.teacher_temperature
    )
    ids = np.full(len(rows), -1, dtype=np.int64)
    if (coded(rows, config.label_column).codes >= 0).any():  # of some rows drawn from many there may be none
        found = labels.encode(rows, config.label_column, unlabelled="drop")
        ids[found.rows] = found.ids
    if len(neither := np.flatnonzero((ids < 0) & ~teacher.given)):
        raise without_label(rows, config.label_column, neither)
    return Answers(ids, teacher)


def label_sets(config: TopicConfig) -> LabelSets:
    """The labels of a classifier of several."""
    assert config.label_form is not None
    return LabelSets(config.labels, config.label_form)


def target_numbers(config: TopicConfig) -> TargetNumbers:
    """How a classifier's column writes numbers."""
    return TargetNumbers(config.decimal, config.missing)


def encode_rows(
    task: TopicClassifier, rows: Dataset, *, sampling_seed: int | None
) -> tuple[EncodedTexts, EncodingReport]:
    """As `TopicClassifier.encode_with_report`, of a data set."""
    config = task.config
    require({str(rows.split or "given"): rows}, config.text_column, config.label_column)
    check_texts(rows, config.text_column)
    tokens, report = encode_to_disk(
        lambda: texts_of(rows, config.text_column),
        task.tokenizer,
        keep=kept_part(config.max_length, config.long_texts),
        fingerprint=fingerprint(rows, [config.text_column]),
        sampling_seed=sampling_seed,
    )
    known = answers(rows, config)
    linear = None if task.blend is None else task.blend.opinions(texts_of(rows, config.text_column), task.target)
    taught = known.taught(config.teacher_weight)
    examples = EncodedTexts(tokens, known.labels, max_length=config.max_length, linear=linear, taught=taught)
    return examples, replace(report, in_windows=int((examples.windows > 1).sum()))
