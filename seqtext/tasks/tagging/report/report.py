"""After training: tags of test words with baselines beside them, pictures, predictions and the model card. Test rows are used only here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtext.data.tags.columns import words_of
from seqtext.data.tags.splits import TaggedSplits, tagged_splits
from seqtext.options import TrainingOptions
from seqtext.reporting.baseline import Baselines
from seqtext.reporting.class_pictures import confusion_matrix, per_class_f1
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, Score, example_of, run_figures, write_report
from seqtext.tasks.tagging.report.card import compared, tagger_card
from seqtext.tasks.tagging.report.metrics import COUNTED, Measured, measured, strongest
from seqtext.tasks.tagging.report.summary import tagger_summary
from seqtext.tasks.tagging.tagger import Tagger
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder

if TYPE_CHECKING:
    from datasets import Dataset


def tagger_report(
    task: Tagger,
    data: TaggedSplits,
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
        data: whose test words are tagged, now for the first time.
        result: of training.
        folder: of the run.
        data_figures: what the summary found out about the data.
        source: name of the data set, with its revision where it has one.
        baselines: `fast` is the commonest tag of each word, `all` adds a linear model.
    """
    task.model.to("cpu")  # figures are of what a user gets: fp32, on the CPU
    found = measured(task, data.test, data.train, which=baselines)
    figures = run_figures(found.figures, data_figures, result, source)
    best = strongest(found.theirs)
    key, shown = (
        ("span_f1", "span F1") if task.marks_spans and "span_f1" in found.figures["test"] else ("accuracy", "accuracy")
    )
    write_report(
        folder,
        figures,
        result,
        tagger_card(figures),
        score=Score(key, shown, "nats per word", percent=True),
        levels={f"{best} (test)": figures["baselines"][best][key]} if best else {},
        draw=lambda report: _draw(found, best, report),
        predictions=found.predictions(),
    )
    first = next(words for chunk in words_of(data.test, data.columns.tokens) for words in chunk if words)
    return Report(figures, table(figures), example_of(" ".join(first)))


def reporter(task: Tagger, train: Dataset, validation: Dataset, test: Dataset, options: TrainingOptions) -> Reporter:
    """What writes the report of `seqtext.fit`, once the rows are checked and summed up.

    Raises:
        DataError: for rows that cannot be used.
    """
    from datasets import DatasetDict

    splits, config = DatasetDict(train=train, validation=validation, test=test), task.config
    data = tagged_splits(splits, token_column=config.token_column, tag_column=config.tag_column)
    facts = tagger_summary(task, data, options)[1]
    return lambda result, folder: tagger_report(task, data, result, folder, data_figures=facts, source=GIVEN)


def table(figures: Mapping[str, Any]) -> list[str]:
    """Model and baselines, and whether a baseline is better; `figures` are as in report/metrics.json."""
    models = compared(figures)
    better = models.better_baseline(lambda ours, theirs: f"{100 * (theirs - ours):.2f} points", unit="sentences")
    return models.lines() + better


def _draw(found: Measured, best: str | None, report: Path) -> list[str]:
    """The pictures of tags; their names."""
    tags = found.metrics.per_class
    drawn = []
    if len(tags) <= COUNTED:
        confusion_matrix(
            found.metrics.confusion, [one.name for one in tags], report / "confusion_matrix.png", unit="words"
        )
        drawn.append("confusion_matrix.png")
    name = best or ""
    baseline = [one._asdict() for one in found.theirs[name].per_class] if name in found.theirs else None
    per_class_f1(
        [one._asdict() for one in tags],
        report / "per_tag_f1.png",
        baseline=baseline,
        baseline_name=name,
        unit="words",
        what="tag",
    )
    return [*drawn, "per_tag_f1.png"]
