"""Translation, encoder-decoder: the whole input sequence is read first, and only then the output sequence begins.

The encoder reads in both directions. The decoder starts from its state and, unless `--attention None`, the textbook's plain
form, looks back at all of its outputs (o) before each word:

      o     o     o ...........    Zwei  Hunde   </s>
      ^     ^     ^           :      ^     ^      ^
      O<--->O<--->O --state------>   O---->O----->O
      ^     ^     ^                  ^     ^      ^
     Two   dogs  </s>               <s>   Zwei  Hunde

    python recipes/translation.py                                                # offline, phrases from English to German
    python recipes/translation.py --train train.en train.de --run runs/de        # two files, line by line
    python recipes/translation.py --resume --run runs/de                         # go on with a run that was stopped
"""

import shlex
from dataclasses import dataclass, fields, replace
from typing import Any

from seqtext.data.pairs.parallel_files import SOURCE, TARGET
from seqtext.data.pairs.sources import PHRASEBOOK, PairSource, load_pair_files, load_pairs
from seqtext.data.pairs.splits import PairSplits, pair_splits
from seqtext.errors import run_program
from seqtext.models.beam_search import MOST_BEAM
from seqtext.options import OptimizerName, RunOptions, parse, training_arguments
from seqtext.reporting.baseline import Baselines
from seqtext.tasks.saved import load as load_task
from seqtext.tasks.translation.report.report import translation_report
from seqtext.tasks.translation.report.summary import translation_summary
from seqtext.tasks.translation.settings import TranslatorSettings
from seqtext.tasks.translation.translator import Translator
from seqtext.training.fit import fit
from seqtext.training.processes import started_processes
from seqtext.training.run_folder import RunFolder, new_run_path
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options

FOR_PHRASES: dict[str, Any] = {  # defaults for the phrasebook, whose phrases ask less of a model than what people wrote
    "embedding_size": 128,
    "encoder_size": 128,
    "encoder_layers": 1,
    "hidden_size": 256,
    "embedding_dropout": 0.0,
    "input_dropout": 0.0,
    "layer_dropout": 0.1,
    "output_dropout": 0.1,
    "subword_sampling": True,
    "batch_rows": 64,
    "learning_rate": 0.02,
    "epochs": 1,
}


@dataclass(frozen=True)
class Options(RunOptions, TranslatorSettings):
    """Flags of this recipe: where the pairs come from, beside how to train (RunOptions) and what (TranslatorSettings)."""

    data: str = PHRASEBOOK
    """A data set: name on the hub, folder, file (csv, tsv, jsonl, parquet; gz), or phrasebook, for which the model is half as wide and
    an epoch of small steps is enough."""
    source: str | None = None
    """What to translate from: a column, a language of the column translation, or a locale of the phrasebook (en)."""
    target: str | None = None
    """What to translate to, likewise (de)."""
    revision: str | None = None
    """Commit, tag or branch of a data set on the hub. Default: the newest, whose commit is printed and kept."""
    data_config: str | None = None
    """Configuration of a data set that has several."""
    train: tuple[str, ...] = ()
    """Two files whose lines are each other's translation, the source first, or one table; instead of --data."""
    validation: tuple[str, ...] = ()
    """Likewise for validation, which chooses the epoch; without --test, these are the test. Default: held out of the training pairs."""
    test: tuple[str, ...] = ()
    """Likewise for the test. Default: the pairs of --validation, or else held out of the training pairs."""
    init_from: str | None = None
    """Start from the tokenizer and the weights of this run, where they fit."""
    epochs: int = 7
    """Times every training row is seen."""
    optimizer: OptimizerName = "muon"
    """adamw; or muon for the weights of recurrent and linear layers, which learns texts in fewer steps, with adamw for the rest."""
    learning_rate: float = 1e-2
    """Highest learning rate (AdamW's; Muon's is a fixed multiple of it)."""
    warmup: float = 0.02
    """Share of training in which the learning rate rises from zero; it then falls to zero along a cosine."""
    beam: int = 5
    """Width of the search when the test is translated; 1 is greedy."""
    baselines: Baselines = "all"
    """Compare with nothing, with the source copied, or also with word by word."""

    @property
    def has_own_pairs(self) -> bool:
        """Whether other pairs than the phrasebook's were given."""
        return self.data != PHRASEBOOK or bool(self.train)

    def _faults(self) -> list[str]:
        faults = [*RunOptions._faults(self), *TranslatorSettings._faults(self)]
        if not 1 <= self.beam <= MOST_BEAM:
            faults.append(f"--beam is {self.beam}; expected from 1 to {MOST_BEAM:,}")
        if not self.train and (self.validation or self.test):
            faults.append("--validation and --test are files beside --train; --data brings its own splits")
        if self.train and self.data not in (Options.data, *self.train):
            faults.append("--data and --train both name training pairs; give one of them")
        if self.train and (self.revision or self.data_config):
            faults.append("--revision and --data_config are of --data; files of --train have none")
        return faults


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: {} if asked.has_own_pairs else FOR_PHRASES)
    figures = (
        SeedFigure("bleu", "BLEU"),
        SeedFigure("tokenized_bleu", "tokenized BLEU"),
        SeedFigure("exact", "exact match", percent=True),
    )
    run_seeds(options, train_once, folder=options.run or run_path(options), figures=figures)


