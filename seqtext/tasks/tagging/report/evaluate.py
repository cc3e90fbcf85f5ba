"""`seqtext evaluate` of a tagger: accuracy, each tag, words that training has not, and spans, on a split of any data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from seqtext.errors import printable
from seqtext.reporting.evaluation import (
    GIVEN,
    EvaluateOptions,
    Measured,
    MeasuredRows,
    chosen_line,
    given_splits,
    measured_rows,
    only_name,
)
from seqtext.reporting.table import LONGEST_NAME

if TYPE_CHECKING:
    from seqtext.tasks.tagging.tagger import Tagger

MOST_TAGS = 30  # lines; of more tags the hardest are shown


@dataclass(frozen=True, kw_only=True)
class Evaluate(EvaluateOptions):
    """Accuracy and figures of each tag, in fp32: seqtext evaluate RUN --data dev.conllu --output measured"""

    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """CoNLL-U or other columns, word/TAG lines, a table with lists (jsonl, parquet), folder, name on the hub, or phrasebook[:locale]."""
    column: str | None = None
    """Column of the tags. Default: the one the model was trained on."""
    token_column: str | None = None
    """Column of the words. Default: the one the model was trained on."""


def measure(task: Tagger, options: Evaluate, *, given: Any = None) -> Measured:
    """The figures of a tagger.

    Args:
        task: to measure; it reads the columns asked for from now on.
        options: of the command.
        given: rows in the place of `--data`, or None.

    Raises:
        DataError: rows, columns or tags that cannot be used.
    """
    from seqtext.data.rows.columns import require
    from seqtext.data.rows.splits import take
    from seqtext.data.tags.columns import TaggedColumns, check_tagged
    from seqtext.data.tags.splits import unseen_tags
    from seqtext.errors import DataError
    from seqtext.tasks.tagging.report.metrics import measured

    tokens, tags = options.token_column or task.config.token_column, options.column or task.config.tag_column
    task.config = replace(task.config, token_column=tokens, tag_column=tags)
    found = _loaded(options, given, tokens, tags)
    rows, notes = found.rows, found.notes
    require({found.split: rows}, tokens, fix="pass --token_column NAME")
    require({found.split: rows}, tags, fix="pass --column NAME")
    check_tagged({found.split: rows}, TaggedColumns(tokens, tags))
    if options.max_rows is not None and options.max_rows < len(rows):
        rows = take(rows, options.max_rows)
        notes.append(f"{len(rows):,} sentences measured, drawn from all (--max_rows)")
    train = found.train if found.train is not None and {tokens, tags} <= {*found.train.column_names} else None
    if train is not None:
        check_tagged({"train": train}, TaggedColumns(tokens, tags))
    if not any(map(len, rows[tokens])):
        raise DataError("no row has a word", where=found.source, expected="one at least", fix="is it the right column?")
    result = measured(task, rows, train)
    warnings = unseen_tags(task.config.tags, {found.split: rows}, tags)
    return Measured(
        {**result.figures, "data": {"source": found.source, "notes": notes, "warnings": warnings}}, result.predictions()
    )


def _loaded(options: Evaluate, given: Any, *columns: str) -> MeasuredRows:
    """The rows to measure on; those of a single file are of no split."""
    from seqtext.data.tags.sources import load_tagged

    if given is not None:
        return measured_rows(options, GIVEN, given_splits(given, *columns))
    name = only_name(options.data)
    source = load_tagged(name, revision=options.revision, config=options.data_config, needs=(), dialect=options.dialect)
    return measured_rows(options, source.name, source.splits, source.revision)


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a tagger's report or evaluation found, as lines to print."""
    test = figures["test"]
    yield (
        f"tested on {figures['data']['source']}, {test['words']:,} words of {test['rows']:,} sentences: {_scores(test)},"
        f" all words of a sentence right in {test['rows_all_right']:.1%}"
    )
    yield from (f"  {one['description']}: {_scores(one)}" for one in figures["baselines"].values())
    yield from chosen_line(figures)
    yield from _lines_of_tags(test, MOST_TAGS)


def _scores(one: Mapping[str, Any]) -> str:
    unseen = one.get("unseen") or {"words": 0}
    parts = [f"accuracy {one['accuracy']:.2%}"]
    parts += [f"{unseen['accuracy']:.2%} of {unseen['words']:,} words that training has not"] if unseen["words"] else []
    parts += [f"span F1 {one['span_f1']:.2%}"] if "span_f1" in one else []
    return ", ".join(parts)


def _lines_of_tags(test: Mapping[str, Any], most: int) -> Iterator[str]:
    """Figures of each tag and kind of span, as lines to print; of more than `most` those with the lowest F1."""
    for what, unit, found in (("span", "spans", test.get("spans", [])), ("tag", "words", test["per_tag"])):
        named = [(printable(one.get("name", one.get("kind")) or "all", LONGEST_NAME), one) for one in found]
        if len(named) > most:
            yield f"the {most} of {len(named):,} {what}s with the lowest F1:"
            named = sorted(named, key=lambda pair: float(pair[1]["f1"]))[:most]
        if not named:
            continue
        width = max(5, *(len(name) for name, _ in named))
        yield f"{what:<{width}}  precision  recall      F1   {unit}"
        for name, one in named:
            yield f"{name:<{width}}  {one['precision']:>9.3f}  {one['recall']:>6.3f}  {one['f1']:>6.3f}  {one[unit]:>6,}"
