"""Tagging, sequence to sequence: a sentence goes in word by word, and each word's tag comes out as soon as it is there.

All outputs are used, and the state is all that is kept of what was read; with `--bidirectional` the whole sentence is read first:

      PRON  VERB  DET   NOUN
       ^     ^     ^     ^
 h0--> O --> O --> O --> O
       ^     ^     ^     ^
       I    saw   the   boat      (each word its own vector + what its characters are read as)

    python recipes/tagging.py                                                              # offline, on the built-in phrasebook
    python recipes/tagging.py --train train.conllu --validation dev.conllu --column upos   # CoNLL-U, also packed; or columns, word/TAG
    python recipes/tagging.py --data eriktks/conll2003 --column ner_tags --run runs/names  # lists of words and tags, of the hub
"""

from dataclasses import dataclass
from typing import Any, Literal

from seqtext.data.tags.options import TaggedDataOptions, load_asked_tags
from seqtext.data.tags.splits import tagged_splits
from seqtext.errors import run_program
from seqtext.options import OptimizerName, RunOptions, parse, part_of
from seqtext.tasks.saved import load as load_task
from seqtext.tasks.tagging.report.report import tagger_report
from seqtext.tasks.tagging.report.summary import tagger_summary
from seqtext.tasks.tagging.settings import TaggerSettings
from seqtext.tasks.tagging.tagger import Tagger
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options

FOR_PHRASES = {"epochs": 3}  # defaults for the phrasebook, which is learnt sooner than what people wrote


@dataclass(frozen=True)
class Options(TaggedDataOptions, RunOptions, TaggerSettings):
    """Flags of this recipe alone; those of data, training and model are in the classes it is made of."""

    init_from: str | None = None
    """Start from this run (or hub model): a tagger, or a language model (or any run of texts), into whose pieces words are cut besides."""
    optimizer: OptimizerName = "muon"
    learning_rate: float = 1e-2
    baselines: Literal["none", "fast", "all"] = "all"
    """Compare with nothing, the commonest tag of each word, or also a linear model of words, endings and neighbours."""


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: FOR_PHRASES if asked.is_built_in else {})
    figures = (SeedFigure("accuracy", "accuracy", percent=True),)
    run_seeds(options, train_once, name="tags", data=options.train or options.data, figures=figures)


def train_once(options: Options, folder: RunFolder) -> dict[str, Any] | None:
    # ---- Data: any source to checked splits
    source = load_asked_tags(options)
    data = tagged_splits(
        source.splits,
        token_column=options.token_column,
        tag_column=options.column,
        max_rows=options.max_rows,
        seed=options.seed,
    )

    # ---- Task: words, characters, tags and model, from training rows alone
    # Embedding(V, 256) + Linear(last output of nn.LSTM(32, 64, bidirectional=True) over the characters)
    # -> nn.LSTM(256, 256, batch_first=True) -> Linear(256, C) at every word
    def make() -> Tagger:
        return Tagger.from_data(
            data.train,
            token_column=data.columns.tokens,
            tag_column=data.columns.tags,
            init_from=options.init_from,
            seed=options.seed,
            **part_of(options, TaggerSettings),
        )

    task = make_once(make, open=load_task, init_from=options.init_from)

    # ---- Fit: first a summary of all that is known before the first step
    trained = train(options, folder, source, data, task, summary=tagger_summary)
    if trained is None:
        return None

    # ---- Show: test words for the first time, baselines beside the model
    result, facts = trained
    report = tagger_report(
        task, data, result, folder, data_figures=facts, source=source.name, baselines=options.baselines
    )
    return show(report, result, folder, command=["tag", report.example])


if __name__ == "__main__":
    run_program(main)
