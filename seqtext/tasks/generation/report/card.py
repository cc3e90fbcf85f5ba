"""What the card of a text generator says, and its page of samples. Figures and texts in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqtext.reporting.card import Card, markdown_cell, markdown_table
from seqtext.tasks.generation.writing import Generated


def generator_card(figures: Mapping[str, Any]) -> Card:
    """The card of a text generator; `figures` are as in report/metrics.json."""
    test, results = figures["test"], []
    if test:
        rows = [("**this model**", test["perplexity"])]
        if "perplexity_without_vector" in test:
            rows.append(("this model, without its vector", test["perplexity_without_vector"]))
        rows.append(("interpolated trigram model", test["trigram_perplexity"]))
        results += markdown_table(["on test texts", "perplexity per token"], ([name, f"{p:.2f}"] for name, p in rows))
    if samples := figures.get("samples"):
        names = list(samples["real"])
        sides = (("this model", samples["model"]), ("real texts", samples["real"]))
        results += [
            f"{samples['count']:,} samples at the default settings, beside as many real test texts:",
            "",
            *markdown_table(
                ["", *(markdown_cell(name.replace("_", "-")) for name in names)],
                ([title, *(f"{side[name]:.3f}" for name in names)] for title, side in sides),
            ),
        ]
    return Card(
        title=f"Texts like {figures['data']['source']}",
        kind="A text generator",
        pipeline_tag="text-generation",
        usage=['generator = seqtext.load("this folder")', "generator(count=3)"],
        results=results,
        caution="It writes what sounds like its training texts. None of it is true, and none of it should be given out as if it were.",
        sections={"Samples": ["[Samples at the default settings](report/samples.md)"]},
    )


def samples_page(sections: Mapping[str, Sequence[Generated]]) -> str:
    """report/samples.md: texts under the name of what was asked for."""
    lines = ["# Samples", "", "Written at the default settings with seed 0; the first ones, not the best ones.", ""]
    for name, made in sections.items():
        lines += [f"## {markdown_cell(name)}", ""]
        lines += [f"- {markdown_cell(one.text) or '(an empty text)'}" for one in made]
        lines.append("")
    return "\n".join(lines)
