"""What a report says where a text has a number: R2, errors in the data's units, and predicted beside true numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.errors import DataError
from seqtext.reporting.baseline import Baseline
from seqtext.reporting.markdown import markdown_cell, markdown_table
from seqtext.reporting.report import Score
from seqtext.tasks.classification.encode import target_numbers
from seqtext.tasks.classification.measures import number_figures
from seqtext.tasks.classification.report.kinds import MISTAKES, Answers, Truth
from seqtext.tasks.classification.report.scatter import scatter
from seqtext.tasks.classification.settings import TopicConfig

if TYPE_CHECKING:
    from datasets import Dataset


class ANumber:
    """`Kind` of a number a text."""

    compared: Mapping[str, str] = {"r2": "R2", "mae": "mean error", "rmse": "root mean square", "spearman": "Spearman"}
    score = Score("r2", "R2", "squared deviations")
    kind = "A model of a number that a text has"
    title = "Numbers"
    worst_are = "Largest errors"

    def truth(self, rows: Dataset, config: TopicConfig, *, unlabelled: Literal["error", "drop"] = "error") -> Truth:  # noqa: D102
        found = target_numbers(config).encode(rows, config.label_column, unlabelled=unlabelled)
        return Truth(found.values, (), found.rows, found.dropped, found.warnings)

    def said(self, answers: Answers, config: TopicConfig) -> NDArray[Any]:  # noqa: D102
        return answers[:, 0].astype(np.float64)

    def tuned(self, config: TopicConfig, answers: Answers, truth: Truth) -> TopicConfig:  # noqa: D102
        return config

    def metrics(self, said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig) -> dict[str, Any]:  # noqa: D102
        true = truth.values
        if not len(true):
            raise DataError("there are no rows to measure on", expected="at least one", fix="check the split")
        spread = {"mean": float(true.mean()), "deviation": float(true.std())}
        return {"target": "number", **number_figures(said, true), "rows": len(true), "true": spread}

    def simple(self, train: NDArray[Any], rows: int, config: TopicConfig) -> Baseline[Answers]:  # noqa: D102
        started = time.perf_counter()
        description = f"always the mean of {len(train):,} train rows, {_shown(config.mean)}"
        predicted = np.full((rows, 1), config.mean, dtype=np.float32)
        return Baseline("the mean", description, predicted, time.perf_counter() - started)

    def cells(self, figures: Mapping[str, Any]) -> list[str]:  # noqa: D102
        errors = (_shown(figures[key]) for key in ("mae", "rmse"))
        return [f"{figures['r2']:.4f}", *errors, f"{figures['spearman']:.4f}"]

    def margin(self, ours: float, theirs: float) -> str:  # noqa: D102
        return f"{theirs - ours:.4f} of R2"

    def lines(self, test: Mapping[str, Any]) -> Iterator[str]:  # noqa: D102
        spread = test["true"]
        yield f"the true numbers: {_shown(spread['mean'])} on average, with a deviation of {_shown(spread['deviation'])}"

    def details(self, test: Mapping[str, Any]) -> list[str]:  # noqa: D102
        return [*self.lines(test), ""]

    def worst(self, said: NDArray[Any], answers: Answers, truth: Truth) -> NDArray[np.int64]:
        """The largest errors."""
        return np.argsort(-np.abs(said - truth.values), kind="stable")[:MISTAKES]

    def mistakes(  # noqa: D102
        self, texts: Sequence[str], said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig
    ) -> list[str]:
        rows = (
            [markdown_cell(text[:160]), f"{true:.6g}", f"{guess:.6g}"]
            for text, true, guess in zip(texts, truth.values.tolist(), said.tolist(), strict=True)
        )
        return markdown_table(["text", "true", "predicted"], rows)

    def predictions(  # noqa: D102
        self, said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig
    ) -> Iterator[dict[str, Any]]:
        for true, guess in zip(truth.values.tolist(), said.tolist(), strict=True):
            yield {"true": true, "predicted": float(f"{guess:.6g}")}

    def draw(  # noqa: D102
        self,
        test: Mapping[str, Any],
        baseline: Mapping[str, Any] | None,
        said: NDArray[Any],
        truth: Truth,
        report: Path,
    ) -> list[str]:
        scatter(truth.values, said, report / "predicted_and_true.png")
        return ["predicted_and_true.png"]


def _shown(value: float) -> str:
    """Four digits, or all of a whole number."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e12 else f"{value:.4g}"
