"""`seqtext evaluate` of a translator: BLEU, chrF, tokenized BLEU, exact match and perplexity on new pairs, beside the source copied."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from tyro.conf import arg

from seqtext.errors import DataError, OptionsError
from seqtext.options import AT_LEAST_1, out_of_range
from seqtext.reporting.evaluation import (
    GIVEN,
    EvaluateOptions,
    Measured,
    chosen_line,
    given_splits,
    load_asked,
    measured_rows,
    only_name,
)
from seqtext.tasks.streams import open_input
from seqtext.tasks.translation.sides import columns_of_training

if TYPE_CHECKING:
    from datasets import Dataset

    from seqtext.data.pairs.sources import PairSource
    from seqtext.tasks.translation.translator import Translator

SEARCH = ("beam", "length_penalty", "max_ratio", "no_repeat_ngram")  # options that the task is called with
COMPARED = ("bleu", "chrf", "tokenized_bleu", "exact")  # figures that the source copied has too


@dataclass(frozen=True, kw_only=True)
class Evaluate(EvaluateOptions):
    """BLEU, chrF, exact match and perplexity, in fp32: seqtext evaluate RUN --data new.en new.de --output measured"""

    data: Annotated[tuple[str, ...], arg(metavar="DATA [DATA]")] = ()
    """Name on the hub, folder, one table (csv, tsv, txt, jsonl, parquet; packed), phrasebook; or two files of lines, the source first."""
    source: str | None = None
    """What to translate from: a column, a language of the column translation, or a locale of the phrasebook (en)."""
    target: str | None = None
    """What to translate to, likewise (de)."""
    beam: int = 5
    """Hypotheses that are kept for each text; 1 is greedy."""
    length_penalty: float | None = None
    """0 favours short translations, more than 1 long ones. Default: the model's own."""
    max_ratio: float = 2.0
    """A translation has at most so many tokens for each of its source, and 10 more."""
    no_repeat_ngram: int | None = None
    """No run of so many tokens twice; 0 is any. Default: the model's own."""
    metrics: tuple[Literal["bleu", "chrf", "ter"], ...] = ("bleu", "chrf")
    """What --against compares; ter, the edits that a translation needs (Snover et al. 2006), is reported only if named."""
    references: tuple[str, ...] = ()
    """Files of lines with further references, one for each pair of --data."""
    against: str | None = None
    """Another translator, measured on the same pairs, with the probability that chance makes the difference (paired bootstrap)."""

    def _faults(self) -> list[str]:
        faults = [*EvaluateOptions._faults(self), *out_of_range(self, {AT_LEAST_1: ("beam",)})]
        if len(self.data) > 1 and (self.revision or self.data_config or self.split):
            faults.append("--revision, --data_config and --split are of a data set; two files have none")
        if not self.metrics or len(set(self.metrics)) < len(self.metrics):
            faults.append(
                f"--metrics is {' '.join(self.metrics) or 'empty'}; expected some of bleu, chrf, ter, each once"
            )
        return faults


class _Pairs(NamedTuple):
    """The pairs to measure on.

    Attributes:
        rows: with the columns that the model reads.
        source: what figures call them.
        languages: what source and target are called.
        notes: pairs left out.
        pairs: how many were given, those left out among them.
    """

    rows: Dataset
    source: str
    languages: tuple[str, str]
    notes: list[str]
    pairs: int


