"""What the card of a translator says, and its page of examples. Figures and texts in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seqtext.reporting.card import Card, markdown_cell, markdown_table

BY_TOPIC, BY_LENGTH = "by topic", "by words of the source"
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
    models = [
        (f"**this model**, {search(test)}", test),
        *((markdown_cell(f["description"]), f) for f in figures["baselines"].values()),
    ]
    return Card(
        title=f"Translation, {data['source']}",
        kind=f"A translator from {source} to {target}",
        pipeline_tag="translation",
        usage=['translator = seqtext.load("this folder")', 'translator(["a text"])'],
        caution="It translates texts like those it was trained on; of others it makes fluent nonsense.",
        results=[
            f"On {test['rows']:,} test pairs that were never used to train or to choose.",
            "",
            *markdown_table(
                ["model", "BLEU", "chrF", "tokenized BLEU", "exact match"],
                ([name, *scores(f, "bleu", "chrf", "tokenized_bleu")] for name, f in models),
            ),
            f"- BLEU: `{test['bleu_signature']}`",
            f"- chrF: `{test['chrf_signature']}`",
            f"- tokenized BLEU: {markdown_cell(test['tokenized_bleu_signature'])}; not to be compared with the BLEU beside it",
            f"- perplexity: {test['perplexity']:.3f} per token of the target",
            "",
            *_groups(BY_TOPIC, test["by_topic"]),
            *_groups(BY_LENGTH, test["by_length"]),
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


def _groups(title: str, groups: Sequence[Mapping[str, Any]]) -> list[str]:
    if not groups:
        return []
    rows = ([markdown_cell(g["name"]), f"{g['rows']:,}", *scores(g, "bleu", "chrf")] for g in groups)
    return markdown_table([title, "pairs", "BLEU", "chrF", "exact match"], rows)


def _shown(text: str) -> str:
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return markdown_cell(shown) or "(an empty text)"


def scores(figures: Mapping[str, Any], *names: str) -> list[str]:
    """Scores of 0 to 100 as cells of a table, and the share of exact matches behind them."""
    return [*(f"{figures[name]:.2f}" for name in names), f"{figures['exact']:.2%}"]


def search(test: Mapping[str, Any]) -> str:
    """How the translations were searched for."""
    return f"beam {test['beam']}" if test["beam"] > 1 else "greedy"
