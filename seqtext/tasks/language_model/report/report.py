"""After training a language model: its perplexity on test texts beside simple models, curves and the model card.

Test rows are used only here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.data.text.encoding import texts_of
from seqtext.data.text.splits import TextSplits, text_splits
from seqtext.options import TrainingOptions
from seqtext.reporting.baseline import Baselines
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, Score, example_of, run_figures, write_report
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.language_model.report.card import compared, language_card
from seqtext.tasks.language_model.report.metrics import perplexities
from seqtext.tasks.language_model.report.summary import language_summary
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder

if TYPE_CHECKING:
    from datasets import Dataset


def language_report(
    task: LanguageModel,
    data: TextSplits,
    result: FitResult,
    folder: RunFolder,
    *,
    data_figures: Mapping[str, Any],
    source: str,
    baselines: Baselines = "all",
) -> Report:
    """Writes report/ and the model card.

    Args:
        task: with the chosen weights.
        data: whose test texts are predicted, now for the first time.
        result: of training.
        folder: of the run.
        data_figures: what the summary found out about the data.
        source: name of the data set, with its revision where it has one.
        baselines: which of them stand beside.
    """
    task.model.to("cpu")  # figures are of what a user gets: fp32, on the CPU
    measured = perplexities(task, data.test, data.train, which=baselines)
    figures = run_figures(measured, data_figures, result, source)
    write_report(
        folder,
        figures,
        result,
        language_card(figures),
        score=Score("perplexity", "perplexity", "nats per token"),
        levels={name: one["perplexity"] for name, one in figures["baselines"].items() if name != "unigram model"},
    )
    texts = (text for chunk in texts_of(data.test, data.text_column) for text in chunk)
    return Report(figures, table(figures), example_of(next((text for text in texts if text.split()), "a text")))


def reporter(
    task: LanguageModel, train: Dataset, validation: Dataset, test: Dataset, options: TrainingOptions
) -> Reporter:
    """What writes the report of `seqtext.fit`, once the rows are checked and summed up.

    Raises:
        DataError: for rows that cannot be used.
    """
    from datasets import DatasetDict

    splits = DatasetDict(train=train, validation=validation, test=test)
    data = text_splits(splits, text_column=task.config.text_column)
    facts = language_summary(task, data, options)[1]
    return lambda result, folder: language_report(task, data, result, folder, data_figures=facts, source=GIVEN)


def table(figures: Mapping[str, Any]) -> list[str]:
    """What was measured, as lines to print; `figures` are as in report/metrics.json."""
    found = compared(figures)
    if found is None:
        return []
    better = found.better_baseline(
        lambda ours, theirs: f"{1 - float(np.exp(ours - theirs)):.1%} of perplexity", unit="texts"
    )
    return [*found.lines(), *better]
