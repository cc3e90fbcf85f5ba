"""`seqtext evaluate` of a classifier: accuracy, macro F1 and figures of each class, on a split of any data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from seqtext.reporting.evaluation import EvaluateOptions, Measured, chosen_line, load_measured

if TYPE_CHECKING:
    from seqtext.tasks.classification.classifier import TopicClassifier


@dataclass(frozen=True, kw_only=True)
class Evaluate(EvaluateOptions):
    """Accuracy, macro F1 and figures of each class, in fp32: seqtext evaluate RUN --data new.csv --output measured"""

    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """Data set: name on the hub, folder, file (csv, tsv, jsonl, txt, parquet; packed), or phrasebook[:locale]."""
    text_column: tuple[str, ...] = ()
    """Column of the texts, or several, which are joined. Default: the one the model was trained on."""
    label_column: tuple[str, ...] = ()
    """Of labels or numbers. Default: the one the model was trained on."""
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
    from seqtext.data.rows.splits import take
    from seqtext.tasks.classification.columns import IN_DRAWING, asked_of, target_column
    from seqtext.tasks.classification.report.kinds import kind_of, numbered

    text = joined(options.text_column) or task.config.text_column
    label = joined(options.label_column) or task.config.label_column
    task.config = replace(task.config, text_column=text, label_column=label, teacher_column=None)
    kind, found = kind_of(task.config.target), load_measured(options, given, text, label)
    rows = found.rows
    require({found.split: rows}, text, fix="pass --text_column NAME")
    require({found.split: rows}, label, fix="pass --label_column NAME")
    truth = kind.truth(rows, task.config, unlabelled=options.unlabelled)
    notes = found.notes
    if truth.dropped:
        notes.append(f"rows left out because they have no label: {truth.dropped:,}")
        rows = rows.select(truth.rows)
    if options.max_rows is not None and options.max_rows < len(rows):
        column = target_column(rows, label, asked_of(task.config))
        rows = take(rows, options.max_rows, labels=column.strata(rows))
        truth = kind.truth(rows, task.config)
        notes.append(f"{len(rows):,} rows measured, drawn{IN_DRAWING[column.kind]} (--max_rows)")
    answers = task.probabilities(task.encode(rows))
    said = kind.said(answers, task.config)
    test = kind.metrics(said, answers, truth, task.config)
    data = {"source": found.source, "notes": notes, "warnings": list(truth.warnings)}
    figures = {"test": test, "baselines": {}, "data": data}
    return Measured(figures, numbered(kind.predictions(said, answers, truth, task.config), rows))


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a classifier's report or evaluation found, as lines to print."""
    from seqtext.tasks.classification.report.kinds import kind_of

    test = figures["test"]
    kind = kind_of(test.get("target", "label"))
    scores = ", ".join(f"{name} {cell}" for name, cell in zip(kind.compared.values(), kind.cells(test), strict=True))
    yield f"tested on {figures['data']['source']}, {test['rows']:,} rows: {scores}"
    yield from (f"  {one['description']}: {kind.cells(one)[0]}" for one in figures["baselines"].values())
    yield from chosen_line(figures)
    yield from kind.lines(test)
