"""A language model: text goes in, and after every token it says what comes next. No labels are needed, and other tasks start from it.

Each direction predicts the token that it reads next; with `--directions both` the two halves of one bidirectional layer do so side by
side, and neither sees what it predicts:

     The    cat    sat   </s>           <s>    The    cat    sat
      ^      ^      ^      ^             ^      ^      ^      ^
 h0-->O----->O----->O----->O             O<-----O<-----O<-----O<--h0
      ^      ^      ^      ^             ^      ^      ^      ^
     <s>    The    cat    sat           The    cat    sat   </s>

    python recipes/language_model.py                                                   # offline, on the built-in phrasebook
    python recipes/language_model.py --data fancyzhx/ag_news --run runs/pieces         # texts of a data set of the hub
    python recipes/language_model.py --resume --run runs/pieces                        # go on with a run that was stopped
"""

from dataclasses import dataclass
from typing import Any, Literal

from seqtext.data.reading.options import TextDataOptions, load_texts
from seqtext.data.text.splits import text_splits
from seqtext.errors import run_program
from seqtext.options import parse, part_of
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.language_model.options import LanguageOptions
from seqtext.tasks.language_model.report.report import language_report
from seqtext.tasks.language_model.report.summary import language_summary
from seqtext.tasks.language_model.settings import LanguageSettings
from seqtext.tasks.saved import load as load_task
from seqtext.tasks.start_options import StartOptions
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options

FOR_PHRASES = {  # defaults for the phrasebook, which is learnt sooner than what people wrote, and hardly by heart
    "epochs": 3, "embedding_dropout": 0.1, "input_dropout": 0.2, "output_dropout": 0.3,
}  # fmt: skip


@dataclass(frozen=True)
class Options(TextDataOptions, LanguageOptions, StartOptions, LanguageSettings):
    """Flags of this recipe alone; those of data, training and model are in the classes it is made of."""

    baselines: Literal["none", "fast", "all"] = "all"
    """Compare with nothing, how often each token comes, or also a trigram model."""


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: FOR_PHRASES if asked.is_built_in else {})
    figures = (SeedFigure("perplexity", "perplexity"),)
    run_seeds(options, train_once, name="language", data=options.train or options.data, figures=figures)


def train_once(options: Options, folder: RunFolder) -> dict[str, Any] | None:
    # ---- Data: any source to checked splits
    source = load_texts(options)
    data = text_splits(
        source.splits,
        text_column=options.text_column,
        max_rows=options.max_rows,
        split_by=options.split_by,
        seed=options.seed,
    )

    # ---- Task: tokenizer and model, from training rows alone
    # Embedding(V, 256) -> nn.LSTM(256, 256, bidirectional=True, batch_first=True)
    # -> Linear(256, V) (the embedding's weights), each direction
    def make() -> LanguageModel:
        return LanguageModel.from_data(
            data.train,
            text_column=data.text_column,
            seed=options.seed,
            **part_of(options, StartOptions),
            **part_of(options, LanguageSettings),
        )

    task = make_once(make, open=load_task, **part_of(options, StartOptions))

    # ---- Fit: first a summary of all that is known before the first step
    trained = train(options, folder, source, data, task, summary=language_summary)
    if trained is None:
        return None

    # ---- Show: test texts for the first time, simple models beside this one
    result, facts = trained
    report = language_report(
        task, data, result, folder, data_figures=facts, source=source.name, baselines=options.baselines
    )
    return show(report, result, folder, command=["score", report.example])


if __name__ == "__main__":
    run_program(main)
