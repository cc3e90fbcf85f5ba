"""After training: test figures with baselines beside them, pictures, predictions and the model card. Test rows are used only here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.data.text.encoding import texts_of
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.options import TrainingOptions
from seqtext.reporting.baseline import Baseline, Baselines
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, example_of, run_figures, write_report
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.columns import asked_of
from seqtext.tasks.classification.encode import answers
from seqtext.tasks.classification.inference import opinions
from seqtext.tasks.classification.report.card import classification_card, compared
from seqtext.tasks.classification.report.kinds import Answers, Kind, kind_of, numbered
from seqtext.tasks.classification.report.summary import classification_summary
from seqtext.tasks.classification.rows import EncodedTexts
from seqtext.tasks.classification.splits import LabelledSplits, labelled_splits
from seqtext.tasks.classification.unlabelled import ANSWERS
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure

if TYPE_CHECKING:
    from datasets import Dataset

FIGURES = (  # of several seeds: those that there are, of one label a text, of several, of a number
    SeedFigure("accuracy", "accuracy", percent=True),
    SeedFigure("micro_f1", "micro F1", digits=4),
    SeedFigure("average_precision", "average precision", digits=4),
    SeedFigure("r2", "R2", digits=4),
    SeedFigure("mae", "mean absolute error", digits=4),
)


def classification_report(
    task: TopicClassifier,
    data: LabelledSplits,
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
        data: whose test rows are measured on, now for the first time.
        result: of training.
        folder: of the run.
        data_figures: what the summary found out about the data.
        source: name of the data set, with its revision where it has one.
        baselines: `fast` is the majority (the mean), `all` adds TF-IDF with logistic (ridge) regression.
    """
    config, kind = task.config, kind_of(task.config.target)
    truth, said_of = kind.truth(data.test, config), kind.said
    task.model.to("cpu")  # figures are of what a user gets: fp32, on the CPU
    examples, chosen_by = task.encode(data.test), task.encode(data.validation)
    sure = task.probabilities(examples)
    said = said_of(sure, config)
    test = kind.metrics(said, sure, truth, config)
    known = kind.truth(data.validation, config)

    def alone(of_test: Answers, of_validation: Answers) -> dict[str, Any]:
        """Figures of a model by itself, whatever it has to choose chosen as this one's was."""
        tuned = kind.tuned(config, of_validation, known)
        return kind.metrics(said_of(of_test, tuned), of_test, truth, tuned)

    parts = _parts(task, examples, chosen_by)
    simple = _baselines(task, data, baselines, parts.get("linear"), kind)
    theirs = {one.name: alone(*one.predicted) for one in simple}
    measured = {
        "test": test,
        "parts": {name: _compared(kind, alone(*part)) for name, part in parts.items()},
        "baselines": {one.name: one.figures(_compared(kind, theirs[one.name])) for one in simple},
    }
    figures = run_figures(measured, data_figures, result, source)
    worst = kind.worst(said, sure, truth)
    texts = _texts(data.test.select(worst), data.columns.text) if len(worst) else []
    some = truth._replace(values=truth.values[worst])
    mistakes = kind.mistakes(texts, said[worst], sure[worst], some, config) if texts else []
    of_curve = kind.score.key
    strongest = max(theirs, key=lambda name: float(theirs[name][of_curve]), default=None)
    write_report(
        folder,
        figures,
        result,
        classification_card(figures, mistakes),
        score=kind.score,
        # Only the strongest: the majority class lies so low that the curve would be pressed flat.
        levels={} if strongest is None else {f"{strongest} (test)": theirs[strongest][of_curve]},
        draw=lambda report: kind.draw(test, theirs.get("TF-IDF"), said, truth, report),
        predictions=numbered(kind.predictions(said, sure, truth, config), data.test),
    )
    return Report(figures, table(figures), example_of(_texts(data.test.select([0]), data.columns.text)[0]))


def reporter(
    task: TopicClassifier, train: Dataset, validation: Dataset, test: Dataset, options: TrainingOptions
) -> Reporter:
    """What writes the report of `seqtext.fit`, once the rows are checked and summed up.

    Raises:
        DataError: for rows that cannot be used.
    """
    from datasets import DatasetDict

    splits = DatasetDict(train=train, validation=validation, test=test)
    config = task.config
    data = labelled_splits(
        splits,
        text_column=config.text_column,
        label_column=config.label_column,
        asked=asked_of(config),
        teacher_column=config.teacher_column,
    )
    facts = classification_summary(task, data, options)[1]
    return lambda result, folder: classification_report(task, data, result, folder, data_figures=facts, source=GIVEN)


def table(figures: Mapping[str, Any]) -> list[str]:
    """Model and baselines, and whether a baseline is better; `figures` are as in report/metrics.json."""
    models = compared(figures)
    margin = kind_of(figures["test"].get("target", "label")).margin
    return models.lines() + models.better_baseline(margin, ways={"TF-IDF": "--model linear"})


def _compared(kind: Kind, found: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that model and baselines are compared by."""
    return {name: found[name] for name in kind.compared}


def _parts(task: TopicClassifier, test: EncodedTexts, validation: EncodedTexts) -> dict[str, tuple[Answers, Answers]]:
    """Answers to test and validation rows by each of the two models alone; empty where there is but one."""
    if task.blend is None or test.linear is None or validation.linear is None or not isinstance(task.model, SeqToVec):
        return {}
    target, pair = task.target, (test, validation)
    linear = [target.answers(rows.linear) for rows in pair if rows.linear is not None]
    recurrent = [target.answers(opinions(task.model, rows, target)) for rows in pair]
    return {"recurrent": (recurrent[0], recurrent[1]), "linear": (linear[0], linear[1])}


def _texts(rows: Dataset, column: str) -> list[str]:
    """All texts of a column, or of several that are joined."""
    return [text for chunk in texts_of(rows, column) for text in chunk]


def _baselines(
    task: TopicClassifier,
    data: LabelledSplits,
    which: Baselines,
    linear: tuple[Answers, Answers] | None,
    kind: Kind,
) -> list[Baseline[tuple[Answers, Answers]]]:
    """The baselines asked for, as answers to test and validation rows; the classifier's own linear model is one, where there is one."""
    if which == "none":
        return []
    known = answers(data.train, task.config)
    labels, train = known.best, data.train
    test, validation = (kind.simple(labels, len(rows), task.config) for rows in (data.test, data.validation))
    found = [Baseline(test.name, test.description, (test.predicted, validation.predicted), test.seconds)]
    if which == "fast":
        return found
    if task.config.teacher_column == ANSWERS:  # the classifier's own has learnt from rows without a label too
        own = np.flatnonzero(known.labels >= 0)
        labels, train = known.labels[own], data.train.select(own)
    elif linear is not None and task.blend is not None:
        return [*found, Baseline("TF-IDF", task.blend.description, linear, task.blend.seconds)]
    elif task.blend is not None:  # it is the model itself
        return found
    started, target, text = time.perf_counter(), task.target, data.columns.text
    model, description = target.fit_linear(_texts(train, text), labels, seed=0)
    if model is None:
        return found
    of_both = [
        target.answers(target.of_linear(model.scores(_texts(rows, text)))) for rows in (data.test, data.validation)
    ]
    seconds = time.perf_counter() - started
    name = "TF-IDF" if train is data.train else "TF-IDF of labels alone"
    return [*found, Baseline(name, description, (of_both[0], of_both[1]), seconds)]
