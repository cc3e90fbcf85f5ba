"""Topic classification, sequence to vector: a text goes in, its topic comes out.

All outputs but the last valid ones are ignored or pooled, so the model reads the whole text before it decides. A text may also have
several labels, in a list or as "war|drama", or a number to predict, with --target number.

        y0  y1  y2  [y3] -> topic
        ^   ^   ^   ^
    h0->O-->O-->O-->O
        ^   ^   ^   ^
     Oil prices fell  again

    python recipes/topic_classification.py                                       # offline, on the built-in phrasebook
    python recipes/topic_classification.py --data fancyzhx/ag_news --run runs/ag # a data set of the hub
    python recipes/topic_classification.py --resume --run runs/ag                # go on with a run that was stopped
"""

from dataclasses import dataclass
from typing import Any, Literal

from seqtext.data.reading.options import load_texts
from seqtext.errors import run_program
from seqtext.options import parse, part_of
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.columns import Asked
from seqtext.tasks.classification.options import LabelledOptions
from seqtext.tasks.classification.report.first import augmented, best_of, from_scratch, start_of, with_spread_labels
from seqtext.tasks.classification.report.report import FIGURES, classification_report
from seqtext.tasks.classification.report.summary import classification_summary
from seqtext.tasks.classification.settings import TopicSettings
from seqtext.tasks.classification.splits import labelled_splits
from seqtext.tasks.saved import load as load_task
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import run_seeds

# ---- Options

FOR_PHRASES = {"epochs": 4, "batch_rows": 128}  # the phrasebook is learnt sooner than what people wrote


@dataclass(frozen=True)
class Options(LabelledOptions, TopicSettings):
    """Flags of this recipe alone; those of data, training and model are in the classes it is made of."""

    baselines: Literal["none", "fast", "all"] = "all"
    """Compare with nothing, the majority class (labels, mean), or also TF-IDF with logistic (ridge) regression."""


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: FOR_PHRASES if asked.is_built_in else {})
    run_seeds(options, train_once, name="topic", data=options.train or options.data, figures=FIGURES)


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
        further=options.further_texts(),
        max_rows=options.max_rows,
        per_class=options.per_class,
        seed=options.seed,
        split_by=options.split_by,
    )

    # ---- Task: tokenizer, labels and model, from training rows alone
    # Embedding(V, 256) -> nn.LSTM(256, 256, bidirectional=True, batch_first=True) -> last + mean + max output -> Linear(1536, C)
    def make(start: str | None, rows: Any, settings: dict[str, Any]) -> TopicClassifier:
        return TopicClassifier.from_data(
            rows,
            text_column=data.columns.text,
            label_column=data.columns.label,
            init_from=start,
            new_tokenizer=options.new_tokenizer and start is not None,
            seed=options.seed,
            **part_of(options, TopicSettings) | settings,
        )

    # First, labels spread to rows without one, a language model of all texts to start from, and models made otherwise to compare with
    taught, told = with_spread_labels(data, options)
    options, start = start_of(options, folder, data, revision=source.revision)
    more = augmented(options, folder, taught, make=lambda rows, told: make(start, rows, told))
    starting: dict[str, Any] = {"init_from": start, "new_tokenizer": options.new_tokenizer}
    task = make_once(lambda: make(start, taught.train, told), open=load_task, **starting)
    scratch = None
    if start:
        scratch = from_scratch(options, folder, taught, task, make=lambda sizes: make(None, taught.train, told | sizes))

    # ---- Fit: first a summary of all that is known before the first step
    trained = train(options, folder, source, taught, task, summary=classification_summary)
    if trained is None:
        return None

    # ---- Show: test rows for the first time, baselines beside the model
    result, facts = trained
    others = {"a start from scratch": scratch, "learning from generated texts too": more}
    task, result = best_of(task, result, others, validation=data.validation)
    report = classification_report(
        task, data, result, folder, data_figures=facts, source=source.name, baselines=options.baselines
    )
    return show(report, result, folder, command=["predict", report.example])


if __name__ == "__main__":
    run_program(main)
