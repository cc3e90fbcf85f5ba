"""What a report says where a text has one label: accuracy, macro F1, each class, and who was taken for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.data.rows.labels import Labels
from seqtext.errors import printable
from seqtext.reporting.baseline import Baseline
from seqtext.reporting.class_metrics import classification_metrics
from seqtext.reporting.class_pictures import confusion_matrix, per_class_f1
from seqtext.reporting.majority import majority_class
from seqtext.reporting.markdown import markdown_cell, markdown_table
from seqtext.reporting.report import Score
from seqtext.reporting.table import LONGEST_NAME
from seqtext.tasks.classification.report.kinds import MISTAKES, Answers, Truth
from seqtext.tasks.classification.settings import TopicConfig

if TYPE_CHECKING:
    from datasets import Dataset

CONFUSABLE = 200  # classes beyond which a confusion matrix cannot be read
MOST_CLASSES = 30  # lines; of more classes the hardest are shown


class OneLabel:
    """`Kind` of one label a text."""

    compared: Mapping[str, str] = {"accuracy": "accuracy", "macro_f1": "macro F1"}
    score = Score("accuracy", "accuracy", "nats per row", percent=True)
    kind = "A topic classifier"
    title = "Topics"
    worst_are = "Most confident mistakes"

    def truth(self, rows: Dataset, config: TopicConfig, *, unlabelled: Literal["error", "drop"] = "error") -> Truth:  # noqa: D102
        found = Labels(config.labels).encode(rows, config.label_column, unlabelled=unlabelled)
        return Truth(found.ids, found.names, found.rows, found.dropped, found.warnings)

    def said(self, answers: Answers, config: TopicConfig) -> NDArray[Any]:  # noqa: D102
        guessed: NDArray[np.int64] = answers.argmax(axis=1)
        return guessed

    def tuned(self, config: TopicConfig, answers: Answers, truth: Truth) -> TopicConfig:  # noqa: D102
        return config

    def metrics(self, said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig) -> dict[str, Any]:  # noqa: D102
        known = range(len(config.labels))
        return classification_metrics(said, truth.values, truth.names, known=known).to_json()

    def simple(self, train: NDArray[Any], rows: int, config: TopicConfig) -> Baseline[Answers]:  # noqa: D102
        found = majority_class(train, rows)
        return found._replace(predicted=np.eye(len(config.labels), dtype=np.float32)[found.predicted])  # type: ignore[return-value,arg-type]

    def cells(self, figures: Mapping[str, Any]) -> list[str]:  # noqa: D102
        return [f"{figures['accuracy']:.2%}", f"{figures['macro_f1']:.4f}"]

    def margin(self, ours: float, theirs: float) -> str:  # noqa: D102
        return f"{100 * (theirs - ours):.2f} points"

    def lines(self, test: Mapping[str, Any]) -> Iterator[str]:  # noqa: D102
        classes = test["per_class"]
        if len(classes) > MOST_CLASSES:
            yield f"the {MOST_CLASSES} of {len(classes):,} classes with the lowest F1:"
            classes = sorted(classes, key=lambda one: float(one["f1"]))[:MOST_CLASSES]
        width = max(5, *(len(printable(one["name"], LONGEST_NAME)) for one in classes))
        yield f"{'class':<{width}}  precision  recall      F1    rows"
        for one in classes:
            scores = f"{one['precision']:>9.3f}  {one['recall']:>6.3f}  {one['f1']:>6.3f}"
            yield f"{printable(one['name'], LONGEST_NAME):<{width}}  {scores}  {one['rows']:>6,}"

    def details(self, test: Mapping[str, Any]) -> list[str]:  # noqa: D102
        return markdown_table(["class", "precision", "recall", "F1", "test rows"], map(_class_cells, test["per_class"]))

    def worst(self, said: NDArray[Any], answers: Answers, truth: Truth) -> NDArray[np.int64]:
        """The most confident ones, the surest first."""
        wrong = np.flatnonzero(said != truth.values)
        return wrong[np.argsort(-answers.max(axis=1)[wrong], kind="stable")][:MISTAKES]

    def mistakes(  # noqa: D102
        self, texts: Sequence[str], said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig
    ) -> list[str]:
        rows = zip(texts, truth.values.tolist(), said.tolist(), answers.max(axis=1).tolist(), strict=True)
        cells = (
            [*map(markdown_cell, (text[:160], truth.names[true], config.labels[guess])), f"{sure:.3f}"]
            for text, true, guess, sure in rows
        )
        return markdown_table(["text", "true", "predicted", "probability"], cells)

    def predictions(  # noqa: D102
        self, said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig
    ) -> Iterator[dict[str, Any]]:
        columns = (column.tolist() for column in (said, answers.max(axis=1), truth.values))
        for guess, sure, true in zip(*columns, strict=True):
            names = {"true": truth.names[true], "predicted": config.labels[guess]}
            yield {**names, "probability": round(sure, 6)}

    def draw(  # noqa: D102
        self,
        test: Mapping[str, Any],
        baseline: Mapping[str, Any] | None,
        said: NDArray[Any],
        truth: Truth,
        report: Path,
    ) -> list[str]:
        if len(test["per_class"]) > CONFUSABLE:
            return []
        confusion_matrix(
            np.array(test["confusion"]), [one["name"] for one in test["per_class"]], report / "confusion_matrix.png"
        )
        per_class_f1(
            test["per_class"], report / "per_class_f1.png", baseline=None if baseline is None else baseline["per_class"]
        )
        return ["confusion_matrix.png", "per_class_f1.png"]


def _class_cells(figures: Mapping[str, Any]) -> list[str]:
    shares = (f"{figures[name]:.3f}" for name in ("precision", "recall", "f1"))
    return [markdown_cell(figures["name"]), *shares, f"{figures['rows']:,}"]
