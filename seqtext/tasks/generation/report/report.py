"""After training a generator: what it writes, judged beside real test texts, with pictures, samples and the model card.

Test rows are used only here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from seqtext.data.text.splits import TextSplits, text_splits
from seqtext.data.text.words import words
from seqtext.errors import DataError
from seqtext.options import TrainingOptions
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, Score, run_figures, write_report
from seqtext.saving.folders import write_json
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.report.card import compared, generator_card, in_words, samples_page
from seqtext.tasks.generation.report.diversity import distinct_ratio
from seqtext.tasks.generation.report.judge import Judge
from seqtext.tasks.generation.report.quality import all_texts, judge_of, mixture, perplexities, values_of
from seqtext.tasks.generation.report.samples import drawn, judged, samples_of
from seqtext.tasks.generation.report.summary import generator_summary
from seqtext.tasks.generation.report.sweep_picture import SweepPoint, sweep_picture
from seqtext.tasks.generation.writing import Generated
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder

if TYPE_CHECKING:
    from datasets import Dataset

SWEPT = 160  # texts at each point of the sweep
GUIDANCES, TEMPERATURES = (1.0, 1.5, 2.0, 3.0), (0.7, 0.9, 1.0)
SHOWN = 3  # texts of each value on the page of samples


def generator_report(
    task: TextGenerator,
    data: TextSplits,
    result: FitResult,
    folder: RunFolder,
    *,
    data_figures: Mapping[str, Any],
    source: str,
    evaluation: Literal["none", "fast", "all"] = "all",
) -> Report:
    """Writes report/ and the model card.

    Args:
        task: with the chosen weights.
        data: whose test texts are compared with, now for the first time.
        result: of training.
        folder: of the run.
        data_figures: what the summary found out about the data.
        source: name of the data set, with its revision where it has one.
        evaluation: `none` only writes samples, `fast` measures perplexity too, `all` also judges samples and sweeps.
    """
    task.model.to("cpu")  # figures are of what a user gets: fp32, on the CPU
    names, columns = task.config.names, task.config.attributes
    measured: dict[str, Any] = {"test": perplexities(task, data.test, data.train) if evaluation != "none" else {}}
    judges = [judge_of(task, data.train, place) for place in range(len(columns))] if evaluation == "all" else []
    if evaluation == "all":
        accuracies = {
            column: (judge.accuracy, values_of(task, data.test, place))
            for place, (column, judge) in enumerate(zip(columns, judges, strict=True))
        }
        measured["samples"] = judged(task, data.test, data.train, accuracies)
    if judges and len(names[0]) > 1:
        measured["mixture"] = mixture(task, judges[0])
    figures = run_figures(measured, data_figures, result, source)
    write_report(
        folder,
        figures,
        result,
        generator_card(figures),
        score=Score("perplexity", "perplexity", "nats per token"),
        draw=lambda report: _draw_sweep(task, data, report, judges[0], values_of(task, data.test)) if judges else [],
        pages={"samples.md": samples_page(_sections(task, data))},
    )
    example = "" if not columns else names[0][0] if len(columns) == 1 else f"{columns[0]}:{names[0][0]}"
    return Report(figures, table(figures), example)


def reporter(
    task: TextGenerator, train: Dataset, validation: Dataset, test: Dataset, options: TrainingOptions
) -> Reporter:
    """What writes the report of `seqtext.fit`, once the rows are checked and summed up.

    Raises:
        DataError: for rows that cannot be used.
    """
    from datasets import DatasetDict

    config = task.config
    data = text_splits(
        DatasetDict(train=train, validation=validation, test=test),
        text_column=config.text_column,
        attributes=config.attributes,
        others=() if config.vector_column is None else (config.vector_column,),
    )
    facts = generator_summary(task, data, options)[1]
    return lambda result, folder: generator_report(task, data, result, folder, data_figures=facts, source=GIVEN)


def table(figures: Mapping[str, Any]) -> list[str]:
    """What was measured, as lines to print; `figures` are as in report/metrics.json."""
    lines: list[str] = []
    for part in compared(figures):
        lines += [*([""] if lines else []), *part.lines()]
        if any(row.model for row in part.rows):
            lines += _about_perplexity(figures["test"])
            lines += part.better_baseline(lambda ours, theirs: f"{1 - theirs / ours:.1%} of perplexity", unit="texts")
    if told := in_words(figures.get("samples", {})):
        lines += ["", *told]
    if mixed := figures.get("mixture"):
        names = " and ".join(mixed["names"])
        lines += ["", f"{mixed['count']} samples each: how likely the judge finds {names} on average"]
        for asked, (one, other) in zip(mixed["asked"], mixed["probabilities"], strict=True):
            lines.append(f"{asked:<37}{one:.2f} {other:.2f}")
    return lines


def _about_perplexity(test: Mapping[str, Any]) -> list[str]:
    lines = []
    if test["below_trigram"] > 0:
        lines.append(f"the model's perplexity is {test['below_trigram']:.1%} below the trigram model's")
    if "vector_can_give" in test:
        gives, most = test["vector_gives"], test["vector_can_give"]
        lines.append(f"the vector lowers it by {gives:.2%}; all that it can say is worth {most:.2%}")
    return lines


def _draw_sweep(task: TextGenerator, data: TextSplits, report: Path, judge: Judge, ids: np.ndarray) -> list[str]:
    """Control against diversity over guidance and temperature, so that a user can choose."""
    real = all_texts(data.test, data.text_column)
    some = drawn(data.test, SWEPT)
    points = [
        _point(task, some, data.text_column, judge, guidance, heat) for guidance in GUIDANCES for heat in TEMPERATURES
    ]
    sweep_picture(points, report / "sweep.png", real_control=judge.accuracy(real, ids))
    write_json(report / "sweep.json", {"points": [point._asdict() for point in points]})
    return ["sweep.png"]


def _point(
    task: TextGenerator, rows: Dataset, text_column: str, judge: Judge, guidance: float, temperature: float
) -> SweepPoint:
    asked, made = samples_of(task, rows, count=SWEPT, guidance=guidance, temperature=temperature)
    texts = [one.text for one in made]
    lists, real_lists = ([words(text) for text in some] for some in (texts, all_texts(rows, text_column)))
    try:
        diversity = distinct_ratio(lists, real_lists, 2)
    except DataError:  # texts of a single word have no pairs
        diversity = 0.0
    return SweepPoint(guidance, temperature, judge.accuracy(texts, [one[0] for one in asked]), diversity)


def _sections(task: TextGenerator, data: TextSplits) -> dict[str, list[Generated]]:
    """Samples for the page: of each value, and of mixtures."""
    config = task.config
    if not config.attributes:
        return {"samples": samples_of(task, drawn(data.test, 4 * SHOWN), count=4 * SHOWN)[1]}
    whole = [
        [f"{column}:{name}" for name in names] for column, names in zip(config.attributes, config.names, strict=True)
    ]
    alone = len(whole) == 1  # then a name says enough
    titles = {asked: asked.partition(":")[2] if alone else asked for names in whole for asked in names[:20]}
    sections = {title: task(asked, count=SHOWN) for asked, title in titles.items()}
    one, other = whole[0][:2]
    sections[f"from {titles[one]} to {titles[other]}"] = task.mix(one, other, steps=5)
    return sections
