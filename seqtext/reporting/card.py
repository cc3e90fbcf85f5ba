"""The README.md of a run: what the model is, what it was measured on, where it is wrong. Figures come in, Markdown goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import seqtext


class Mistake(NamedTuple):
    """A row the model got wrong, and how sure it was."""

    text: str
    true: str
    predicted: str
    probability: float


def classification_card(
    *, title: str, command: str, figures: Mapping[str, Any], mistakes: Sequence[Mistake], pictures: Sequence[str]
) -> str:
    """The card of a topic classifier.

    Args:
        title: of the card.
        command: what made the run.
        figures: as in report/metrics.json.
        mistakes: the most confident ones.
        pictures: file names in report/.
    """
    test, training, data = figures["test"], figures["training"], figures["data"]
    lines = [
        "---",
        "library_name: seqtext",
        "pipeline_tag: text-classification",
        "---",
        f"# {markdown_cell(title)}",
        "",
        f"A topic classifier made with seqtext {seqtext.__version__} by",
        "",
        f"    {one_line(command)}",
        "",
        "```python",
        "import seqtext",
        'classifier = seqtext.load("this folder")',
        'classifier(["a text"])',
        "```",
        "",
        "## Results",
        "",
        f"On {test['rows']:,} test rows that were never used to train or to choose.",
        "",
        "| model | accuracy | macro F1 |",
        "|---|---|---|",
        f"| **this model** | {test['accuracy']:.4f} | {test['macro_f1']:.4f} |",
        *(
            f"| {markdown_cell(b['description'])} | {b['accuracy']:.4f} | {b['macro_f1']:.4f} |"
            for b in figures["baselines"].values()
        ),
        "",
        f"Model chosen: {training['selection']}. Trained {training['seconds']:.0f} s on {training['hardware']}, {training['precision']}.",
        "",
        "| class | precision | recall | F1 | test rows |",
        "|---|---|---|---|---|",
        *(
            f"| {markdown_cell(c['name'])} | {c['precision']:.3f} | {c['recall']:.3f} | {c['f1']:.3f} | {c['rows']:,} |"
            for c in test["per_class"]
        ),
        "",
        *(f"![{name}](report/{name})" for name in pictures),
        "",
        "## Data",
        "",
        f"{markdown_cell(data['source'])}: "
        + ", ".join(f"{rows:,} {name}" for name, rows in data["rows"].items())
        + " rows.",
        *(f"- {markdown_cell(note)}" for note in [*data["notes"], *data["warnings"]]),
        "",
        "## Most confident mistakes",
        "",
        *_mistakes(mistakes),
        "",
    ]
    return "\n".join(lines)


def _mistakes(mistakes: Sequence[Mistake]) -> list[str]:
    if not mistakes:
        return ["None: every test row is right."]
    rows = [
        f"| {markdown_cell(m.text[:160])} | {markdown_cell(m.true)} | {markdown_cell(m.predicted)} | {m.probability:.3f} |"
        for m in mistakes
    ]
    return ["| text | true | predicted | probability |", "|---|---|---|---|", *rows]


def one_line(text: str) -> str:
    """A text on one line, without what reaches a terminal as a control."""
    return "".join(c if c.isprintable() else " " for c in text)


def markdown_cell(text: str) -> str:
    """A text inside a Markdown table: nothing of it is markup, or ends the row."""
    plain = one_line(text)
    for character in "\\`*_[]<>|#":
        plain = plain.replace(character, {"<": "&lt;", ">": "&gt;"}.get(character, f"\\{character}"))
    return plain
