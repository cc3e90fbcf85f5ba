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
from seqtext.tasks.classification.encode import target_numbers
from seqtext.tasks.classification.prepare import unevenness
from seqtext.tasks.classification.rows import EncodedTexts
from seqtext.tasks.classification.settings import UNEVEN
from seqtext.tasks.classification.splits import LabelledSplits
from seqtext.tasks.classification.targets import FAR_OFF

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
            *_table_of_rows(task, data, encoded),
            f"text        {lengths_of_texts(examples.tokens.lengths.numpy())}",
            f"            {_counts(reports)}",
            f"            {data.duplicates:,} test texts are in train too",
            f"vocabulary  {pieces:,} pieces"
            + ("" if pieces >= asked else f" (asked for {asked:,}; the corpus has no more)"),
        ],
        objective=_BESIDE[task.config.model],
        example=_example(task, next(texts_of(data.train.select([0]), text))[0]),
        notes=[*task.chosen, *data.notes, *_chosen_by(task, examples)],
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


def _table_of_rows(
    task: TopicClassifier, data: LabelledSplits, encoded: Mapping[str, tuple[EncodedTexts, EncodingReport]]
) -> list[str]:
    """Rows of each split: of each class, or with each label; of numbers how these lie."""
    names, labels = task.config.labels, {split: part.labels.numpy() for split, (part, _) in encoded.items()}
    of_each: list[tuple[str, Mapping[str, int | str]]]
    more: list[tuple[str, Mapping[str, int | str]]] = []
    if task.config.target == "number":
        quantiles = {"lowest": 0.0, "median": 0.5, "highest": 1.0}
        config, read = task.config, target_numbers(task.config)
        numbers = {split: read.encode(getattr(data, split), config.label_column).values for split in labels}
        of_each = [
            (name, {split: f"{np.quantile(values, share):.6g}" for split, values in numbers.items()})
            for name, share in quantiles.items()
        ]
        head = "number"
    else:
        several = task.config.target == "labels"
        head = "label" if several else "class"
        counts = {split: _rows_of_each(values, len(names)) for split, values in labels.items()}
        of_each = [
            (name, {split: int(part[place]) for split, part in counts.items()})
            for place, name in enumerate(names[:SHOWN_CLASSES])
        ]
        if len(names) > SHOWN_CLASSES:
            rest = {split: int(part[SHOWN_CLASSES:-2].sum()) for split, part in counts.items()}
            of_each.append((f"{len(names) - SHOWN_CLASSES} more", rest))
        last = "(none)" if several else "(no label)"
        of_split = {
            title: {split: int(part[place]) for split, part in counts.items()}
            for place, title in ((-2, "(unseen)"), (-1, last))
        }
        more = [(title, found) for title, found in of_split.items() if any(found.values())]
    rows: list[tuple[str, Mapping[str, int | str]]] = [*of_each, *more]
    rows.append(("all", {split: len(values) for split, values in labels.items()}))
    width = max(9, *(len(printable(name, LONGEST_NAME)) for name, _ in rows))
    lines = [f"rows        {head:<{width}}" + "".join(f"{split:>12}" for split in labels)]
    for name, cells_of in rows:
        cells = (f"{cell:>12}" if isinstance(cell, str) else f"{cell:>12,}" for cell in cells_of.values())
        lines.append(f"            {printable(name, LONGEST_NAME):<{width}}" + "".join(cells))
    return lines


def _rows_of_each(labels: NDArray[Any], names: int) -> NDArray[np.int64]:
    """(names + 2,) rows of each class; last those of classes that training never had, and of a teacher's answer alone.

    Of several labels: rows with each; last those with labels that training never had, and with none.
    """
    if labels.ndim == 1:
        found: NDArray[np.int64] = np.bincount(_row_of_table(labels, names), minlength=names + 2)
        return found
    unseen, none = labels[:, names:].any(axis=1).sum(), (~labels.any(axis=1)).sum()
    return np.array([*labels[:, :names].sum(axis=0), unseen, none], dtype=np.int64)


def _chosen_by(task: TopicClassifier, train: EncodedTexts) -> list[str]:
    """Notes: what the epoch is chosen by, if not by accuracy; which error is learnt from."""
    config = task.config
    if config.model == "linear" or config.select == "accuracy":
        return []
    why = ""
    if config.target == "label":
        labels = train.labels.numpy()
        times = unevenness(np.bincount(labels[labels >= 0]).tolist())
        why = f", since the commonest class has {times:,.1f} times the rows of the rarest" if times > UNEVEN else ""
    notes = [f"the epoch is chosen by {config.select} on the validation rows (--select){why}"]
    if config.number_loss == "huber":
        notes.append(
            f"numbers over {FAR_OFF} deviations off count less, as --number_loss huber has it (squared: all alike)"
        )
    return notes


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
