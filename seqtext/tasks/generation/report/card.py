"""The README.md of a generator's run, and its page of samples. Figures and texts in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import seqtext
from seqtext.reporting.card import markdown_cell, one_line
from seqtext.tasks.generation.writing import Generated


def generator_card(*, title: str, command: str, figures: Mapping[str, Any], pictures: Sequence[str]) -> str:
    """The card of a text generator.

    Args:
        title: of the card.
        command: what made the run.
        figures: as in report/metrics.json.
        pictures: file names in report/.
    """
    test, training, data = figures["test"], figures["training"], figures["data"]
    lines = [
        "---",
        "library_name: seqtext",
        "pipeline_tag: text-generation",
        "---",
        f"# {markdown_cell(title)}",
        "",
        f"A text generator made with seqtext {seqtext.__version__} by",
        "",
        f"    {one_line(command)}",
        "",
        "```python",
        "import seqtext",
        'generator = seqtext.load("this folder")',
        "generator(count=3)",
        "```",
        "",
        "It writes what sounds like its training texts. None of it is true, and none of it should be given out as if it were.",
        "",
        "## Results",
        "",
    ]
    if test:
        lines += [
            "| on test texts | perplexity a token |",
            "|---|---|",
            f"| **this model** | {test['perplexity']:.2f} |",
        ]
        if "perplexity_without_vector" in test:
            lines.append(f"| this model, without its vector | {test['perplexity_without_vector']:.2f} |")
        lines += [f"| interpolated trigram model | {test['trigram_perplexity']:.2f} |", ""]
    if samples := figures.get("samples"):
        names = list(samples["real"])
        lines += [
            f"{samples['count']:,} samples at the default settings, beside as many real test texts:",
            "",
            "| | " + " | ".join(markdown_cell(name.replace("_", "-")) for name in names) + " |",
            "|---" * (len(names) + 1) + "|",
            "| this model | " + " | ".join(f"{samples['model'][name]:.3f}" for name in names) + " |",
            "| real texts | " + " | ".join(f"{samples['real'][name]:.3f}" for name in names) + " |",
            "",
        ]
    rows = ", ".join(f"{count:,} {name}" for name, count in data["rows"].items())
    lines += [
        f"Model chosen: {training['selection']}. Trained {training['seconds']:.0f} s on {training['hardware']},"
        f" {training['precision']}.",
        "",
        *(f"![{name}](report/{name})" for name in pictures),
        "",
        "[Samples](report/samples.md)",
        "",
        "## Data",
        "",
        f"{markdown_cell(data['source'])}: {rows} rows.",
        *(f"- {markdown_cell(note)}" for note in [*data["notes"], *data["warnings"]]),
        "",
    ]
    return "\n".join(lines)


def samples_page(sections: Mapping[str, Sequence[Generated]]) -> str:
    """report/samples.md: texts under the name of what was asked for."""
    lines = ["# Samples", "", "Written at the default settings with seed 0; the first ones, not the best ones.", ""]
    for name, made in sections.items():
        lines += [f"## {markdown_cell(name)}", ""]
        lines += [f"- {markdown_cell(one.text) or '(an empty text)'}" for one in made]
        lines.append("")
    return "\n".join(lines)
