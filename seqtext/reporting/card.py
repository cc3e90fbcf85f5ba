"""The frame of every model card, the README.md of a run: what the model is, what it was measured on, what it rests on.

Figures and a task's own lines in, Markdown out. Metadata for the hub is written here alone.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import seqtext
from seqtext.reporting.markdown import markdown_cell, one_line
from seqtext.reporting.summary import counted


class Card(NamedTuple):
    """What a task says on the card of a run.

    Attributes:
        title: of the card; nothing in it is taken for markup.
        kind: what the model is, such as "A topic classifier"; Markdown.
        pipeline_tag: the hub's name of the task.
        usage: lines of Python behind `import seqtext`.
        results: Markdown below "Results".
        caution: a sentence on what the model is not for.
        unit: what the rows of the data are called.
        sections: heading and Markdown of what comes last.
    """

    title: str
    kind: str
    pipeline_tag: str
    usage: Sequence[str]
    results: Sequence[str]
    caution: str = ""
    unit: str = "rows"
    sections: Mapping[str, Sequence[str]] = {}


def card_page(card: Card, figures: Mapping[str, Any], pictures: Sequence[str]) -> str:
    """The whole card.

    Args:
        card: what the task says.
        figures: as in report/metrics.json.
        pictures: file names in report/.
    """
    training, data = figures["training"], figures["data"]
    lines = [
        *hub_metadata(card.pipeline_tag),
        f"# {markdown_cell(card.title)}",
        "",
        f"{card.kind} made with seqtext {seqtext.__version__} by",
        "",
        f"    {one_line(command_line())}",
        "",
        "```python",
        "import seqtext",
        *card.usage,
        "```",
        "",
        *([card.caution, ""] if card.caution else []),
        "## Results",
        "",
        *card.results,
        f"Model chosen: {training['selection']}. Trained {training['seconds']:.0f} s on {training['hardware']},"
        f" {training['precision']}.",
        "",
        *(f"![{name}](report/{name})" for name in pictures),
        "",
        "## Data",
        "",
        f"{markdown_cell(data['source'])}: {counted(data['rows'])} {card.unit}.",
        *(f"- {markdown_cell(note)}" for note in [*data["notes"], *data["warnings"]]),
        "",
    ]
    for heading, section in card.sections.items():
        lines += [f"## {heading}", "", *section, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def hub_metadata(pipeline_tag: str) -> list[str]:
    """The lines at the top of a card that the hub reads."""
    return ["---", "library_name: seqtext", f"pipeline_tag: {pipeline_tag}", "---"]


def command_line() -> str:
    """The command that this program was started with, to be pasted into a shell."""
    program, *arguments = sys.argv
    start = program if program.startswith("seqtext train ") else f"python {shlex.quote(program)}"
    return f"{start} {shlex.join(arguments)}".rstrip()