def train_once(options: Options) -> dict[str, Any] | None:
    folder = RunFolder(options.run or run_path(options))
    folder.check(overwrite=options.overwrite, resume=options.resume)  # before anything that takes time
    processes = started_processes()  # those of torchrun, or this one alone
    if options.resume and processes.ask_first(folder.has_ended):
        return None

    # ---- Data: any source to checked pairs
    source = load_source(options)
    data = pair_splits(
        source.splits, source=source.source, target=source.target, max_rows=options.max_rows, seed=options.seed
    )

    # ---- Task: tokenizers and model, from training pairs alone
    task = processes.made_once(lambda: make_task(options, data), open=load_task)

    # ---- Further processes only train
    if not processes.first:
        if not options.dry_run:
            fit(task, data.train, data.validation, **training_arguments(options) | {"run": folder})
        return None

    # ---- Summary: everything known before the first step
    lines, data_figures = translation_summary(task, data, options)
    print("\n".join([f"data        {source.name}", *lines, f"run         {folder.path}"]), flush=True)
    if options.dry_run:
        return None

    # ---- Fit
    recorded = replace(options, revision=source.revision, run=str(folder.path), config=None)
    arguments = training_arguments(options) | {"run": folder, "recorded": recorded}
    result = fit(task, data.train, data.validation, **arguments)

    # ---- Show: test pairs for the first time, baselines beside the model
    report = translation_report(
        task,
        data,
        result,
        folder,
        data_figures=data_figures,
        source=source.name,
        beam=options.beam,
        baselines=options.baselines,
    )
    print("\n".join(["", *report.table, "", f"model chosen: {result.selection}", f"saved in {folder.path}; try:"]))
    print(f"  seqtext translate {folder.path} {shlex.quote(report.example)} --beam {options.beam}")
    return report.figures


def load_source(options: Options) -> PairSource:
    sides = {"source": options.source, "target": options.target}
    if options.train:
        return load_pair_files(train=options.train, validation=options.validation, test=options.test, **sides)
    return load_pairs(options.data, **sides, revision=options.revision, config=options.data_config)


def make_task(options: Options, data: PairSplits) -> Translator:
    task = Translator.from_data(
        data.train,
        source_column=SOURCE,
        target_column=TARGET,
        init_from=options.init_from,
        seed=options.seed,
        **{field.name: getattr(options, field.name) for field in fields(TranslatorSettings)},
    )
    if options.init_from:
        print(f"started from {options.init_from}: {task.copied}")
    return task


def run_path(options: Options) -> str:
    return new_run_path("translation", options.train[0] if options.train else options.data)


if __name__ == "__main__":
    run_program(main)
