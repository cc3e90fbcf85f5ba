"""Text generation, vector to sequence: a vector goes in (a topic, a style, an example's own), text comes out.

Each step reads the token before, plus the vector; with `--feedback zeros` (right) the vector is the only input, all others are zero:

     Stocks  fell   again                 y0    y1    y2
       ^      ^       ^                   ^     ^     ^
  h0-->O----->O------>O              h0-->O---->O---->O
       ^      ^       ^                   ^     ^     ^
      <s>  Stocks   fell   + topic      topic   0     0

    python recipes/text_generation.py                                                 # offline, on the built-in phrasebook
    python recipes/text_generation.py --data fancyzhx/ag_news --run runs/news         # topics of a data set of the hub
    python recipes/text_generation.py --resume --run runs/news                        # go on with a run that was stopped
"""

from dataclasses import dataclass
from typing import Any, Literal

from seqtext.data.reading.joined_columns import joined
from seqtext.data.reading.options import TextDataOptions, load_texts
from seqtext.data.rows.columns import choose_label
from seqtext.data.text.splits import text_splits
from seqtext.errors import run_program
from seqtext.options import OptimizerName, RunOptions, parse, part_of
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.prepare import CHOICE
from seqtext.tasks.generation.report.report import generator_report
from seqtext.tasks.generation.report.summary import generator_summary
from seqtext.tasks.generation.settings import GeneratorSettings, VectorOptions
from seqtext.tasks.saved import load as load_task
from seqtext.tasks.start_options import StartOptions
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options

FOR_PHRASES = {  # defaults for the phrasebook, whose phrases are learnt sooner than news, and hardly by heart
    "epochs": 3, "embedding_dropout": 0.05, "input_dropout": 0.05, "output_dropout": 0.2,
}  # fmt: skip


@dataclass(frozen=True)
class Options(VectorOptions, TextDataOptions, RunOptions, StartOptions, GeneratorSettings):
    """Flags of this recipe alone; those of data, training and model are in the classes it is made of."""

    batch_tokens: int = 2048
    """Most padded steps in a micro-batch; small, since a generator learns from the number of steps it makes."""
    optimizer: OptimizerName = "muon"
    learning_rate: float = 1e-2
    warmup: float = 0.02
    evaluation: Literal["none", "fast", "all"] = "all"
    """After training only write samples, or also measure perplexity, or also judge samples and sweep guidance and temperature."""


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: FOR_PHRASES if asked.is_built_in else {})
    figures = (SeedFigure("perplexity", "perplexity"),)
    run_seeds(options, train_once, name="generation", data=options.train or options.data, figures=figures)


def train_once(options: Options, folder: RunFolder) -> dict[str, Any] | None:
    # ---- Data: any source to checked splits
    source = load_texts(options)
    attributes = options.attributes
    if not any(options.ways):
        attributes = (choose_label(source.splits["train"], text=joined(options.text_column), flag=CHOICE),)
    data = text_splits(
        source.splits,
        text_column=options.text_column,
        attributes=attributes,
        others=tuple(filter(None, [options.vector_column])),
        max_rows=options.max_rows,
        seed=options.seed,
        split_by=options.split_by,
    )

    # ---- Task: tokenizer, names and model, from training rows alone
    # Embedding(V, 256) + vector Linear(C, 256) -> nn.LSTM(256, 512, batch_first=True) from state Linear(C, 1024)
    # -> Linear(512, 256) -> Linear(256, V) (the embedding's weights)
    def make() -> TextGenerator:
        return TextGenerator.from_data(
            data.train,
            text_column=data.text_column,
            attributes=attributes,
            vector_column=options.vector_column,
            vectors_from=options.vectors_from,
            seed=options.seed,
            **part_of(options, StartOptions),
            **part_of(options, GeneratorSettings),
        )

    task = make_once(make, open=load_task, **part_of(options, StartOptions))

    # ---- Fit: first a summary of all that is known before the first step
    trained = train(options, folder, source, data, task, summary=generator_summary)
    if trained is None:
        return None

    # ---- Show: what it writes, beside real test texts
    result, facts = trained
    report = generator_report(
        task, data, result, folder, data_figures=facts, source=source.name, evaluation=options.evaluation
    )
    topic = ["--topic", report.example] if report.example else []
    return show(report, result, folder, command=["generate", *topic, "--count", "5"])


if __name__ == "__main__":
    run_program(main)
