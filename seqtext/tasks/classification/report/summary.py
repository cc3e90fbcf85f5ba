"""What is known before a classifier is trained: rows of each class, lengths, model. All of it is printed, and all of `--dry_run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.encoding import EncodingReport, texts_of
from seqtext.errors import printable
from seqtext.models.linear_text import FEATURES
from seqtext.options import TrainingOptions
from seqtext.reporting.summary import encode_splits, example_text, lengths_of_texts, summarise
from seqtext.reporting.table import LONGEST_NAME
from seqtext.reporting.unknown_characters import unknown_characters
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.prepare import unevenness
from seqtext.tasks.classification.rows import EncodedTexts
from seqtext.tasks.classification.settings import UNEVEN
from seqtext.tasks.classification.splits import LabelledSplits

SHOWN_CLASSES = 12
MANY_CUT = 0.1  # of the texts
# What the parts of the recurrent model do not say.
_BESIDE = {
    "both": f"beside it a linear model of {FEATURES}, fitted once it is trained",
    "linear": f"a linear model of {FEATURES}, without a recurrent one",
    "rnn": "",
}


def classification_summary(
    task: TopicClassifier, data: LabelledSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: if most of the text is characters the tokenizer does not have.
        ResourceError: for a device, precision or tracker that is not there.
    """
    encoded, seconds = encode_splits(task, task.encode_with_report, data, options)
    examples, report = encoded["train"]
    reports = {name: part for name, (_, part) in encoded.items()}
    text, pieces, asked = data.columns.text, len(task.tokenizer), task.config.vocabulary_size
    lines, figures = summarise(
        task,
        examples,
        encoded["validation"][0],
        options,
        first=[
            *_table_of_rows(task, encoded),
            f"text        {lengths_of_texts(examples.tokens.lengths.numpy())}",
            f"            {_counts(reports)}",
            f"            {data.duplicates:,} test texts are in train too",
            f"vocabulary  {pieces:,} pieces"
            + ("" if pieces >= asked else f" (asked for {asked:,}; the corpus has no more)"),
        ],
        objective=_BESIDE[task.config.model],
        example=_example(task, next(texts_of(data.train.select([0]), text))[0]),
        notes=[*data.notes, *_chosen_by(task, examples)],
        warnings=[*data.warnings, *_cut(task, report), *unknown_characters(task.tokenizer, data, text, reports)],
        encoding_seconds=seconds,
    )
    return lines, {
        "rows": {name: len(part) for name, (part, _) in encoded.items()},
        "tokens": {name: part.tokens for name, part in reports.items()},
        "empty_texts": {name: part.empty for name, part in reports.items()},
        "cut_texts": {name: part.cut for name, part in reports.items()},
        "byte_share": report.byte_share,
        "test_texts_in_train": data.duplicates,
        **figures,
    }


def _cut(task: TopicClassifier, report: EncodingReport) -> list[str]:
    """A warning, if the recurrent model reads only a part of many texts; the linear one reads the whole."""
    if report.cut <= MANY_CUT * report.texts or task.config.model == "linear":
        return []
    flags = f"--max_length {2 * task.config.max_length} reads more of them, --long_texts mean all, in windows; both take longer"
    return [
        f"{report.cut / report.texts:.0%} of the training texts are longer than {task.config.max_length} tokens and are cut: {flags}"
    ]


def _table_of_rows(task: TopicClassifier, encoded: Mapping[str, tuple[EncodedTexts, EncodingReport]]) -> list[str]:
    names = task.config.labels
    counts = {
        split: np.bincount(_row_of_table(part.labels.numpy(), len(names)), minlength=len(names) + 2)
        for split, (part, _) in encoded.items()
    }
    width = max(9, *(len(printable(name, LONGEST_NAME)) for name in names[:SHOWN_CLASSES]))
    lines = [f"rows        {'class':<{width}}" + "".join(f"{split:>12}" for split in counts)]
    shown = list(enumerate(names[:SHOWN_CLASSES]))
    lines += [
        f"            {printable(name, LONGEST_NAME):<{width}}" + "".join(f"{part[i]:>12,}" for part in counts.values())
        for i, name in shown
    ]
    if len(names) > SHOWN_CLASSES:
        rest = [int(part[SHOWN_CLASSES:-2].sum()) for part in counts.values()]
        lines.append(
            f"            {f'{len(names) - SHOWN_CLASSES} more':<{width}}" + "".join(f"{n:>12,}" for n in rest)
        )
    for place, title in ((-2, "(unseen)"), (-1, "(teacher)")):
        if any(part[place] for part in counts.values()):
            lines.append(f"            {title:<{width}}" + "".join(f"{part[place]:>12,}" for part in counts.values()))
    return [*lines, f"            {'all':<{width}}" + "".join(f"{int(part.sum()):>12,}" for part in counts.values())]


def _chosen_by(task: TopicClassifier, train: EncodedTexts) -> list[str]:
    """A note, if it is not accuracy that the epoch is chosen by."""
    if task.config.select == "accuracy" or task.config.model == "linear":
        return []
    labels = train.labels.numpy()
    times = unevenness(np.bincount(labels[labels >= 0]).tolist())
    why = f", since the commonest class has {times:,.1f} times the rows of the rarest" if times > UNEVEN else ""
    return [f"the epoch is chosen by {task.config.select} on the validation rows (--select){why}"]


def _row_of_table(labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """The line of each label: those that training never had share one, and rows with a teacher's answer alone another."""
    return np.where(labels < 0, classes + 1, np.minimum(labels, classes))


def _counts(reports: Mapping[str, EncodingReport]) -> str:
    names = ("empty", "cut", "in_windows")
    empty, cut, whole = (sum(getattr(report, name) for report in reports.values()) for name in names)
    in_windows = f", {whole:,} read in several windows" if whole else ""
    return (
        f"{empty:,} empty texts, {cut:,} cut to the longest length{in_windows},"
        f" {reports['train'].byte_share:.2%} of tokens spell bytes"
    )


def _example(task: TopicClassifier, text: str) -> list[str]:
    """One row as text, as ids, and decoded back."""
    [ids] = task.tokenizer.encode([text[:2000]])
    return [*example_text(text, task.tokenizer), f"  decoded   {task.tokenizer.decode(ids)[:100]!r}"]
