"""After training: test figures with baselines beside them, pictures, predictions and the model card. Test rows are used only here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.rows.labels import Labels
from seqtext.reporting.card import Mistake, classification_card
from seqtext.reporting.curves import learning_curves
from seqtext.reporting.report import command_line, learning_history, training_figures
from seqtext.reporting.tfidf import Baseline, majority_class, tfidf
from seqtext.saving.folders import write_json, write_text
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.report.metrics import ClassificationMetrics, classification_metrics
from seqtext.tasks.classification.report.pictures import confusion_matrix, per_class_f1
from seqtext.tasks.classification.splits import LabelledSplits
from seqtext.training.fit import FitResult
from seqtext.training.run_folder import RunFolder

MISTAKES = 20
CONFUSABLE = 200  # classes beyond which a confusion matrix cannot be read


class Report(NamedTuple):
    """What was measured: figures as in report/metrics.json, lines to print, and a text to try."""

    figures: dict[str, Any]
    table: list[str]
    example: str


def classification_report(
    task: TopicClassifier,
    data: LabelledSplits,
    result: FitResult,
    folder: RunFolder,
    *,
    data_figures: Mapping[str, Any],
    source: str,
    baselines: Literal["none", "fast", "all"] = "all",
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
    probabilities = task.probabilities(task.encode(data.test))
    test = classification_metrics(probabilities.argmax(axis=1), true, names, known=range(len(task.config.labels)))
    rivals = {b.name: (b, classification_metrics(b.predicted, true, names)) for b in _baselines(task, data, baselines)}
    figures = {
        "test": test.to_json(),
        "baselines": {name: _rival(baseline, metrics) for name, (baseline, metrics) in rivals.items()},
        "data": {"source": source, **data_figures},
        "training": training_figures(result),
    }
    folder.report.mkdir(exist_ok=True)
    write_json(folder.report / "metrics.json", figures)
    mistakes = _write_predictions(task, data, folder, probabilities, true, names)
    pictures = _draw(test, {name: metrics for name, (_, metrics) in rivals.items()}, result, folder)
    command = command_line()
    title = f"Topics of {source}"
    write_text(
        folder.card,
        classification_card(title=title, command=command, figures=figures, mistakes=mistakes, pictures=pictures),
    )
    folder.seal()
    return Report(figures, table(test, rivals, result), str(data.test[0][data.columns.text])[:60])


def table(
    test: ClassificationMetrics, rivals: Mapping[str, tuple[Baseline, ClassificationMetrics]], result: FitResult | None
) -> list[str]:
    """Model and baselines, the best first, with an honest last line."""
    rows = [("this model", test.accuracy, test.macro_f1, result.seconds if result else None)]
    rows += [
        (baseline.description, metrics.accuracy, metrics.macro_f1, baseline.seconds)
        for baseline, metrics in rivals.values()
    ]
    rows.sort(key=lambda row: -row[1])
    width = max(len(row[0]) for row in rows)
    lines = [f"{f'test, {test.rows:,} rows':<{width}}  accuracy  macro F1  seconds"]
    for name, accuracy, f1, seconds in rows:
        lines.append(f"{name:<{width}}  {accuracy:>8.2%}  {f1:>8.4f}  {'' if seconds is None else f'{seconds:>7.0f}'}")
    better = [(name, m.accuracy - test.accuracy) for name, (_, m) in rivals.items() if m.accuracy >= test.accuracy]
    if better:
        name, margin = max(better, key=lambda item: item[1])
        compared = f"better by {100 * margin:.2f} points" if margin else "as good"
        lines.append(f"{name} is {compared} here, and simpler: use that, or train longer, or on more rows.")
    return lines


def _baselines(task: TopicClassifier, data: LabelledSplits, which: str) -> list[Baseline]:
    if which == "none":
        return []
    labels = Labels(task.config.labels).encode(data.train, task.config.label_column).ids
    found = [majority_class(labels, len(data.test))]
    if which == "all":
        text = data.columns.text
        found.append(tfidf(data.train[text], labels, data.test[text]))
    return found


def _rival(baseline: Baseline, metrics: ClassificationMetrics) -> dict[str, Any]:
    return {
        "description": baseline.description,
        "accuracy": metrics.accuracy,
        "macro_f1": metrics.macro_f1,
        "seconds": round(baseline.seconds, 2),
    }


def _write_predictions(
    task: TopicClassifier,
    data: LabelledSplits,
    folder: RunFolder,
    probabilities: NDArray[np.float32],
    true: NDArray[np.int64],
    names: Sequence[str],
) -> list[Mistake]:
    """report/predictions.jsonl, a line a test row; returns the most confident mistakes."""
    predicted, best = probabilities.argmax(axis=1), probabilities.max(axis=1)
    labels = task.config.labels
    with (folder.report / "predictions.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for row, (guess, sure, target) in enumerate(zip(predicted.tolist(), best.tolist(), true.tolist(), strict=True)):
            line = {"row": row, "true": names[target], "predicted": labels[guess], "probability": round(sure, 6)}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    wrong = np.flatnonzero(predicted != true)
    worst = wrong[np.argsort(-best[wrong], kind="stable")][:MISTAKES]
    texts = data.test.select(worst)[data.columns.text] if len(worst) else []
    return [
        Mistake(str(text), names[true[row]], labels[predicted[row]], float(best[row]))
        for text, row in zip(texts, worst.tolist(), strict=True)
    ]


def _draw(
    test: ClassificationMetrics, rivals: Mapping[str, ClassificationMetrics], result: FitResult, folder: RunFolder
) -> list[str]:
    """The pictures of report/; their names."""
    drawn = ["learning_curves.png"]
    # Only the strongest rival: the majority class lies so low that the curve would be pressed flat.
    strongest = sorted(rivals.items(), key=lambda item: item[1].accuracy)[-1:]
    lines = {f"{name} (test)": metrics.accuracy for name, metrics in strongest}
    learning_curves(learning_history(result, score="accuracy"), folder.report / drawn[0], rivals=lines)
    if len(test.per_class) <= CONFUSABLE:
        names = [figures.name for figures in test.per_class]
        confusion_matrix(test.confusion, names, folder.report / "confusion_matrix.png")
        rival = rivals.get("TF-IDF")
        per_class_f1(test, folder.report / "per_class_f1.png", rival=rival)
        drawn += ["confusion_matrix.png", "per_class_f1.png"]
    return drawn
