"""What a report says where a text has any number of labels: F1 and average precision of all, and of each label."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.errors import DataError, printable
from seqtext.reporting.baseline import Baseline
from seqtext.reporting.class_pictures import per_class_f1
from seqtext.reporting.markdown import markdown_cell, markdown_table
from seqtext.reporting.report import Score
from seqtext.reporting.table import LONGEST_NAME
from seqtext.tasks.classification.encode import label_sets
from seqtext.tasks.classification.measures import (
    average_precision,
    chosen_thresholds,
    f1_scores,
    micro_average_precision,
)
from seqtext.tasks.classification.report.kinds import MISTAKES, Answers, Truth
from seqtext.tasks.classification.settings import TopicConfig

if TYPE_CHECKING:
    from datasets import Dataset

MOST_LABELS = 30  # lines; of more labels the hardest are shown
_SHARES = ("precision", "recall", "f1", "average_precision", "threshold")


class SeveralLabels:
    """`Kind` of any number of labels a text."""

    compared: Mapping[str, str] = {
        "micro_f1": "micro F1",
        "macro_f1": "macro F1",
        "average_precision": "average precision",
        "exact_match": "all right",
    }
    score = Score("average_precision", "average precision", "nats per row", percent=True)
    kind = "A classifier of texts that may have several labels"
    title = "Labels"
    worst_are = "Most confident mistakes"

    def truth(self, rows: Dataset, config: TopicConfig, *, unlabelled: Literal["error", "drop"] = "error") -> Truth:  # noqa: D102
        found = label_sets(config).encode(rows, config.label_column, unlabelled=unlabelled)
        return Truth(found.members, found.names, found.rows, found.dropped, found.warnings)

    def said(self, answers: Answers, config: TopicConfig) -> NDArray[Any]:  # noqa: D102
        found: NDArray[np.bool_] = answers >= np.array(config.thresholds or (0.5,), dtype=np.float32)
        return found

    def tuned(self, config: TopicConfig, answers: Answers, truth: Truth) -> TopicConfig:  # noqa: D102
        return replace(config, thresholds=chosen_thresholds(answers, truth.values[:, : len(config.labels)])[0])

    def metrics(self, said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig) -> dict[str, Any]:  # noqa: D102
        true = truth.values
        if not len(true):
            raise DataError("there are no rows to measure on", expected="at least one", fix="check the split")
        found = np.zeros_like(true)
        found[:, : said.shape[1]] = said
        micro, f1 = f1_scores(found, true)
        both, rows = (found & true).sum(axis=0), true.sum(axis=0)
        precision, recall = both / np.maximum(found.sum(axis=0), 1), both / np.maximum(rows, 1)
        thresholds = [*(config.thresholds or [0.5] * len(config.labels)), *[1.0] * (true.shape[1] - said.shape[1])]
        each = [
            average_precision(answers[:, label], true[:, label]) if label < said.shape[1] else 0.0
            for label in range(true.shape[1])
        ]
        return {
            "target": "labels",
            "micro_f1": micro,
            "macro_f1": float(f1[rows > 0].mean()) if rows.any() else 0.0,
            "average_precision": micro_average_precision(answers, true),
            "macro_average_precision": float(np.array(each)[rows > 0].mean()) if rows.any() else 0.0,
            "exact_match": float((found == true).all(axis=1).mean()),
            "labels_per_row": float(true.sum() / len(true)),
            "rows": len(true),
            "unseen_rows": int(true[:, said.shape[1] :].any(axis=1).sum()),
            "per_label": [
                {
                    "name": name,
                    **{key: float(value) for key, value in zip(_SHARES, values, strict=True)},
                    "rows": int(count),
                }
                for name, *values, count in zip(truth.names, precision, recall, f1, each, thresholds, rows, strict=True)
            ],
        }

    def simple(self, train: NDArray[Any], rows: int, config: TopicConfig) -> Baseline[Answers]:
        """The share of training rows that have each label."""
        started = time.perf_counter()
        shares = train.mean(axis=0).astype(np.float32)
        description = f"always the commonest labels, by their shares of {len(train):,} train rows"
        return Baseline("majority", description, np.tile(shares, (rows, 1)), time.perf_counter() - started)

    def cells(self, figures: Mapping[str, Any]) -> list[str]:  # noqa: D102
        return [*(f"{figures[key]:.4f}" for key in list(self.compared)[:3]), f"{figures['exact_match']:.2%}"]

    def margin(self, ours: float, theirs: float) -> str:  # noqa: D102
        return f"{100 * (theirs - ours):.2f} points of micro F1"

    def lines(self, test: Mapping[str, Any]) -> Iterator[str]:  # noqa: D102
        labels = test["per_label"]
        if len(labels) > MOST_LABELS:
            yield f"the {MOST_LABELS} of {len(labels):,} labels with the lowest F1:"
            labels = sorted(labels, key=lambda one: float(one["f1"]))[:MOST_LABELS]
        width = max(5, *(len(printable(one["name"], LONGEST_NAME)) for one in labels))
        yield f"{'label':<{width}}  precision  recall      F1  average precision  threshold    rows"
        for one in labels:
            scores = f"{one['precision']:>9.3f}  {one['recall']:>6.3f}  {one['f1']:>6.3f}"
            others = f"{one['average_precision']:>17.3f}  {one['threshold']:>9.3f}  {one['rows']:>6,}"
            yield f"{printable(one['name'], LONGEST_NAME):<{width}}  {scores}  {others}"

    def details(self, test: Mapping[str, Any]) -> list[str]:  # noqa: D102
        headings = ["label", "precision", "recall", "F1", "average precision", "threshold", "test rows"]
        rows = (
            [markdown_cell(one["name"]), *(f"{one[key]:.3f}" for key in _SHARES), f"{one['rows']:,}"]
            for one in test["per_label"]
        )
        return markdown_table(headings, rows)

    def worst(self, said: NDArray[Any], answers: Answers, truth: Truth) -> NDArray[np.int64]:
        """Rows with the surest wrong answer to one label."""
        true = truth.values[:, : said.shape[1]]
        sure = np.where(said != true, np.where(said, answers, 1 - answers), -1.0).max(axis=1)
        wrong = np.flatnonzero(sure >= 0)
        return wrong[np.argsort(-sure[wrong], kind="stable")][:MISTAKES]

    def mistakes(  # noqa: D102
        self, texts: Sequence[str], said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig
    ) -> list[str]:
        rows = (
            [markdown_cell(cell) for cell in (text[:160], _listed(true, truth.names), _listed(guess, config.labels))]
            for text, true, guess in zip(texts, truth.values, said, strict=True)
        )
        return markdown_table(["text", "true", "predicted"], rows)

    def predictions(  # noqa: D102
        self, said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig
    ) -> Iterator[dict[str, Any]]:
        for guess, sure, true in zip(said, answers, truth.values, strict=True):
            places = np.flatnonzero(guess).tolist()
            yield {
                "true": [truth.names[place] for place in np.flatnonzero(true).tolist()],
                "predicted": [config.labels[place] for place in places],
                "probabilities": [round(float(sure[place]), 6) for place in places],
            }

    def draw(  # noqa: D102
        self,
        test: Mapping[str, Any],
        baseline: Mapping[str, Any] | None,
        said: NDArray[Any],
        truth: Truth,
        report: Path,
    ) -> list[str]:
        of_baseline = None if baseline is None else baseline["per_label"]
        per_class_f1(test["per_label"], report / "per_label_f1.png", baseline=of_baseline, what="label")
        return ["per_label_f1.png"]


def _listed(members: NDArray[np.bool_], names: Sequence[str]) -> str:
    return ", ".join(names[place] for place in np.flatnonzero(members).tolist()) or "none"
