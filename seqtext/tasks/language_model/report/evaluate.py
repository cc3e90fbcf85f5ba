"""`seqtext evaluate` of a language model: perplexity per token and per word, bits per byte, beside simple models of the training texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from seqtext.data.reading.joined_columns import joined, parts_of
from seqtext.options import out_of_range, up_to
from seqtext.reporting.evaluation import EvaluateOptions, Measured, chosen_line, load_measured
from seqtext.tasks.language_model.settings import MOST_TOKENS

if TYPE_CHECKING:
    from seqtext.tasks.language_model.language_model import LanguageModel

MEASURES = {"perplexity": "perplexity per token", "perplexity_per_word": "per word", "bits_per_byte": "bits per byte"}


@dataclass(frozen=True, kw_only=True)
class Evaluate(EvaluateOptions):
    """Perplexity and bits per byte, in fp32: seqtext evaluate RUN --data new.txt

    The rows are read one after the other as running text; predictions are of each row by itself."""

    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """Data set: name on the hub, folder, file (csv, tsv, jsonl, txt, parquet; packed), or phrasebook[:locale]."""
    text_column: tuple[str, ...] = ()
    """Column of the texts, or several, which are joined. Default: the one the model was trained on."""
    cache: int = 0
    """Measure a second time, looking back at so many tokens of the text, such as 2,000; predictions are without that. 0: only once."""

    def _faults(self) -> list[str]:
        return [*super()._faults(), *out_of_range(self, {up_to(MOST_TOKENS, least=0): ("cache",)})]


def measure(task: LanguageModel, options: Evaluate, *, given: Any = None) -> Measured:
    """The figures of a language model.

    Args:
        task: to measure; it reads the column asked for from now on.
        options: of the command.
        given: rows in the place of `--data`, or None.

    Raises:
        DataError: texts that cannot be used.
    """
    from seqtext.data.rows.columns import require
    from seqtext.data.rows.splits import take
    from seqtext.tasks.language_model.report.metrics import perplexities

    task.config = replace(task.config, text_column=joined(options.text_column) or task.config.text_column)
    column = task.config.text_column
    found = load_measured(options, given, column)
    rows, notes = found.rows, found.notes
    require({found.split: rows}, column, fix="pass --text_column NAME")
    if options.max_rows is not None and options.max_rows < len(rows):
        rows = take(rows, options.max_rows)
        notes.append(f"{len(rows):,} texts measured, drawn from all (--max_rows)")
    there = found.train is not None and {*parts_of(column)} <= {*found.train.column_names}
    train = found.train if there else None
    measured = perplexities(task, rows, train, cache=options.cache)
    figures = {**measured, "data": {"source": found.source, "notes": notes, "warnings": []}}

    def predictions() -> Iterator[Mapping[str, Any]]:
        from seqtext.data.reading.column_arrays import row_number
        from seqtext.data.text.encoding import texts_of

        place = 0
        for chunk in texts_of(rows, column):
            for one in task(chunk):
                log = round(one.log_probability, 6)
                yield {"row": row_number(rows, place), "text": one.text, "tokens": one.tokens, "log_probability": log}
                place += 1

    return Measured(figures, predictions())


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a language model's report or evaluation found, as lines to print."""
    test = figures["test"]
    yield f"tested on {figures['data']['source']}, {test['tokens']:,} tokens, {test['words']:,} words: {_measured(test)}"
    if len(test["by_direction"]) > 1:
        for name, one in test["by_direction"].items():
            yield f"  {name}: {_measured(one)}"
    if cached := test.get("with_cache"):
        yield f"  with a cache of {cached['cache']:,} tokens: {_measured(cached)}"
    for name, one in figures["baselines"].items():
        yield f"  {name}: {_measured(one)}"
    yield from chosen_line(figures)


def _measured(one: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {one[key]:.3f}" if key == "bits_per_byte" else f"{name} {one[key]:,.2f}"
        for key, name in MEASURES.items()
        if key in one
    )
