"""After training a translator: test figures beside the baselines, examples, attention pictures, predictions and the model card.

Test rows are used only here. Knows a translator and its test pairs; the measures themselves lie in `evaluation`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from seqtext.data.pairs.columns import TOPIC
from seqtext.data.pairs.parallel_files import SOURCE, TARGET
from seqtext.data.pairs.splits import PairSplits
from seqtext.data.reading.column_arrays import row_number
from seqtext.reporting.curves import learning_curves
from seqtext.reporting.report import command_line, learning_history, training_figures
from seqtext.saving.folders import write_json, write_text
from seqtext.tasks.translation.report.attention_picture import attention_picture
from seqtext.tasks.translation.report.baselines import Baselines, rivals, texts_in
from seqtext.tasks.translation.report.card import Example, examples_page, table, translation_card
from seqtext.tasks.translation.report.metrics import (
    by_group,
    by_length,
    exact_matches,
    sentence_scores,
    translation_metrics,
)
from seqtext.tasks.translation.report.word_by_word import Rival
from seqtext.tasks.translation.translator import Translator
from seqtext.tasks.translation.writing import Translation
from seqtext.training.fit import FitResult
from seqtext.training.run_folder import RunFolder

EXAMPLES = 5  # of the best, of the middle and of the worst
DRAWN = (25, 50, 75)  # percentiles of length of the test sources whose attention is drawn
COMPARED = ("bleu", "chrf", "tokenized_bleu", "exact")  # figures that the baselines have too


class TranslationReport(NamedTuple):
    """What was measured: figures as in report/metrics.json, lines to print, and a text to try."""

    figures: dict[str, Any]
    table: list[str]
    example: str


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
) -> TranslationReport:
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
    figures: dict[str, Any] = {
        "test": {
            **translation_metrics(texts, references, language=language)._asdict(),
            "perplexity": task.evaluate(task.encode(data.test))["perplexity"],
            "beam": beam,
            "sentences_per_second": round(len(texts) / max(seconds, 1e-9), 2),
            "without_end": sum(not one.ended for one in made),
            "empty": sum(not text.strip() for text in texts),
            "by_length": [group._asdict() for group in by_length(texts, references, sources)],
            "by_topic": [g._asdict() for g in sorted(by_group(texts, references, topics))] if topics else [],
        },
        "baselines": {
            rival.name: _of_rival(rival, references, language) for rival in rivals(task, data, sources, baselines)
        },
        "data": {"source": source, "languages": list(data.languages), **data_figures},
        "training": training_figures(result),
    }
    folder.report.mkdir(exist_ok=True)
    write_json(folder.report / "metrics.json", figures)
    scores = sentence_scores(texts, references)
    _write_predictions(data, folder, sources, references, made, scores, topics)
    examples = _examples(sources, references, texts, scores)
    write_text(folder.report / "examples.md", examples_page(examples))
    pictures = ["learning_curves.png", *_draw_attention(task, sources, folder, beam)]
    learning_curves(
        learning_history(result, score="perplexity"), folder.report / pictures[0],
        score_name="validation perplexity", percent=False, loss_unit="nats a token",
    )  # fmt: skip
    command = command_line()
    title = f"Translation, {source}"
    write_text(
        folder.card,
        translation_card(title=title, command=command, figures=figures, examples=examples, pictures=pictures),
    )
    folder.seal()
    middle = int(np.argsort([len(text) for text in sources])[len(sources) // 2])
    return TranslationReport(figures, table(figures), sources[middle])


def _of_rival(rival: Rival, references: Sequence[str], language: str) -> dict[str, Any]:
    found = translation_metrics(rival.texts, references, language=language)._asdict()
    figures = {name: found[name] for name in COMPARED}
    return {"description": rival.description, **figures, "seconds": round(rival.seconds, 2)}


def _write_predictions(
    data: PairSplits,
    folder: RunFolder,
    sources: Sequence[str],
    references: Sequence[str],
    made: Sequence[Translation],
    scores: np.ndarray,
    topics: Sequence[str],
) -> None:
    """report/predictions.jsonl, a line a test pair; rows are those of the file, from 1, pairs left out counted too."""
    exact = exact_matches([one.text for one in made], references).tolist()
    with (folder.report / "predictions.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for place, (one, chrf) in enumerate(zip(made, scores.tolist(), strict=True)):
            line = {
                "row": row_number(data.test, place),
                "source": sources[place],
                "reference": references[place],
                "translation": one.text,
                "score": round(one.score, 6),
                "chrf": round(chrf, 2),
                "exact": exact[place],
                "ended": one.ended,
            }
            line |= {TOPIC: topics[place]} if topics else {}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


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


def _draw_attention(task: Translator, sources: Sequence[str], folder: RunFolder, beam: int) -> list[str]:
    """Pictures of three test sources, a short, a middling and a long one; none without attention."""
    order = np.argsort([len(text) for text in sources], kind="stable")
    chosen = [sources[order[len(order) * percent // 100]] for percent in DRAWN]
    drawn: list[str] = []
    for one in task(list(dict.fromkeys(chosen)), beam=beam, attention=True):
        if one.attention is None or not one.attention.size:
            continue
        drawn.append(f"attention_{len(drawn) + 1}.png")
        attention_picture(one.attention, one.source_pieces, one.target_pieces, folder.report / drawn[-1])
    return drawn