def measure(task: Translator, options: Evaluate, *, given: Any = None) -> Measured:
    """The figures of a translator.

    Args:
        task: to measure.
        options: of the command.
        given: rows in the place of `--data`, or None.

    Raises:
        DataError: pairs that cannot be used.
        OptionsError: a search that cannot be asked for.
    """
    from seqtext.data.pairs.columns import TOPIC
    from seqtext.data.reading.column_arrays import row_number
    from seqtext.tasks.translation.report.baselines import texts_in
    from seqtext.tasks.translation.report.comparison import compared, scored
    from seqtext.tasks.translation.report.metrics import (
        by_group,
        by_length,
        exact_matches,
        sentence_scores,
        translation_metrics,
    )
    from seqtext.tasks.translation.report.word_by_word import copied_source

    rows, found, languages, notes, count = _load(task, options, given)
    sources, references = texts_in(rows, task.config.source_column), texts_in(rows, task.config.target_column)
    topics = [str(topic) for topic in rows[TOPIC]] if TOPIC in rows.column_names else []
    numbers = [row_number(rows, place) for place in range(len(rows))]
    further = [_further_references(name, numbers, count) for name in options.references]
    other = None if options.against is None else _other(options.against, task)
    search: dict[str, Any] = {name: getattr(options, name) for name in SEARCH}
    start = time.perf_counter()
    made = task(sources, **search)
    seconds = time.perf_counter() - start
    texts = [one.text for one in made]
    test = {
        **translation_metrics(texts, references, *further, language=languages[1])._asdict(),
        **(scored("ter", texts, [references, *further]) if "ter" in options.metrics else {}),
        "perplexity": task.validate(task.encode(rows))["perplexity"],
        "beam": options.beam,
        "sentences_per_second": round(len(texts) / max(seconds, 1e-9), 2),
        "without_end": sum(not one.ended for one in made),
        "empty": sum(not text.strip() for text in texts),
        "by_length": [group._asdict() for group in by_length(texts, references, sources)],
        "by_topic": [group._asdict() for group in sorted(by_group(texts, references, topics))] if topics else [],
    }
    copied = copied_source(sources)
    scores = translation_metrics(copied.predicted, references, *further, language=languages[1])._asdict()
    baseline = copied.figures({name: scores[name] for name in COMPARED})

    def predictions() -> Iterator[Mapping[str, Any]]:
        every = (references, *further)
        exact, chrf = exact_matches(texts, *every).tolist(), sentence_scores(texts, *every).tolist()
        for place, one in enumerate(made):
            line = {"row": row_number(rows, place), "source": sources[place], "reference": references[place]}
            line |= {"references": [one[place] for one in every]} if further else {}
            line |= {"translation": one.text, "score": round(one.score, 6), "chrf": round(chrf[place], 2)}
            line |= {"exact": exact[place], "ended": one.ended}
            yield line | ({TOPIC: topics[place]} if topics else {})

    data = {"source": found, "languages": list(languages), "notes": notes, "warnings": []}
    figures = {"test": test, "baselines": {copied.name: baseline}, "data": data}
    if other is not None:
        theirs = [one.text for one in other(sources, **search)]
        measured = compared(texts, theirs, [references, *further], options.metrics)
        figures["against"] = {"run": str(options.against), "metrics": measured}
    return Measured(figures, predictions())


def _other(name: str, task: Translator) -> Translator:
    """The translator to compare with, where the task is.

    Raises:
        OptionsError: for a saved task of another kind.
        DataError: for one of other languages, or that translates the other way round.
        SavedFileError: for a model that is damaged.
    """
    from seqtext.data.pairs.sources import LANGUAGE
    from seqtext.tasks.saved import load_for

    other: Translator = load_for("translate", name)
    _check_direction(task, other.config.languages, f"--against {name}", fix="compare with a run of the same direction")
    for side, ours, theirs in zip(("source", "target"), task.config.languages, other.config.languages, strict=True):
        if ours != theirs and LANGUAGE.fullmatch(ours) and LANGUAGE.fullmatch(theirs):  # else the names of columns
            fix = "compare with a run of the same languages"
            raise DataError(f"its {side} is {theirs!r}", where=f"--against {name}", expected=repr(ours), fix=fix)
    return other.to(str(task.device))


def _further_references(name: str, numbers: Sequence[int], count: int) -> list[str]:
    """The references of some rows, from 1, in a file that has a line for each of `count`.

    Raises:
        DataError: a file that cannot be read, or of other lines.
    """
    with ExitStack() as stack:
        lines = [str(row["text"]) for row in open_input(name, stack, format="txt") or ()]
    if len(lines) != count:
        raise DataError(
            f"{len(lines):,} lines", where=f"--references {name}", expected=f"{count:,}, one for each pair of --data"
        )
    return [lines[number - 1] for number in numbers]


