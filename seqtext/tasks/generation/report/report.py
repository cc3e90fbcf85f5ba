"""After training a generator: what it writes, judged beside real test texts, with pictures, samples and the model card.

Test rows are used only here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
import torch

from seqtext.errors import DataError
from seqtext.reporting.curves import learning_curves
from seqtext.reporting.report import command_line, learning_history, training_figures
from seqtext.reporting.words import words
from seqtext.saving.folders import write_json, write_text
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.report.card import generator_card, samples_page
from seqtext.tasks.generation.report.diversity import distinct_ratio
from seqtext.tasks.generation.report.judge import Judge
from seqtext.tasks.generation.report.quality import all_texts, judge_of, mixture, perplexities, quality, values_of
from seqtext.tasks.generation.report.sweep_picture import SweepPoint, sweep_picture
from seqtext.tasks.generation.splits import TextSplits
from seqtext.tasks.generation.vectors import attribute_places, raw_vectors
from seqtext.tasks.generation.writing import Generated
from seqtext.training.fit import FitResult
from seqtext.training.run_folder import RunFolder

if TYPE_CHECKING:
    from datasets import Dataset

Accuracy: TypeAlias = Callable[[Sequence[str], Sequence[int] | np.ndarray], float]
SAMPLES = 1000  # texts that are judged, as many of each value
SWEPT = 160  # texts at each point of the sweep
GUIDANCES, TEMPERATURES = (1.0, 1.5, 2.0, 3.0), (0.7, 0.85, 1.0)
NAMES = ("this model", "this model, with its vector")
SHOWN = 3  # texts of each value on the page of samples


class GeneratorReport(NamedTuple):
    """What was measured: figures as in report/metrics.json, lines to print, and a topic to try."""

    figures: dict[str, Any]
    table: list[str]
    example: str | None


def generator_report(
    task: TextGenerator,
    data: TextSplits,
    result: FitResult,
    folder: RunFolder,
    *,
    data_figures: Mapping[str, Any],
    source: str,
    evaluation: Literal["none", "fast", "all"] = "all",
) -> GeneratorReport:
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
    task.model.to("cpu")  # what is told is what a user gets: fp32, on the CPU
    folder.report.mkdir(exist_ok=True)
    figures: dict[str, Any] = {
        "test": {},
        "data": {"source": source, **data_figures},
        "training": training_figures(result),
    }
    if evaluation != "none":
        figures["test"] = perplexities(task, data.test, data.train)
    pictures = ["learning_curves.png"]
    learning_curves(
        learning_history(result, score="perplexity"), folder.report / pictures[0],
        score_name="validation perplexity", percent=False, loss_unit="nats a token",
    )  # fmt: skip
    if evaluation == "all":
        judges = [judge_of(task, data.train, place) for place in range(len(task.config.attributes))]
        accuracies = {
            column: (judge.accuracy, values_of(task, data.test, place))
            for place, (column, judge) in enumerate(zip(task.config.attributes, judges, strict=True))
        }
        figures["samples"] = judged(task, data.test, data.train, accuracies)
        if judges:
            if len(task.config.names[0]) > 1:
                figures["mixture"] = mixture(task, judges[0])
            _sweep(task, data, folder, judges[0], values_of(task, data.test))
            pictures.append("sweep.png")
    write_json(folder.report / "metrics.json", figures)
    write_text(folder.report / "samples.md", samples_page(_sections(task, data)))
    command = command_line()
    card = generator_card(title=f"Texts like {source}", command=command, figures=figures, pictures=pictures)
    write_text(folder.card, card)
    folder.seal()
    names, columns = task.config.names, task.config.attributes
    example = names[0][0] if len(columns) == 1 else f"{columns[0]}:{names[0][0]}" if columns else None
    return GeneratorReport(figures, table(figures), example)


def table(figures: Mapping[str, Any]) -> list[str]:
    """What was measured, as lines to print."""
    test, lines = figures["test"], []
    guided = "perplexity_without_vector" in test
    if test:
        title = f"test, {test['tokens']:,} tokens"
        lines += [
            f"{title:<37}perplexity  bits per byte",
            f"{NAMES[guided]:<37}{test['perplexity']:>10.2f}  {test['bits_per_byte']:>13.3f}",
        ]
        if guided:
            without, bits = test["perplexity_without_vector"], test["bits_per_byte_without_vector"]
            lines.append(f'this model, with "any" for a vector  {without:>10.2f}  {bits:>13.3f}')
        lines.append(f"interpolated trigram model           {test['trigram_perplexity']:>10.2f}")
        side = "below" if test["below_trigram"] >= 0 else "above"
        lines.append(f"the model's perplexity is {abs(test['below_trigram']):.1%} {side} the trigram model's")
        if "vector_can_give" in test:
            lines.append(
                f"the vector lowers it by {test['vector_gives']:.2%}; all that it can say is worth {test['vector_can_give']:.2%}"
            )
    if "samples" in figures:
        samples = figures["samples"]
        measures = [name for name in samples["real"] if name in samples["model"]]
        width = 2 + max(map(len, measures))
        titles = "".join(f"{name.replace('_', '-'):>{width}}" for name in measures)
        count = f"{samples['count']:,} samples"
        lines += ["", f"{count:<15}{titles}"]
        for name in ("model", "real"):
            row = "".join(f"{samples[name][measure]:>{width}.3f}" for measure in measures)
            lines.append(f"{'this model' if name == 'model' else 'real texts':<15}{row}")
    if "mixture" in figures:
        names, shares = figures["mixture"]["names"], figures["mixture"]["probabilities"]
        lines += [
            "",
            f"{figures['mixture']['count']} samples each: how likely the judge finds {' and '.join(names)} on average",
        ]
        for asked, (one, other) in zip(figures["mixture"]["asked"], shares, strict=True):
            lines.append(f"{asked:<37}{one:.2f} {other:.2f}")
    return lines


def judged(
    task: TextGenerator,
    rows: Dataset,
    train: Dataset | None,
    accuracies: Mapping[str, tuple[Accuracy, np.ndarray]],
    *,
    most: int = SAMPLES,
) -> dict[str, Any]:
    """Samples at the default settings beside as many real texts: whether a judge sees what was asked for, and their diversity.

    Args:
        task: to measure.
        rows: of the real texts.
        train: texts that may have been copied from; None leaves copies uncounted.
        accuracies: of attributes, by column: how often a judge gives texts these values, and (R,) the values of the rows.
        most: samples at most.
    """
    real = all_texts(rows, task.config.text_column)[:most]
    asked, made = _samples(task, rows, count=len(real))
    texts = [one.text for one in made]
    tokens = min(sum(len(words(text)) for text in side) for side in (texts, real))
    training = None if train is None else all_texts(train, task.config.text_column)
    figures: dict[str, Any] = {
        "count": len(texts),
        "ended": sum(one.ended for one in made) / len(made),
        "empty": sum(not one.text for one in made),
        "model": quality(texts, training, tokens),
        "real": quality(real, training, tokens),
    }
    for column, (accuracy, ids) in accuracies.items():
        place = task.config.attributes.index(column)
        figures["model"][f"control_{column}"] = accuracy(texts, [one[place] for one in asked])
        figures["real"][f"control_{column}"] = accuracy(real, ids[: len(real)])
    return figures


def _samples(
    task: TextGenerator, rows: Dataset, *, count: int, **choices: Any
) -> tuple[list[tuple[int, ...]], list[Generated]]:
    """Texts, and which value of each attribute was asked for; as many of each first value, the others as in the rows."""
    config = task.config
    if not config.vector_size:
        return [()] * count, task(None, count=count, **choices)
    if not config.attributes:
        dense = task.encode(rows).vectors[torch.arange(count) % len(rows)]
        assert dense is not None
        return [()] * count, task(list(raw_vectors(dense, config)), **choices)
    places = attribute_places(rows, config).numpy()
    before = np.cumsum([0, *map(len, config.names[:-1])])
    asked = places[np.arange(count) % len(places)] - before
    asked[:, 0] = np.arange(count) % len(config.names[0])
    requests = [
        {
            f"{column}:{names[value]}": 1.0
            for column, names, value in zip(config.attributes, config.names, row, strict=True)
        }
        for row in asked.tolist()
    ]
    return [tuple(row) for row in asked.tolist()], task(requests, **choices)


def _sweep(task: TextGenerator, data: TextSplits, folder: RunFolder, judge: Judge, ids: np.ndarray) -> None:
    """Control against diversity over guidance and temperature, so that a user can choose."""
    real = all_texts(data.test, data.text_column)
    points = [_point(task, data, judge, real, guidance, heat) for guidance in GUIDANCES for heat in TEMPERATURES]
    sweep_picture(points, folder.report / "sweep.png", real_control=judge.accuracy(real, ids))
    write_json(folder.report / "sweep.json", {"points": [point._asdict() for point in points]})


def _point(
    task: TextGenerator, data: TextSplits, judge: Judge, real: list[str], guidance: float, temperature: float
) -> SweepPoint:
    asked, made = _samples(task, data.test, count=SWEPT, guidance=guidance, temperature=temperature)
    texts = [one.text for one in made]
    lists, real_lists = ([words(text) for text in some] for some in (texts, real[:SWEPT]))
    try:
        diversity = distinct_ratio(lists, real_lists, 2)
    except DataError:  # texts of a single word have no pairs
        diversity = 0.0
    return SweepPoint(guidance, temperature, judge.accuracy(texts, [one[0] for one in asked]), diversity)


def _sections(task: TextGenerator, data: TextSplits) -> dict[str, list[Generated]]:
    """Samples for the page: of each value, and of mixtures."""
    config = task.config
    if not config.attributes:
        return {"samples": _samples(task, data.test, count=4 * SHOWN)[1]}
    whole = [
        [f"{column}:{name}" for name in names] for column, names in zip(config.attributes, config.names, strict=True)
    ]
    alone = len(whole) == 1  # then a name says enough
    titles = {asked: asked.partition(":")[2] if alone else asked for names in whole for asked in names[:20]}
    sections = {title: task(asked, count=SHOWN) for asked, title in titles.items()}
    one, other = whole[0][:2]
    sections[f"from {titles[one]} to {titles[other]}"] = task.mix(one, other, steps=5)
    return sections
