"""After training a translator: test figures beside the baselines, examples, attention pictures, predictions and the model card.

Test rows are used only here. Knows a translator and its test pairs; the measures themselves know neither.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.data.pairs.columns import TOPIC
from seqtext.data.pairs.parallel_files import SOURCE, TARGET
from seqtext.data.pairs.splits import PairSplits, pair_splits
from seqtext.data.reading.column_arrays import row_number
from seqtext.options import TrainingOptions
from seqtext.reporting.baseline import Baselines
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, Score, example_of, run_figures, write_report
from seqtext.tasks.translation.report.attention_picture import attention_picture
from seqtext.tasks.translation.report.baselines import baselines_of, texts_in
from seqtext.tasks.translation.report.card import Example, compared, examples_page, groups, translation_card
from seqtext.tasks.translation.report.metrics import (
    by_group,
    by_length,
    exact_matches,
    sentence_scores,
    translation_metrics,
)
from seqtext.tasks.translation.report.summary import translation_summary
from seqtext.tasks.translation.translator import Translator
from seqtext.tasks.translation.writing import Translation
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder

if TYPE_CHECKING:
    from datasets import Dataset

EXAMPLES = 5  # of the best, of the middle and of the worst
DRAWN = (25, 50, 75)  # percentiles of length of the test sources whose attention is drawn
COMPARED = ("bleu", "chrf", "tokenized_bleu", "exact")  # figures that the baselines have too


def translation_report(
    task: Translator,
    data: PairSplits,
    result: FitResult,
    folder: RunFolder,
    *,
    data_figures: Mapping[str, Any],
    source: str,
    beam: int = 5,
    baselines: Baselines = "all",
) -> Report:
    """Writes report/ and the model card.

    Args:
        task: with the chosen weights.
        data: whose test pairs are measured on, now for the first time.
        result: of training.
        folder: of the run.
        data_figures: what the summary found out about the data.
        source: name of the data set, with its revision where it has one.
        beam: width of the search; 1 is greedy.
        baselines: `fast` copies the source, `all` adds word by word.
    """
    language = data.languages[1]  # its code, if the data has it: for Moses' tokens
    task.model.to("cpu")  # figures are of what a user gets: fp32, on the CPU
    sources, references = texts_in(data.test, SOURCE), texts_in(data.test, TARGET)
    start = time.perf_counter()
    made = task(sources, beam=beam)
    seconds = time.perf_counter() - start
    texts = [one.text for one in made]
    topics = [str(topic) for topic in data.test[TOPIC]] if data.has_topic else []
    measured = {
        "test": {
            **translation_metrics(texts, references, language=language)._asdict(),
            "perplexity": task.validate(task.encode(data.test))["perplexity"],
            "beam": beam,
            "sentences_per_second": round(len(texts) / max(seconds, 1e-9), 2),
            "without_end": sum(not one.ended for one in made),
            "empty": sum(not text.strip() for text in texts),
            "by_length": [group._asdict() for group in by_length(texts, references, sources)],
            "by_topic": [g._asdict() for g in sorted(by_group(texts, references, topics))] if topics else [],
        },
        "baselines": {
            one.name: one.figures(_some_metrics(one.predicted, references, language))
            for one in baselines_of(task, data, sources, baselines)
        },
    }
    figures = run_figures(measured, {"languages": list(data.languages), **data_figures}, result, source)
    chrf = sentence_scores(texts, references)
    examples = _examples(sources, references, texts, chrf)
    write_report(
        folder,
        figures,
        result,
        translation_card(figures, examples),
        score=Score("perplexity", "perplexity", "nats per token"),
        draw=lambda report: _draw_attention(task, sources, report, beam),
        predictions=_predictions(data, sources, references, made, chrf, topics),
        pages={"examples.md": examples_page(examples)},
    )
    middle = int(np.argsort([len(text) for text in sources])[len(sources) // 2])
    return Report(figures, table(figures), example_of(sources[middle]))


def reporter(
    task: Translator, train: Dataset, validation: Dataset, test: Dataset, options: TrainingOptions
) -> Reporter:
    """What writes the report of `seqtext.fit`, once the pairs are checked and summed up.

    Raises:
        DataError: for pairs that cannot be used.
    """
    from datasets import DatasetDict

    config = task.config
    splits = DatasetDict(train=train, validation=validation, test=test)
    data = pair_splits(splits, source=config.source_column, target=config.target_column)
    facts = translation_summary(_reading_pairs(task), data, options)[1]
    return lambda result, folder: translation_report(
        _reading_pairs(task), data, result, folder, data_figures=facts, source=GIVEN
    )


def _reading_pairs(task: Translator) -> Translator:
    """The same translator, reading the columns that checked pairs have."""
    reader = copy.copy(task)
    reader.config = replace(task.config, source_column=SOURCE, target_column=TARGET)
    return reader


def table(figures: Mapping[str, Any]) -> list[str]:
    """Model and baselines, by topic and by length, and whether a baseline is better; `figures` are as in report/metrics.json."""
    test, models = figures["test"], compared(figures)
    lines = [
        *models.lines(),
        f"BLEU            {test['bleu_signature']}",
        f"chrF            {test['chrf_signature']}",
        f"tokenized BLEU  {test['tokenized_bleu_signature']}",
        f"perplexity      {test['perplexity']:.3f} per token of the target; {test['length_ratio']:.3f} tokens written per token of the"
        f" references; {test['sentences_per_second']:.1f} texts per second",
    ]
    if test["without_end"] or test["empty"]:
        lines.append(
            f"note            {test['without_end']:,} translations reached the length limit, {test['empty']:,} are empty"
        )
    for part in groups(test):
        lines += ["", *part.lines()]
    return lines + models.better_baseline(lambda ours, theirs: f"{theirs - ours:.2f} BLEU", unit="pairs")


def _some_metrics(texts: Sequence[str], references: Sequence[str], language: str) -> dict[str, Any]:
    found = translation_metrics(texts, references, language=language)._asdict()
    return {name: found[name] for name in COMPARED}


def _predictions(
    data: PairSplits,
    sources: Sequence[str],
    references: Sequence[str],
    made: Sequence[Translation],
    chrf: np.ndarray,
    topics: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """A line per test pair; rows are those of the file, from 1, pairs left out counted too."""
    exact = exact_matches([one.text for one in made], references).tolist()
    for place, (one, score) in enumerate(zip(made, chrf.tolist(), strict=True)):
        yield {
            "row": row_number(data.test, place),
            "source": sources[place],
            "reference": references[place],
            "translation": one.text,
            "score": round(one.score, 6),
            "chrf": round(score, 2),
            "exact": exact[place],
            "ended": one.ended,
            **({TOPIC: topics[place]} if topics else {}),
        }


def _examples(
    sources: Sequence[str], references: Sequence[str], texts: Sequence[str], scores: np.ndarray
) -> dict[str, list[Example]]:
    """The best, the middle and the worst by chrF; of few rows, fewer, and none twice."""
    order = np.argsort(-scores, kind="stable")
    count = min(EXAMPLES, max(len(order) // 3, 1))
    best, rest = order[:count], order[count:]
    between, worst = (rest[:-count], rest[-count:])
    middle = (len(between) - count) // 2 if len(between) > count else 0
    parts = {"best": best, "middle": between[middle : middle + count], "worst": worst}
    return {
        name: [Example(sources[row], references[row], texts[row], float(scores[row])) for row in rows.tolist()]
        for name, rows in parts.items()
    }


def _draw_attention(task: Translator, sources: Sequence[str], report: Path, beam: int) -> list[str]:
    """Pictures of three test sources, a short, a middling and a long one; none without attention."""
    order = np.argsort([len(text) for text in sources], kind="stable")
    chosen = [sources[order[len(order) * percent // 100]] for percent in DRAWN]
    drawn: list[str] = []
    for one in task(list(dict.fromkeys(chosen)), beam=beam, attention=True):
        if one.attention is None or not one.attention.size:
            continue
        drawn.append(f"attention_{len(drawn) + 1}.png")
        attention_picture(one.attention, one.source_pieces, one.target_pieces, report / drawn[-1])
    return drawn
