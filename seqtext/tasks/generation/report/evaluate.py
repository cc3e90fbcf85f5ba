"""`seqtext evaluate` of a text generator: perplexity with and without the vector, bits per byte, and whether samples have their topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from seqtext.errors import OptionsError
from seqtext.reporting.evaluation import EvaluateOptions, Measured, chosen_line, load_measured

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset

    from seqtext.tasks.generation.generator import TextGenerator
    from seqtext.tasks.generation.report.samples import Accuracy
    from seqtext.tasks.generation.rows import GeneratorRows


@dataclass(frozen=True, kw_only=True)
class Evaluate(EvaluateOptions):
    """Perplexity, bits per byte and topic control, in fp32: seqtext evaluate RUN --data new.csv --judge TOPICS_RUN

    Samples are judged where there is a judge: one that learns from the split train beside the one that is measured, or --judge."""

    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """Data set: name on the hub, folder, file (csv, tsv, jsonl, txt, parquet; packed), or phrasebook[:locale]."""
    text_column: tuple[str, ...] = ()
    """Column of the texts, or several, which are joined. Default: the one the model was trained on."""
    attributes: tuple[str, ...] = ()
    """Columns whose values make the vector, in the order of training. Default: those of training."""
    vector_column: str | None = None
    """Column of dense vectors. Default: the one of training."""
    samples: int = 1000
    """Texts to write and to judge, at most one for each row; 0 is none."""
    judge: str | None = None
    """Run of a topic classifier that says which topic a sample has. Default: a judge that learns from the split train of the data."""

    def _faults(self) -> list[str]:
        faults = EvaluateOptions._faults(self)
        if self.samples < 0:
            faults.append(f"--samples is {self.samples}; expected 0 or more")
        if self.judge is not None and self.samples == 0:
            faults.append("--judge judges samples, and --samples is 0; leave one of them out")
        return faults


def measure(task: TextGenerator, options: Evaluate, *, given: Any = None) -> Measured:
    """The figures of a text generator.

    Args:
        task: to measure; it reads the columns asked for from now on.
        options: of the command.
        given: rows in the place of `--data`, or None.

    Raises:
        DataError: texts, attributes or vectors that cannot be used.
        OptionsError: columns or a judge that do not fit the model.
    """
    from seqtext.data.reading.column_arrays import row_number
    from seqtext.data.reading.joined_columns import parts_of
    from seqtext.data.rows.columns import require
    from seqtext.data.rows.splits import take
    from seqtext.tasks.generation.report.quality import all_texts, perplexities
    from seqtext.tasks.generation.report.samples import judged

    _use_columns(task, options)
    text, attributes = task.config.text_column, task.config.attributes
    judge = None if options.judge is None else _by_classifier(task, options.judge)
    found = load_measured(options, given, text, *task.config.columns)
    rows, notes = found.rows, found.notes
    require({found.split: rows}, text, fix="pass --text_column NAME")
    for column in attributes:
        require({found.split: rows}, column, fix="pass --attributes with the columns of the data")
    if options.max_rows is not None and options.max_rows < len(rows):
        rows = take(rows, options.max_rows, labels=attributes[0] if attributes else None)
        notes.append(f"{len(rows):,} texts measured, drawn from all (--max_rows)")
    train = found.train
    if train is not None and not {*parts_of(text), *task.config.columns} <= set(train.column_names):
        train = None
    test = perplexities(task, rows, train)
    figures: dict[str, Any] = {"test": test, "data": {"source": found.source, "notes": notes, "warnings": []}}
    if options.samples:
        accuracies = _accuracies(task, rows, train, judge)
        figures["samples"] = judged(task, rows, train, accuracies, most=options.samples)
        if attributes and not accuracies:
            notes.append(
                "nobody says which topic samples have: pass --judge RUN of a topic classifier, or data with a split train"
            )

    def predictions() -> Iterator[Mapping[str, Any]]:
        examples = task.encode(rows)
        logs = zip(all_texts(rows, text), examples.lengths.tolist(), _log_probabilities(task, examples), strict=True)
        for place, (given, tokens, log) in enumerate(logs):
            yield {"row": row_number(rows, place), "text": given, "tokens": tokens, "log_probability": round(log, 6)}

    return Measured(figures, predictions())


def _use_columns(task: TextGenerator, options: Evaluate) -> None:
    """Reads texts and attributes from other columns than those of training."""
    from seqtext.data.reading.joined_columns import joined

    config, named = task.config, options.attributes
    if named and len(named) != len(config.attributes):
        expected = f"{len(config.attributes)}, in the place of {', '.join(config.attributes) or 'none'}"
        raise OptionsError(f"--attributes names {len(named)} columns", expected=expected)
    if options.vector_column is not None and config.vector_column is None:
        found = f"--vector_column {options.vector_column}, and the model's vectors are not those of a column"
        raise OptionsError(found, fix="leave it out")
    task.config = replace(
        config,
        text_column=joined(options.text_column) or config.text_column,
        attributes=named or config.attributes,
        vector_column=options.vector_column or config.vector_column,
    )


def _accuracies(
    task: TextGenerator, rows: Dataset, train: Dataset | None, judge: tuple[int, Accuracy] | None
) -> dict[str, tuple[Accuracy, np.ndarray]]:
    """Who says which value texts have, by attribute, and the values of the rows; nobody without a judge or training texts."""
    from seqtext.tasks.generation.report.quality import judge_of, values_of

    columns = task.config.attributes
    if judge is not None:
        place, accuracy = judge
        return {columns[place]: (accuracy, values_of(task, rows, place))}
    if train is None:
        return {}
    return {
        column: (judge_of(task, train, place).accuracy, values_of(task, rows, place))
        for place, column in enumerate(columns)
    }


def _by_classifier(task: TextGenerator, run: str) -> tuple[int, Accuracy]:
    """The attribute whose values a saved classifier knows, and how often it gives them to texts."""
    from seqtext.tasks.classification.classifier import TopicClassifier

    classifier = TopicClassifier.from_pretrained(run)
    labels = (
        classifier.config.labels if classifier.config.target == "label" else ()
    )  # one a text: else it judges nothing
    place = next((place for place, names in enumerate(task.config.names) if set(names) <= set(labels)), None)
    if place is None:
        known = ", ".join(
            f"{column} ({', '.join(names)})"
            for column, names in zip(task.config.attributes, task.config.names, strict=True)
        )
        expected = f"those of {known}" if known else "a model whose vectors have names"
        raise OptionsError(
            f"it knows {'the labels ' + ', '.join(labels) if labels else 'no labels that a text has one of'}",
            where=f"--judge {run}",
            expected=expected,
            fix="leave it out",
        )
    names = task.config.names[place]

    def accuracy(texts: Sequence[str], values: Sequence[int] | np.ndarray) -> float:
        found = [one.label for one in classifier(texts)]
        right: list[bool] = [label == names[int(value)] for label, value in zip(found, values, strict=True)]
        return sum(right) / max(len(right), 1)

    return place, accuracy


def _log_probabilities(task: TextGenerator, examples: GeneratorRows) -> list[float]:
    """(R,) of each text with its vector, in nats, its end among its tokens."""
    import numpy as np
    import torch

    from seqtext.batching.batch_plan import BatchPlan
    from seqtext.tasks.generation.losses import TOKENS_AT_ONCE

    found = np.zeros(len(examples))
    plan = BatchPlan(examples.lengths, tokens=max(TOKENS_AT_ONCE, int(examples.lengths.max(initial=1))), seed=0)
    with torch.inference_mode():
        for [rows] in plan.in_order_of_length():
            for loss in task.losses(examples.batch(rows).to(task.device)):
                found[rows] -= loss.rows.cpu().double().numpy()
    return [float(one) for one in found]


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a text generator's report or evaluation found, as lines to print; what was not measured is not mentioned."""
    from seqtext.tasks.generation.report.card import IN_WORDS, in_words

    test, samples = figures["test"], figures.get("samples")
    if test:
        scores = f"perplexity {test['perplexity']:.2f}, {test['bits_per_byte']:.3f} bits per byte"
        yield f"tested on {figures['data']['source']}, {test['tokens']:,} tokens: {scores}"
        if "perplexity_without_vector" in test:
            bits = f"{test['bits_per_byte_without_vector']:.3f} bits per byte"
            yield f"  without its vector: perplexity {test['perplexity_without_vector']:.2f}, {bits}"
        if "trigram_perplexity" in test:
            yield f"  interpolated trigram model: perplexity {test['trigram_perplexity']:.2f}"
    if samples:
        yield f"{samples['count']:,} samples, and as many real texts:"
        for name, real in samples["real"].items():
            if name in samples["model"] and name not in IN_WORDS:
                yield f"  {name.replace('_', '-')}: {samples['model'][name]:.3f}, real texts {real:.3f}"
        yield from (f"  {sentence}" for sentence in in_words(samples))
    yield from chosen_line(figures)
