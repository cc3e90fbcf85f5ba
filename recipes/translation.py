"""Translation, encoder-decoder: the whole input sequence is read first, and only then the output sequence begins.

The encoder reads in both directions. The decoder starts from its state and looks back at all of its outputs (o) before each word;
with `--attention None` it has the state alone (encoder-decoder without attention):

      o     o     o ...........    Zwei  Hunde   </s>
      ^     ^     ^           :      ^     ^      ^
      O<--->O<--->O --state------>   O---->O----->O
      ^     ^     ^                  ^     ^      ^
     Two   dogs  </s>               <s>   Zwei  Hunde

    python recipes/translation.py                                                # offline, phrases from English to German
    python recipes/translation.py --train train.en train.de --run runs/de        # two files, line by line
    python recipes/translation.py --resume --run runs/de                         # go on with a run that was stopped
"""

from dataclasses import dataclass
from typing import Any

from seqtext.data.pairs.options import PairDataOptions, load_asked_pairs
from seqtext.data.pairs.splits import pair_splits
from seqtext.errors import run_program
from seqtext.models.beam_search import MOST_BEAM
from seqtext.options import OptimizerName, RunOptions, parse, part_of
from seqtext.reporting.baseline import Baselines
from seqtext.tasks.saved import load as load_task
from seqtext.tasks.start_options import StartOptions
from seqtext.tasks.translation.report.report import translation_report
from seqtext.tasks.translation.report.summary import translation_summary
from seqtext.tasks.translation.report.taught import TaughtOptions, taught
from seqtext.tasks.translation.settings import TranslatorSettings
from seqtext.tasks.translation.translator import Translator
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options

FOR_PHRASES = {  # defaults for the phrasebook, whose phrases ask less of a model than what people wrote
    "embedding_size": 128, "encoder_size": 128, "encoder_layers": 1, "hidden_size": 256,
    "embedding_dropout": 0.0, "input_dropout": 0.0, "layer_dropout": 0.1, "output_dropout": 0.1,
    "copying": 0.0, "case_augmentation": 0.0, "subword_sampling": True, "batch_rows": 64, "learning_rate": 0.02, "epochs": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Options(PairDataOptions, RunOptions, StartOptions, TaughtOptions, TranslatorSettings):
    """Flags of this recipe alone; those of data, training and model are in the classes it is made of."""

    optimizer: OptimizerName = "muon"
    learning_rate: float = 1e-2
    warmup: float = 0.02
    beam: int = 5
    """Width of the search when the test is translated; 1 is greedy."""
    baselines: Baselines = "all"
    """Compare with nothing, with the source copied, or also with word by word."""

    def _faults(self) -> list[str]:
        return [] if 1 <= self.beam <= MOST_BEAM else [f"--beam is {self.beam}; expected from 1 to {MOST_BEAM:,}"]


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: FOR_PHRASES if asked.is_built_in else {})
    bleu, tokenized = SeedFigure("bleu", "BLEU"), SeedFigure("tokenized_bleu", "tokenized BLEU")
    figures = (bleu, tokenized, SeedFigure("exact", "exact match", percent=True))
    run_seeds(options, train_once, name="translation", data=(*options.train, options.data)[0], figures=figures)


def train_once(options: Options, folder: RunFolder) -> dict[str, Any] | None:
    # ---- Data: any source to checked pairs
    pairs = load_asked_pairs(options)
    sides = {"source": pairs.source, "target": pairs.target}
    split_by, rows = options.split_by, options.max_rows
    data = pair_splits(pairs.splits, **sides, split_by=split_by, max_rows=rows, seed=options.seed)
    by, device, threads = options.taught_by, options.device, options.threads
    data = taught(data, by, device=device, threads=threads, dry_run=options.dry_run)

    # ---- Task: tokenizers and model, from training pairs alone
    # source: Embedding(V, 128) -> nn.GRU(128, 128, bidirectional=True, batch_first=True) -> Linear(256, 512) as state;
    # target: Embedding(V, 128) -> nn.GRU(128, 256, batch_first=True) -> scaled_dot attention to the source
    # -> nn.GRU(512, 256, batch_first=True) -> Linear(640, 128) -> Linear(128, V) (the embedding's weights)
    def make() -> Translator:
        settings = {**part_of(options, StartOptions), **part_of(options, TranslatorSettings)}
        return Translator.from_data(data.train, languages=data.languages, seed=options.seed, **settings)

    task = make_once(make, open=load_task, **part_of(options, StartOptions))

    # ---- Fit: first a summary of all that is known before the first step
    trained = train(options, folder, pairs, data, task, summary=translation_summary)
    if trained is None:
        return None

    # ---- Show: test pairs for the first time, baselines beside the model
    result, facts = trained
    report = translation_report(
        task,
        data,
        result,
        folder,
        data_figures=facts,
        source=pairs.name,
        beam=options.beam,
        baselines=options.baselines,
    )
    return show(report, result, folder, command=["translate", report.example, "--beam", str(options.beam)])


if __name__ == "__main__":
    run_program(main)
