"""The frame of every report: figures, predictions, pages, pictures and card, then the seal. Knows no task's own figures."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from seqtext.errors import printable
from seqtext.reporting.card import Card, card_page
from seqtext.reporting.curves import LearningHistory, learning_curves
from seqtext.saving.folders import write_json, write_text
from seqtext.training.fit import FitResult
from seqtext.training.run_folder import RunFolder


class Report(NamedTuple):
    """What was measured.

    Attributes:
        figures: as in report/metrics.json.
        table: lines to print.
        example: something to try the model with; empty if it needs nothing.
    """

    figures: dict[str, Any]
    table: list[str]
    example: str = ""


def example_of(text: str) -> str:
    """The beginning of somebody's text, to try a model with in a shell: one line, and no flag, whatever stands in it."""
    return printable(" ".join(text[:60].split())).lstrip("-")


class Score(NamedTuple):
    """The validation figure that the learning curves show beside the loss.

    Attributes:
        key: of the figure, in the lines of metrics.jsonl.
        name: of the figure, in the picture.
        loss_unit: of both losses.
        percent: it is a share between 0 and 1, shown in percent.
    """

    key: str
    name: str
    loss_unit: str
    percent: bool = False


def run_figures(measured: Mapping[str, Any], data: Mapping[str, Any], result: FitResult, source: str) -> dict[str, Any]:
    """The whole of report/metrics.json.

    Args:
        measured: the task's own parts, `test` among them.
        data: what the summary found out about the data.
        result: of training.
        source: name of the data set, with its revision where it has one.
    """
    training = {
        "selection": result.selection,
        "best_epoch": result.best_epoch,
        "validation": result.validation,
        "steps": result.steps,
        "seconds": round(result.seconds, 1),
        "share_of_time_making_batches": round(result.batch_share, 5),
        "hardware": f"{platform.machine()} {result.settings['device']}, {result.settings['threads']} threads",
        "torch": torch.__version__,
        **result.settings,
    }
    return {**measured, "data": {"source": source, **data}, "training": training}


def write_report(
    folder: RunFolder,
    figures: Mapping[str, Any],
    result: FitResult,
    card: Card,
    *,
    score: Score,
    levels: Mapping[str, float] | None = None,
    draw: Callable[[Path], list[str]] = lambda _: [],
    predictions: Iterable[Mapping[str, Any]] | None = None,
    pages: Mapping[str, str] | None = None,
) -> None:
    """Writes report/ and the card of a run, and seals both.

    Args:
        folder: of the run.
        figures: of `run_figures`.
        result: of training.
        card: what the task's card says.
        score: in the learning curves.
        levels: name and score of baselines in that picture.
        draw: draws the task's own pictures into report/, and gives their names.
        predictions: lines of report/predictions.jsonl, one per test row; no file if None.
        pages: name and text of Markdown pages in report/.

    Raises:
        ResourceError: if they cannot be written.
    """
    report = folder.report
    report.mkdir(exist_ok=True)
    write_json(report / "metrics.json", figures)
    if predictions is not None:
        write_predictions(report / "predictions.jsonl", predictions)
    for name, text in (pages or {}).items():
        write_text(report / name, text)
    learning_curves(
        learning_history(result, score=score.key),
        report / "learning_curves.png",
        loss_unit=score.loss_unit,
        score_name=score.name,
        percent=score.percent,
        baselines=levels,
    )
    write_text(folder.card, card_page(card, figures, ["learning_curves.png", *draw(report)]))
    folder.seal()


def write_predictions(path: Path, predictions: Iterable[Mapping[str, Any]]) -> None:
    """One line of JSON per test row."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in predictions)


def learning_history(result: FitResult, *, score: str) -> LearningHistory:
    """The lines of metrics.jsonl as curves.

    Args:
        result: of training.
        score: the validation figure to draw.
    """
    steps = [line for line in result.history if "loss" in line]
    evaluations = [line for line in result.history if "validation" in line]
    return LearningHistory(
        steps=[line["step"] for line in steps],
        train_loss=[line["loss"] for line in steps],
        evaluation_steps=[line["step"] for line in evaluations],
        evaluation_loss=[line["validation"]["loss"] for line in evaluations],
        evaluation_score=[line["validation"][score] for line in evaluations],
        learning_rate=[line["learning_rate"] for line in steps],
        chosen_step=next((line["step"] for line in evaluations if line["epoch"] == result.best_epoch), None),
    )
