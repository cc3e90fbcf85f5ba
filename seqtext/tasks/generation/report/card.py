"""What the card of a text generator says, and its page of samples. Figures and texts in, Markdown out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from seqtext.reporting.card import Card
from seqtext.reporting.markdown import markdown_cell
from seqtext.reporting.table import Row, Table
from seqtext.tasks.generation.writing import Generated

NGRAM = "a word trigram model"
JUDGES = {  # figures of judges, and what they are
    "told_apart": "A judge that learns to tell its texts from real test texts (TF-IDF of 1 to 3 words)",
    "told_apart_in_order": "A small recurrent classifier, reading word after word,",
}
IN_WORDS = ("repeating", "invented", *JUDGES)  # figures that sentences tell


def generator_card(figures: Mapping[str, Any]) -> Card:
    """The card of a text generator; `figures` are as in report/metrics.json."""
    results = [line for part in compared(figures) for line in part.markdown()]
    results += [*in_words(figures.get("samples", {})), ""]
    return Card(
        title=f"Texts like {figures['data']['source']}",
        kind="A text generator",
        pipeline_tag="text-generation",
        usage=['generator = seqtext.load("this folder")', "generator(count=3)"],
        results=results,
        caution="It writes what sounds like its training texts. None of it is true, and none of it should be given out as if it were.",
        sections={"Samples": ["[Samples at the default settings](report/samples.md)"]},
    )


def compared(figures: Mapping[str, Any]) -> list[Table]:
    """What was measured: perplexities, and samples beside real texts; `figures` are as in report/metrics.json."""
    tables = []
    if test := figures["test"]:
        guided = "perplexity_without_vector" in test
        model = "this model, with its vector" if guided else "this model"
        rows = [_row(model, test["perplexity"], f"{test['bits_per_byte']:.3f}", model=True)]
        rows.append(_row("interpolated trigram model", test["trigram_perplexity"], "", baseline="the trigram model"))
        if guided:
            without, bits = test["perplexity_without_vector"], test["bits_per_byte_without_vector"]
            rows.append(_row('this model, with "any" for a vector', without, f"{bits:.3f}"))
        tables.append(Table(f"test, {test['tokens']:,} tokens", ["perplexity per token", "bits per byte"], rows))
    if samples := figures.get("samples"):
        measures = [name for name in samples["real"] if name in samples["model"] and name not in IN_WORDS]
        sides = {"this model": samples["model"], NGRAM: samples.get("ngram"), "real texts": samples["real"]}
        rows = [
            Row(name, [f"{side[measure]:.3f}" if measure in side else "" for measure in measures])
            for name, side in sides.items()
            if side is not None
        ]
        tables.append(Table(f"{samples['count']:,} samples", [name.replace("_", "-") for name in measures], rows))
    return tables


def in_words(samples: Mapping[str, Any]) -> list[str]:
    """How its texts stand beside real ones, in sentences; `samples` are as in report/metrics.json, empty if none were measured."""
    sides = {"model": "its texts", "ngram": f"those of {NGRAM}", "real": "real ones"}

    def each(measure: str, word: str) -> str:
        there = {name: samples[side][measure] for side, name in sides.items() if measure in samples.get(side, {})}
        return ", ".join(f"{value:.1%} {word} {name}" for name, value in there.items())

    sentences = []
    if "invented" in samples.get("model", {}):
        sentences.append(f"Words that no training text has: {each('invented', 'in')}.")
    if "repeating" in samples.get("model", {}):
        sentences.append(f"The same four words in a row twice: in {each('repeating', 'of')}.")
    for figure, judge in JUDGES.items():
        if figure not in samples.get("model", {}):
            continue
        apart = {side: samples[side].get(figure) for side in sides if side in samples}
        others = {"ngram": f"against texts of {NGRAM}", "real": "against training texts"}
        beside = ", ".join(f"{apart[side]:.1%} {told}" for side, told in others.items() if apart.get(side) is not None)
        sentences.append(
            f"{judge} is right about {apart['model']:.1%} of others{f', {beside}' if beside else ''};"
            " guessing is right about 50.0%."
        )
    return sentences


def _row(name: str, perplexity: float, bits: str, *, baseline: str = "", model: bool = False) -> Row:
    return Row(name, [f"{perplexity:.2f}", bits], -perplexity, baseline, model=model)


def samples_page(sections: Mapping[str, Sequence[Generated]]) -> str:
    """report/samples.md: texts under the name of what was asked for."""
    lines = ["# Samples", "", "Written at the default settings with seed 0; the first ones, not the best ones.", ""]
    for name, made in sections.items():
        lines += [f"## {markdown_cell(name)}", ""]
        lines += [_sample(one.text) for one in made]
        lines.append("")
    return "\n".join(lines)


def _sample(text: str) -> str:
    """A text as an item of a list; one of several lines as a block that keeps them."""
    if "\n" not in text.strip():
        return f"- {markdown_cell(text) or '(an empty text)'}"
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    shown = "".join(character for character in text if character in "\n\t" or character.isprintable())
    return "\n".join(["- " + fence, *(f"  {line}" for line in shown.split("\n")), "  " + fence])
