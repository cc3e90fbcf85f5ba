"""Topic classification, sequence to vector: a text goes in, its topic comes out.

All outputs but the last valid ones are ignored or pooled, so the model reads the whole text before it decides:

        y0  y1  y2  [y3] -> topic
        ^   ^   ^   ^
    h0->O-->O-->O-->O
        ^   ^   ^   ^
     Oil prices fell  again

    python recipes/topic_classification.py                                       # offline, on the built-in phrasebook
    python recipes/topic_classification.py --data fancyzhx/ag_news --run runs/ag # a data set of the hub
    python recipes/topic_classification.py --resume --run runs/ag                # go on with a run that was stopped
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from seqtext.data.reading.sources import Source, load, load_files
from seqtext.errors import run_program
from seqtext.options import RunOptions, parse, training_arguments
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.report.report import classification_report
from seqtext.tasks.classification.report.summary import classification_summary
from seqtext.tasks.classification.settings import TopicSettings
from seqtext.tasks.classification.splits import LabelledSplits, labelled_splits
from seqtext.tasks.saved import load as load_task
from seqtext.training.fit import fit
from seqtext.training.processes import started_processes
from seqtext.training.run_folder import RunFolder, new_run_path
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options


@dataclass(frozen=True)
class Options(RunOptions, TopicSettings):
    """Flags of this recipe: where the rows come from, beside how to train (RunOptions) and what (TopicSettings)."""

    data: str = "phrasebook"
    """A data set: name on the hub, folder, file (csv, tsv, jsonl, txt, parquet; gz), or phrasebook[:locale]."""
    revision: str | None = None
    """Commit, tag or branch of a data set on the hub. Default: the newest, whose commit is printed and kept."""
    data_config: str | None = None
    """Configuration of a data set that has several."""
    train: str | None = None
    """File of training rows, instead of --data."""
    validation: str | None = None
    """File of validation rows. Default: held out of the training rows."""
    test: str | None = None
    """File of test rows. Default: held out of the training rows."""
    text_column: str | None = None
    """Column of the texts. Default: recognised where there is no doubt."""
    label_column: str | None = None
    """Column of the labels. Default: recognised where there is no doubt."""
    unlabelled: Literal["error", "drop"] = "error"
    """Rows without a label stop the run, or are left out and counted."""
    init_from: str | None = None
    """Start from the tokenizer, embedding and backbone of this run or hub model (fine-tuning)."""
    baselines: Literal["none", "fast", "all"] = "all"
    """Compare with nothing, the majority class, or also TF-IDF with logistic regression."""

    def _faults(self) -> list[str]:
        faults = [*RunOptions._faults(self), *TopicSettings._faults(self)]
        if self.train is None and (self.validation or self.test):
            faults.append("--validation and --test are files beside --train; --data brings its own splits")
        if self.train is not None and self.data not in (Options.data, self.train):
            faults.append("--data and --train both name training rows; give one of them")
        if self.train is not None and (self.revision or self.data_config):
            faults.append("--revision and --data_config are of --data; files of --train have none")
        return faults


def main() -> None:
    options = parse(Options, __doc__ or "")
    folder = options.run or new_run_path("topic", options.train or options.data)
    run_seeds(options, train_once, folder=folder, figures=(SeedFigure("accuracy", "accuracy", percent=True),))


def train_once(options: Options) -> dict[str, Any] | None:
    folder = RunFolder(options.run or new_run_path("topic", options.train or options.data))
    folder.check(overwrite=options.overwrite, resume=options.resume)  # before anything that takes time
    processes = started_processes()  # those of torchrun, or this one alone
    if options.resume and processes.ask_first(folder.has_ended):
        return None

    # ---- Data: any source to checked splits
    source = load_source(options)
    data = labelled_splits(
        source.splits,
        text_column=options.text_column,
        label_column=options.label_column,
        unlabelled=options.unlabelled,
        max_rows=options.max_rows,
        seed=options.seed,
    )

    # ---- Task: tokenizer, labels and model, from training rows alone
    task = processes.made_once(lambda: make_task(options, data, folder), open=load_task)

    # ---- Further processes only train
    if not processes.first:
        if not options.dry_run:
            fit(task, data.train, data.validation, **training_arguments(options) | {"run": folder})
        return None

    # ---- Summary: everything known before the first step
    lines, data_figures = classification_summary(task, data, options)
    print("\n".join([f"data        {source.name}", *lines, f"run         {folder.path}"]), flush=True)
    if options.dry_run:
        return None

    # ---- Fit
    recorded = replace(options, revision=source.revision, run=str(folder.path), config=None)
    arguments = training_arguments(options) | {"run": folder, "recorded": recorded}
    result = fit(task, data.train, data.validation, **arguments)

    # ---- Show: test rows for the first time, baselines beside the model
    report = classification_report(
        task, data, result, folder, data_figures=data_figures, source=source.name, baselines=options.baselines
    )
    print("\n".join(["", *report.table, "", f"model chosen: {result.selection}", f"saved in {folder.path}; try:"]))
    print(f"  seqtext predict {folder.path} {report.example!r}")
    return report.figures


def load_source(options: Options) -> Source:
    if options.train is not None:
        return load_files(train=options.train, validation=options.validation, test=options.test)
    return load(options.data, revision=options.revision, config=options.data_config)


def make_task(options: Options, data: LabelledSplits, folder: RunFolder) -> TopicClassifier:
    settings = {field.name: getattr(options, field.name) for field in fields(TopicSettings)}
    task = TopicClassifier.from_data(
        data.train,
        text_column=data.columns.text,
        label_column=data.columns.label,
        init_from=options.init_from,
        seed=options.seed,
        **settings,
    )
    if options.init_from:
        print(f"started from {options.init_from}: {task.copied}")
    return task


if __name__ == "__main__":
    run_program(main)
