"""Text generation, vector to sequence: a vector goes in (a topic, a style, an example's own), text comes out.

With `--feedback zeros`, the textbook's: one single input, all others zero, the output of every step used. With tokens, the default,
each step reads the token before, and the vector is added to every input:

     Stocks  fell   again                 y0    y1    y2
       ^      ^       ^                   ^     ^     ^
  h0-->O----->O------>O              h0-->O---->O---->O
       ^      ^       ^                   ^     ^     ^
      <s>  Stocks   fell   + topic      topic   0     0

    python recipes/text_generation.py                                                 # offline, on the built-in phrasebook
    python recipes/text_generation.py --data fancyzhx/ag_news --run runs/news         # topics of a data set of the hub
    python recipes/text_generation.py --resume --run runs/news                        # go on with a run that was stopped
"""

import shlex
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from seqtext.data.reading.sources import BUILT_IN, Source, load, load_files
from seqtext.data.rows.columns import choose_label
from seqtext.errors import run_program
from seqtext.options import OptimizerName, RunOptions, parse, training_arguments
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.prepare import CHOICE
from seqtext.tasks.generation.report.report import generator_report
from seqtext.tasks.generation.report.summary import generator_summary
from seqtext.tasks.generation.settings import GeneratorSettings
from seqtext.tasks.generation.splits import TextSplits, text_splits
from seqtext.tasks.saved import load as load_task
from seqtext.training.fit import fit
from seqtext.training.processes import started_processes
from seqtext.training.run_folder import RunFolder, new_run_path
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options

FOR_PHRASES: dict[str, Any] = {"epochs": 3}  # defaults for the phrasebook, which is learnt sooner than news


@dataclass(frozen=True)
class Options(RunOptions, GeneratorSettings):
    """Flags of this recipe: where the texts come from, beside how to train (RunOptions) and what (GeneratorSettings)."""

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
    vector: Literal["attributes", "none"] = "attributes"
    """What texts are written from; none is a language model."""
    attributes: tuple[str, ...] = ()
    """Columns whose values make the vector. Default: the label column, where there is no doubt."""
    vector_column: str | None = None
    """Column of dense vectors, instead."""
    vectors_from: str | None = None
    """Run of a topic classifier that makes the vectors from the texts, instead."""
    init_from: str | None = None
    """Start from the tokenizer and the weights of this run, where they fit."""
    epochs: int = 4
    """Times every training row is seen; 3 for the phrasebook unless asked otherwise."""
    batch_tokens: int = 2048
    """Most padded steps in a micro-batch; small, since a generator learns from the number of steps it makes."""
    optimizer: OptimizerName = "muon"
    """adamw; or muon for the weights of recurrent and linear layers, which learns texts in fewer steps, with adamw for the rest."""
    learning_rate: float = 1e-2
    """Highest learning rate (AdamW's; Muon's is a fixed multiple of it)."""
    warmup: float = 0.02
    """Share of training in which the learning rate rises from zero; it then falls to zero along a cosine."""
    evaluation: Literal["none", "fast", "all"] = "all"
    """After training only write samples, or also measure perplexity, or also judge samples and sweep guidance and temperature."""

    @property
    def has_own_texts(self) -> bool:
        """Whether other texts than the phrasebook's were given."""
        return self.train is not None or self.data.partition(":")[0] not in BUILT_IN

    def _faults(self) -> list[str]:
        faults = [*RunOptions._faults(self), *GeneratorSettings._faults(self)]
        ways = [bool(self.attributes), bool(self.vector_column), bool(self.vectors_from), self.vector == "none"]
        if sum(ways) > 1:
            faults.append("--attributes, --vector_column, --vectors_from and --vector none rule each other out")
        if self.train is None and (self.validation or self.test):
            faults.append("--validation and --test are files beside --train; --data brings its own splits")
        if self.train is not None and self.data not in (Options.data, self.train):
            faults.append("--data and --train both name training rows; give one of them")
        if self.train is not None and (self.revision or self.data_config):
            faults.append("--revision and --data_config are of --data; files of --train have none")
        return faults


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: {} if asked.has_own_texts else FOR_PHRASES)
    folder = options.run or new_run_path("generation", options.train or options.data)
    run_seeds(options, train_once, folder=folder, figures=(SeedFigure("perplexity", "perplexity"),))


def train_once(options: Options) -> dict[str, Any] | None:
    folder = RunFolder(options.run or new_run_path("generation", options.train or options.data))
    folder.check(overwrite=options.overwrite, resume=options.resume)  # before anything that takes time
    processes = started_processes()  # those of torchrun, or this one alone
    if options.resume and processes.ask_first(folder.has_ended):
        return None

    # ---- Data: any source to checked splits
    source = load_source(options)
    attributes = choose_attributes(options, source)
    data = text_splits(
        source.splits,
        text_column=options.text_column,
        attributes=attributes,
        others=(options.vector_column,) if options.vector_column else (),
        max_rows=options.max_rows,
        seed=options.seed,
    )

    # ---- Task: tokenizer, names and model, from training rows alone
    task = processes.made_once(lambda: make_task(options, data, attributes), open=load_task)

    # ---- Further processes only train
    if not processes.first:
        if not options.dry_run:
            fit(task, data.train, data.validation, **training_arguments(options) | {"run": folder})
        return None

    # ---- Summary: everything known before the first step
    lines, data_figures = generator_summary(task, data, options)
    print("\n".join([f"data        {source.name}", *lines, f"run         {folder.path}"]), flush=True)
    if options.dry_run:
        return None

    # ---- Fit
    recorded = replace(options, revision=source.revision, run=str(folder.path), config=None)
    arguments = training_arguments(options) | {"run": folder, "recorded": recorded}
    result = fit(task, data.train, data.validation, **arguments)

    # ---- Show: what it writes, beside real test texts
    report = generator_report(
        task, data, result, folder, data_figures=data_figures, source=source.name, evaluation=options.evaluation
    )
    print("\n".join(["", *report.table, "", f"model chosen: {result.selection}", f"saved in {folder.path}; try:"]))
    print(
        f"  seqtext generate {folder.path}{f' --topic {shlex.quote(report.example)}' if report.example else ''} --count 5"
    )
    return report.figures


def load_source(options: Options) -> Source:
    if options.train is not None:
        return load_files(train=options.train, validation=options.validation, test=options.test)
    return load(options.data, revision=options.revision, config=options.data_config)


def choose_attributes(options: Options, source: Source) -> tuple[str, ...]:
    if options.attributes or options.vector == "none" or options.vector_column or options.vectors_from:
        return options.attributes
    return (choose_label(source.splits["train"], text=options.text_column, flag=CHOICE),)


def make_task(options: Options, data: TextSplits, attributes: tuple[str, ...]) -> TextGenerator:
    task = TextGenerator.from_data(
        data.train,
        text_column=data.text_column,
        attributes=attributes,
        vector_column=options.vector_column,
        vectors_from=options.vectors_from,
        init_from=options.init_from,
        seed=options.seed,
        **{field.name: getattr(options, field.name) for field in fields(GeneratorSettings)},
    )
    if options.init_from:
        print(f"started from {options.init_from}: {task.copied}")
    return task


if __name__ == "__main__":
    run_program(main)
