"""How good a tagger is on a split, beside simple methods: accuracy, each tag, words that training has not, and spans.

What is measured is what a user gets: whole rows, in fp32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.tags.columns import tags_of, words_of
from seqtext.data.text.encoding import chunked
from seqtext.data.text.normaliser import Normaliser
from seqtext.reporting.baseline import Baselines
from seqtext.reporting.class_metrics import ClassificationMetrics, classification_metrics
from seqtext.tasks.tagging.forms import word_form
from seqtext.tasks.tagging.inference import by_row
from seqtext.tasks.tagging.report.baselines import TaggedWords, baselines
from seqtext.tasks.tagging.spans import count_spans, mark_spans
from seqtext.tasks.tagging.tagger import CHUNK, Tagger

if TYPE_CHECKING:
    from datasets import Dataset

    IntArray = NDArray[np.int64]

COUNTED = 200  # tags up to which it is reported who was taken for whom


class Measured(NamedTuple):
    """What was found out.

    Attributes:
        figures: `test` and `baselines` of report/metrics.json.
        rows: words, true tags, tags said and probabilities, of each row that has a word.
        numbers: of these rows in the split, from 0.
        metrics: of the tagger.
        theirs: of the baselines, by name.
    """

    figures: dict[str, Any]
    rows: list[tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[float]]]
    numbers: list[int]
    metrics: ClassificationMetrics
    theirs: dict[str, ClassificationMetrics]

    def predictions(self) -> Iterator[Mapping[str, Any]]:
        """A line for each row."""
        for number, (words, true, said, sure) in zip(self.numbers, self.rows, strict=True):
            shown = [round(value, 6) for value in sure]
            yield {
                "row": number,
                "words": list(words),
                "true": list(true),
                "predicted": list(said),
                "probability": shown,
            }


def measured(task: Tagger, rows: Dataset, train: Dataset | None = None, *, which: Baselines = "all") -> Measured:
    """The figures of a tagger.

    Args:
        task: to measure.
        rows: whose tags are known.
        train: what it was trained on: only then it is known which words that had not, and there are baselines.
        which: of these.
    """
    places, words, tags = _lists(task, rows)
    said, sure = _said(task, words)
    names = [*task.config.tags, *sorted({tag for row in tags for tag in row} - {*task.config.tags})]
    ids = {name: number for number, name in enumerate(names)}
    true = np.array([ids[tag] for row in tags for tag in row], dtype=np.int64)
    lengths = [len(row) for row in words]
    unseen, simple = None, []
    if train is not None:
        _, known, known_tags = _lists(task, train)
        forms, test_numbers, train_numbers = _numbered(words, known)
        there = np.zeros(len(forms), dtype=bool)
        there[train_numbers] = True
        unseen = ~there[test_numbers]
        learnt = [ids.setdefault(tag, len(ids)) for row in known_tags for tag in row]
        train_rows = np.repeat(np.arange(len(known)), [len(row) for row in known])
        simple = baselines(
            TaggedWords(forms, train_numbers, train_rows, np.array(learnt, dtype=np.int64)),
            TaggedWords(forms, test_numbers, np.repeat(np.arange(len(words)), lengths), true),
            which,
            after=None if task.config.bidirectional else task.config.look_ahead,
        )
    marks = task.marks_spans and mark_spans(names)
    names = list(ids)

    def figures(predicted: IntArray) -> tuple[dict[str, Any], ClassificationMetrics]:
        metrics = classification_metrics(predicted, true, names, known=range(len(task.config.tags)))
        found: dict[str, Any] = {"accuracy": metrics.accuracy, "macro_f1": metrics.macro_f1}
        if unseen is not None:
            right = (predicted == true)[unseen]
            found["unseen"] = {"words": len(right), "accuracy": float(right.mean()) if len(right) else None}
        if marks:
            given = by_row([names[number] for number in predicted.tolist()], lengths)
            counts = count_spans(tags, given)
            found["span_f1"] = counts[""].f1
            found["spans"] = [
                {"kind": kind, "precision": one.precision, "recall": one.recall, "f1": one.f1, "spans": one.there}
                for kind, one in counts.items()
            ]
        return found, metrics

    ours, metrics = figures(said)
    wrong = np.add.reduceat(said != true, np.cumsum([0, *lengths[:-1]])) if lengths else np.zeros(0)
    per_tag = [one._asdict() for one in metrics.per_class if one.rows or one.name in task.config.tags]
    test: dict[str, Any] = {
        "words": len(true),
        "rows": len(words),
        **ours,
        "rows_all_right": float((wrong == 0).mean()),
        "unknown_tags": metrics.unseen_rows,
        "per_tag": [
            {**{key: value for key, value in one.items() if key != "rows"}, "words": one["rows"]} for one in per_tag
        ],
    }
    if len(names) <= COUNTED:
        test["confusion"] = metrics.confusion.tolist()
    of_each: dict[str, Any] = {}
    theirs: dict[str, ClassificationMetrics] = {}
    for one in simple:
        found, theirs[one.name] = figures(one.predicted)
        of_each[one.name] = one.figures({key: value for key, value in found.items() if key != "spans"})
    shown = [names[number] for number in said.tolist()]
    columns = (by_row(shown, lengths), by_row(sure.tolist(), lengths))
    together: Any = list(zip(words, tags, *columns, strict=True))
    return Measured({"test": test, "baselines": of_each}, together, places, metrics, theirs)


def _lists(task: Tagger, rows: Dataset) -> tuple[list[int], list[list[str]], list[list[str]]]:
    """Places, words and tags of the rows that have a word."""
    words = (row for chunk in words_of(rows, task.config.token_column) for row in chunk)
    tags = (row for chunk in tags_of(rows, task.config.tag_column) for row in chunk)
    kept = [(place, *both) for place, both in enumerate(zip(words, tags, strict=True)) if both[0]]
    return [place for place, _, _ in kept], [row for _, row, _ in kept], [row for _, _, row in kept]


def _said(task: Tagger, words: list[list[str]]) -> tuple[IntArray, NDArray[np.float32]]:
    """The tags of all words and their probabilities."""
    parts = [task.said(chunk) for chunk in chunked(words, CHUNK)]
    return np.concatenate([part.tags for part in parts]), np.concatenate([part.probabilities for part in parts])


def _numbered(test: list[list[str]], train: list[list[str]]) -> tuple[list[str], IntArray, IntArray]:
    """The different words of both, and which of them the words of each are."""
    clean, forms = Normaliser(), dict[str, int]()

    def number(rows: list[list[str]]) -> IntArray:
        return np.array(
            [forms.setdefault(word_form(word, clean), len(forms)) for row in rows for word in row], dtype=np.int64
        )

    numbers = number(test), number(train)
    return list(forms), *numbers


def strongest(simple: Mapping[str, ClassificationMetrics]) -> str | None:
    """The name of the best baseline, if there is one."""
    return max(simple, key=lambda name: simple[name].accuracy, default=None)
