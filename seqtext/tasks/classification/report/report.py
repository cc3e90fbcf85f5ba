"""After training: test figures with baselines beside them, pictures, predictions and the model card. Test rows are used only here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqtext.data.rows.labels import Labels
from seqtext.data.text.encoding import texts_of
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.options import TrainingOptions
from seqtext.reporting.baseline import Baseline, Baselines
from seqtext.reporting.class_metrics import ClassificationMetrics, IntArray, classification_metrics
from seqtext.reporting.class_pictures import confusion_matrix, per_class_f1
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, Score, example_of, run_figures, write_report
from seqtext.reporting.tfidf import majority_class, tfidf
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.encode import answers
from seqtext.tasks.classification.inference import log_probabilities
from seqtext.tasks.classification.report.card import Mistake, classification_card, compared
from seqtext.tasks.classification.report.summary import classification_summary
from seqtext.tasks.classification.rows import EncodedTexts
from seqtext.tasks.classification.splits import LabelledSplits, labelled_splits
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder

if TYPE_CHECKING:
    from datasets import Dataset

MISTAKES = 20
COMPARED = ("accuracy", "macro_f1")  # figures that the baselines have too
CONFUSABLE = 200  # classes beyond which a confusion matrix cannot be read


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
        baselines: `fast` is the majority class, `all` adds TF-IDF with logistic regression.
    """
    encoded = Labels(task.config.labels).encode(data.test, task.config.label_column)
    true, names = encoded.ids, encoded.names
    task.model.to("cpu")  # figures are of what a user gets: fp32, on the CPU
    examples = task.encode(data.test)
    probabilities, parts = task.probabilities(examples), _parts(task, examples)
    test = classification_metrics(probabilities.argmax(axis=1), true, names, known=range(len(task.config.labels)))
    simple = _baselines(task, data, baselines, parts.get("linear"))
    theirs = {one.name: classification_metrics(one.predicted, true, names) for one in simple}
    alone = {name: classification_metrics(part.argmax(axis=1), true, names) for name, part in parts.items()}
    measured = {
        "test": test.to_json(),
        "parts": {name: {figure: getattr(found, figure) for figure in COMPARED} for name, found in alone.items()},
        "baselines": {
            one.name: one.figures({name: getattr(theirs[one.name], name) for name in COMPARED}) for one in simple
        },
    }
    figures = run_figures(measured, data_figures, result, source)
    write_report(
        folder,
        figures,
        result,
        classification_card(figures, _mistakes(task, data, probabilities, true, names)),
        score=Score("accuracy", "accuracy", "nats per row", percent=True),
        # Only the strongest: the majority class lies so low that the curve would be pressed flat.
        levels={
            f"{name} (test)": m.accuracy for name, m in sorted(theirs.items(), key=lambda item: item[1].accuracy)[-1:]
        },
        draw=lambda report: _draw(test, theirs.get("TF-IDF"), report),
        predictions=_predictions(task, probabilities, true, names),
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
        teacher_column=config.teacher_column,
    )
    facts = classification_summary(task, data, options)[1]
    return lambda result, folder: classification_report(task, data, result, folder, data_figures=facts, source=GIVEN)


def table(figures: Mapping[str, Any]) -> list[str]:
    """Model and baselines, and whether a baseline is better; `figures` are as in report/metrics.json."""
    models = compared(figures)
    return models.lines() + models.better_baseline(lambda ours, theirs: f"{100 * (theirs - ours):.2f} points")


def _parts(task: TopicClassifier, examples: EncodedTexts) -> dict[str, NDArray[np.float32]]:
    """(R, C) probabilities by each of the two models alone; empty where there is but one."""
    if task.blend is None or examples.linear is None or not isinstance(task.model, SeqToVec):
        return {}
    recurrent = log_probabilities(task.model, examples, len(task.config.labels))
    return {"recurrent": recurrent.exp().numpy(), "linear": examples.linear.exp().numpy()}


def _texts(rows: Dataset, column: str) -> list[str]:
    """All texts of a column, or of several that are joined."""
    return [text for chunk in texts_of(rows, column) for text in chunk]


def _baselines(
    task: TopicClassifier, data: LabelledSplits, which: Baselines, linear: NDArray[np.float32] | None
) -> list[Baseline[IntArray]]:
    """The baselines asked for; the classifier's own linear model is one, where it has been fitted on the same rows."""
    if which == "none":
        return []
    labels = answers(data.train, task.config).best
    found = [majority_class(labels, len(data.test))]
    if which == "all" and linear is not None and task.blend is not None:
        found.append(Baseline("TF-IDF", task.blend.description, linear.argmax(axis=1), task.blend.seconds))
    elif which == "all":
        text = data.columns.text
        found.append(tfidf(_texts(data.train, text), labels, _texts(data.test, text)))
    return found


def _predictions(
    task: TopicClassifier, probabilities: NDArray[np.float32], true: IntArray, names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """A line per test row."""
    labels = task.config.labels
    columns = (column.tolist() for column in (probabilities.argmax(axis=1), probabilities.max(axis=1), true))
    for row, (guess, sure, target) in enumerate(zip(*columns, strict=True)):
        yield {"row": row, "true": names[target], "predicted": labels[guess], "probability": round(sure, 6)}


def _mistakes(
    task: TopicClassifier,
    data: LabelledSplits,
    probabilities: NDArray[np.float32],
    true: IntArray,
    names: Sequence[str],
) -> list[Mistake]:
    """The most confident ones, the surest first."""
    predicted, best = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != true)
    worst = wrong[np.argsort(-best[wrong], kind="stable")][:MISTAKES]
    texts = _texts(data.test.select(worst), data.columns.text) if len(worst) else []
    return [
        Mistake(text, names[true[row]], task.config.labels[predicted[row]], float(best[row]))
        for text, row in zip(texts, worst.tolist(), strict=True)
    ]


def _draw(test: ClassificationMetrics, baseline: ClassificationMetrics | None, report: Path) -> list[str]:
    """The pictures of classes; their names."""
    if len(test.per_class) > CONFUSABLE:
        return []
    confusion_matrix(test.confusion, [f.name for f in test.per_class], report / "confusion_matrix.png")
    per_class_f1(test, report / "per_class_f1.png", baseline=baseline)
    return ["confusion_matrix.png", "per_class_f1.png"]
