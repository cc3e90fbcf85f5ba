"""The README.md of a translator's run, its page of examples, and its figures as lines to print. Figures and texts in, lines out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import seqtext
from seqtext.reporting.card import markdown_cell, one_line

BY_TOPIC, BY_LENGTH = "by topic", "by words of the source"
SHOWN = 300  # characters of a text


class Example(NamedTuple):
    """A test pair and what became of it."""

    source: str
    reference: str
    translation: str
    chrf: float


def translation_card(
    *,
    title: str,
    command: str,
    figures: Mapping[str, Any],
    examples: Mapping[str, Sequence[Example]],
    pictures: Sequence[str],
) -> str:
    """The card of a translator.

    Args:
        title: of the card.
        command: what made the run.
        figures: as in report/metrics.json.
        examples: the best, the middle and the worst; the middle ones are shown.
        pictures: file names in report/.
    """
    test, training, data = figures["test"], figures["training"], figures["data"]
    source, target = data["languages"]
    lines = [
        "---",
        "library_name: seqtext",
        "pipeline_tag: translation",
        "---",
        f"# {markdown_cell(title)}",
        "",
        f"A translator from {markdown_cell(source)} to {markdown_cell(target)} made with seqtext {seqtext.__version__} by",
        "",
        f"    {one_line(command)}",
        "",
        "```python",
        "import seqtext",
        'translator = seqtext.load("this folder")',
        'translator(["a text"])',
        "```",
        "",
        "It translates texts like those it was trained on; of others it makes fluent nonsense.",
        "",
        "## Results",
        "",
        f"On {test['rows']:,} test pairs that were never used to train or to choose.",
        "",
        "| model | BLEU | chrF | tokenized BLEU | exact match |",
        "|---|---|---|---|---|",
        _row(f"**this model**, {search(test)}", test),
        *(_row(markdown_cell(rival["description"]), rival) for rival in figures["baselines"].values()),
        "",
        f"- BLEU: `{test['bleu_signature']}`",
        f"- chrF: `{test['chrf_signature']}`",
        f"- tokenized BLEU: {markdown_cell(test['tokenized_bleu_signature'])}; not to be compared with the BLEU beside it",
        f"- perplexity: {test['perplexity']:.3f} a token of the target",
        "",
        *_groups(BY_TOPIC, test["by_topic"]),
        *_groups(BY_LENGTH, test["by_length"]),
        f"Model chosen: {training['selection']}. Trained {training['seconds']:.0f} s on {training['hardware']},"
        f" {training['precision']}.",
        "",
        *(f"![{name}](report/{name})" for name in pictures),
        "",
        "## Examples from the middle",
        "",
        *_examples(examples["middle"]),
        "[The best, the middle and the worst](report/examples.md)",
        "",
        "## Data",
        "",
        f"{markdown_cell(data['source'])}: "
        + ", ".join(f"{n:,} {name}" for name, n in data["rows"].items())
        + " pairs.",
        *(f"- {markdown_cell(note)}" for note in [*data["notes"], *data["warnings"]]),
        "",
    ]
    return "\n".join(lines)


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


def _row(name: str, figures: Mapping[str, Any]) -> str:
    scores = f"{figures['bleu']:.2f} | {figures['chrf']:.2f} | {figures['tokenized_bleu']:.2f} | {figures['exact']:.2%}"
    return f"| {name} | {scores} |"


def _groups(title: str, groups: Sequence[Mapping[str, Any]]) -> list[str]:
    if not groups:
        return []
    rows = [
        f"| {markdown_cell(g['name'])} | {g['rows']:,} | {g['bleu']:.2f} | {g['chrf']:.2f} | {g['exact']:.2%} |"
        for g in groups
    ]
    return [f"| {title} | pairs | BLEU | chrF | exact match |", "|---|---|---|---|---|", *rows, ""]


def _shown(text: str) -> str:
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return markdown_cell(shown) or "(an empty text)"


def table(figures: Mapping[str, Any]) -> list[str]:
    """Model and baselines, the best first, then by topic and by length.

    Args:
        figures: as in report/metrics.json.
    """
    test = figures["test"]
    rows = [(f"this model, {search(test)}", test)]
    rows += [(rival["description"], rival) for rival in figures["baselines"].values()]
    rows.sort(key=lambda row: -row[1]["bleu"])
    title = f"test, {test['rows']:,} pairs"
    width = max(len(title), *(len(name) for name, _ in rows))
    lines = [f"{title:<{width}}  {'BLEU':>6}  {'chrF':>6}  {'tokenized BLEU':>14}  exact match"]
    for name, row in rows:
        scores = f"{row['bleu']:>6.2f}  {row['chrf']:>6.2f}  {row['tokenized_bleu']:>14.2f}  {row['exact']:>11.2%}"
        lines.append(f"{name:<{width}}  {scores}")
    lines += [
        f"BLEU            {test['bleu_signature']}",
        f"chrF            {test['chrf_signature']}",
        f"tokenized BLEU  {test['tokenized_bleu_signature']}",
        f"perplexity      {test['perplexity']:.3f} a token of the target; {test['length_ratio']:.3f} tokens written for each of the"
        f" references'; {test['sentences_per_second']:.1f} texts a second",
    ]
    if test["without_end"] or test["empty"]:
        lines.append(
            f"note            {test['without_end']:,} translations reached the length limit, {test['empty']:,} are empty"
        )
    for name, groups in ((BY_TOPIC, test["by_topic"]), (BY_LENGTH, test["by_length"])):
        lines += _group_lines(name, groups) if groups else []
    better = [
        (rival["bleu"] - test["bleu"], name)
        for name, rival in figures["baselines"].items()
        if rival["bleu"] >= test["bleu"]
    ]
    if better:
        margin, name = max(better)
        compared = f"better by {margin:.2f} BLEU" if margin else "as good"
        lines.append(f"{name} is {compared} here, and simpler: train longer, or on more pairs.")
    return lines


def search(test: Mapping[str, Any]) -> str:
    """How the translations were searched for."""
    return f"beam {test['beam']}" if test["beam"] > 1 else "greedy"


def _group_lines(title: str, groups: Sequence[Mapping[str, Any]]) -> list[str]:
    width = max(len(title), *(len(group["name"]) for group in groups))
    lines = ["", f"{title:<{width}}   pairs    BLEU    chrF  exact match"]
    for group in groups:
        scores = f"{group['rows']:>6,}  {group['bleu']:>6.2f}  {group['chrf']:>6.2f}  {group['exact']:>11.2%}"
        lines.append(f"{group['name']:<{width}}  {scores}")
    return lines
