"""What is made before a classifier: labels spread, a language model to start from, and classifiers made otherwise to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.rows.labels import Labels
from seqtext.data.rows.splits import hold_out_rows
from seqtext.errors import OptionsError
from seqtext.options import part_of
from seqtext.reporting.stages import Stage, begin, better_of, run_stage
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.generated import known_labels, with_generated
from seqtext.tasks.classification.prepare import FIXED_BY_WEIGHTS, language_settings
from seqtext.tasks.classification.settings import TopicSettings
from seqtext.tasks.classification.splits import LabelledSplits
from seqtext.tasks.classification.unlabelled import ANSWERS, texts_of_all, with_answers
from seqtext.tasks.known import BY_NAME, public
from seqtext.tasks.saved import load, open_saved
from seqtext.training.fit import FitResult
from seqtext.training.run_folder import RunFolder

if TYPE_CHECKING:
    from datasets import Dataset

PATIENCE = 20  # epochs: in runs of 60 epochs from a language model it chose the same ones, and trained little more than half as long
PASSED_ON = ("seed", "allow_inexact", "checkpoint_every", "max_steps", "max_minutes", "precision", "device", "threads")


def with_spread_labels(data: LabelledSplits, options: Any) -> tuple[LabelledSplits, dict[str, Any]]:
    """The rows to learn from, those whose labels were spread among them, and what the classifier is to be told of them."""
    told: dict[str, Any] = {"target": data.target}
    if data.unlabelled is None or data.target != "label" or not options.self_training or options.teacher_column:
        return data, told
    rows, how = with_answers(data.train, data.unlabelled, data.columns, seed=options.seed)
    if ANSWERS in rows.column_names:
        told["teacher_column"] = ANSWERS
    return replace(data, train=rows, notes=(*data.notes, how)), told


def start_of(options: Any, folder: RunFolder, data: LabelledSplits, *, revision: str | None) -> tuple[Any, str | None]:
    """The options to go on with, and what the classifier starts from: a run that was named, or a language model of all texts.

    Whatever has a start needs patience rather than all epochs, unless somebody says how much.

    Raises:
        OptionsError: if the run's folder is taken, or nothing can write texts for the labels that was to.
        Stopped: by a signal, with everything saved.
    """
    needs_one = data.unlabelled is not None and options.init_from is None and options.model != "linear"
    if options.augment_from is not None:
        _generator(options, data)  # before there is a folder
    has_stages = needs_one or options.augment_from or (options.init_from and options.compare_scratch)
    start = options.init_from
    if has_stages and not options.dry_run:
        options = begin(folder, options, revision=revision)
        start = _language_model(options, folder, data) if needs_one else start
    if start and options.patience_epochs is None:
        options = replace(options, patience_epochs=PATIENCE)
    return options, start


def from_scratch(
    options: Any,
    folder: RunFolder,
    data: LabelledSplits,
    started: TopicClassifier,
    *,
    make: Callable[[dict[str, Any]], TopicClassifier],
) -> TopicClassifier | None:
    """A classifier without a start, of the sizes of one that has one, trained for as long; None if nobody asked for it.

    Args:
        options: of the recipe.
        folder: of the run.
        data: rows, answers of a first stage among them.
        started: the classifier that it is to be compared with.
        make: the other, with some settings.
    """
    if not options.compare_scratch or options.dry_run:
        return None
    sizes = {name: getattr(started.config, name) for name in FIXED_BY_WEIGHTS}
    stage = Stage("from_scratch", "the same from scratch, to compare with", data.train, data.validation)
    trained: TopicClassifier = run_stage(folder, stage, options, make=lambda: make(sizes), open=load)
    return trained


def augmented(
    options: Any, folder: RunFolder, data: LabelledSplits, *, make: Callable[[Dataset, dict[str, Any]], TopicClassifier]
) -> TopicClassifier | None:
    """A classifier that learnt from a generator's texts too, for as long; None if nobody asked for it.

    Args:
        options: of the recipe.
        folder: of the run.
        data: rows, answers of a first stage among them.
        make: the classifier, out of training rows, told something of them.

    Raises:
        OptionsError: as `start_of`.
    """
    if options.augment_from is None or options.dry_run:
        return None
    rows, said = with_generated(
        data.train,
        data.columns,
        _generator(options, data),
        name=options.augment_from,
        held_out=(data.validation, data.test),
        seed=options.seed,
    )
    stage = Stage("augmented", f"{said}: the same from them, to compare with", rows, data.validation)
    told = {"target": data.target, "teacher_column": ANSWERS}
    trained: TopicClassifier = run_stage(folder, stage, options, make=lambda: make(rows, told), open=load)
    return trained


def _generator(options: Any, data: LabelledSplits) -> Any:
    """That which is to write further texts.

    Raises:
        OptionsError: if it is no generator, or knows none of the labels, or the rows have no labels.
    """
    name = options.augment_from
    if data.target != "label" or options.teacher_column:
        has = "a teacher's answers" if options.teacher_column else "labels in lists, or a number, each"
        raise OptionsError(f"--augment_from {name}, and the texts have {has}", fix="leave --augment_from out")
    if len(parts_of(data.columns.text)) > 1:
        found = f"--augment_from {name} writes one text a row, and the rows have several columns of texts"
        raise OptionsError(found, fix="give one --text_column, or leave --augment_from out")
    if (saved := open_saved(name)).task != "TextGenerator":
        raise OptionsError(f"--augment_from {name} is a {saved.task}", expected="a text generator")
    generator = load(name)
    known_labels(generator, Labels.of(data.train, data.columns.label).names, name=name)
    return generator


def best_of(
    task: TopicClassifier, result: FitResult, others: Mapping[str, TopicClassifier | None], *, validation: Dataset
) -> tuple[TopicClassifier, FitResult]:
    """The best of a classifier and some made otherwise, by validation rows; as `better_of`."""
    for name, other in others.items():
        if other is not None:
            task, result = better_of(task, result, other, validation=validation, name=name)
    return task, result


def _language_model(options: Any, folder: RunFolder, data: LabelledSplits) -> str:
    """Where the language model of all texts is, with and without a label: trained in the run's folder, or found there."""
    assert data.unlabelled is not None
    texts, column = texts_of_all(data.train, data.unlabelled), data.columns.text
    asked = {name: value for name, value in vars(options).items() if name in PASSED_ON}
    training = BY_NAME["LanguageModel"].part("options").LanguageOptions(**asked, epochs=options.pretraining_epochs)
    wanted = language_settings(TopicSettings(**part_of(options, TopicSettings)), texts, column)

    def make() -> Any:
        return public("LanguageModel").from_data(texts, text_column=column, seed=options.seed, **wanted)

    stage = Stage(
        "language_model", f"a language model of {len(texts):,} texts", *hold_out_rows(texts, None, seed=options.seed)
    )
    run_stage(folder, stage, training, make=make, open=load)
    return str(folder.stages / stage.name)
