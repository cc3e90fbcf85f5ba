"""The README.md of a forecaster's run: what the model is, what it was measured on, what is better. Figures in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import seqtext
from seqtext.reporting.card import markdown_cell, one_line


def forecast_card(*, title: str, command: str, figures: Mapping[str, Any], pictures: Sequence[str]) -> str:
    """The card of a forecaster.

    Args:
        title: of the card.
        command: what made the run.
        figures: as in report/metrics.json.
        pictures: file names in report/.
    """
    test, training, data = figures["test"], figures["training"], figures["data"]
    others = {name: {"description": name, **f} for name, f in figures["other_context"].items()}
    lines = [
        "---",
        "library_name: seqtext",
        "pipeline_tag: time-series-forecasting",
        "---",
        f"# {markdown_cell(title)}",
        "",
        f"A forecaster made with seqtext {seqtext.__version__} by",
        "",
        f"    {one_line(command)}",
        "",
        "```python",
        "import seqtext",
        'forecaster = seqtext.load("this folder")',
        "forecaster(history)  # an array of past readings, in the units of the data",
        "```",
        "",
        "## Results",
        "",
        f"{test['horizon']:,} step(s) ahead, {test['windows']:,} windows of the test span, which lies after all readings that were"
        " learnt from or chosen by. Errors in the units of the data.",
        "",
        "| model | MSE | MAE | sMAPE | MASE | pinball |",
        "|---|---|---|---|---|---|",
        _row("**this model**", test),
        *(_row(markdown_cell(f["description"]), f) for f in [*others.values(), *figures["baselines"].values()]),
        "",
    ]
    if interval := test["interval"]:
        lines += [
            f"The interval that should hold {interval['nominal']:.0%} of the values holds {interval['coverage']:.1%};"
            f" its mean width is {interval['width']:.4g}.",
            "",
        ]
    rows = ", ".join(f"{count:,} {name}" for name, count in data["rows"].items())
    lines += [
        f"Model chosen: {training['selection']}. Trained {training['seconds']:.0f} s on {training['hardware']},"
        f" {training['precision']}.",
        "",
        *(f"![{name}](report/{name})" for name in pictures),
        "",
        "## Data",
        "",
        f"{markdown_cell(data['source'])}: {data['series']:,} series, {rows} readings.",
        *(f"- {markdown_cell(note)}" for note in [*data["notes"], *data["warnings"]]),
        "",
    ]
    return "\n".join(lines)


def _row(name: str, figures: Mapping[str, Any]) -> str:
    cells = [figures["mse"], figures["mae"], figures["smape"], figures["mase"], figures["pinball"]]
    return f"| {name} | " + " | ".join("-" if cell is None else f"{cell:.5g}" for cell in cells) + " |"
