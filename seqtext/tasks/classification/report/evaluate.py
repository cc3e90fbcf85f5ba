"""`seqtext evaluate` of a classifier: accuracy, macro F1 and figures of each class, on a split of any data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from seqtext.errors import printable
from seqtext.reporting.evaluation import EvaluateOptions, Measured, chosen_line, load_measured
from seqtext.reporting.table import LONGEST_NAME

if TYPE_CHECKING:
    from seqtext.tasks.classification.classifier import TopicClassifier

MOST_CLASSES = 30  # lines; of more classes the hardest are shown


@dataclass(frozen=True, kw_only=True)
class Evaluate(EvaluateOptions):
    """Accuracy, macro F1 and figures of each class, in fp32: seqtext evaluate RUN --data new.csv --output measured"""

    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """Data set: name on the hub, folder, file (csv, tsv, jsonl, txt, parquet; packed), or phrasebook[:locale]."""
    text_column: tuple[str, ...] = ()
    """Column of the texts, or several, which are joined. Default: the one the model was trained on."""
    label_column: str | None = None
    """Default: the one the model was trained on."""
    unlabelled: Literal["error", "drop"] = "error"
    """Rows without a label stop the evaluation, or are left out and counted."""


def measure(task: TopicClassifier, options: Evaluate, *, given: Any = None) -> Measured:
    """The figures of a classifier.

    Args:
        task: to measure; it reads the columns asked for from now on.
        options: of the command.
        given: rows in the place of `--data`, or None.

    Raises:
        DataError: rows, columns or labels that cannot be used.
    """
    from seqtext.data.reading.joined_columns import joined
    from seqtext.data.rows.columns import require
    from seqtext.data.rows.labels import Labels
    from seqtext.data.rows.splits import take
    from seqtext.reporting.class_metrics import classification_metrics

    text = joined(options.text_column) or task.config.text_column
    label = options.label_column or task.config.label_column
    task.config = replace(task.config, text_column=text, label_column=label, teacher_column=None)
    found = load_measured(options, given, text, label)
    rows = found.rows
    require({found.split: rows}, text, fix="pass --text_column NAME")
    require({found.split: rows}, label, fix="pass --label_column NAME")
    labels = Labels(task.config.labels).encode(rows, label, unlabelled=options.unlabelled)
    notes = found.notes
    if labels.dropped:
        notes.append(f"rows left out because they have no label: {labels.dropped:,}")
        rows = rows.select(labels.rows)
    if options.max_rows is not None and options.max_rows < len(rows):
        rows = take(rows, options.max_rows, labels=labels.ids)
        labels = Labels(task.config.labels).encode(rows, label)
        notes.append(f"{len(rows):,} rows measured, drawn by class (--max_rows)")
    probabilities = task.probabilities(task.encode(rows))
    predicted, best = probabilities.argmax(axis=1), probabilities.max(axis=1)
    known = range(len(task.config.labels))
    metrics = classification_metrics(predicted, labels.ids, labels.names, known=known)

    def predictions() -> Iterator[Mapping[str, Any]]:
        for row, (guess, sure, true) in enumerate(
            zip(predicted.tolist(), best.tolist(), labels.ids.tolist(), strict=True)
        ):
            name = task.config.labels[guess]
            yield {"row": row, "true": labels.names[true], "predicted": name, "probability": round(sure, 6)}

    data = {"source": found.source, "notes": notes, "warnings": list(labels.warnings)}
    return Measured({"test": metrics.to_json(), "baselines": {}, "data": data}, predictions())


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a classifier's report or evaluation found, as lines to print."""
    test = figures["test"]
    scores = f"accuracy {test['accuracy']:.2%}, macro F1 {test['macro_f1']:.4f}"
    yield f"tested on {figures['data']['source']}, {test['rows']:,} rows: {scores}"
    yield from (f"  {one['description']}: {one['accuracy']:.2%}" for one in figures["baselines"].values())
    yield from chosen_line(figures)
    classes = test["per_class"]
    if len(classes) > MOST_CLASSES:
        yield f"the {MOST_CLASSES} of {len(classes):,} classes with the lowest F1:"
        classes = sorted(classes, key=lambda one: float(one["f1"]))[:MOST_CLASSES]
    width = max(5, *(len(printable(one["name"], LONGEST_NAME)) for one in classes))
    yield f"{'class':<{width}}  precision  recall      F1    rows"
    for one in classes:
        scores = f"{one['precision']:>9.3f}  {one['recall']:>6.3f}  {one['f1']:>6.3f}"
        yield f"{printable(one['name'], LONGEST_NAME):<{width}}  {scores}  {one['rows']:>6,}"
