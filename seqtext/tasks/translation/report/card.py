"""What the card of a translator says, and its page of examples. Figures and texts in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seqtext.reporting.card import Card
from seqtext.reporting.markdown import markdown_cell
from seqtext.reporting.table import Row, Table

BLEUS = ("bleu", "chrf", "tokenized_bleu")
SHOWN = 300  # characters of a text


class Example(NamedTuple):
    """A test pair and what became of it."""

    source: str
    reference: str
    translation: str
    chrf: float


def translation_card(figures: Mapping[str, Any], examples: Mapping[str, Sequence[Example]]) -> Card:
    """The card of a translator.

    Args:
        figures: as in report/metrics.json.
        examples: the best, the middle and the worst; the middle ones are shown.
    """
    test, data = figures["test"], figures["data"]
    source, target = map(markdown_cell, data["languages"])
    return Card(
        title=f"Translation, {data['source']}",
        kind=f"A translator from {source} to {target}",
        pipeline_tag="translation",
        usage=['translator = seqtext.load("this folder")', 'translator(["a text"])'],
        caution="It translates texts like those it was trained on; of others it makes fluent nonsense.",
        results=[
            f"On {test['rows']:,} test pairs that were never used to train or to choose.",
            "",
            *compared(figures).markdown(),
            f"- BLEU: `{test['bleu_signature']}`",
            f"- chrF: `{test['chrf_signature']}`",
            f"- tokenized BLEU: {markdown_cell(test['tokenized_bleu_signature'])}; not to be compared with the BLEU beside it",
            f"- perplexity: {test['perplexity']:.3f} per token of the target",
            "",
            *(line for part in groups(test) for line in part.markdown()),
        ],
        unit="pairs",
        sections={
            "Examples from the middle": [
                *_examples(examples["middle"]),
                "[The best, the middle and the worst](report/examples.md)",
            ]
        },
    )


def examples_page(examples: Mapping[str, Sequence[Example]]) -> str:
    """report/examples.md: test pairs by how near the translation came to the reference."""
    lines = ["# Examples", "", "Test pairs by chrF, which counts runs of characters shared with the reference.", ""]
    for name, some in examples.items():
        lines += [f"## The {name}", "", *_examples(some)]
    return "\n".join(lines)


def _examples(some: Sequence[Example]) -> list[str]:
    lines: list[str] = []
    for one in some:
        lines += [
            f"- source: {_shown(one.source)}",
            f"  - reference: {_shown(one.reference)}",
            f"  - translation: {_shown(one.translation)} (chrF {one.chrf:.1f})",
        ]
    return [*lines, ""]


def _shown(text: str) -> str:
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return markdown_cell(shown) or "(an empty text)"


def compared(figures: Mapping[str, Any]) -> Table:
    """Model and baselines; `figures` are as in report/metrics.json."""
    test = figures["test"]
    rows = [Row(f"this model, {search(test)}", _scores(test, *BLEUS), test["bleu"], model=True)]
    rows += [Row(f["description"], _scores(f, *BLEUS), f["bleu"], name) for name, f in figures["baselines"].items()]
    return Table(f"test, {test['rows']:,} pairs", ["BLEU", "chrF", "tokenized BLEU", "exact match"], rows)


def groups(test: Mapping[str, Any]) -> list[Table]:
    """By topic, where there are topics, and by length."""
    columns = ["pairs", "BLEU", "chrF", "exact match"]
    return [
        Table(title, columns, [Row(g["name"], [f"{g['rows']:,}", *_scores(g, "bleu", "chrf")]) for g in found])
        for title, found in (("by topic", test["by_topic"]), ("by words of the source", test["by_length"]))
        if found
    ]


def _scores(figures: Mapping[str, Any], *names: str) -> list[str]:
    """Scores of 0 to 100, and the share of exact matches behind them."""
    return [*(f"{figures[name]:.2f}" for name in names), f"{figures['exact']:.2%}"]


def search(test: Mapping[str, Any]) -> str:
    """How the translations were searched for."""
    return f"beam {test['beam']}" if test["beam"] > 1 else "greedy"