def _load(task: Translator, options: Evaluate, rows_given: Any) -> _Pairs:
    """The pairs asked for, those with a blank side left out, under the names of the columns of training."""
    from seqtext.data.pairs.columns import choose_pairs, names_of_texts
    from seqtext.data.pairs.parallel_files import SOURCE, TARGET
    from seqtext.data.pairs.splits import without_blank
    from seqtext.data.rows.splits import take

    trained = (task.config.source_column, task.config.target_column)
    given = _given(options, rows_given, trained, task.config.languages)
    found = measured_rows(options, given.name, given.splits, given.revision)
    source, target = given.source, given.target
    if source is None and target is None:
        source, target = columns_of_training(task.config, names_of_texts(found.rows)) or (None, None)
    pairs = choose_pairs(type(found.splits)({found.split: found.rows}), source=source, target=target)
    _check_direction(task, (pairs.source, pairs.target), found.source, fix="swap the two")
    notes = found.notes
    rows = without_blank(pairs.splits[found.split], found.split, {}, notes)
    if options.max_rows is not None and options.max_rows < len(rows):
        rows = take(rows, options.max_rows)
        notes.append(f"{len(rows):,} pairs measured, drawn from all (--max_rows)")
    count = len(found.rows)
    renamed = {old: new for old, new in zip((SOURCE, TARGET), trained, strict=True) if old != new}
    return _Pairs(rows.rename_columns(renamed), found.source, (pairs.source, pairs.target), notes, count)


def _check_direction(task: Translator, found: tuple[str, str], where: str, *, fix: str) -> None:
    """Refuses pairs, or a run, whose sides are the model's the other way round.

    Raises:
        DataError: for these.
    """
    trained = task.config.languages
    if all(trained) and trained[0] != trained[1] and found == trained[::-1]:
        raise DataError(
            f"source is {found[0]!r} and target {found[1]!r}",
            where=where,
            expected=f"{trained[0]!r} and {trained[1]!r}, as in training",
            fix=fix,
        )


def _given(options: Evaluate, rows: Any, trained: tuple[str, str], languages: tuple[str, str]) -> PairSource:
    """The data set of `--data`: two files, a folder of such, the phrasebook, or whatever has a name; or the rows that Python code gave."""
    from seqtext.data.pairs.parallel_files import refuse_one_side
    from seqtext.data.pairs.sources import (
        PHRASEBOOK,
        PairSource,
        load_pair_files,
        load_pairs,
        pair_table,
        pairs_in_folder,
    )

    source, target, revision, config = options.source, options.target, options.revision, options.data_config
    if rows is not None:
        splits = given_splits(rows, source or trained[0], target or trained[1])
        return PairSource(GIVEN, splits, None, source, target)
    if len(options.data) > 1:
        dialect = options.dialect
        return load_pair_files(test=options.data, source=source, target=target, flag="--data", dialect=dialect)
    name = only_name(options.data)
    if name.partition(":")[0] == PHRASEBOOK:
        return load_pairs(name, source=source, target=target, revision=revision, config=config)
    refuse_one_side(name, flag="--data")
    if (pairs := pairs_in_folder(name, source, target, languages, dialect=options.dialect)) is not None:
        if revision or config:
            found = "--revision and --data_config are of a data set on the hub"
            raise OptionsError(found, where=f"--data {name}", fix="leave them out")
        return pairs
    asked = load_asked(options, pair_table(options.dialect))
    return PairSource(asked.name, asked.splits, asked.revision, source, target)


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a translator's report or evaluation found, as lines to print."""
    from seqtext.tasks.translation.report.comparison import SAMPLES, TITLES

    test = figures["test"]
    search = f"beam {test['beam']}" if test["beam"] > 1 else "greedy"
    yield f"tested on {figures['data']['source']}, {test['rows']:,} pairs, {search}: {_scores(test)}"
    yield from (f"  {one['description']}: {_scores(one)}" for one in figures["baselines"].values())
    yield f"  perplexity {test['perplexity']:.3f} per token of the target"
    yield f"  BLEU {test['bleu_signature']}"
    yield f"  chrF {test['chrf_signature']}"
    yield f"  tokenized BLEU {test['tokenized_bleu_signature']}"
    if "ter" in test:
        yield f"  TER {test['ter']:.2f}, {test['ter_signature']}"
    for name, found in figures.get("against", {}).get("metrics", {}).items():
        yield (
            f"  {TITLES[name]} {found['this']:.2f}, of {figures['against']['run']} {found['other']:.2f}:"
            f" {found['difference']:+.2f}, p = {found['p_value']:.3f} (paired bootstrap, {SAMPLES:,} samples)"
        )
    if test["without_end"] or test["empty"]:
        yield f"  {test['without_end']:,} translations reached the length limit, {test['empty']:,} are empty"
    yield from chosen_line(figures)


def _scores(figures: Mapping[str, Any]) -> str:
    scores = f"BLEU {figures['bleu']:.2f}, chrF {figures['chrf']:.2f}, tokenized BLEU {figures['tokenized_bleu']:.2f}"
    return f"{scores}, exact match {figures['exact']:.2%}"
