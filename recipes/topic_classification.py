"""Topic classification, sequence to vector: a text goes in, its topic comes out.

All outputs but the last valid ones are ignored or pooled, so the model reads the whole text before it decides:

        y0  y1  y2  [y3] -> topic
        ^   ^   ^   ^
    h0->O-->O-->O-->O
        ^   ^   ^   ^
     Oil prices fell  again

A text may also have several labels, in a list or as "war|drama", or a number to predict, with --target number.

    python recipes/topic_classification.py                                       # offline, on the built-in phrasebook
    python recipes/topic_classification.py --data fancyzhx/ag_news --run runs/ag # a data set of the hub
    python recipes/topic_classification.py --resume --run runs/ag                # go on with a run that was stopped
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from seqtext.data.reading.options import load_texts
from seqtext.data.reading.sources import load
from seqtext.data.rows.splits import hold_out_rows
from seqtext.errors import run_program
from seqtext.options import parse, part_of
from seqtext.reporting.stages import Stage, begin, better_of, run_stage
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.columns import Asked
from seqtext.tasks.classification.options import LabelledOptions
from seqtext.tasks.classification.prepare import language_settings
from seqtext.tasks.classification.report.report import classification_report
from seqtext.tasks.classification.report.summary import classification_summary
from seqtext.tasks.classification.settings import TopicSettings
from seqtext.tasks.classification.splits import LabelledSplits, labelled_splits
from seqtext.tasks.classification.unlabelled import ANSWERS, texts_of_all, with_answers
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.language_model.options import LanguageOptions
from seqtext.tasks.saved import load as load_task
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options

PASSED_ON = ("seed", "allow_inexact", "checkpoint_every", "max_steps", "max_minutes", "precision", "device", "threads")
FOR_PHRASES = {
    "epochs": 4,
    "batch_rows": 128,
}  # defaults for the phrasebook, which is learnt sooner than what people wrote


@dataclass(frozen=True)
class Options(LabelledOptions, TopicSettings):
    """Flags of this recipe alone; those of data, training and model are in the classes it is made of."""

    init_from: str | None = None
    """Start from the tokenizer of this run (or hub model) of any text task, and from its weights where they fit."""
    new_tokenizer: bool = False
    """With --init_from: a tokenizer of these texts all the same; pieces that both have keep their vectors, the others get the mean."""
    compare_scratch: bool = False
    """Train without a start too, for as long, and keep the better one by the validation rows."""
    baselines: Literal["none", "fast", "all"] = "all"
    """Compare with nothing, the majority class (labels, mean), or also TF-IDF with logistic (ridge) regression."""


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: FOR_PHRASES if asked.is_built_in else {})
    figures = (  # those that there are: of one label a text, of several, of a number
        SeedFigure("accuracy", "accuracy", percent=True),
        SeedFigure("micro_f1", "micro F1", digits=4),
        SeedFigure("average_precision", "average precision", digits=4),
        SeedFigure("r2", "R2", digits=4),
        SeedFigure("mae", "mean absolute error", digits=4),
    )
    run_seeds(options, train_once, name="topic", data=options.train or options.data, figures=figures)


def train_once(options: Options, folder: RunFolder) -> dict[str, Any] | None:
    # ---- Data: any source to checked splits
    source = load_texts(options)
    data = labelled_splits(
        source.splits,
        text_column=options.text_column,
        label_column=options.label_column,
        asked=Asked(options.target, decimal=options.decimal, missing=options.missing),
        teacher_column=options.teacher_column,
        unlabelled=options.unlabelled,
        further=[load(options.unlabelled_data).splits["train"]] if options.unlabelled_data else (),
        max_rows=options.max_rows,
        per_class=options.per_class,
        seed=options.seed,
        split_by=options.split_by,
    )

    # ---- Task: tokenizer, labels and model, from training rows alone
    # Embedding(V, 256) -> nn.LSTM(256, 256, bidirectional=True, batch_first=True) -> last + mean + max output -> Linear(1536, C)
    def make() -> TopicClassifier:
        return TopicClassifier.from_data(
            taught.train,
            text_column=data.columns.text,
            label_column=data.columns.label,
            init_from=start,
            new_tokenizer=options.new_tokenizer and start is not None,
            seed=options.seed,
            **settings,
        )

    # ---- Rows without a label: a language model of all texts to start from, and what the labelled ones say of them
    taught, start = data, options.init_from
    settings = part_of(options, TopicSettings) | {"target": data.target}
    if data.unlabelled is not None:
        if options.self_training and options.teacher_column is None and data.target == "label":
            rows, how = with_answers(data.train, data.unlabelled, data.columns, seed=options.seed)
            taught = replace(data, train=rows, notes=(*data.notes, how))
            settings["teacher_column"] = ANSWERS if ANSWERS in rows.column_names else None
        if start is None and options.model != "linear" and not options.dry_run:
            options = begin(folder, options, revision=source.revision)
            start = language_model(options, folder, data)

    # ---- A start from scratch, for as long, to compare with
    scratch, start_of_all = None, start
    if options.compare_scratch and start is not None and not options.dry_run:
        options, start = options if options.resume else begin(folder, options, revision=source.revision), None
        stage = Stage("from_scratch", "the same from scratch, to compare with", taught.train, data.validation)
        scratch, start = run_stage(folder, stage, options, make=make, open=load_task), start_of_all

    task = make_once(make, open=load_task, init_from=start, new_tokenizer=options.new_tokenizer)

    # ---- Fit: first a summary of all that is known before the first step
    trained = train(options, folder, source, taught, task, summary=classification_summary)
    if trained is None:
        return None

    # ---- Show: test rows for the first time, baselines beside the model
    result, facts = trained
    if scratch is not None:
        task, result = better_of(task, result, scratch, validation=data.validation, name="a start from scratch")
    report = classification_report(
        task, data, result, folder, data_figures=facts, source=source.name, baselines=options.baselines
    )
    return show(report, result, folder, command=["predict", report.example])


def language_model(options: Options, folder: RunFolder, data: LabelledSplits) -> str:
    """Where the language model of all texts is, with and without a label: trained in the run's folder, or found there."""
    assert data.unlabelled is not None
    texts, column = texts_of_all(data.train, data.unlabelled), data.columns.text
    asked = {name: value for name, value in vars(options).items() if name in PASSED_ON}
    training = LanguageOptions(**asked, epochs=options.pretraining_epochs)

    def make() -> LanguageModel:
        wanted = TopicSettings(**part_of(options, TopicSettings))
        return LanguageModel.from_data(
            texts, text_column=column, seed=options.seed, **language_settings(wanted, texts, column)
        )

    parts = hold_out_rows(texts, None, seed=options.seed)
    stage = Stage("language_model", f"a language model of {len(texts):,} texts", *parts)
    run_stage(folder, stage, training, make=make, open=load_task)
    return str(folder.stages / stage.name)


if __name__ == "__main__":
    run_program(main)
