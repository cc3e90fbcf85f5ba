"""What a report says of each kind of thing that texts have: `Kind`, of which one label, several and a number are the three there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import row_number
from seqtext.reporting.report import Score
from seqtext.tasks.classification.settings import TopicConfig

if TYPE_CHECKING:
    from datasets import Dataset

    from seqtext.reporting.baseline import Baseline

MISTAKES = 20  # that a card shows
Answers = NDArray[np.float32]


class Truth(NamedTuple):
    """What rows really have.

    Attributes:
        values: (R,) ids; (R, N) which of the labels; (R,) numbers.
        names: of the labels, those of the model first; none of numbers.
        rows: (R,) which rows of the split these are.
        dropped: rows without an answer that were left out.
        warnings: for the user.
    """

    values: NDArray[Any]
    names: tuple[str, ...]
    rows: NDArray[np.int64]
    dropped: int
    warnings: tuple[str, ...]


class Kind(Protocol):
    """What a report says. `said` is what a model, or a baseline, says of rows in the form of `Truth.values`."""

    compared: Mapping[str, str]  # key and heading of the figures in the table of model and baselines
    score: Score  # in the learning curves
    kind: str  # of model, on the card
    title: str  # of the card, before the name of the data
    worst_are: str  # the heading above mistakes

    def truth(self, rows: Dataset, config: TopicConfig, *, unlabelled: Literal["error", "drop"] = "error") -> Truth:
        """What rows have; without an answer they stop, or are left out."""

    def said(self, answers: Answers, config: TopicConfig) -> NDArray[Any]:
        """What a model says, out of its answers; thresholds are the config's."""

    def tuned(self, config: TopicConfig, answers: Answers, truth: Truth) -> TopicConfig:
        """The config with what is chosen by answers to validation rows, as the model's own was:"""

    def metrics(self, said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig) -> dict[str, Any]:
        """The part `test` of report/metrics.json; no NaN occurs."""

    def simple(self, train: NDArray[Any], rows: int, config: TopicConfig) -> Baseline[Answers]:
        """What needs no texts: the majority, or the mean, of training rows, as answers of (R, C)."""

    def cells(self, figures: Mapping[str, Any]) -> list[str]:
        """The figures of `compared` as the table shows them."""

    def margin(self, ours: float, theirs: float) -> str:
        """How much better the second of two scores is than the first."""

    def lines(self, test: Mapping[str, Any]) -> Iterator[str]:
        """What is printed below the first line of `seqtext evaluate`."""

    def details(self, test: Mapping[str, Any]) -> list[str]:
        """Markdown below the table of the card."""

    def mistakes(
        self, texts: Sequence[str], said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig
    ) -> list[str]:
        """Markdown of the worst mistakes among rows that `worst` found."""

    def worst(self, said: NDArray[Any], answers: Answers, truth: Truth) -> NDArray[np.int64]:
        """Places of the worst mistakes, the worst first."""

    def predictions(
        self, said: NDArray[Any], answers: Answers, truth: Truth, config: TopicConfig
    ) -> Iterator[dict[str, Any]]:
        """A line per row, without its number."""

    def draw(
        self,
        test: Mapping[str, Any],
        baseline: Mapping[str, Any] | None,
        said: NDArray[Any],
        truth: Truth,
        report: Path,
    ) -> list[str]:
        """Draws pictures into a folder; their names."""


def kind_of(target: str) -> Kind:
    """Of what texts have."""
    from seqtext.tasks.classification.report.a_number import ANumber
    from seqtext.tasks.classification.report.one_label import OneLabel
    from seqtext.tasks.classification.report.several_labels import SeveralLabels

    kinds: dict[str, Kind] = {"label": OneLabel(), "labels": SeveralLabels(), "number": ANumber()}
    return kinds[target]


def numbered(lines: Iterator[dict[str, Any]], rows: Dataset) -> Iterator[dict[str, Any]]:
    """Lines with the numbers of their rows, from 1, as these were loaded: whatever was left out since."""
    for place, line in enumerate(lines):
        yield {"row": row_number(rows, place), **line}
